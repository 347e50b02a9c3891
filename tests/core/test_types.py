"""Data specifications: what they normalise and what they refuse."""

import dataclasses
import json

import pytest

from tfdgm.core.types import DOMAINS, DataSpec


def test_survives_json():
    spec = DataSpec((8, 8, 1), domain="binary", num_levels=2, num_classes=10, vocabulary=("a", "b"))
    assert DataSpec(**json.loads(json.dumps(dataclasses.asdict(spec)))) == spec


@pytest.mark.parametrize(
    ("shape", "is_image", "num_dims"),
    [((8, 6, 1), True, 48), ((8, 6, 3), True, 144), ((8, 6, 2), False, 96), ((5,), False, 5), ((4, 4), False, 16)],
)
def test_shape_properties(shape, is_image, num_dims):
    spec = DataSpec(shape)
    assert (spec.is_image, spec.num_dims) == (is_image, num_dims)


def test_refuses_an_unknown_domain():
    with pytest.raises(ValueError, match="domain is 'grey'; it must be one of " + ", ".join(DOMAINS)):
        DataSpec((8,), domain="grey")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"domain": "logit", "logit_alpha": 0.5}, "logit_alpha is 0.5; it must be at least 0 and below 0.5"),
        ({"domain": "logit", "logit_alpha": -0.1}, "logit_alpha is -0.1; it must be at least 0"),
        ({"domain": "unit", "logit_alpha": 0.1}, "logit_alpha is 0.1, but domain is 'unit'; it goes with 'logit'"),
    ],
)
def test_refuses_a_margin_out_of_place(fields, message):
    with pytest.raises(ValueError, match=message):
        DataSpec((8,), **fields)


@pytest.mark.parametrize("shape", [(), (0,), (8, 0, 1)])
def test_refuses_an_empty_shape(shape):
    with pytest.raises(ValueError, match=r"shape is \(.*\); it needs at least one dimension, each at least 1"):
        DataSpec(shape)
