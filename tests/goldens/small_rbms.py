"""RBMs of each kind of visible unit that are small enough for sums over all their states."""

import numpy as np
import tensorflow as tf

from tests.goldens.enumeration import NUM_HIDDEN, binary
from tests.goldens.precision import dtype_policy
from tfdgm.core.types import DataSpec
from tfdgm.models.rbm import RBM

# Of the kinds, numbers of units and states of `tests.goldens.enumeration`.
SPECS = {
    "bernoulli": DataSpec((2, 2, 1), domain="binary", num_levels=2),
    "gaussian": DataSpec((2,), domain="real", num_levels=0),
    "softmax": DataSpec((2, 1, 1), domain="unit", num_levels=3),
}


def small_rbm(kind: str = "bernoulli", *, scale: float = 1.0, **fields: object) -> RBM:
    """In float64, with random weights, biases and, where it has such, deviations."""
    settings = {"visible_units": kind, "num_hidden": NUM_HIDDEN, "num_chains": 12, "num_sampling_steps": 30, **fields}
    with dtype_policy("float64"):
        model = RBM(SPECS[kind], **settings)
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(scale * rng.normal(size=variable.shape) * (0.3 if variable.name == "log_sigma" else 1.0))
    return model


def log_partition(model: RBM) -> tf.Tensor:
    """log Z, by the hidden states."""
    hidden = tf.constant(binary(model.layer.kernel.shape[1]), model.variable_dtype)
    return tf.reduce_logsumexp(-model.layer.harmonium().hidden_free_energy(hidden))
