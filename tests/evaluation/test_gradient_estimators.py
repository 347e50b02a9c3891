"""The table of estimators: who is unbiased, and for what."""

import numpy as np
import pytest

from tfdgm.evaluation import estimator_training, gradient_estimators

X = estimator_training.planted_data(0, 4, 6)


@pytest.fixture(scope="module")
def sections():
    run = estimator_training.Run()
    gradient = np.ones(3)
    run.add(estimator_training.TABLE_STEP, {"CD-1": (gradient, 0.5)}, 2.0 * gradient)
    return gradient_estimators.sections(0, X, 2, run)


def _rows(section):
    return {row.name: row for row in section.estimates}


def test_there_is_a_section_for_each_model_and_its_parameters(sections):
    assert [section.title.split(":")[0].split(" at")[0] for section in sections] == [
        "Sigmoid belief net 4-2",
        "Sigmoid belief net 4-2",
        "Sigmoid belief net 4-2-2",
        "RBM 4-2 after 200 steps of learning",
        "VAE of one latent, 4 binary visibles",
    ]


def test_those_of_theta(sections):
    rows = _rows(sections[0])
    wake, same = rows["wake phase"], rows["reweighted wake phase, K=1"]
    assert wake.bias < 1e-12
    assert same.bias == pytest.approx(wake.reference_bias) == pytest.approx(same.reference_bias)
    biases = [rows[f"reweighted wake phase, K={k}"].bias for k in (1, 2, 3, 5, 10)]
    assert (np.diff(biases) < 0).all()
    assert rows["Gibbs, sweeps from p(h): 5"].bias < rows["Gibbs, sweeps from p(h): 1"].bias


def test_those_of_phi(sections):
    rows = _rows(sections[1])
    for name, row in rows.items():
        assert (row.bias > 1e-3) == name.startswith("reweighted"), name
        assert row.bias > 1e-3 or row.bias < 1e-11
    assert rows["sleep phase"].reference_bias > 0.1
    # One sample weighs 1 whatever it is, and E d log q = 0: nothing is learned.
    np.testing.assert_allclose(rows["reweighted wake phase, K=1"].mean, 0.0, atol=1e-14)
    assert rows["score function, best constant"].variance <= rows["score function, no baseline"].variance


def test_layers_and_gaussian_latents_are_unbiased(sections):
    assert max(row.bias for index in (2, 4) for row in sections[index].estimates) < 1e-11
    assert {row.kind for row in sections[4].estimates} == {"quadrature"}


def test_the_rbm_is_taken_from_its_run(sections):
    (row,) = sections[3].estimates
    assert (row.name, row.variance, row.bias) == ("CD-1", 0.5, pytest.approx(0.5))


def test_report_has_a_line_an_estimator_and_no_line_too_long(sections):
    lines = gradient_estimators.report(sections).splitlines()
    num_rows = sum(len(section.estimates) for section in sections)
    assert len(lines) == num_rows + 3 * len(sections) - 1
    assert max(map(len, lines)) <= 110


@pytest.mark.parametrize(("num_hidden", "counts"), [(1, [1, 2, 3, 5, 10]), (3, [1, 2, 3, 5, 10]), (4, [1, 2, 3, 5])])
def test_samples_are_as_many_as_enumeration_takes(num_hidden, counts):
    assert gradient_estimators.sample_counts(num_hidden) == counts
