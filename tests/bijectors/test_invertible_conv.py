"""1x1 convolutions: LU against its dense matrix, the start, and the inverse of nearly singular matrices."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tests.bijectors.cases import build, points
from tests.goldens.precision import dtype_policy
from tfdgm.bijectors.invertible_conv import INVERTIBLE_CONVS, LUInvertibleConv, PlainInvertibleConv, invertible_conv


@pytest.mark.parametrize("kind", INVERTIBLE_CONVS)
@pytest.mark.parametrize("shape", [(1,), (6,), (3, 2, 5)])
def test_starts_as_a_rotation(kind, shape):
    with dtype_policy("float64"):
        layer = invertible_conv(kind, shape)
    matrix = layer.matrix().numpy()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(shape[-1]), rtol=0, atol=1e-6)
    np.testing.assert_allclose(layer.log_abs_det(), 0.0, rtol=0, atol=1e-6)
    another = invertible_conv(kind, shape).matrix().numpy()
    assert shape == (1,) or np.abs(another - matrix).max() > 0.01


@pytest.mark.parametrize("convolution", INVERTIBLE_CONVS.values())
def test_starts_as_an_order_where_one_is_given(convolution):
    with dtype_policy("float64"):
        layer = convolution((2, 3, 5), order=(3, 0, 4, 1, 2))
    x = points((2, 3, 5))
    z, log_det = layer.inverse_and_log_det(x)
    np.testing.assert_allclose(z, x.numpy()[..., [3, 0, 4, 1, 2]], rtol=1e-12)
    np.testing.assert_allclose(log_det, 0.0, atol=1e-12)
    with pytest.raises(ValueError, match=r"order is \(0, 1\); it must be a permutation of 0 ... 4"):
        convolution((2, 3, 5), order=(0, 1))


@hypothesis.settings(max_examples=15, deadline=None, derandomize=True)
@hypothesis.given(height=st.integers(1, 3), width=st.integers(1, 3), channels=st.integers(1, 7))
def test_lu_is_its_dense_matrix(height, width, channels):
    shape = (height, width, channels)
    rng = np.random.default_rng(channels)
    with dtype_policy("float64"):
        triangles, dense = LUInvertibleConv(shape), PlainInvertibleConv(shape)
    for variable in triangles.trainable_variables:  # all of them, also what lies outside the triangles
        variable.assign(variable.numpy() + 0.3 * rng.normal(size=variable.shape))
    dense.kernel.assign(triangles.matrix())
    x = points(shape, 3)
    for direction in ("forward", "inverse"):
        image, log_det = getattr(triangles, f"{direction}_and_log_det")(x)
        expected, expected_log_det = getattr(dense, f"{direction}_and_log_det")(x)
        np.testing.assert_allclose(image, expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(log_det, expected_log_det, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(triangles.log_abs_det(), np.linalg.slogdet(triangles.matrix())[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["image_plain_conv", "image_lu_conv"])
def test_latents_of_a_pixel_are_its_channels_times_the_matrix(name):
    layer = build(name)
    x = points(layer.event_shape)
    expected = np.einsum("dc,bijc->bijd", layer.matrix(), x)
    np.testing.assert_allclose(layer.inverse_and_log_det(x)[0], expected, rtol=1e-12, atol=1e-12)


def test_permutation_and_signs_stay():
    layer = build("image_lu_conv")
    assert {variable.path.split("/")[-1] for variable in layer.trainable_variables} == {
        "lower",
        "upper",
        "log_diagonal",
    }
    np.testing.assert_array_equal(np.sort(layer.permutation.numpy(), axis=0)[-1], 1.0)
    np.testing.assert_array_equal(np.abs(layer.sign.numpy()), 1.0)


@pytest.mark.parametrize("kind", INVERTIBLE_CONVS)
def test_samples_return_through_an_ill_conditioned_matrix(kind):
    """Solving is backward stable: W x = z holds to rounding though W^-1 as a matrix would not give it."""
    with dtype_policy("float32"):
        layer = invertible_conv(kind, (8,))
    if kind == "lu":
        layer.log_diagonal.assign(np.linspace(0.0, -12.0, 8))
    else:
        left, right = (np.linalg.qr(np.random.default_rng(seed).normal(size=(8, 8)))[0] for seed in (0, 1))
        layer.kernel.assign(left @ np.diag(np.exp(np.linspace(0.0, -12.0, 8))) @ right)
    z = points((8,), 20, dtype="float32")
    x, _ = layer.forward_and_log_det(z)
    residual = np.abs(layer.inverse_and_log_det(x)[0] - z).max(1)
    assert (residual <= 1e-5 * np.linalg.norm(x, axis=1)).all()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="invertible_conv is 'qr'; it must be one of plain, lu"):
        invertible_conv("qr", (4,))


def test_density_needs_no_solve():
    function = tf.function(build("image_lu_conv").inverse_and_log_det)
    graph = function.get_concrete_function(tf.TensorSpec([None, 2, 3, 5], tf.float64)).graph
    kinds = {operation.type for operation in graph.get_operations()}
    assert "MatMul" in kinds
    assert not {kind for kind in kinds if "Solve" in kind or "Determinant" in kind or "Inverse" in kind or "Qr" in kind}
