"""The machine and the harmonium between its odd and even layers, against sums over all states of all layers."""

import numpy as np
import pytest
from scipy.special import expit, logsumexp

from tests.goldens import deep_boltzmann as golden
from tests.goldens.deep_boltzmann import SIZES, binary


@pytest.fixture(params=SIZES, ids=str)
def dbm(request):
    return golden.machine(request.param)


@pytest.fixture
def states(dbm):
    return golden.layers(dbm, binary(sum(bias.shape[0] for bias in dbm.biases)))


def test_energy_is_the_sum_over_neighbouring_layers(dbm, states):
    np.testing.assert_allclose(-dbm.energy(states), golden.log_joint(dbm, states), rtol=0, atol=1e-12)


@pytest.mark.parametrize("side", ["odd", "even"])
def test_the_harmonium_has_the_joint_of_the_machine(dbm, states, side):
    harmonium = dbm.bipartite(side)
    other = {"odd": "even", "even": "odd"}[side]
    v, h = dbm.side(states, side).numpy(), dbm.side(states, other).numpy()
    joint = v @ harmonium.visible_bias.numpy() + h @ harmonium.hidden_bias.numpy()
    joint += np.einsum("si,ij,sj->s", v, harmonium.kernel.numpy(), h)
    np.testing.assert_allclose(joint, golden.log_joint(dbm, states), rtol=0, atol=1e-12)


@pytest.mark.parametrize("side", ["odd", "even"])
def test_log_z_by_either_side_is_that_of_the_machine(dbm, states, side):
    harmonium = dbm.bipartite(side)
    by_side = logsumexp(-harmonium.free_energy(binary(harmonium.num_visible)).numpy())
    assert by_side == pytest.approx(logsumexp(golden.log_joint(dbm, states)), abs=1e-10)


def test_the_sum_over_the_first_hidden_layer_alone_is_log_z():
    """Two hidden layers: 2^6 states of h_1 do for the 2^17 of all layers."""
    dbm = golden.machine((8, 6, 3), seed=3)
    by_h_1 = logsumexp(-dbm.bipartite("odd").free_energy(binary(6)).numpy())
    assert by_h_1 == pytest.approx(logsumexp(golden.log_unnormalized(dbm)), abs=1e-10)


def test_fields_are_the_logits_of_conditionals(dbm, states):
    """p(x_k = 1 | neighbours), the joint of either state of one unit."""
    joint = golden.log_joint(dbm, states)
    for layer, x in enumerate(states):
        field = dbm.biases[layer] + np.zeros_like(x)
        field = field + (dbm.from_below(layer, states[layer - 1]) if layer else 0.0)
        field = field + (dbm.from_above(layer, states[layer + 1]) if layer < len(states) - 1 else 0.0)
        flipped = [*states]
        flipped[layer] = x.copy()
        flipped[layer][:, 0] = 1.0 - x[:, 0]
        on = np.where(x[:, 0] == 1.0, 1.0, -1.0) * (joint - golden.log_joint(dbm, flipped))
        np.testing.assert_allclose(expit(field[:, 0]), expit(on), rtol=0, atol=1e-12)


@pytest.mark.parametrize("side", ["odd", "even"])
def test_base_rates_are_the_means_of_the_side(dbm, side):
    base = expit(dbm.bipartite(side).base_bias)
    np.testing.assert_allclose(base, np.concatenate(dbm.means[side == "odd" :: 2]), rtol=1e-12)
