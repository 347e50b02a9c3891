"""ActNorm: the first batch's moments, once, on all replicas, kept in checkpoints; refused before."""

import numpy as np
import pytest
import tensorflow as tf

from tests.bijectors.cases import glow, points
from tests.goldens.precision import dtype_policy
from tests.goldens.strategies import mirrored
from tfdgm.bijectors.actnorm import ActNorm
from tfdgm.core.assertions import plain_refusals


def _built(shape):
    with dtype_policy("float64"):
        return ActNorm(shape)


def _alone(value):
    return value


@pytest.mark.parametrize("shape", [(3,), (4, 2, 3)])
def test_first_latents_have_mean_zero_and_variance_one(shape):
    layer, x = _built(shape), 5.0 + points(shape, 50) * tf.constant([0.1, 3.0, 40.0], tf.float64)
    layer.start_at(x, _alone)
    z = layer.inverse_and_log_det(x)[0].numpy().reshape(-1, 3)
    np.testing.assert_allclose(z.mean(0), 0.0, atol=1e-12)
    np.testing.assert_allclose(z.std(0), 1.0, rtol=1e-12)


def test_a_second_batch_changes_nothing():
    layer, x = _built((3,)), points((3,), 50)
    layer.start_at(x, _alone)
    before = [variable.numpy() for variable in layer.variables]
    layer.start_at(7.0 * x + 1.0, _alone)
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_channel_that_does_not_vary_keeps_a_finite_scale():
    x = points((2,), 50) * tf.constant([2.0, 0.0], tf.float64)
    layer = _built((2,))
    layer.start_at(x, _alone)
    scale = np.exp(layer.log_scale.numpy())
    assert scale[1] == pytest.approx(1e-3 * np.mean([scale[0], 0.0]) + 1e-6)
    assert np.isfinite(layer.inverse_and_log_det(x)[0]).all()


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_refused_before_it_saw_data(direction):
    layer, x = _built((3,)), points((3,))
    message = "actnorm has seen no data yet: give it a first batch by start_at"
    with pytest.raises(ValueError, match=message):
        getattr(layer.bijector(), direction)(x)
    with pytest.raises(ValueError, match=message), plain_refusals():
        tf.function(getattr(layer.bijector(), direction))(x)


def test_the_flag_and_the_weights_are_in_checkpoints(tmp_path):
    layer, x = _built((3,)), points((3,), 50)
    layer.start_at(x, _alone)
    path = tf.train.Checkpoint(layer=layer).save(str(tmp_path / "checkpoint"))
    other = _built((3,))
    tf.train.Checkpoint(layer=other).restore(path).assert_consumed()
    other.start_at(3.0 * x, _alone)
    np.testing.assert_array_equal(other.inverse_and_log_det(x)[0], layer.inverse_and_log_det(x)[0])


def test_replicas_start_alike_at_the_moments_of_the_global_batch():
    x = 3.0 + 2.0 * points((3,), 40)
    alone = _built((3,))
    alone.start_at(x, _alone)
    strategy = mirrored()
    with strategy.scope():
        layer = _built((3,))

    def mean(value):
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, value)

    @tf.function
    def start(halves):
        strategy.run(lambda half: layer.start_at(half, mean), args=(halves,))

    halves = strategy.experimental_distribute_values_from_function(
        lambda context: x[context.replica_id_in_sync_group :: 2]
    )
    start(halves)
    for variable, expected in zip(layer.variables, alone.variables, strict=True):
        for value in strategy.experimental_local_results(variable.value):
            np.testing.assert_allclose(value, expected.numpy(), rtol=1e-12)


def test_each_actnorm_within_a_flow_normalises_what_it_sees():
    with dtype_policy("float64"):
        flow = glow()
    x = 10.0 + 4.0 * points((8, 8, 1), 64)
    flow.start_at(x, _alone)
    for level, split in zip(flow.levels, [*flow.splits, None], strict=True):
        for part in level.parts:
            x, _ = part.inverse_and_log_det(x)
            if isinstance(part, ActNorm):
                flat = x.numpy().reshape(-1, x.shape[-1])
                np.testing.assert_allclose(flat.mean(0), 0.0, atol=1e-9)
                np.testing.assert_allclose(flat.std(0), 1.0, rtol=1e-9)
        if split is not None:
            x, _, _ = split.divide(x)


@pytest.mark.parametrize("shape", [(), (2, 3), (2, 3, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"event_shape is .*; it must be a vector's \[D\] or an image's"):
        ActNorm(shape)
