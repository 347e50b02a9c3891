import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.evaluation.image_conversion import ImageConversion, unit_values


def spec(*shape, domain="unit", num_levels=256):
    return DataSpec(shape, domain=domain, num_levels=num_levels)


@pytest.mark.parametrize(
    ("domain", "num_levels", "values"),
    [
        ("unit", 256, [0.0, 0.25, 1.0]),
        ("binary", 2, [0.0, 0.25, 1.0]),
        ("real", 0, [0.0, 0.25, 1.0]),
        ("symmetric", 256, [-1.0, -0.5, 1.0]),
        ("uint8", 256, [0.0, 63.75, 255.0]),
        ("uint8", 17, [0.0, 4.0, 16.0]),
    ],
)
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("unit", [0.0, 0.25, 1.0]), ("symmetric", [-1.0, -0.5, 1.0]), ("uint8", [0.0, 63.75, 255.0])],
)
def test_values_go_from_the_data_s_domain_to_the_network_s(domain, num_levels, values, wanted, expected):
    source = spec(1, 3, 1, domain=domain, num_levels=num_levels)
    x = np.reshape(values, (1, 1, 3, 1))
    found = ImageConversion(source, (1, 3, 1), wanted)(tf.constant(x, tf.float32))
    assert found.dtype == tf.float32
    np.testing.assert_allclose(np.ravel(found), expected, rtol=1e-6)


def test_spread_levels_come_back_as_levels():
    levels = np.array([0, 51, 255])
    source = DataSpec((3,), domain="logit", num_levels=0, logit_alpha=0.05)
    q = 0.05 + 0.9 * (levels + np.array([0.1, 0.5, 0.9])) / 256.0
    np.testing.assert_array_equal(unit_values(np.log(q / (1.0 - q)), source), (levels / 255.0).astype(np.float32))


def test_values_beyond_the_domain_are_clipped():
    np.testing.assert_array_equal(unit_values(tf.constant([-0.1, 1.2]), spec(2)), [0.0, 1.0])


def test_sizes_and_channels_are_converted():
    x = np.random.default_rng(0).random((2, 28, 20, 1)).astype(np.float32)
    found = ImageConversion(spec(28, 20, 1), (14, 10, 3))(tf.constant(x)).numpy()
    resized = tf.image.resize(x, (14, 10), antialias=True).numpy()
    np.testing.assert_array_equal(found, np.repeat(resized, 3, axis=-1))
    colour = np.array([[[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]], np.float32)
    grey = ImageConversion(spec(1, 3, 3), (1, 3, 1))(tf.constant(colour))
    np.testing.assert_allclose(np.ravel(grey), [0.299, 0.587, 0.114], atol=1e-3)


def test_images_that_fit_stay_as_they_are():
    x = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(ImageConversion(spec(8, 8, 3), (8, 8, 3))(tf.constant(x)), x)


@pytest.mark.parametrize(
    ("source", "shape", "domain", "words"),
    [
        (spec(28, 28, 1), (28, 28, 1), "unit", "28x28 as they are, clipped and scaled to [0, 1]"),
        (
            spec(28, 20, 1),
            (299, 299, 3),
            "symmetric",
            "28x20 to 299x299 by bilinear interpolation with antialiasing, grey repeated in 3 channels, "
            "clipped and scaled to [-1, 1]",
        ),
        (
            spec(8, 8, 3),
            (8, 8, 1),
            "uint8",
            "8x8 as they are, colour to grey by ITU-R 601 luma, clipped and scaled to [0, 255]",
        ),
    ],
)
def test_the_description_says_what_is_done(source, shape, domain, words):
    assert ImageConversion(source, shape, domain).description() == words


@pytest.mark.parametrize(
    ("source", "shape", "domain", "words"),
    [
        (spec(2, domain="real"), (8, 8, 1), "unit", r"data.shape is \(2,\) .* needs images \[H, W, C\]"),
        (spec(4, 4, 1, domain="tokens"), (8, 8, 1), "unit", "data.domain 'tokens'"),
        (spec(8, 8, 1), (8, 8, 2), "unit", r"the extractor takes \(8, 8, 2\)"),
        (spec(8, 8, 1), (8, 8, 1), "real", "extractor_domain is 'real'; it must be one of unit, symmetric, uint8"),
    ],
)
def test_what_are_no_images_is_refused(source, shape, domain, words):
    with pytest.raises(ValueError, match=words):
        ImageConversion(source, shape, domain)
