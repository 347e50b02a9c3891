"""MADE: which output depends on which input, by the Jacobian of the network itself."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tests.goldens.precision import dtype_policy
from tfdgm.networks.made import Made, made_masks


@hypothesis.settings(max_examples=12, deadline=None, derandomize=True)
@hypothesis.given(
    num_dims=st.integers(1, 6),
    num_params=st.integers(1, 3),
    hidden_sizes=st.lists(st.integers(6, 9), min_size=1, max_size=3),
)
def test_each_output_depends_on_all_inputs_before_it_and_no_other(num_dims, num_params, hidden_sizes):
    with dtype_policy("float64"):
        network = Made(num_dims, num_params, hidden_sizes, activation="tanh", name="made")
    x = tf.constant(np.random.default_rng(0).normal(size=(3, num_dims)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        outputs = network(x)
    assert outputs.shape == (3, num_params * num_dims)
    jacobian = tape.batch_jacobian(outputs, x, experimental_use_pfor=False).numpy()
    blocks = jacobian.reshape(3, num_params, num_dims, num_dims)
    is_before = np.tril(np.ones((num_dims, num_dims)), -1) > 0
    assert (blocks[..., ~is_before] == 0.0).all()
    assert (blocks[..., is_before] != 0.0).all()


def test_masks_connect_all_that_may_be():
    """The product of the masks counts paths: as many dimensions as units of each degree leave none out."""
    masks = made_masks(4, 2, (4, 8))
    paths = np.linalg.multi_dot([mask.astype(int) for mask in masks])
    assert paths.shape == (4, 8)
    np.testing.assert_array_equal(paths > 0, np.tile(np.triu(np.ones((4, 4)), 1) > 0, (1, 2)))


def test_context_reaches_every_output_also_the_first():
    with dtype_policy("float64"):
        network = Made(3, 2, (6, 6), context_size=2, activation="tanh", name="made")
    x, context = tf.ones([4, 3], tf.float64), tf.constant(np.random.default_rng(0).normal(size=(4, 2)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(context)
        outputs = network(x, context)
    assert (tape.batch_jacobian(outputs, context, experimental_use_pfor=False).numpy() != 0.0).all()


def test_paths_start_with_the_network():
    network = Made(3, 2, (6, 6), context_size=2, name="net")
    assert len(network.trainable_variables) == 7
    assert all(variable.path.startswith("net_") for variable in network.variables)


def test_computes_in_the_policys_dtype():
    with dtype_policy("mixed_bfloat16"):
        network = Made(3, 1, (4,), name="made")
    assert network(tf.ones([2, 3])).dtype == tf.bfloat16
    assert {str(variable.dtype) for variable in network.variables} == {"float32"}


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Made(0, 1, (4,)), "num_dims is 0; it must be at least 1"),
        (lambda: Made(2, 1, ()), "number of hidden_sizes is 0; it must be at least 1"),
        (lambda: Made(2, 1, (4, 0)), r"hidden_sizes\[1\] is 0; it must be at least 1"),
        (lambda: Made(2, 1, (4,), activation="rleu"), "activation is 'rleu'; it must be one of"),
        (lambda: Made(2, 1, (4,))(tf.ones([1, 2]), tf.ones([1, 3])), "context is given; context_size is 0"),
        (lambda: Made(2, 1, (4,), context_size=3)(tf.ones([1, 2])), "context is missing; context_size is 3"),
    ],
)
def test_settings_that_cannot_be_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_residual_blocks_keep_the_order_and_add_their_input():
    with dtype_policy("float64"):
        network = Made(4, 2, (9, 9, 9, 9, 9), activation="tanh", residual=True, name="made")
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(0.5 * rng.normal(size=variable.shape))
    x = tf.constant(rng.normal(size=(3, 4)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        outputs = network(x)
    jacobian = tape.batch_jacobian(outputs, x, experimental_use_pfor=False).numpy().reshape(3, 2, 4, 4)
    is_before = np.tril(np.ones((4, 4)), -1) > 0
    assert (jacobian[..., ~is_before] == 0.0).all()
    assert (jacobian[..., is_before] != 0.0).all()

    def dense(layer, x):
        return x @ (layer.kernel.numpy() * layer.mask) + layer.bias.numpy()

    h = dense(network.first, x.numpy())
    for inner, outer in zip(network.others[::2], network.others[1::2], strict=True):
        h = h + dense(outer, np.tanh(dense(inner, np.tanh(h))))
    np.testing.assert_allclose(outputs, dense(network.last, np.tanh(h)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("hidden_sizes", [(4, 4), (4, 4, 5)])
def test_hidden_layers_that_make_up_no_blocks_are_refused(hidden_sizes):
    with pytest.raises(ValueError, match="residual blocks need an odd number of equal sizes, such as"):
        Made(2, 1, hidden_sizes, residual=True)
