"""Which model, and which version of it, a request is about."""

import dataclasses

from tensorflow_serving.apis import model_pb2

from serving.status import invalid_argument

MAX_VERSION = 2**63 - 1
"""Versions are int64 on the wire."""


@dataclasses.dataclass(frozen=True)
class ModelSpec:
    """A model by name, and at most one of a version and a version's label; neither means the newest.

    Attributes:
      name: the model's name.
      version: version number.
      label: name given to a version.
    """

    name: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        """As TensorFlow Serving prints a servable request: `Latest(name)` or `Specific(name, 3)`."""
        return f"Latest({self.name})" if self.version is None else f"Specific({self.name}, {self.version})"


def from_proto(spec: model_pb2.ModelSpec) -> ModelSpec:
    """The `ModelSpec` of a gRPC request.

    Raises:
      ServingError: INVALID_ARGUMENT where it has no name.
    """
    if not spec.name:
        raise invalid_argument("ModelSpec has no name specified.")
    return ModelSpec(
        name=spec.name,
        version=spec.version.value if spec.HasField("version") else None,
        label=spec.version_label if spec.HasField("version_label") else None,
    )


def parse_version(text: str) -> int:
    """The number that decimal digits give.

    Raises:
      ServingError: INVALID_ARGUMENT for what does not fit int64.
    """
    # int() refuses absurdly long digit strings by itself; the length check keeps that from being our error path.
    if len(text) > 40 or int(text) > MAX_VERSION:
        raise invalid_argument(f"Failed to convert version: {text[:40]} to numeric.")
    return int(text)
