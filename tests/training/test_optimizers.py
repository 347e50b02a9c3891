"""Optimizers from their configurations; rates as functions of the phase step."""

import dataclasses
import math

import keras
import numpy as np
import pytest

from tfdgm.configs import OptimizerConfig
from tfdgm.core.types import DataSpec
from tfdgm.models.base import GenerativeModel
from tfdgm.training import optimizers
from tfdgm.training.fused_adam import FusedAdam


@pytest.fixture(scope="module")
def model():
    return GenerativeModel(DataSpec((2,), domain="real", num_levels=0))


def _rates(model, config, steps, num_steps=100):
    schedule = optimizers.PhaseSchedule(config, model, num_steps)
    found = []
    for step in steps:
        model.phase_step.assign(step)
        found.append(float(schedule(12345)))
    return np.array(found)


def test_constant(model):
    np.testing.assert_allclose(_rates(model, OptimizerConfig(learning_rate=0.5), [0, 50, 100]), 0.5)


def test_cosine_falls_to_zero(model):
    rates = _rates(model, OptimizerConfig(learning_rate=2.0, schedule="cosine"), [0, 25, 50, 100])
    np.testing.assert_allclose(rates, [2.0, 1.0 + math.cos(math.pi / 4), 1.0, 0.0], atol=1e-6)


def test_linear_with_warmup(model):
    config = OptimizerConfig(learning_rate=1.0, schedule="linear", warmup_steps=10)
    np.testing.assert_allclose(_rates(model, config, [0, 4, 9, 50]), [0.1, 0.48, 0.91, 0.5], atol=1e-6)


def test_burda_has_eight_stages_of_3_to_the_i_parts(model):
    parts = np.arange(3280)
    rates = _rates(model, OptimizerConfig(learning_rate=1e-3, schedule="burda"), parts[::7], num_steps=3280)
    stages = np.repeat(np.arange(8), 3 ** np.arange(8))
    np.testing.assert_allclose(rates, 1e-3 * 10.0 ** (-stages[::7] / 7), rtol=1e-5)


def test_burda_changes_stage_at_the_very_part(model):
    ends = np.cumsum(3 ** np.arange(8))[:-1]
    config = OptimizerConfig(learning_rate=1.0, schedule="burda")
    last = _rates(model, config, ends - 1, num_steps=3280)
    first = _rates(model, config, ends, num_steps=3280)
    np.testing.assert_allclose(first / last, 10.0 ** (-1 / 7), rtol=1e-5)


@pytest.mark.parametrize("name", sorted(optimizers.OPTIMIZERS))
def test_every_optimizer_is_built_with_its_fields(model, name):
    config = OptimizerConfig(name=name, clip_norm=3.0, epsilon=1e-5, momentum=0.25, weight_decay=0.5)
    optimizer = optimizers.make_optimizer(config, model, 10, "g")
    assert isinstance(optimizer, optimizers.OPTIMIZERS[name][0])
    assert optimizer.global_clipnorm == 3.0
    assert optimizer.weight_decay == 0.5
    for field in optimizers.OPTIMIZERS[name][1]:
        assert getattr(optimizer, field) == getattr(config, field)


@pytest.mark.parametrize("name", sorted(optimizers.OPTIMIZERS))
def test_no_weight_decay_is_none(model, name):
    assert optimizers.make_optimizer(OptimizerConfig(name=name), model, 10, "g").weight_decay is None


def test_numbered_groups_without_a_field_of_their_own_share_one():
    class Layered(GenerativeModel):
        def groups(self):
            return {"a": [], "b_1": [], "b_2": [], "b_3": []}

    @dataclasses.dataclass
    class Two:
        a: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
        b: OptimizerConfig = dataclasses.field(default_factory=lambda: OptimizerConfig(name="sgd"))
        b_1: OptimizerConfig = dataclasses.field(default_factory=lambda: OptimizerConfig(name="rmsprop"))

    built = optimizers.make_optimizers(Two(), Layered(DataSpec((2,), domain="real", num_levels=0)), 10)
    assert {name: type(optimizer) for name, optimizer in built.items()} == {
        "a": FusedAdam,
        "b_1": keras.optimizers.RMSprop,
        "b_2": keras.optimizers.SGD,
        "b_3": keras.optimizers.SGD,
    }
    assert built["b_2"] is not built["b_3"]


def test_set_num_steps_stretches_the_schedule_also_under_loss_scaling(model):
    optimizer = optimizers.make_optimizer(OptimizerConfig(schedule="linear", learning_rate=1.0), model, 10, "g")
    optimizers.set_num_steps(keras.optimizers.LossScaleOptimizer(optimizer), 20)
    model.phase_step.assign(10)
    assert float(optimizer.learning_rate) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "adm"}, "optimizers.g.name is 'adm'; it must be one of adam"),
        ({"schedule": "cosin"}, "optimizers.g.schedule is 'cosin'; it must be one of constant"),
        ({"learning_rate": -1.0}, "optimizers.g.learning_rate is -1.0; it must be at least 0"),
    ],
)
def test_bad_fields_are_named(model, change, message):
    with pytest.raises(ValueError, match=message):
        optimizers.make_optimizer(OptimizerConfig(**change), model, 10, "g")
