"""Precision for tests of exact mathematics."""

import pytest

from tests.goldens.precision import dtype_policy


@pytest.fixture
def _float64():
    with dtype_policy("float64"):
        yield
