"""Precision for tests of exact mathematics."""

import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy


@pytest.fixture
def _float64():
    with dtype_policy("float64"):
        yield


@pytest.fixture
def with_row_seeds(monkeypatch):
    """A model whose rows, 8 of them, have seeds outside of a step: 0 to 7, each stream 100 further on."""

    def numbered(model):
        monkeypatch.setattr(model, "row_seeds", lambda stream=0: tf.range(8, dtype=tf.int64) + 100 * stream)
        return model

    return numbered
