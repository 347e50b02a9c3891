"""Spectra of a run: the table, what is said of either player, the panels, refusals."""

import json

import numpy as np
import pytest

from tfdgm import configs
from tfdgm.core.types import DataSpec
from tfdgm.evaluation import spectra_report
from tfdgm.evaluation.spectra_report import Spectra
from tfdgm.models import singular_values
from tfdgm.workdir import files

STEPS = np.arange(100, 3001, 100)


def _spectra(generator, discriminator=1.0):
    first = np.stack([generator * np.ones(len(STEPS)), np.full(len(STEPS), 0.5)], axis=1)
    outputs = np.reshape(discriminator * np.ones(len(STEPS)), [-1, 1])
    values = {"discriminator_outputs": outputs, "generator_last": np.full_like(first, 0.5), "generator_first": first}
    return Spectra("biggan:digits", STEPS, values)


def test_reads_what_a_run_logged(tmp_path):
    files.claim(tmp_path, configs.get_config("biggan:digits"), DataSpec((8, 8, 1), num_classes=10), "1.0")
    lines = [{"step": step, **singular_values.logged({"generator_first": [step, 1.0]})} for step in (10, 20)]
    (tmp_path / files.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    spectra = spectra_report.read(tmp_path)
    assert (spectra.label, spectra.steps.tolist()) == ("biggan:digits", [10, 20])
    np.testing.assert_array_equal(spectra.values["generator_first"], [[10.0, 1.0], [20.0, 1.0]])
    (tmp_path / files.METRICS).write_text(json.dumps({"step": 10, "loss/generator": 1.0}) + "\n")
    with pytest.raises(ValueError, match="a run of biggan:digits, logs no singular values; runs of biggan do"):
        spectra_report.read(tmp_path)


def test_a_row_a_kernel_has_its_last_values_and_its_largest():
    rising = np.where(STEPS == 1500, 3.0, 2.0)
    head, columns, *rows, _, _ = spectra_report.table(_spectra(rising)).splitlines()
    assert head.startswith("biggan:digits; singular values at step 3,000, and the largest first one of all 30")
    assert [row.split()[0] for row in rows] == ["generator_first", "generator_last", "discriminator_outputs"]
    assert rows[0].split()[1:] == ["2", "0.5", "-", "4", "3", "1500"]
    assert rows[2].split()[1:] == ["1", "-", "-", "-", "1", "100"]
    assert len({len(row) for row in (columns, *rows)}) == 1


def test_steady_growth_is_no_sign_of_a_collapse():
    words = spectra_report.verdict(_spectra(STEPS / 100.0), "generator")
    assert words == (
        "generator: within a tenth of the run so far a first singular value grows at most 1.22 times, generator_first "
        "from 9 at step 900 to 11 at step 1,100; it takes 2 times for an explosion: no sign of a collapse"
    )


def test_an_explosion_is_a_collapse_unless_it_has_gone_back():
    words = spectra_report.verdict(_spectra(np.where(STEPS >= 2000, 6.0, 2.0)), "generator")
    assert words == (
        "generator: collapse: since step 2,000 the first singular value of generator_first explodes: "
        "6, from 2 at step 1,800"
    )
    words = spectra_report.verdict(_spectra(np.where(STEPS == 2000, 6.0, 2.0)), "generator")
    assert "grows at most 3 times" in words
    assert words.endswith("it has gone back, which no explosion does")


def test_a_jump_of_the_discriminator_is_told_without_a_verdict():
    words = spectra_report.verdict(_spectra(1.0, np.where(STEPS >= 2000, 6.0, 2.0)), "discriminator")
    assert "grows at most 3 times, discriminator_outputs from 2 at step 1,800 to 6 at step 2,000" in words
    assert words.endswith("a jump goes with a collapse of the generator")


def test_a_run_that_has_just_begun_says_so():
    few = Spectra("biggan:digits", STEPS[:5], {"generator_first": np.ones([5, 3])})
    assert "too few steps are logged" in spectra_report.verdict(few, "generator")


def test_two_panels_a_player():
    panels = spectra_report.panels(_spectra(2.0))
    assert [panel.title for panel in panels] == ["generator, biggan:digits"] * 2 + ["discriminator, biggan:digits"] * 2
    assert [panel.y_label for panel in panels] == ["sigma_0", "sigma_0 / sigma_1"] * 2
    assert [curve.name for curve in panels[0].curves] == ["first", "last"]
    np.testing.assert_array_equal(panels[1].curves[0].y, np.full(30, 4.0))
    assert panels[3].curves == []
