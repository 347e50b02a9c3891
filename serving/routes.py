"""Paths of the REST API."""

import dataclasses
import re
import urllib.parse

from serving.model_spec import ModelSpec, parse_version
from serving.status import invalid_argument

API_PREFIX = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
"""What belongs to the API; any other path is a bare 404."""

_VERSION_OR_LABEL = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(
    rf"/v1/models/(?P<name>[^/:]+){_VERSION_OR_LABEL}:(?P<action>classify|regress|predict)", re.IGNORECASE
)
_GET = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_VERSION_OR_LABEL}(?:/(?P<action>metadata))?", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Route:
    """What one request asks for.

    Attributes:
      action: `predict`, `classify`, `regress`, `metadata` or `status`.
      model: the model and version it is about.
    """

    action: str
    model: ModelSpec


def parse_route(method: str, path: str) -> Route:
    """Reads method and path, which is as sent: percent-encoded, without the query.

    Raises:
      ServingError: INVALID_ARGUMENT for anything that is not a request of the API.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    if match is None:
        raise invalid_argument(f"Malformed request: {method} {path}")
    if match["name"] is None:
        raise invalid_argument("Missing model name in request.")
    spec = ModelSpec(
        name=urllib.parse.unquote(match["name"]),
        version=None if match["version"] is None else parse_version(match["version"]),
        label=None if match["label"] is None else urllib.parse.unquote(match["label"]),
    )
    return Route((match["action"] or "status").lower(), spec)
