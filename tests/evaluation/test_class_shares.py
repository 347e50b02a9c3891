import math

import numpy as np
import pytest

from tfdgm.evaluation.class_shares import class_accuracy, class_shares, num_classes_present


def sure_of(counts):
    """Probabilities of rows that a classifier takes for each class so many times."""
    return np.repeat(0.9 * np.eye(len(counts)) + 0.1 / len(counts), counts, axis=0)


def test_shares_are_those_of_the_most_probable_classes():
    np.testing.assert_allclose(class_shares(sure_of([30, 0, 10])), [0.75, 0.0, 0.25])


@pytest.mark.parametrize(("num_of_last", "num_present"), [(0, 2), (9, 2), (10, 3), (100, 3)])
def test_a_class_is_present_from_a_tenth_of_its_share_among_examples(num_of_last, num_present):
    samples = sure_of([500, 500 - num_of_last, num_of_last])
    assert num_classes_present(samples, sure_of([40, 50, 10])) == num_present


def test_a_class_that_no_example_has_is_not_asked_for():
    assert num_classes_present(sure_of([50, 50, 0]), sure_of([50, 50, 0])) == 2


def test_accuracy_is_the_share_that_is_as_labelled():
    labels = np.array([0] * 20 + [1] * 19 + [0])
    value, error = class_accuracy(sure_of([20, 20]), labels)
    assert value == 0.975
    assert error == pytest.approx(math.sqrt(0.975 * 0.025 / 40))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="there are 19 samples; the presence of 2 classes needs at least 20"):
        num_classes_present(sure_of([10, 9]), sure_of([10, 10]))
    for labels in ([0, 1, 2], [0, -1], [0]):
        with pytest.raises(ValueError, match="labels have shape .* they must be 2 from 0 to 1"):
            class_accuracy(sure_of([1, 1]), labels)
