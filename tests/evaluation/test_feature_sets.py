import numpy as np
import pytest

from tfdgm.evaluation.feature_sets import paired_features


def test_features_come_back_in_float64():
    examples, samples = paired_features(np.ones((3, 2), np.float32), [[1, 2]], min_rows=1, needed_for="it")
    assert examples.dtype == samples.dtype == np.float64
    assert (examples.shape, samples.shape) == ((3, 2), (1, 2))


@pytest.mark.parametrize(
    ("examples", "samples", "words"),
    [
        (np.ones((4, 3)), np.ones((4, 2)), r"examples have shape \(4, 3\) and those of samples \(4, 2\)"),
        (np.ones(4), np.ones((4, 2)), r"they must be \[N, D\] and \[M, D\], of one extractor"),
        (np.ones((3, 2)), np.ones((4, 2)), "there are 3 examples; a figure needs at least 4"),
        (np.ones((4, 2)), np.ones((3, 2)), "there are 3 samples; a figure needs at least 4"),
        (np.ones((4, 2)), np.full((4, 2), np.nan), "features of samples hold 8 values that are not finite"),
    ],
)
def test_what_does_not_fit_is_refused(examples, samples, words):
    with pytest.raises(ValueError, match=words):
        paired_features(examples, samples, min_rows=4, needed_for="a figure")
