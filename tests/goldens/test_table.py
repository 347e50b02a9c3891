"""What goldens are trained on."""

import dataclasses

import numpy as np

from tests.goldens.table import GOLDENS


def test_data_with_classes_have_labels_that_follow_from_the_example():
    plain = GOLDENS["gan"]
    golden = dataclasses.replace(plain, spec=dataclasses.replace(plain.spec, num_classes=4))
    arrays = golden.arrays(3, 20)
    assert plain.arrays(3, 20).keys() == {"x"}
    np.testing.assert_array_equal(arrays["x"], plain.batches(3, 20))
    assert arrays["label"].shape == (3, 20)
    assert arrays["label"].dtype == np.int32
    np.testing.assert_array_equal(np.bincount(arrays["label"].ravel()), [15] * 4)
    score = arrays["x"][..., 1] - arrays["x"][..., 0]
    assert (np.diff(arrays["label"].ravel()[np.argsort(score, axis=None)]) >= 0).all()
    batches = list(golden.dataset(3, 20).as_numpy_iterator())
    np.testing.assert_array_equal([batch["label"] for batch in batches], arrays["label"])
