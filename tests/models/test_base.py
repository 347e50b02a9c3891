"""The contract's own machinery, shown on a model of one weight."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.strategies import mirrored
from tfdgm.core.step_rows import running_rows
from tfdgm.core.types import DataSpec
from tfdgm.models.base import GenerativeModel
from tfdgm.models.faults import Fault

NUM_ROWS = 6


class Probe(GenerativeModel):
    """Writes down the noise of its steps, whole over all replicas; its loss is `loss_fn(weight, x)`."""

    def __init__(self, *, loss_fn=lambda weight, x: weight * x[:, 0], **kwargs):
        super().__init__(DataSpec((1,), domain="real", num_levels=0), **kwargs)
        self.loss_fn = loss_fn
        self.weight = self.add_weight(shape=(), initializer="ones", name="weight")
        self.unused = self.add_weight(shape=(), initializer="ones", name="unused")
        self.seeds = self._record((2, NUM_ROWS), "int64", "seeds")
        self.noise = self._record((NUM_ROWS, 3), "float32", "noise")

    def _record(self, shape, dtype, name):
        return self.add_weight(
            shape=shape, initializer="zeros", dtype=dtype, trainable=False, aggregation="sum", name=name
        )

    def groups(self):
        return {"first": [self.weight], "second": [self.unused]}

    def train_step(self, batch):
        loss = self.minimize("first", lambda x: self.loss_fn(self.weight.value, x), batch["x"])
        return {"loss": loss, **self.test_step(batch)}

    def test_step(self, batch):
        seeds, noise = tf.stack([self.row_seeds(), self.row_seeds(1)]), self.row_noise((3,))
        first, after = running_rows().first_row, NUM_ROWS - running_rows().first_row - running_rows().num_rows
        self.seeds.assign(tf.pad(seeds, [[0, 0], [first, after]]))
        self.noise.assign(tf.pad(noise, [[first, after], [0, 0]]))
        return {"mean": batch["x"][:, 0]}


def _rows(num_rows=NUM_ROWS):
    return tf.data.Dataset.from_tensor_slices({"x": np.arange(num_rows, dtype=np.float32)[:, None]}).batch(NUM_ROWS)


def _compiled(**kwargs):
    model = Probe(**kwargs)
    model.compile({"first": keras.optimizers.SGD(0.1), "second": "sgd"})
    return model


def _recorded(model):
    return [tf.convert_to_tensor(variable).numpy() for variable in (model.seeds, model.noise)]


def test_noise_is_a_function_of_seed_step_stream_and_role():
    model, draws = _compiled(), []
    for run in (model.fit, model.fit, model.evaluate):
        run(_rows(), verbose=0)
        draws.append(_recorded(model))
    other = _compiled(seed=1)
    other.fit(_rows(), verbose=0)
    draws.append(_recorded(other))
    for kind in (0, 1):
        values = np.concatenate([draw[kind].ravel() for draw in draws])
        assert np.unique(values).size == values.size
    again = _compiled()
    again.fit(_rows(), verbose=0)
    for kind in (0, 1):
        np.testing.assert_array_equal(_recorded(again)[kind], draws[0][kind])


def test_replicas_draw_the_noise_of_one_device():
    alone = _compiled()
    with mirrored().scope():
        model = _compiled()
    for num_rows in (NUM_ROWS, NUM_ROWS - 1):  # the last batch of an epoch leaves one replica fewer
        for run in (Probe.fit, Probe.evaluate):
            run(alone, _rows(num_rows), verbose=0)
            run(model, _rows(num_rows), verbose=0)
            for expected, found in zip(_recorded(alone), _recorded(model), strict=True):
                np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("num_rows", [NUM_ROWS, 5, 1])
def test_replicas_take_the_mean_over_examples_however_they_are_dealt_out(num_rows):
    with mirrored().scope():
        model = _compiled()
    history = model.fit(_rows(num_rows), verbose=0).history
    mean = (num_rows - 1) / 2
    assert float(tf.convert_to_tensor(model.weight)) == pytest.approx(1.0 - 0.1 * mean, rel=1e-6)
    assert history["loss"] == [pytest.approx(mean, rel=1e-6)]
    assert model.fault() is None


def test_a_group_needs_a_gradient_for_each_variable():
    model = _compiled(loss_fn=lambda weight, x: x[:, 0])
    with pytest.raises(ValueError, match="the loss of group 'first' does not depend on probe.*/weight"):
        model.fit(_rows(), verbose=0)


def test_only_the_group_moves():
    model = _compiled()
    model.fit(_rows(), verbose=0)
    assert float(model.weight) == pytest.approx(1.0 - 0.1 * 2.5)
    assert float(model.unused) == 1.0
    assert [int(optimizer.iterations) for optimizer in model.optimizers.values()] == [1, 0]


@pytest.mark.parametrize(
    ("loss_fn", "tensor"),
    [
        (lambda weight, x: weight * x[:, 0] / (1.0 - x[:, 0]), "the loss"),
        (lambda weight, x: tf.sqrt(weight * (1.0 - x[:, 0])), "the gradient of probe/weight"),
    ],
)
def test_the_first_fault_is_kept(loss_fn, tensor):
    model = _compiled(loss_fn=loss_fn, name="probe")
    values = np.array([0.0, 0.0, 1.0, 1.0, 0.0], np.float32)
    model.fit(tf.data.Dataset.from_tensor_slices({"x": values[:, None, None]}), verbose=0)
    assert model.fault() == Fault(2, "first", tensor)


def test_large_losses_in_16_bits_are_no_fault():
    model = _compiled(loss_fn=lambda weight, x: tf.cast(weight * 400.0 + 0.0 * x[:, 0], tf.float16))
    model.fit(_rows(), verbose=0)
    assert model.fault() is None


def test_steps_count():
    model = _compiled()
    model.fit(_rows().repeat(3), verbose=0, validation_data=_rows())
    assert (int(model.step), int(model.phase_step)) == (3, 3)


def test_noise_outside_a_step_is_an_error():
    with pytest.raises(RuntimeError, match="belong to a training or test step"):
        Probe().row_seeds()


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("adam", r"optimizer is 'adam'; probe.* needs a dict with \['first', 'second'\]"),
        ({"first": "adam"}, r"optimizers are \['first'\]; probe.* needs a dict with \['first', 'second'\]"),
        (
            {"first": "adam", "critic": "adam"},
            r"optimizers are \['critic', 'first'\]; probe.* needs a dict with \['first', 'second'\]",
        ),
    ],
)
def test_compile_names_the_groups(optimizer, message):
    with pytest.raises(ValueError, match=message):
        Probe().compile(optimizer)


def test_loss_scaling_is_added_once():
    with dtype_policy("mixed_float16"):
        model = Probe()
        model.compile({"first": "sgd", "second": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())})
    for optimizer in model.optimizers.values():
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert isinstance(optimizer.inner_optimizer, keras.optimizers.SGD)
