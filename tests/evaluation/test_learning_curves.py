"""A metric of several runs, from folders that only hold what a run writes."""

import json
import re

import numpy as np
import pytest

from tfdgm import configs
from tfdgm.core.types import DataSpec
from tfdgm.evaluation import learning_curves
from tfdgm.workdir import files

_SPEC = DataSpec((8, 8, 1), domain="binary", num_levels=2, num_classes=10)


@pytest.fixture
def make_run(tmp_path):
    def make(name, preset, lines):
        files.claim(tmp_path / name, configs.get_config(preset), _SPEC, "1.0")
        (tmp_path / name / files.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
        return tmp_path / name

    return make


def _lines(*values):
    """A line every ten steps; the metric in every other one, as validation has it."""
    lines = [{"step": 10 * i, "phase": "train", "elbo": -9.0} for i in range(1, 2 * len(values) + 1)]
    for line, value in zip(lines[1::2], values, strict=True):
        line["val_elbo"] = value
    return lines


def test_reads_the_steps_that_have_the_metric(make_run):
    runs = [make_run("a", "vae:digits", _lines(-3.0, -1.0, -2.0)), make_run("b", "iwae:digits", _lines(-2.5))]
    first, second = learning_curves.read(runs, "val_elbo")
    assert (first.label, second.label) == ("vae:digits", "iwae:digits")
    np.testing.assert_array_equal(first.steps, [20, 40, 60])
    np.testing.assert_array_equal(first.values, [-3.0, -1.0, -2.0])
    assert (first.best("max"), first.best("min"), second.best("max")) == (1, 0, 0)
    assert [curve.name for curve in learning_curves.to_plot([first, second])] == ["vae:digits", "iwae:digits"]


def test_runs_of_one_preset_are_told_apart_by_folder(make_run):
    runs = [make_run(name, "vae:digits", _lines(-1.0)) for name in "ab"]
    labels = [curve.label for curve in learning_curves.read(runs, "val_elbo")]
    assert labels == [f"vae:digits ({run})" for run in runs]


def test_table_has_last_and_best(make_run):
    (curve,) = learning_curves.read([make_run("a", "vae:digits", _lines(-3.0, -1.25, -2.0))], "val_elbo")
    head, row = learning_curves.table([curve], "max").splitlines()
    assert head.split("  ")[-1].strip() == "at step"
    assert row.split() == ["vae:digits", "60", "-2", "-1.25", "40"]
    assert learning_curves.table([curve], "min").splitlines()[1].split()[-2:] == ["-3", "20"]


def test_nan_is_never_best(make_run):
    runs = [make_run("a", "vae:digits", _lines(float("nan"), -1.0)), make_run("b", "iwae:digits", _lines(float("nan")))]
    first, second = learning_curves.read(runs, "val_elbo")
    assert first.best("max") == first.best("min") == 1
    with pytest.raises(ValueError, match="every value of iwae:digits is NaN"):
        second.best("max")


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("val_elob", "does not log 'val_elob'; did you mean 'val_elbo'? It logs elbo, val_elbo"),
        ("fid", "does not log 'fid'; it logs elbo, val_elbo"),
        ("step", "does not log 'step'; it logs elbo, val_elbo"),
    ],
)
def test_a_metric_that_is_not_logged_is_refused(make_run, metric, words):
    run = make_run("a", "vae:digits", _lines(-1.0))
    with pytest.raises(ValueError, match=re.escape(f"{run} {words}") + "$"):
        learning_curves.read([run], metric)


def test_folders_without_a_log_are_refused(make_run, tmp_path):
    with pytest.raises(files.WorkdirError, match="holds a run that has logged nothing yet"):
        learning_curves.read([make_run("a", "vae:digits", [])], "elbo")
    with pytest.raises(files.WorkdirError, match=r"config.json does not exist"):
        learning_curves.read([tmp_path], "elbo")
