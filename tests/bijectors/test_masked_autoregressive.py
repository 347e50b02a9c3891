"""MAF and IAF: passes counted, triangular Jacobians, each the inverse of the other, tfb's own as the oracle."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.bijectors.cases import build, context_of, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.elementwise import Additive, Affine
from tfdgm.bijectors.masked_autoregressive import InverseAutoregressive, MaskedAutoregressive
from tfdgm.networks.made import Made


@pytest.mark.parametrize("name", ["maf", "context_maf", "spline_maf", "iaf", "context_iaf"])
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_jacobian_is_lower_triangular(name, direction):
    layer, point = build(name, num_dims=5), points((5,), 2)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(point)
        image, _ = getattr(layer, f"{direction}_and_log_det")(point, context_of(name, 2))
    jacobian = tape.batch_jacobian(image, point, experimental_use_pfor=False).numpy()
    np.testing.assert_array_equal(np.triu(jacobian, 1), 0.0)
    assert np.abs(jacobian[:, np.tril(np.ones((5, 5))) > 0]).min() > 0.0


@pytest.mark.parametrize(
    ("kind", "quick", "slow"),
    [(MaskedAutoregressive, "inverse", "forward"), (InverseAutoregressive, "forward", "inverse")],
)
def test_one_pass_the_one_way_and_one_a_dimension_the_other(kind, quick, slow):
    calls = []

    def conditioner(value):
        calls.append(value)
        return tf.concat([tf.zeros_like(value[:, :1]), value[:, :-1]], axis=-1)

    with dtype_policy("float64"):
        layer = kind(conditioner, 6, Additive())
    bijector, point = layer.bijector(), points((6,))
    image = getattr(bijector, quick)(point)
    getattr(bijector, f"{quick}_log_det_jacobian")(point, 1)
    assert len(calls) == 1
    again = getattr(layer, f"{slow}_and_log_det")(image)[0]
    assert len(calls) == 1 + 6  # eager while loops call it each time
    np.testing.assert_allclose(again, point, rtol=1e-12, atol=1e-12)


def test_maf_and_iaf_of_one_network_are_inverse_functions():
    """With the inverse of the elementwise function: IAF is MAF with z and x exchanged (Papamakarios et al., 3.2)."""
    with dtype_policy("float64"):
        network = Made(4, 1, (8,), name="made")
        maf = MaskedAutoregressive(network, 4, Additive())
        iaf = InverseAutoregressive(lambda value: -network(value), 4, Additive())
    x = points((4,))
    np.testing.assert_allclose(maf.inverse_and_log_det(x)[0], iaf.forward_and_log_det(x)[0], rtol=1e-12)


def test_maf_equal_to_tfp():
    layer, x = build("maf"), points((4,))

    def shift_and_log_scale(value):
        shift, raw_scale = tf.split(layer.conditioner(value), 2, axis=-1)
        return shift, layer.transform.log_scale(raw_scale)

    theirs = tfp.bijectors.MaskedAutoregressiveFlow(shift_and_log_scale_fn=shift_and_log_scale)
    z = theirs.inverse(x)
    np.testing.assert_allclose(layer.bijector().inverse(x), z, rtol=1e-12)
    np.testing.assert_allclose(layer.bijector().forward(z), theirs.forward(tf.identity(z)), rtol=1e-12)
    log_dets = [bijector.inverse_log_det_jacobian(x, 1) for bijector in (layer.bijector(), theirs)]
    np.testing.assert_allclose(*log_dets, rtol=1e-11)


def test_dimensions_whose_turn_is_yet_to_come_cannot_spoil_a_sample():
    """The second's scale is exp(2) as long as the first is 0: a guess at it would be infinite, and 0 * infinity NaN."""
    kernel = tf.constant([[0.0, -100.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    bias = tf.constant([0.0, 50.0, 0.0])

    def conditioner(value):
        return tf.concat([tf.zeros_like(value), tf.matmul(value, kernel) + bias], axis=-1)

    layer = MaskedAutoregressive(conditioner, 3, Affine(limit=2.0))
    x, log_det = layer.forward_and_log_det(tf.constant([[1.0, 3e38, 5.0]]))
    np.testing.assert_allclose(x, [[1.0, 3e38 * np.exp(-2.0), 5.0]], rtol=1e-5)
    np.testing.assert_allclose(log_det, [-2.0], rtol=1e-6)


def test_a_network_of_another_size_is_refused():
    layer = MaskedAutoregressive(Made(4, 1, (8,), name="made"), 4, Affine())
    with pytest.raises(ValueError, match=r"the conditioner of autoregressive gives \(4,\); it must give \(8,\)"):
        layer.bijector().inverse(tf.zeros([3, 4]))
