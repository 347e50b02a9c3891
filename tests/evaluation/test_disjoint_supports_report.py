"""Tables and panels of distances between sets that draw near each other."""

import math

import pytest

from tfdgm.evaluation import disjoint_supports_report as report
from tfdgm.evaluation.disjoint_supports import Measurement
from tfdgm.evaluation.opponents import Verdict

_STAGES = (100, 1000)


def _row(t, gradient=0.5):
    discriminator = [Verdict(0.25 * t, gradient, 3.0), Verdict(0.5 * t, 1e-6, 90.0)]
    critic = [Verdict(9.0, 9.0, 9.0), Verdict(2.2 * t, 2.0 * gradient, 2.0)]
    return Measurement(t, math.log(2.0), math.inf, 1.0, 1.25 * t, 1.5 * t, discriminator, critic)


def test_a_row_has_exact_figures_then_those_of_the_opponents():
    lines = report.table("two lines", [_row(0.0), _row(1.0), _row(2.0, math.nan)], _STAGES).splitlines()
    assert lines[0] == "two lines"
    none, one, two = (line.split() for line in lines[3:])
    assert " ".join(one) == "1 0.6931 inf 1.00 1.2500 1.2500 1.5000 0.2500 0.5000 5.0e-01 1.0e-06 1.1000 0.5000"
    assert none[5] == none[9] == none[10] == none[12] == "-"  # no quotient, no derivative
    assert two[9] == two[12] == "-"
    assert len({len(line) for line in lines[2:]}) == 1
    assert max(map(len, lines)) <= 140


def test_panels_show_both_distances_and_gradients_where_there_are_any():
    panels = report.panels("two lines", "t", "length", [_row(0.0), _row(1.0), _row(2.0)], _STAGES)
    assert [panel.y_label for panel in panels] == ["JSD, nats", "W_1, length", "|d estimate / d t|"]
    assert [curve.y for curve in panels[0].curves] == [[math.log(2.0)] * 3, [0.0, 0.25, 0.5], [0.0, 0.5, 1.0]]
    assert panels[1].curves[1].y == pytest.approx([0.0, 1.1, 2.2])
    assert list(panels[2].curves[0].x) == [1.0, 2.0]
    assert list(panels[2].curves[2].y) == [0.5, 0.5]
    assert len(report.panels("digits, moved", "t", "grey", [_row(1.0, math.nan)], _STAGES)) == 2


def test_a_critic_without_slope_tells_nothing_apart():
    row = _row(1.0)
    row.critic[-1] = Verdict(0.0, 0.0, 0.0)
    assert report.panels("", "", "", [row], _STAGES)[1].curves[1].y == [0.0]
