"""Averaged weights: the recursion in closed form, and the model's own weights untouched."""

import numpy as np
import pytest

from tfdgm.core.types import DataSpec
from tfdgm.models.ema import WeightAverages
from tfdgm.models.vae import VAE


@pytest.fixture
def model():
    return VAE(DataSpec((2, 2, 1), domain="binary", num_levels=2), latent_dim=1, hidden_sizes=(2,))


def _set(model, value):
    for variable in model.trainable_variables:
        variable.assign(np.full(variable.shape, value))


def test_closed_form(model):
    _set(model, 100.0)
    averages = WeightAverages(model, 0.9)
    weights = [1.0, 4.0, -2.0, 3.0]
    for value in weights[:3]:
        _set(model, value)
        averages.update(1)
    _set(model, weights[3])
    averages.update(2)  # two steps at once, as if both had ended with these weights
    decays = 0.9 ** np.array([4.0, 3.0, 2.0, 1.0, 0.0])
    expected = np.average([*weights, weights[3]], weights=decays)
    for shadow in averages.shadows:
        np.testing.assert_allclose(shadow.numpy(), np.full(shadow.shape, expected), rtol=1e-6)


def test_before_the_first_step_averages_are_the_weights_and_after_it_they_are_its_own(model):
    _set(model, 100.0)
    averages = WeightAverages(model, 0.9999)
    np.testing.assert_array_equal(averages.shadows[0].numpy(), model.trainable_variables[0].numpy())
    _set(model, 0.1)
    averages.update(1)
    np.testing.assert_array_equal(averages.shadows[0].numpy(), model.trainable_variables[0].numpy())


def test_in_place_gives_the_weights_back_bitwise(model):
    averages = WeightAverages(model, 0.5)
    before = [variable.numpy() for variable in model.trainable_variables]
    for shadow in averages.shadows:
        shadow.assign(shadow + 1.0)
    with averages.in_place():
        np.testing.assert_array_equal(model.trainable_variables[0].numpy(), averages.shadows[0].numpy())
    for variable, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2.0])
def test_decay_out_of_range_is_named(model, decay):
    with pytest.raises(ValueError, match=f"ema_decay is {decay}"):
        WeightAverages(model, decay)
