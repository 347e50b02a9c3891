"""The training procedures' own steps, on a batch of everything they can draw: what they descend in expectation.

The uniforms are chosen so that each row of the batch draws one state, or one set of states; `minimize` weighs the rows
by the probability of that draw and keeps the gradient. So the expectation is that of the code that trains.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import belief_estimators as belief
from tfdgm.evaluation.tiny_belief_net import TinyBeliefNet, sample_sets
from tfdgm.math.binary_tables import binary_states
from tfdgm.math.per_example_gradients import gradient
from tfdgm.networks.belief_network import BeliefNetwork
from tfdgm.procedures.belief_procedure import SLEEP_STREAM, WAKE_STREAM
from tfdgm.procedures.belief_procedures import BELIEF_PROCEDURES, belief_procedure

X = tf.gather(binary_states(4), [3, 5, 6, 15])


@pytest.fixture(autouse=True)
def _double_precision():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(policy)


class Recorder:
    """A model that keeps gradients where another would move; see `Learner`."""

    def __init__(self, network, procedure, noise, weights):
        self.network, self.noise, self.weights, self.gradients = network, noise, weights, {}
        self.groups = {
            "generative": network.generative_variables(),
            "recognition": network.recognition_variables(),
            "baseline": procedure.trainable_variables,
        }

    def row_noise(self, shape, stream=0):
        noise = self.noise[stream]
        assert tuple(noise.shape[1:]) == shape
        return noise

    def global_mean(self, value):
        return value

    def minimize(self, group, loss_fn, *args):
        variables = self.groups[group]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            outputs = loss_fn(*args)
            losses = outputs[0] if isinstance(outputs, tuple) else outputs
            total = tf.reduce_sum(self.weights.get(group, self.weights["generative"]) * losses)
        slopes = tape.gradient(total, [variable.value for variable in variables])
        self.gradients[group] = dict(zip((variable.path for variable in variables), slopes, strict=True))
        return outputs

    def ascent(self, group, order):
        return -np.concatenate([np.ravel(self.gradients[group][variable.path]) for variable in order])


def _run(name, sizes, num_samples, prepare=lambda procedure: None, **settings):
    """A step of the procedure at random weights: its expected ascent of theta and phi, the net and its parameters."""
    procedure, network, rng = belief_procedure(name, sizes, **settings), BeliefNetwork(sizes), np.random.default_rng(0)
    for variable in (*network.generative_variables(), *network.recognition_variables()):
        variable.assign(rng.normal(size=variable.shape))
    prepare(procedure)
    by_theta = [*network.generative_kernels[::-1], *network.generative_biases[::-1]]  # from the top down
    by_phi = network.recognition_variables()
    theta, phi = (
        tf.concat([tf.reshape(variable.value, [-1]) for variable in group], 0) for group in (by_theta, by_phi)
    )
    net = TinyBeliefNet(sizes)
    of, hidden = belief.tables(net, theta, phi, X), binary_states(sum(sizes[1:]))
    sets = sample_sets(len(hidden), num_samples)
    # A unit is on where its uniform is below its probability: 0 always is, 1 never.
    awake = tf.tile(1.0 - tf.gather(hidden, sets.index), [len(X), 1, 1])
    dreams = 1.0 - binary_states(sum(sizes))  # h_L, ..., h_1, x
    awake_weights = (of.q[:, sets.index].prod(axis=-1) * np.exp(sets.log_count) / len(X)).ravel()
    weights = {"generative": tf.constant(awake_weights)}
    if name == "wake_sleep" or settings.get("recognition_phases") == "sleep":
        states = tf.split(1.0 - dreams, sizes[::-1], axis=1)
        weights["recognition"] = tf.exp(net.generative(theta).log_joint(states))
    learner = Recorder(network, procedure, {WAKE_STREAM: awake, SLEEP_STREAM: dreams}, weights)
    procedure.step(learner, tf.repeat(X, len(sets.index), axis=0), None)
    return learner.ascent("generative", by_theta), learner.ascent("recognition", by_phi), net, theta, phi


def _assert_same(found, objective, parameters):
    expected = gradient(lambda parameters: tf.reduce_mean(objective(parameters)), parameters).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert np.abs(expected).max() > 1e-2


SIZES = [(4, 3), (4, 2, 2)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_wake_sleep(sizes):
    ascent_theta, ascent_phi, net, theta, phi = _run("wake_sleep", sizes, 1)
    _assert_same(ascent_theta, lambda theta: net.elbo(theta, phi, X), theta)
    _assert_same(ascent_phi, lambda phi: -net.dream_kl(theta, phi), phi)


@pytest.mark.parametrize("num_samples", [2, 3])
@pytest.mark.parametrize("phases", ["wake", "sleep"])
def test_reweighted_wake_sleep(phases, num_samples):
    settings = {"num_importance_samples": num_samples, "recognition_phases": phases}
    ascent_theta, ascent_phi, net, theta, phi = _run("reweighted_wake_sleep", (4, 2, 1), num_samples, **settings)
    _assert_same(ascent_theta, lambda theta: net.sampled_bound(theta, phi, X, num_samples), theta)
    if phases == "sleep":
        _assert_same(ascent_phi, lambda phi: -net.dream_kl(theta, phi), phi)
    else:
        expected, _ = belief.reweighted(belief.tables(net, theta, phi, X), num_samples, "phi")
        np.testing.assert_allclose(ascent_phi, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("num_samples", [2, 3])
def test_vimco(num_samples):
    ascent_theta, ascent_phi, net, theta, phi = _run(
        "vimco", (4, 2, 1), num_samples, num_importance_samples=num_samples
    )
    _assert_same(ascent_theta, lambda theta: net.sampled_bound(theta, phi, X, num_samples), theta)
    _assert_same(ascent_phi, lambda phi: net.sampled_bound(theta, phi, X, num_samples), phi)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_reinforce(sizes):
    ascent_theta, ascent_phi, net, theta, phi = _run("reinforce", sizes, 1)
    _assert_same(ascent_theta, lambda theta: net.elbo(theta, phi, X), theta)
    _assert_same(ascent_phi, lambda phi: net.elbo(theta, phi, X), phi)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("variance", [0.5, 9.0])
def test_nvil_with_random_baselines_is_unbiased_but_for_its_known_factor(sizes, variance):
    def prepare(procedure):
        procedure.signal_means.assign(np.arange(1.0, len(sizes)))
        procedure.signal_variances.assign(np.full(len(sizes) - 1, variance))
        assert procedure.trainable_variables

    ascent_theta, ascent_phi, net, theta, phi = _run("nvil", sizes, 1, prepare)
    factor = max(1.0, np.sqrt(variance))
    _assert_same(ascent_theta, lambda theta: net.elbo(theta, phi, X), theta)
    _assert_same(factor * ascent_phi, lambda phi: net.elbo(theta, phi, X), phi)


def test_every_procedure_with_a_recognition_net_is_looked_at():
    trained = {name for name in BELIEF_PROCEDURES if belief_procedure(name, (4, 3)).has_recognition}
    assert trained == {"wake_sleep", "reweighted_wake_sleep", "vimco", "reinforce", "nvil"}
