"""The residual network: its formula, and that it starts near nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.networks.residual_mlp import ResidualMLP


def _network(**kwargs):
    keras.utils.set_random_seed(0)
    return ResidualMLP(3, 4, **{"hidden_size": 5, "num_blocks": 2, **kwargs})


def test_is_the_formula():
    with dtype_policy("float64"):
        network = _network(activation="tanh")
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(rng.normal(size=variable.shape))
    x = rng.normal(size=(6, 3))

    def dense(layer, x):
        return x @ layer.kernel.numpy() + layer.bias.numpy()

    h = dense(network.first, x)
    for inner, outer in zip(network.inner, network.outer, strict=True):
        h = h + dense(outer, np.tanh(dense(inner, np.tanh(h))))
    np.testing.assert_allclose(network(x), dense(network.last, h), rtol=1e-12, atol=1e-12)


def test_starts_near_zero_with_all_its_variables():
    network = _network()
    assert np.abs(network(tf.ones([2, 3]))).max() < 0.05
    assert len(network.trainable_variables) == 2 * (2 + 2 * 2)
    assert len({variable.path for variable in network.variables}) == 12


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="hidden_size is 0; it must be at least 1"):
        _network(hidden_size=0)
    with pytest.raises(ValueError, match="num_blocks is -1; it must be at least 0"):
        _network(num_blocks=-1)
    with pytest.raises(ValueError, match="activation is 'rleu'; it must be one of"):
        _network(activation="rleu")
