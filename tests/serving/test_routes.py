"""Paths of the REST API, the malformed ones among them."""

import pytest

from serving.model_spec import ModelSpec
from serving.routes import Route, parse_route
from serving.status import Code, ServingError


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/models/m:predict", Route("predict", ModelSpec("m"))),
        ("POST", "/V1/Models/Mixed:Predict", Route("predict", ModelSpec("Mixed"))),
        ("POST", "/v1/models/m/versions/7:predict", Route("predict", ModelSpec("m", 7))),
        ("POST", "/v1/models/m/versions/007:classify", Route("classify", ModelSpec("m", 7))),
        ("POST", "/v1/models/m/labels/stable:regress", Route("regress", ModelSpec("m", label="stable"))),
        ("GET", "/v1/models/m", Route("status", ModelSpec("m"))),
        ("GET", "/v1/models/a%20b%2Fc/versions/9223372036854775807", Route("status", ModelSpec("a b/c", 2**63 - 1))),
        ("GET", "/v1/models/m/metadata", Route("metadata", ModelSpec("m"))),
        ("GET", "/v1/models/m/labels/x/metadata", Route("metadata", ModelSpec("m", label="x"))),
    ],
)
def test_routes(method, path, expected):
    assert parse_route(method, path) == expected


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/v1/models", "Missing model name in request."),
        ("POST", "/v1/models", "Malformed request: POST /v1/models"),
        ("GET", "/v1/models/m:predict", "Malformed request: GET /v1/models/m:predict"),
        ("POST", "/v1/models/m/metadata", "Malformed request: POST /v1/models/m/metadata"),
        ("PUT", "/v1/models/m", "Malformed request: PUT /v1/models/m"),
        ("GET", "/v1/foo", "Malformed request: GET /v1/foo"),
        ("GET", "/v1/models/m/../../etc/passwd", "Malformed request"),
        ("POST", "/v1/models/m/version/5:predict", "Malformed request"),
        ("POST", "/v1/models/m/versions/x:predict", "Malformed request"),
        ("POST", "/v1/models/m/versions/-1:predict", "Malformed request"),
        ("POST", "/v1/models/m/versions/1/labels/x:predict", "Malformed request"),
        ("GET", "/v1/models/m/versions/9223372036854775808", "Failed to convert version: 9223372036854775808"),
        ("GET", f"/v1/models/m/versions/{'9' * 5000}", "Failed to convert version: 9999"),
    ],
)
def test_malformed_requests(method, path, message):
    with pytest.raises(ServingError) as error:
        parse_route(method, path)
    assert error.value.code == Code.INVALID_ARGUMENT
    assert error.value.message.startswith(message)
    assert len(error.value.message) < 200
