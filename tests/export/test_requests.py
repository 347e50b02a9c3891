import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.export.requests import request


def rows(name, shape, dtype, spec):
    return request({name: tf.TensorSpec([None, *shape], dtype)}, spec, 200, seed=0)[name]


@pytest.mark.parametrize(
    ("domain", "num_levels", "expected"),
    [
        ("binary", 2, {0.0, 1.0}),
        ("unit", 5, {0.0, 0.25, 0.5, 0.75, 1.0}),
        ("symmetric", 3, {-1.0, 0.0, 1.0}),
        ("uint8", 3, {0, 1, 2}),
    ],
)
def test_examples_are_on_the_levels_of_their_domain(domain, num_levels, expected):
    dtype = "uint8" if domain == "uint8" else "float32"
    spec = tfdgm.DataSpec((2, 2, 1), dtype=dtype, domain=domain, num_levels=num_levels)
    x = rows("x", (2, 2, 1), dtype, spec)
    assert x.dtype == dtype
    assert set(np.unique(x).tolist()) == expected


def test_examples_of_unbounded_domains_are_on_no_level():
    for domain in ("real", "logit"):
        x = rows("x", (2, 2, 1), tf.float32, tfdgm.DataSpec((2, 2, 1), domain=domain, num_levels=0))
        assert (x.min() < -2.0, x.max() > 2.0, len(np.unique(x))) == (True, True, x.size)


def test_tokens_are_within_the_vocabulary():
    spec = tfdgm.DataSpec((7,), dtype="int32", domain="tokens", num_levels=0, vocabulary=("a", "b", "c"))
    assert set(np.unique(rows("x", (7,), tf.int32, spec)).tolist()) == {0, 1, 2}


def test_labels_seeds_latents_and_settings_are_told_apart():
    spec = tfdgm.DataSpec((2,), domain="real", num_levels=0, num_classes=4)
    assert set(rows("label", (), tf.int32, spec).tolist()) == {0, 1, 2, 3}
    assert rows("seed", (), tf.int64, spec).min() >= 0
    assert len(set(rows("seed", (), tf.int64, spec).tolist())) == 200
    assert rows("z", (3,), tf.float32, spec).std() == pytest.approx(1.0, abs=0.15)
    truncation = rows("truncation", (), tf.float32, spec)
    assert 0.5 <= truncation.min() < truncation.max() <= 1.0
