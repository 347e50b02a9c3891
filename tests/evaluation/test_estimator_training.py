"""Estimators along a path of exact learning."""

import numpy as np
import pytest

from tfdgm.evaluation import estimator_curves, estimator_training

X = estimator_training.planted_data(0, 3, 6)


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch):
    monkeypatch.setattr(estimator_training, "NUM_STEPS", 200)
    monkeypatch.setattr(estimator_training, "STEPS_A_POINT", 100)


def test_planted_data_are_a_pattern_and_its_opposite_but_for_flips():
    x = estimator_training.planted_data(1, 400, 20).numpy()
    assert set(np.unique(x)) == {0.0, 1.0}
    agreement = np.abs(np.corrcoef(x))
    assert agreement.min() > 0.3  # of independent units it would be 0.05 or so
    np.testing.assert_array_equal(x, estimator_training.planted_data(1, 400, 20))


def test_belief_nets_estimators_are_unbiased_where_they_should_be_at_every_step():
    of_p, of_q = estimator_training.belief_run(0, X, 2)
    assert of_p.steps == of_q.steps == [0, 100, 200]
    assert np.linalg.norm(of_p.gradients[-1]) < np.linalg.norm(of_p.gradients[0])
    errors = of_q.errors()
    for name in ("score, no baseline", "score, best constant", "score, centred", "score, input-dependent"):
        assert max(errors[name]) < 1e-12
    assert min(of_p.errors()["wake"]) > max(of_p.errors()["Gibbs, sweeps: 5"])
    best, none = (of_q.variances()[f"score, {name}"] for name in ("best constant", "no baseline"))
    assert np.less_equal(best, none).all()


def test_a_persistent_chain_falls_behind_less_than_one_sweep_from_the_data():
    run = estimator_training.boltzmann_run(0, X, 2)
    errors = run.errors()
    assert errors["CD-1"][-1] > errors["CD-10"][-1]
    assert errors["CD-1"][-1] > errors["PCD"][-1] > 1e-9
    assert max(errors["draws of p(v)"]) < 1e-12
    assert set(run.variances()) == set(errors) == set(run.estimates[0])


def test_a_gaussian_q_comes_to_rest_with_all_estimators_unbiased():
    run = estimator_training.normal_run(0, X)
    assert np.linalg.norm(run.gradients[-1]) < 0.1 * np.linalg.norm(run.gradients[0])
    assert max(max(errors) for errors in run.errors().values()) < 1e-11


def test_panels_have_a_curve_an_estimator_and_leave_rounding_out():
    panels = estimator_curves.panels(0, X, 2, estimator_training.boltzmann_run(0, X, 2))
    assert len(panels) == 6
    assert len({curve.name for curve in panels[1].curves}) == 10
    assert "draws of p(v)" in {curve.name for curve in panels[2].curves}
    assert "draws of p(v)" not in {curve.name for curve in panels[3].curves}
    assert [curve.name for curve in panels[5].curves][-1] == "1/K"
