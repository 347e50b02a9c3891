"""Closed forms against central differences of divergences and bounds written out in NumPy."""

import numpy as np
import pytest

from tfdgm.evaluation import unified_gradients as closed_forms
from tfdgm.evaluation.discrete_divergences import jensen_shannon, kullback_leibler
from tfdgm.evaluation.unified_gradients import softmax

NUM_Z, NUM_X = 3, 4
SHAPE = (NUM_Z, NUM_X)


@pytest.fixture(params=range(3))
def rng(request):
    return np.random.default_rng(request.param)


def _differences(function, at, step=1e-5):
    found = np.zeros(at.shape)
    for index in np.ndindex(at.shape):
        unit = np.zeros(at.shape)
        unit[index] = step
        found[index] = (function(at + unit) - function(at - unit)) / (2.0 * step)
    return found


def _agree(found, function, at):
    np.testing.assert_allclose(found, _differences(function, at), atol=1e-8)
    assert np.abs(found).max() > 1e-3


def test_softmax_survives_large_logits():
    np.testing.assert_allclose(softmax(np.array([[1e4, 1e4 + np.log(3.0)]]), axis=1), [[0.25, 0.75]], rtol=1e-10)


def test_divergences_through_the_generator(rng):
    logits, prior, data = rng.normal(size=SHAPE), rng.dirichlet(np.ones(NUM_Z)), rng.dirichlet(np.ones(NUM_X))

    def generated(logits):
        return prior @ softmax(logits, axis=1)

    for slope, divergence in (
        (closed_forms.kl_slope, kullback_leibler),
        (closed_forms.jsd_slope, jensen_shannon),
    ):
        found = closed_forms.through_generator(softmax(logits, axis=1), prior, slope(generated(logits), data))
        _agree(found, lambda at, divergence=divergence: divergence(generated(at), data), logits)


def test_posterior_is_bayes_rule():
    np.testing.assert_allclose(closed_forms.posterior(np.array([0.5, 0.2]), np.array([0.4, 0.6])), [0.625, 0.375])


def test_gradients_of_the_bound(rng):
    theta, eta = rng.normal(size=(2, *SHAPE))
    prior, weights = rng.dirichlet(np.ones(NUM_Z))[:, np.newaxis], rng.uniform(size=NUM_X)

    def bound(theta, eta):
        q = softmax(eta, axis=0)
        return (weights * q * np.log(prior * softmax(theta, axis=1) / q)).sum()

    decoder, recognition = softmax(theta, axis=1), softmax(eta, axis=0)
    _agree(closed_forms.decoder_gradient(decoder, recognition, weights), lambda at: bound(at, eta), theta)
    _agree(closed_forms.recognition_gradient(prior * decoder, recognition, weights), lambda at: bound(theta, at), eta)


def test_gradient_of_the_sleep_phase(rng):
    joint, logits = rng.dirichlet(np.ones(NUM_Z * NUM_X)).reshape(SHAPE), rng.normal(size=SHAPE)
    marginal = joint.sum(axis=0)

    def negative_kl(logits):
        q = softmax(logits, axis=0)
        return -sum(marginal[x] * kullback_leibler(joint[:, x] / marginal[x], q[:, x]) for x in range(NUM_X))

    _agree(closed_forms.sleep_gradient(joint, softmax(logits, axis=0)), negative_kl, logits)
