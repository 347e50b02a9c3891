"""Expectations of the belief net's estimators against gradients of the enumerated objectives, to rounding."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core import philox
from tfdgm.evaluation import belief_estimators as belief
from tfdgm.evaluation.tiny_belief_net import TinyBeliefNet
from tfdgm.math import belief_gibbs
from tfdgm.math.binary_tables import binary_states, normalize
from tfdgm.math.per_example_gradients import gradient

X = tf.gather(binary_states(4), [3, 5, 6, 15])
SIZES = [(4, 3), (4, 2, 2)]


class Point:
    """A net at random weights, and the gradients of its objectives, averaged over `X`."""

    def __init__(self, sizes, seed=0, scale=1.0):
        self.net = TinyBeliefNet(sizes)
        self.theta, self.phi = self.net.random_parameters(seed, scale)
        self.of = belief.tables(self.net, self.theta, self.phi, X)

    def by_theta(self, objective):
        return gradient(lambda theta: tf.reduce_mean(objective(theta, self.phi)), self.theta).numpy()

    def by_phi(self, objective):
        return gradient(lambda phi: tf.reduce_mean(objective(self.theta, phi)), self.phi).numpy()

    def elbo(self, theta, phi):
        return self.net.elbo(theta, phi, X)

    def likelihood(self, theta, _):
        return self.net.log_likelihood(theta, X)

    def posterior_kl(self, theta, phi):
        return self.net.posterior_kl(theta, phi, X)


@pytest.fixture(params=SIZES, ids=str, scope="module")
def point(request):
    return Point(request.param)


def _assert_same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert np.abs(expected).max() > 1e-2


# ---- theta -----------------------------------------------------------------------------------------------------------


def test_the_wake_phase_has_the_gradient_of_the_elbo(point):
    _assert_same(belief.wake(point.of)[0], point.by_theta(point.elbo))


@pytest.mark.parametrize("num_samples", [1, 2, 3])
def test_reweighted_theta_has_the_gradient_of_the_bound_of_k_samples(point, num_samples):
    expected = point.by_theta(lambda theta, phi: point.net.sampled_bound(theta, phi, X, num_samples))
    _assert_same(belief.reweighted(point.of, num_samples, "theta")[0], expected)


def test_draws_of_the_posterior_have_the_gradient_of_the_likelihood(point):
    posterior = np.exp(normalize(point.net.log_joint(point.theta, X)))
    _assert_same(belief.drawn_from(point.of, posterior)[0], point.by_theta(point.likelihood))


def test_gibbs_comes_to_the_gradient_of_the_likelihood(point):
    expected = point.by_theta(point.likelihood)
    chains = [belief.gibbs_distribution(point.net, point.theta, X, k) for k in (0, 1, 2, 4, 60)]
    errors = [np.linalg.norm(belief.drawn_from(point.of, chain)[0] - expected) for chain in chains]
    assert errors[0] > errors[1] > errors[2] > errors[3] > errors[4]
    assert errors[-1] < 1e-12


def test_the_gibbs_distribution_is_that_of_sweeps(point):
    """Of a hundred thousand from p(h), by uniforms as in training."""
    sizes, num = point.net.sizes[:0:-1], 100_000
    generative = point.net.generative(point.theta)
    seeds = tf.range(num, dtype=tf.int64)
    noise = philox.row_uniform(seeds, (2 * sum(sizes) + 4,), dtype=tf.float64)
    start = generative.draw_all(noise[:, : sum(sizes) + 4])[:-1]
    states = belief_gibbs.sweep(generative, (*start, tf.repeat(X[:1], num, axis=0)), noise[:, sum(sizes) + 4 :])
    index = tf.concat(states[-2::-1], axis=1).numpy().astype(int) @ (1 << np.arange(sum(sizes))[::-1])
    p = belief.gibbs_distribution(point.net, point.theta, X, 1)[0]
    deviations = (np.bincount(index, minlength=len(p)) - num * p) / np.sqrt(num * p * (1.0 - p))
    assert np.abs(deviations).max() < 4.5


# ---- phi -------------------------------------------------------------------------------------------------------------


def test_the_sleep_phase_has_the_gradient_of_the_divergence_over_dreams(point):
    expected = -point.by_phi(point.net.dream_kl)
    _assert_same(belief.sleep(point.net, point.theta, point.phi)[0], expected)


def test_the_score_function_has_the_gradient_of_the_elbo_whatever_the_baseline(point):
    expected = point.by_phi(point.elbo)
    rng = np.random.default_rng(0)
    num_layers = len(point.net.sizes) - 1
    for local in (True, False):
        for baseline in (0.0, 5.0, rng.normal(size=num_layers), 3.0 * rng.normal(size=(4, 1, num_layers))):
            _assert_same(belief.score_function(point.of, baseline, local=local)[0], expected)


def test_normalised_it_has_the_gradient_over_the_known_factor(point):
    _assert_same(belief.score_function(point.of, 1.0, scale=3.0)[0], point.by_phi(point.elbo) / 3.0)


def test_a_baseline_that_knows_the_sample_would_be_biased(point):
    leaky = 0.5 * point.of.signals
    assert np.abs(belief.score_function(point.of, leaky)[0] - point.by_phi(point.elbo)).max() > 1e-2


@pytest.mark.parametrize("num_samples", [2, 3])
def test_vimco_has_the_gradient_of_the_bound_of_k_samples(point, num_samples):
    expected = point.by_phi(lambda theta, phi: point.net.sampled_bound(theta, phi, X, num_samples))
    _assert_same(belief.vimco(point.of, num_samples)[0], expected)


@pytest.mark.parametrize("parameters", ["theta", "phi"])
def test_the_bias_of_reweighting_falls_as_one_over_k(parameters):
    """Two hidden units have four states, so that 40 samples are enumerated; bias times K then hardly moves."""
    point = Point((4, 2), scale=0.5)
    exact = point.by_theta(point.likelihood) if parameters == "theta" else -point.by_phi(point.posterior_kl)
    counts = np.array([1, 2, 5, 10, 20, 40])
    biases = [np.linalg.norm(belief.reweighted(point.of, int(k), parameters)[0] - exact) for k in counts]
    rates = np.diff(np.log(biases)) / np.diff(np.log(counts))
    assert (np.diff(biases) < 0).all()
    assert rates[-1] == pytest.approx(-1.0, abs=0.03)
    assert abs(rates[-1] + 1.0) < abs(rates[0] + 1.0)


# ---- variance --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_no_constant_leaves_less_variance_than_the_best(seed):
    of = Point((4, 3), seed, scale=1.0 + 0.2 * seed).of
    best = belief.best_constant(of)
    least = belief.score_function(of, best)[1]
    assert least <= belief.score_function(of)[1]
    for other in (best - 1e-2, best + 1e-2, belief.mean_signal(of).mean()):
        assert least < belief.score_function(of, other)[1]


def test_variances_are_those_of_draws():
    """Of VIMCO with three samples, the most involved of them."""
    point, k, num = Point((4, 3)), 3, 200_000
    expected = belief.vimco(point.of, k)
    rng = np.random.default_rng(0)
    draws = np.array([rng.choice(8, size=num, p=q) for q in np.repeat(point.of.q, k, axis=0)]).reshape(4, k, num)
    log_p, log_q = (terms.numpy().sum(-1) for terms in (point.of.log_p, point.of.log_q))
    estimates = []
    for row in range(4):
        weights = np.exp(log_p[row] - log_q[row])[draws[row]]  # [k, num]
        bound = np.log(weights.mean(axis=0))
        signals = []
        for sample in range(k):
            others = np.delete(weights, sample, axis=0)
            without = np.log((others.sum(axis=0) + np.exp(np.log(others).mean(axis=0))) / k)
            signals.append(bound - without - weights[sample] / weights.sum(axis=0))
        scores = point.of.q_scores[row].sum(axis=1)[draws[row]]  # [k, num, P]
        estimates.append(np.einsum("kn,knp->np", np.array(signals), scores))
    variances = np.array([each.var(axis=0).sum() for each in estimates])
    assert variances.mean() == pytest.approx(expected[1], rel=2e-2)
    np.testing.assert_allclose(np.mean([each.mean(axis=0) for each in estimates], axis=0), expected[0], atol=1e-2)


def test_control_variates_are_fixed_before_the_sample():
    point = Point((4, 3))
    exact = point.by_phi(point.elbo)
    found = belief.control_variates(point.of)
    for moments, scale in found.values():
        _assert_same(moments[0] * scale, exact)
    assert found["centred, normalised"][1] > 1.0
    assert found["input-dependent"][0][1] < found["centred"][0][1] < found["no baseline"][0][1]
