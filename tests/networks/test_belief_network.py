"""The variables of p and q as belief nets."""

import numpy as np
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.networks.belief_network import BeliefNetwork

RNG = np.random.default_rng(0)
SIZES = (4, 3, 2)


def _network(**fields):
    with dtype_policy("float64"):
        network = BeliefNetwork(SIZES, **fields)
    for variable in network.variables:
        variable.assign(RNG.normal(size=variable.shape))
    return network


def _states(num=5):
    return tuple(tf.constant(RNG.integers(0, 2, [num, size]).astype(float)) for size in SIZES)


def _log_bernoulli(x, logits):
    x, logits = np.asarray(x), np.asarray(logits)
    return (x * logits - np.logaddexp(0.0, logits)).sum(-1)


def test_log_joint_is_that_of_its_layers():
    network, (x, h_1, h_2) = _network(), _states()
    kernels, biases = ([v.numpy() for v in each] for each in (network.generative_kernels, network.generative_biases))
    expected = (
        _log_bernoulli(h_2, biases[2])
        + _log_bernoulli(h_1, h_2 @ kernels[1] + biases[1])
        + _log_bernoulli(x, h_1 @ kernels[0] + biases[0])
    )
    np.testing.assert_allclose(network.log_joint((x, h_1, h_2)), expected, rtol=1e-12)


def test_log_posterior_is_of_x_less_the_mean():
    network, (x, h_1, h_2) = _network(), _states()
    kernels, biases = ([v.numpy() for v in each] for each in (network.recognition_kernels, network.recognition_biases))
    expected = _log_bernoulli(h_1, (x - network.input_mean) @ kernels[0] + biases[0])
    expected += _log_bernoulli(h_2, h_1 @ kernels[1] + biases[1])
    np.testing.assert_allclose(network.log_posterior((x, h_1, h_2)), expected, rtol=1e-12)


def test_an_autoregressive_prior_looks_back_only():
    network = _network(autoregressive_prior=True)
    kernel = network.generative().prior_kernel.numpy()
    np.testing.assert_array_equal(kernel, np.triu(network.prior_kernel.numpy(), 1))
    assert kernel.any()
    assert network.prior_kernel.path in [variable.path for variable in network.generative_variables()]


def test_start_at_gives_x_the_mean_of_the_data():
    with dtype_policy("float64"):
        network = BeliefNetwork(SIZES)
    mean, logit = tf.constant([0.1, 0.2, 0.5, 0.9], tf.float64), tf.constant([-2.0, -1.0, 0.0, 2.0], tf.float64)
    network.start_at(mean, logit)
    np.testing.assert_array_equal(network.generative().biases[-1], logit)
    np.testing.assert_array_equal(network.centered(mean), np.zeros(4))


def test_variables_are_shared_out_between_p_and_q():
    network = _network(autoregressive_prior=True)
    generative, recognition = network.generative_variables(), network.recognition_variables()
    assert {v.path for v in generative}.isdisjoint(v.path for v in recognition)
    assert len(generative) + len(recognition) == len(network.trainable_variables) == 10
    assert _network(recognition=False).recognition_variables() == []
