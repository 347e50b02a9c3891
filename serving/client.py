"""Samples from a served model: `python -m serving.client`, and `Client` for programs.

    python -m serving.client --url=http://127.0.0.1:8501 --model_name=mnist --num=16 --seed=0 --out=grid.png
    python -m serving.client --url=grpc://127.0.0.1:8500 --model_name=mnist --num=16 --out=samples.npz

It speaks to the server of this package and to TensorFlow Serving alike. Over REST no TensorFlow is imported.
"""

import argparse
import pathlib
import sys
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving import image_grid
from serving.dtypes import DType
from serving.flag_parser import FlagParser
from serving.rest_transport import RestTransport
from serving.transport import ClientError, SignatureTypes, Transport

_SIGNATURES = {".png": "sample_png", ".npz": "sample"}
_MAX_SEED = 2**63 - 1
_IMAGE_OUTPUT = "image_bytes"


class Client:
    """A model on a server. Keeps one connection; safe in several threads; a context manager."""

    def __init__(self, url: str, model_name: str, timeout_seconds: float = 60.0) -> None:
        """Connects with the first request.

        Args:
          url: `http://HOST:PORT` or `grpc://HOST:PORT`.
          model_name: the model's name on the server.
          timeout_seconds: how long one request may take.

        Raises:
          ValueError: for any other url.
        """
        self._model_name = model_name
        self._transport = _transport(url, model_name, timeout_seconds)
        self._signatures: dict[str, SignatureTypes] = {}

    def predict(self, inputs: Mapping[str, Any], signature_name: str = "serving_default") -> dict[str, np.ndarray]:
        """Calls a signature.

        Args:
          inputs: array-likes by name, each `[B, ...]`; converted to the signature's types.
          signature_name: which signature.

        Returns:
          Arrays by name, each `[B, ...]`; strings as `object` arrays of `bytes`.

        Raises:
          ClientError: in one line, whatever went wrong.
        """
        types = self._types(signature_name)
        missing, extra = set(types.inputs) - set(inputs), set(inputs) - set(types.inputs)
        if missing or extra:
            raise ClientError(
                f"signature {signature_name!r} takes {', '.join(sorted(types.inputs))}; given were "
                f"{', '.join(sorted(inputs)) or 'none'}"
            )
        arrays = {name: _convert(name, value, types.inputs[name]) for name, value in inputs.items()}
        try:
            return self._transport.predict(signature_name, arrays, types)
        except ClientError:
            self._signatures = {}  # another version may be served by now, with other signatures
            raise

    def sample(
        self,
        num: int,
        seed: int = 0,
        label: int | Sequence[int] | None = None,
        signature_name: str = "sample",
        rows_per_request: int = 16,
    ) -> dict[str, np.ndarray]:
        """Draws samples, in requests of bounded size.

        Args:
          num: how many.
          seed: sample i has seed `seed + i`, so it is the same in every call; negative draws fresh seeds.
          label: for a conditional model, one for all or one each.
          signature_name: a signature that takes `seed` and, where conditional, `label`.
          rows_per_request: samples in one request at most; no more than the server's largest batch.

        Returns:
          The signature's outputs, each `[num, ...]`: `samples`, the `seed` of each for replay, and others there are.

        Raises:
          ClientError: in one line, whatever went wrong.
        """
        if num < 1 or rows_per_request < 1:
            raise ClientError(f"num is {num}, rows_per_request {rows_per_request}; both must be at least 1")
        if seed > _MAX_SEED - num:
            raise ClientError(f"seed is {seed}; it must be below {_MAX_SEED - num}, for seeds are int64")
        # The model draws a fresh seed where it gets a negative one.
        seeds = np.full(num, -1, np.int64) if seed < 0 else seed + np.arange(num, dtype=np.int64)
        inputs = {"seed": seeds}
        if label is not None:
            inputs["label"] = np.broadcast_to(np.asarray(label), (num,)) if np.ndim(label) == 0 else np.asarray(label)
            if inputs["label"].shape != (num,):
                raise ClientError(f"label has shape {inputs['label'].shape}; it must be one number or {num}")
        replies = [
            self.predict(
                {name: rows[start : start + rows_per_request] for name, rows in inputs.items()}, signature_name
            )
            for start in range(0, num, rows_per_request)
        ]
        return {name: np.concatenate([reply[name] for reply in replies]) for name in replies[0]}

    def close(self) -> None:
        """Lets go of the connection."""
        self._transport.close()

    def __enter__(self) -> "Client":
        """Itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes."""
        self.close()

    def _types(self, signature_name: str) -> SignatureTypes:
        if signature_name not in self._signatures:
            self._signatures = self._transport.signatures()
        if signature_name not in self._signatures:
            known = ", ".join(sorted(name for name, types in self._signatures.items() if types.inputs))
            raise ClientError(f"model {self._model_name!r} has no signature {signature_name!r}; it has {known}")
        return self._signatures[signature_name]


def main(argv: Sequence[str] | None = None) -> int:
    """Fetches samples and writes them to a file.

    Args:
      argv: flags; None takes the process's.

    Returns:
      Exit code: 0 done, 1 where server or file failed; wrong flags exit with 2.
    """
    flags = _parse_flags(argv)
    try:
        with Client(flags.url, flags.model_name, flags.timeout_seconds) as client:
            outputs = client.sample(flags.num, flags.seed, flags.label, flags.signature_name, flags.rows_per_request)
        _write(outputs, flags.out)
    except (ClientError, OSError, ValueError) as error:
        print(f"tfdgm-sample-client: {error}", file=sys.stderr)
        return 1
    print(f"wrote {flags.num} samples to {flags.out}")
    return 0


def _parse_flags(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = FlagParser(prog="tfdgm-sample-client", description="Fetches samples from a served model.")
    parser.add_argument("--url", required=True, help="http://HOST:PORT or grpc://HOST:PORT.")
    parser.add_argument("--model_name", required=True, help="The model's name on the server.")
    parser.add_argument("--num", type=int, default=16, help="Number of samples.")
    parser.add_argument("--seed", type=int, default=0, help="Sample i has seed SEED + i; negative draws fresh seeds.")
    parser.add_argument("--label", type=int, help="Class of every sample, for a conditional model.")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="F.png, a grid of pictures, or F.npz, arrays.")
    parser.add_argument("--signature_name", help="Default: sample_png for .png, sample for .npz.")
    parser.add_argument("--rows_per_request", type=int, default=16, help="Samples in one request at most.")
    parser.add_argument("--timeout_seconds", type=float, default=60.0, help="How long one request may take.")
    flags = parser.parse_args(argv)
    if flags.out.suffix not in _SIGNATURES:
        parser.error(f"--out is {str(flags.out)!r}; it must end in {' or '.join(_SIGNATURES)}")
    flags.signature_name = flags.signature_name or _SIGNATURES[flags.out.suffix]
    return flags


def _write(outputs: Mapping[str, np.ndarray], path: pathlib.Path) -> None:
    if path.suffix == ".npz":
        strings = [name for name, array in outputs.items() if array.dtype == object]
        if strings:
            raise ValueError(f"output {strings[0]!r} holds bytes, which an .npz file does not; write a .png")
        np.savez_compressed(path, **outputs)
        return
    if _IMAGE_OUTPUT not in outputs:
        raise ValueError(f"outputs are {', '.join(outputs)}; a .png needs {_IMAGE_OUTPUT!r}")
    image_grid.tile(list(outputs[_IMAGE_OUTPUT])).save(path)


def _transport(url: str, model_name: str, timeout_seconds: float) -> Transport:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "grpc") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError(f"url is {url!r}; it must be http://HOST:PORT or grpc://HOST:PORT")
    if parts.scheme == "http":
        return RestTransport(f"http://{parts.netloc}", model_name, timeout_seconds)
    from tfdgm.core.loading import load_tensorflow  # which REST does without

    load_tensorflow()
    from serving.grpc_transport import GrpcTransport

    return GrpcTransport(parts.netloc, model_name, timeout_seconds)


def _convert(name: str, value: Any, dtype: DType) -> np.ndarray:
    """`value` as an array of `dtype`; only the precision of floats may be lost."""
    if dtype.name == "string":
        strings = np.array(value, object)
        strings.ravel()[:] = [item.encode() if isinstance(item, str) else bytes(item) for item in strings.ravel()]
        return strings
    array = np.asarray(value)
    try:
        converted = array.astype(dtype.numpy)
    except (TypeError, ValueError, OverflowError):
        raise ClientError(f"input {name!r} is {array.dtype}; it must be {dtype.name}") from None
    if dtype.numpy.kind in "iub" and not np.array_equal(converted, array):
        raise ClientError(f"input {name!r} has values that are no {dtype.name}")
    return converted


if __name__ == "__main__":
    sys.exit(main())
