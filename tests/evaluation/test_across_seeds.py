"""Means over seeds with their intervals, and paired differences."""

import json

import numpy as np
import pytest
import scipy.stats

from tfdgm.evaluation import across_seeds


def _write(folder, preset, seed, **values):
    metrics = [{"name": name, "value": value} for name, value in values.items()]
    result = {"preset": preset, "seed": seed, "metrics": metrics}
    (folder / f"{preset.replace(':', '-')}-{seed}.json").write_text(json.dumps(result))


@pytest.fixture
def results(tmp_path):
    for seed, (one, other) in enumerate([(1.0, 0.5), (2.0, 1.75), (4.0, 3.0)]):
        _write(tmp_path, "one:digits", seed, elbo=one, nll=None)
        _write(tmp_path, "other:digits", seed, elbo=other, kl=7.0)
    _write(tmp_path, "once:digits", 0, elbo=1.0)
    return tmp_path


def test_figures_are_by_metric_and_seed(results):
    assert across_seeds.read("one:digits", results) == {"elbo": {0: 1.0, 1: 2.0, 2: 4.0}}
    for preset in ("once:digits", "none:digits"):
        with pytest.raises(ValueError, match=rf"presets has '{preset}', of which .* has [01] seeds; it must have two"):
            across_seeds.read(preset, results)


def test_interval_is_student_s():
    values = [1.0, 2.0, 4.0]
    low, high = scipy.stats.t.interval(0.95, 2, np.mean(values), scipy.stats.sem(values))
    assert across_seeds.interval(values) == (pytest.approx((low + high) / 2), pytest.approx((high - low) / 2))


def test_difference_is_seed_by_seed_of_what_both_have(results):
    one, other = (across_seeds.read(preset, results) for preset in ("one:digits", "other:digits"))
    other["elbo"][5] = 9.0
    assert across_seeds.difference(one, other) == {"elbo": {0: 0.5, 1: 0.25, 2: 1.0}}


def test_table_has_a_line_a_metric(results):
    lines = across_seeds.table(across_seeds.read("one:digits", results)).splitlines()
    assert [line.split() for line in lines] == [
        ["metric", "mean", "+-", "95%", "seeds", "values"],
        ["elbo", "2.333", "3.8", "0,1,2", "1", "2", "4"],
    ]
