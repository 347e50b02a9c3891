"""Orders of channels."""

import numpy as np
import pytest

from tests.bijectors.cases import points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.permutation import Permutation, reversal, shuffle


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
def test_channels_take_their_order(shape):
    with dtype_policy("float64"):
        layer = Permutation(shape, (2, 0, 3, 1))
    z = points(shape)
    x, log_det = layer.forward_and_log_det(z)
    np.testing.assert_array_equal(x, z.numpy()[..., [2, 0, 3, 1]])
    assert float(log_det) == 0.0
    assert layer.variables == []


def test_orders():
    assert reversal(4) == (3, 2, 1, 0)
    assert shuffle(50, seed=3) == shuffle(50, seed=3) != shuffle(50, seed=4)
    assert sorted(shuffle(50, seed=3)) == list(range(50))


@pytest.mark.parametrize("order", [(0, 1), (0, 1, 1), (1, 2, 3)])
def test_what_is_no_permutation_is_refused(order):
    with pytest.raises(ValueError, match=r"order is .*; it must be a permutation of 0 ... 2"):
        Permutation((3,), order)
