"""Parameters as weights, and as functions of a context."""

import numpy as np
import pytest
import tensorflow as tf

from tests.bijectors.cases import build, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.planar import Planar
from tfdgm.bijectors.radial import Radial


@pytest.mark.parametrize(("kind", "num_params"), [(Planar, 7), (Radial, 5)])
def test_each_row_has_the_flow_of_its_parameters(kind, num_params):
    params = points((num_params,), 4)
    with dtype_policy("float64"):
        amortized, own = kind(3, conditioner=lambda context: context), kind(3)
    z = points((3,), 4, seed=9)
    x, log_det = amortized.forward_and_log_det(z, params)
    assert amortized.trainable_variables == []
    for row in range(4):
        own.kernel.assign(params[row])
        expected, expected_log_det = own.forward_and_log_det(z[row : row + 1])
        np.testing.assert_allclose(x[row], expected[0], rtol=1e-12)
        np.testing.assert_allclose(log_det[row], expected_log_det[0], rtol=1e-11)


def test_a_conditioner_without_context_or_of_another_size_is_refused():
    layer = build("context_planar")
    with pytest.raises(ValueError, match="context is None; the conditioner of planar needs one"):
        layer.bijector().forward(points((4,)))
    other = Planar(3, conditioner=lambda context: context)
    with pytest.raises(ValueError, match="the conditioner of planar gives 6 parameters; it must give 7"):
        other.bijector(tf.zeros([5, 6])).forward(tf.zeros([5, 3]))
    with pytest.raises(ValueError, match="num_dims is 0; it must be at least 1"):
        Radial(0)
