"""The numbers of an earlier version: nothing that goldens compute moves unnoticed."""

import json

import numpy as np

from tests.goldens import record
from tests.goldens.table import GOLDENS


def test_values_are_those_recorded(golden):
    """`python -m tests.goldens.record` writes them anew."""
    recorded = json.loads(record.VALUES.read_text(encoding="utf-8"))
    assert recorded.keys() == GOLDENS.keys()
    found = record.values(golden)
    assert found.keys() == recorded[golden.name].keys()
    for name, expected in recorded[golden.name].items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5, err_msg=name)
