"""Tables and panels of critics beside W_1."""

import numpy as np

from tfdgm.evaluation import critic_curve_report as report
from tfdgm.evaluation.critic_curve import CriticCurve

_CURVE = CriticCurve(
    "wgan_gp:mixture25",
    np.array([0, 100, 200]),
    np.array([-0.1, 2.0, 1.5]),
    np.array([0.5, 4.0, 2.5]),
    np.array([0.25, 2.0, 1.0]),
    np.array([3.0, 1.0, 0.8]),
    0.3,
)


def test_a_row_a_look_and_whether_the_inequality_holds():
    title, head, *rows, last = report.table(_CURVE).splitlines()
    assert title == "wgan_gp:mixture25; W_1 of two sets of real points: 0.3000"
    assert rows[1].split() == ["100", "2", "4", "2", "1.0000", "0.5000", "0.500", "1.0000"]
    assert len({len(line) for line in (head, *rows)}) == 1
    assert last == (
        "estimate/slope is at most W_1 at each of 3 looks: largest share 0.750; over the second half 0.625 on the mean"
    )


def test_a_bound_that_is_broken_is_not_passed_over():
    curve = CriticCurve(**{**vars(_CURVE), "wasserstein": np.array([3.0, 0.4, 0.8])})
    assert "estimate/slope is NOT at most W_1" in report.table(curve)


def test_two_panels_a_training():
    panels = report.panels([_CURVE, _CURVE])
    assert [panel.y_label for panel in panels] == ["distance", "slope of the critic"] * 2
    assert [curve.name for curve in panels[0].curves][:3] == ["W_1", "estimate / slope", "estimate"]
    assert list(panels[0].curves[3].y) == [0.3] * 3
    np.testing.assert_allclose(panels[0].curves[1].y, [-0.2, 0.5, 0.6])
