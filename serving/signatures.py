"""Signatures of a SavedModel: what they take and give, and whether a request's inputs fit."""

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np
from google.protobuf import message
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from serving.dtypes import DTYPES, DType
from serving.status import invalid_argument

DEFAULT_SIGNATURE = "serving_default"
_SERVE_TAG = "serve"


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """One input or output.

    Attributes:
      dtype: its element type.
      shape: sizes, None where unknown; None for an unknown rank.
    """

    dtype: DType
    shape: tuple[int | None, ...] | None

    def fits(self, shape: tuple[int, ...]) -> bool:
        """True where an array of `shape` may be fed."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            want in (None, size) for want, size in zip(self.shape, shape, strict=True)
        )

    @property
    def is_batch(self) -> bool:
        """True for `[B, ...]` with B the only unknown size."""
        return bool(self.shape) and self.shape[0] is None and None not in self.shape[1:]


@dataclasses.dataclass(frozen=True)
class Signature:
    """One published function of a model.

    Attributes:
      name: its key in the SavedModel.
      inputs: what it takes, by name.
      outputs: what it gives, by name.
    """

    name: str
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]

    def check_inputs(self, inputs: Mapping[str, np.ndarray]) -> None:
        """Refuses inputs with other names or element types than this signature's.

        Raises:
          ServingError: INVALID_ARGUMENT naming the input, what was sent and what would be right.
        """
        extra, missing = set(inputs) - set(self.inputs), set(self.inputs) - set(inputs)
        if extra or missing:
            raise invalid_argument(
                f"input size does not match signature: {len(inputs)}!={len(self.inputs)} len({_braces(inputs)}) != "
                f"len({_braces(self.inputs)}). Sent extra: {_braces(extra)}. Missing but required: {_braces(missing)}."
            )
        for name, array in inputs.items():
            info = self.inputs[name]
            if array.dtype != info.dtype.numpy:
                raise invalid_argument(f"input {name!r} is {array.dtype}; it must be {info.dtype.name}")

    def check_shapes(self, inputs: Mapping[str, np.ndarray]) -> None:
        """Refuses inputs, by name as `check_inputs` takes them, of other shapes.

        Raises:
          ServingError: INVALID_ARGUMENT naming the input, its shape and what would be right.
        """
        for name, array in inputs.items():
            info = self.inputs[name]
            if not info.fits(array.shape):
                raise invalid_argument(f"input {name!r} has shape {list(array.shape)}; it must be {_sizes(info.shape)}")

    def select_outputs(self, output_filter: Iterable[str]) -> list[str]:
        """The names to answer with: those asked for, or all where none are.

        Raises:
          ServingError: INVALID_ARGUMENT for a name that is no output, or comes twice.
        """
        chosen: list[str] = []
        for name in output_filter:
            if name not in self.outputs:
                raise invalid_argument(
                    f"output tensor alias not found in signature: {name} "
                    f"Outputs expected to be in the set {_braces(self.outputs)}."
                )
            if name in chosen:
                raise invalid_argument(f"duplicate output tensor alias: {name}")
            chosen.append(name)
        return chosen or list(self.outputs)


def read_signature_defs(folder: pathlib.Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    """The SignatureDefs of the SavedModel in `folder`, as stored.

    Raises:
      OSError: without a readable `saved_model.pb`.
      ValueError: where that file is broken or has no graph tagged `serve`.
    """
    saved_model = saved_model_pb2.SavedModel()
    path = folder / "saved_model.pb"
    try:
        saved_model.ParseFromString(path.read_bytes())
    except message.DecodeError as error:
        raise ValueError(f"{path} is not a SavedModel: {error}") from error
    for graph in saved_model.meta_graphs:
        if _SERVE_TAG in graph.meta_info_def.tags:
            # Copies, for the message read here holds the whole graph.
            return {name: _copy(definition) for name, definition in graph.signature_def.items()}
    raise ValueError(f"{path} has no graph tagged {_SERVE_TAG!r}")


def parse_signature(name: str, definition: meta_graph_pb2.SignatureDef) -> Signature:
    """The signature that `definition` describes.

    Raises:
      ValueError: naming a tensor whose type this endpoint does not carry.
    """
    inputs = {key: _tensor_info(f"input {key!r} of {name!r}", info) for key, info in definition.inputs.items()}
    outputs = {key: _tensor_info(f"output {key!r} of {name!r}", info) for key, info in definition.outputs.items()}
    return Signature(name, dict(sorted(inputs.items())), dict(sorted(outputs.items())))


def _tensor_info(what: str, info: meta_graph_pb2.TensorInfo) -> TensorInfo:
    name = types_pb2.DataType.Name(info.dtype)
    if name not in DTYPES:
        raise ValueError(f"{what} has dtype {name}; it must be one of {', '.join(DTYPES)}")
    sizes = tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)
    return TensorInfo(DTYPES[name], None if info.tensor_shape.unknown_rank else sizes)


def _copy(definition: meta_graph_pb2.SignatureDef) -> meta_graph_pb2.SignatureDef:
    copy = meta_graph_pb2.SignatureDef()
    copy.CopyFrom(definition)
    return copy


def _braces(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _sizes(shape: tuple[int | None, ...]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
