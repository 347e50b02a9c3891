import math

import numpy as np
import pytest

from tfdgm.evaluation.mode_coverage import mode_coverage

CENTRES = np.array([[x, y] for x in (-4.0, 0.0, 4.0) for y in (0.0, 4.0)])
SIGMA = 0.1


def of_the_mixture(num, seed=0):
    random = np.random.default_rng(seed)
    return CENTRES[random.integers(0, len(CENTRES), num)] + SIGMA * random.standard_normal((num, 2))


def test_the_mixture_covers_itself():
    found = mode_coverage(of_the_mixture(20_000), CENTRES, SIGMA)
    assert found.num_covered == 6
    value, error = found.high_quality()
    assert abs(value - (1.0 - math.exp(-4.5))) < 4.0 * error < 0.01
    assert error == pytest.approx(math.sqrt(value * (1.0 - value) / 20_000))


def test_quality_ends_at_3_standard_deviations():
    angle = np.linspace(0.0, 2.0 * np.pi, 60)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert mode_coverage(0.2999 * circle, CENTRES, SIGMA).high_quality() == (1.0, 0.0)
    assert mode_coverage(0.3001 * circle, CENTRES, SIGMA).high_quality() == (0.0, 0.0)


@pytest.mark.parametrize(("num_at_second", "num_covered"), [(9, 1), (10, 2)])
def test_a_mode_is_covered_from_a_tenth_of_its_share(num_at_second, num_covered):
    """Of 600 samples 100 are a mode's share, whatever the number of high quality."""
    samples = np.repeat([CENTRES[0], CENTRES[5], [99.0, 99.0]], [200, num_at_second, 400 - num_at_second], axis=0)
    found = mode_coverage(samples, CENTRES, SIGMA)
    np.testing.assert_array_equal(found.counts, [200, 0, 0, 0, 0, num_at_second])
    assert found.num_covered == num_covered
    assert found.high_quality()[0] == (200 + num_at_second) / 600


def test_samples_count_for_their_nearest_centre():
    centres = np.array([[0.0], [1.0]])
    found = mode_coverage(np.repeat([[0.45], [0.55], [2.5]], [10, 20, 5], axis=0), centres, 0.5)
    np.testing.assert_array_equal(found.counts, [10, 25])


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="there are 59 samples; the coverage of 6 modes needs at least 60"):
        mode_coverage(of_the_mixture(59), CENTRES, SIGMA)
    with pytest.raises(ValueError, match=r"samples have shape \(60, 3\); those of this mixture are \[N, 2\]"):
        mode_coverage(np.zeros((60, 3)), CENTRES, SIGMA)
