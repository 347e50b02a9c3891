"""The report of the mode study from given numbers: table, JSON, pictures."""

import dataclasses
import json
import re

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import mode_study_report as report
from tfdgm.evaluation.mode_study import Figures, Fit
from tfdgm.evaluation.mode_targets import TARGETS, integrals

_FIGURES = Figures(
    covered=2,
    between=0.02,
    kl_from_data=1.5,
    kl_from_model=0.7,
    jensen_shannon=0.2,
    wasserstein=1.25,
    sigma=0.2,
    mass=1.0,
)


def _fits(target):
    density = np.exp(integrals(target, target.measuring).log_p.numpy())
    coarse = dataclasses.replace(_FIGURES, between=0.021, kl_from_data=1.53)
    other = dataclasses.replace(_FIGURES, covered=3, kl_from_data=2.5, mass=0.9999)
    return [
        Fit("GAN", 0, _FIGURES, coarse, density),
        Fit("GAN", 1, other, other, density),
        Fit("VAE", 0, _FIGURES, _FIGURES, density),
    ]


def test_table_has_mean_and_range_and_what_halving_changes():
    lines = report.table(TARGETS["line"], _fits(TARGETS["line"])).splitlines()
    assert lines[0] == "4 modes on the line, a network: mean [least, largest] of 2 seeds; nats, W_1 in units of x"
    cells = [[cell.strip() for cell in re.split("  +", line)] for line in lines[1:5]]
    assert cells[0] == [
        "objective",
        "modes covered",
        "mass between",
        "KL(data||model)",
        "KL(model||data)",
        "JSD",
        "W_1",
    ]
    constant = ["0.7 [0.7, 0.7]", "0.2 [0.2, 0.2]", "1.2 [1.2, 1.2]"]
    assert cells[1] == ["GAN", "2.5 [2, 3]", "0.02 [0.02, 0.02]", "2 [1.5, 2.5]", *constant]
    assert cells[2] == ["VAE", "2 [2, 2]", "0.02 [0.02, 0.02]", "1.5 [1.5, 1.5]", *constant]
    assert cells[3] == ["half as fine", "0", "0.001", "0.03", "0", "0", "0"]
    assert lines[5] == "4 modes, covered from 0.1 of their weight on; mass off the grid at most 1e-04"
    assert len({len(line) for line in lines[1:5]}) == 1


def test_table_of_the_plane_says_that_the_distance_is_sliced():
    assert report.table(TARGETS["ring"], _fits(TARGETS["ring"])).splitlines()[0].endswith("W_1 in units of x, sliced")


def test_content_is_json_with_every_figure_of_every_fit():
    found = json.loads(json.dumps(report.content(TARGETS["line"], _fits(TARGETS["line"])), allow_nan=False))
    assert found["num_modes"] == 4
    assert found["quadrature"] == dataclasses.asdict(TARGETS["line"].measuring)
    assert [(fit["objective"], fit["seed"], fit["covered"]) for fit in found["fits"]] == [
        ("GAN", 0, 2),
        ("GAN", 1, 3),
        ("VAE", 0, 2),
    ]
    assert found["fits"][0]["half_as_fine"]["kl_from_data"] == 1.53


def test_panel_has_a_point_a_fit():
    panel = report.divergence_panel(TARGETS["line"], _fits(TARGETS["line"]))
    gan, vae = panel.curves
    assert (gan.name, gan.x, gan.y, gan.joined) == ("GAN", [1.5, 2.5], [0.7, 0.7], False)
    assert (vae.name, vae.x) == ("VAE", [1.5])


@pytest.mark.parametrize(("name", "shape"), [("line", (360, 2100)), ("ring", (220, 1100))])
def test_densities_are_drawn(tmp_path, name, shape):
    path = tmp_path / "densities.png"
    report.density_plot(str(path), TARGETS[name], _fits(TARGETS[name]))
    assert tf.io.decode_png(path.read_bytes()).shape[:2] == shape
