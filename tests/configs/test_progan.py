"""The plans of the presets fit their images, their batches and each other."""

import dataclasses

import pytest

from tfdgm.configs import get_config, presets
from tfdgm.models.growth import Growth

SHAPES = {
    "progan:digits": (8, 8, 1),
    "progan:mnist": (32, 32, 1),
    "progan:olivetti": (64, 64, 1),
    "progan:cifar10": (32, 32, 3),
}


def _growth(config, shape):
    model, data = config.model, config.data
    shape = (data.image_height or shape[0], data.image_width or shape[1], shape[2])
    return Growth(shape, len(model.num_filters), model.num_stabilize_steps, model.num_fade_steps, model.batch_sizes)


def test_all_presets_are_here():
    assert SHAPES.keys() == {name for name in presets() if name.startswith("progan:")}


@pytest.mark.parametrize("argument", ["", ":smoke"])
@pytest.mark.parametrize("name", SHAPES)
def test_plans_fit(name, argument):
    config = get_config(name + argument)
    growth, training = _growth(config, SHAPES[name]), config.training
    assert growth.base_size == (4, 4)
    for phase in growth.phases():
        rows = config.model.num_critic_steps * config.model.minibatch_group_size
        assert (phase.batch_size or training.batch_size) % rows == 0
        assert (phase.steps or training.num_steps) % training.steps_per_execution == 0


def test_optimizers_are_the_paper_s():
    for optimizer in dataclasses.asdict(get_config("progan:mnist").optimizers).values():
        numbers = [optimizer[name] for name in ("learning_rate", "beta_1", "beta_2", "epsilon")]
        assert numbers == [1e-3, 0.0, 0.99, 1e-8]
