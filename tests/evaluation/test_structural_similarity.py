"""MS-SSIM of pairs against a computation in NumPy and SciPy, scale by scale."""

import numpy as np
import pytest
import scipy.signal

from tfdgm.evaluation.structural_similarity import pair_similarities, scales


def images(num, side, seed=0, channels=1):
    return np.random.default_rng(seed).random((num, side, side, channels))


def by_hand(x, y, num_scales, size):
    """Wang et al., equation 7: contrast and structure at every scale, luminance at the last."""
    offsets = np.arange(size) - (size - 1) / 2
    window = np.exp(-(offsets[:, np.newaxis] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()

    def local(image):
        return scipy.signal.correlate2d(image, window, mode="valid")

    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333][:num_scales])
    weights /= weights.sum()
    product = 1.0
    for scale, weight in enumerate(weights):
        mean_x, mean_y = local(x), local(y)
        variances = local(x**2) - mean_x**2 + local(y**2) - mean_y**2
        contrast = (2 * (local(x * y) - mean_x * mean_y) + 0.03**2) / (variances + 0.03**2)
        luminance = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
        term = np.mean(luminance * contrast if scale == num_scales - 1 else contrast)
        product *= max(term, 0.0) ** weight
        x, y = (z.reshape(len(z) // 2, 2, len(z) // 2, 2).mean(axis=(1, 3)) for z in (x, y))
    return product


@pytest.mark.parametrize(("side", "num_scales", "size"), [(8, 1, 8), (28, 2, 11), (64, 3, 11)])
def test_similarity_is_that_of_its_equation(side, num_scales, size):
    assert scales(side, side) == (num_scales, size)
    x = images(4, side)
    x[1] = 0.7 * x[0] + 0.3 * x[1]
    x[3] = 0.4 * x[2] + 0.6 * x[3]
    expected = [by_hand(x[i, ..., 0], x[i + 1, ..., 0], num_scales, size) for i in (0, 2)]
    assert 0.1 < min(expected) < 0.9
    np.testing.assert_allclose(pair_similarities(x, 2), expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(176, 200, (5, 11)), (1000, 1000, (5, 11)), (175, 200, (4, 11)), (20, 28, (1, 11))],
)
def test_as_many_scales_as_the_shorter_side_holds(height, width, expected):
    assert scales(height, width) == expected


def test_equal_images_are_at_1_and_pairs_share_no_image():
    x = np.repeat(images(300, 12, channels=3), 2, axis=0)
    np.testing.assert_allclose(pair_similarities(x, 300), np.ones(300), rtol=1e-5)
    assert np.all(pair_similarities(x[1:-1], 299) < 0.5)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="there are 9 images; the similarity of 5 disjoint pairs needs at least 10"):
        pair_similarities(images(9, 8), 5)
    with pytest.raises(ValueError, match=r"images have shape \(9, 8\); they must be \[N, H, W, C\]"):
        pair_similarities(np.zeros((9, 8)), 2)
    with pytest.raises(ValueError, match="num_pairs is 1; it must be at least 2"):
        pair_similarities(images(9, 8), 1)
