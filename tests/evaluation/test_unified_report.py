"""The largest error over models, its verdict, and the table."""

import dataclasses
import math

import pytest

from tfdgm.evaluation import unified_report
from tfdgm.evaluation.unified_lemmas import IDENTITIES
from tfdgm.evaluation.unified_report import BOUND, FLOOR, Result


@pytest.mark.usefixtures("eagerly")
def test_models_do_not_depend_on_how_many_there_are():
    one, three = (unified_report.verify(num, seed=5) for num in (1, 3))
    assert all(b.error >= a.error for a, b in zip(one, three, strict=True) if a.identity.holds)
    assert all(b.error <= a.error for a, b in zip(one, three, strict=True) if not a.identity.holds)
    assert one != unified_report.verify(1, seed=6)


@pytest.mark.parametrize(
    ("error", "holds", "passed"),
    [
        (BOUND, True, True),
        (2.0 * BOUND, True, False),
        (math.nan, True, False),
        (FLOOR, False, True),
        (0.5 * FLOOR, False, False),
        (math.nan, False, False),
    ],
)
def test_verdict(error, holds, passed):
    result = Result(dataclasses.replace(IDENTITIES[0], holds=holds), error)
    assert result.passed == passed
    last = unified_report.table([result]).splitlines()[-1]
    assert last.endswith("FAILED") != passed
    assert last.startswith(IDENTITIES[0].statement)


def test_no_model_is_refused():
    with pytest.raises(ValueError, match="num_models is 0; it must be at least 1"):
        unified_report.verify(0, seed=0)
