"""Samples from a served model: `python -m serving.client`, and `SamplerClient` for programs.

    python -m serving.client --url=http://127.0.0.1:8501 --model_name=mnist --num=16 --seed=0 --out=grid.png
    python -m serving.client --url=grpc://127.0.0.1:8500 --model_name=mnist --num=16 --out=samples.npz
    python -m serving.client --url=grpc://127.0.0.1:8500 --model_name=mnist --num=1000 --out=pictures/

It speaks to the server of this package and to TensorFlow Serving alike. Over REST no TensorFlow is imported.
"""

import argparse
import pathlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from serving import image_grid
from serving.flag_parser import FlagParser
from serving.rest_transport import RestTransport
from serving.sampling import RETRIES, Retries, parse_url, require_signature, sample_requests, to_arrays
from serving.transport import ClientError, SignatureTypes, Transport

_SIGNATURES = {".png": "sample_png", ".npz": "sample", "": "sample_png"}
_IMAGE_OUTPUT = "image_bytes"
_CONDITIONS = ("label", "truncation", "temperature")

T = TypeVar("T")


class SamplerClient:
    """A model on a server. Keeps one connection; safe in several threads; a context manager."""

    def __init__(
        self,
        url: str,
        model_name: str,
        timeout_seconds: float = 60.0,
        retries: Retries = RETRIES,
        ca_file: str | None = None,
    ) -> None:
        """Connects with the first request.

        Args:
          url: `http://HOST:PORT` or `grpc://HOST:PORT`, with TLS `https://` or `grpcs://`.
          model_name: the model's name on the server.
          timeout_seconds: how long one request may take.
          retries: of requests that find the server unavailable.
          ca_file: certificates of the authorities that a server with TLS is checked by; None takes the usual ones.

        Raises:
          ValueError: for any other url.
        """
        self._model_name = model_name
        self._transport = _transport(url, model_name, timeout_seconds, ca_file)
        self._retries = retries
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
        if signature_name not in self._signatures:
            self._signatures = self._retried(self._transport.signatures)
        types = require_signature(self._model_name, signature_name, self._signatures)
        arrays = to_arrays(signature_name, inputs, types)
        try:
            return self._retried(lambda: self._transport.predict(signature_name, arrays, types))
        except ClientError:
            self._signatures = {}  # another version may be served by now, with other signatures
            raise

    def stream(
        self,
        num: int,
        seed: int = 0,
        label: int | Sequence[int] | None = None,
        *,
        signature_name: str = "sample",
        rows_per_request: int = 16,
        **conditions: Any,
    ) -> Iterator[dict[str, np.ndarray]]:
        """Draws samples and gives them as they come, in requests of bounded size: for more than memory should hold.

        Args:
          num: how many.
          seed: sample i has seed `seed + i`, so it is the same in every call; negative draws fresh seeds.
          label: for a conditional model, one for all or one each.
          signature_name: a signature that takes `seed` and the conditions given.
          rows_per_request: samples in one request at most; no more than the server's largest batch.
          **conditions: other inputs of the signature, such as `truncation`, one for all or one each.

        Yields:
          The signature's outputs of each request in order: `samples`, the `seed` of each for replay, and others.

        Raises:
          ClientError: in one line, whatever went wrong.
        """
        for inputs in sample_requests(num, seed, rows_per_request, {"label": label, **conditions}):
            yield self.predict(inputs, signature_name)

    def sample(self, num: int, seed: int = 0, **options: Any) -> dict[str, np.ndarray]:
        """The samples of `stream` at once, each output `[num, ...]`; `options` are those of `stream`."""
        replies = list(self.stream(num, seed, **options))
        return {name: np.concatenate([reply[name] for reply in replies]) for name in replies[0]}

    def close(self) -> None:
        """Lets go of the connection."""
        self._transport.close()

    def __enter__(self) -> "SamplerClient":
        """Itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes."""
        self.close()

    def _retried(self, ask: Callable[[], T]) -> T:
        for seconds in self._retries.waits():
            try:
                return ask()
            except ClientError as error:
                if not error.is_unavailable:
                    raise
            time.sleep(seconds)
        return ask()


def main(argv: Sequence[str] | None = None) -> int:
    """Fetches samples and writes them to a file.

    Args:
      argv: flags; None takes the process's.

    Returns:
      Exit code: 0 done, 1 where server or file failed; wrong flags exit with 2.
    """
    flags = _parse_flags(argv)
    conditions = {name: getattr(flags, name) for name in _CONDITIONS}
    retries = Retries(max_num=flags.max_num_retries)
    try:
        with SamplerClient(flags.url, flags.model_name, flags.timeout_seconds, retries, flags.ca_file) as client:
            replies = client.stream(
                flags.num,
                flags.seed,
                signature_name=flags.signature_name,
                rows_per_request=flags.rows_per_request,
                **conditions,
            )
            _write(replies, flags.out)
    except (ClientError, OSError, ValueError) as error:
        print(f"tfdgm-sample-client: {error}", file=sys.stderr)
        return 1
    print(f"wrote {flags.num} samples to {flags.out}")
    return 0


def _parse_flags(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = FlagParser(prog="tfdgm-sample-client", description="Fetches samples from a served model.")
    parser.add_argument("--url", required=True, help="http://HOST:PORT or grpc://HOST:PORT; TLS: https://, grpcs://.")
    parser.add_argument("--model_name", required=True, help="The model's name on the server.")
    parser.add_argument("--num", type=int, default=16, help="Number of samples.")
    parser.add_argument("--seed", type=int, default=0, help="Sample i has seed SEED + i; negative draws fresh seeds.")
    parser.add_argument("--label", type=int, help="Class of every sample, for a conditional model.")
    parser.add_argument("--truncation", type=float, help="Truncation of every sample, where the signature takes one.")
    parser.add_argument("--temperature", type=float, help="Temperature of every sample, where the signature takes one.")
    parser.add_argument(
        "--out", required=True, type=pathlib.Path, help="F.png, a grid; F.npz, arrays; else a folder, a .png a sample."
    )
    parser.add_argument("--signature_name", help="Default: sample for .npz, else sample_png.")
    parser.add_argument("--rows_per_request", type=int, default=16, help="Samples in one request at most.")
    parser.add_argument("--timeout_seconds", type=float, default=60.0, help="How long one request may take.")
    parser.add_argument(
        "--max_num_retries", type=int, default=4, help="Of a request that finds the server unavailable."
    )
    parser.add_argument("--ca_file", help="Certificates of the authorities to check a server with TLS by.")
    flags = parser.parse_args(argv)
    if flags.out.suffix not in _SIGNATURES:
        parser.error(f"--out is {str(flags.out)!r}; it must end in .png or .npz, or be a folder without an ending")
    flags.signature_name = flags.signature_name or _SIGNATURES[flags.out.suffix]
    return flags


def _write(replies: Iterable[Mapping[str, np.ndarray]], path: pathlib.Path) -> None:
    if path.suffix == ".npz":
        _write_arrays(list(replies), path)
    elif path.suffix == ".png":
        image_grid.tile([picture for reply in replies for picture in _pictures(reply)]).save(path)
    else:
        number = 0
        for reply in replies:
            path.mkdir(exist_ok=True)
            for picture in _pictures(reply):
                (path / f"{number:06d}.png").write_bytes(picture)
                number += 1


def _write_arrays(replies: list[Mapping[str, np.ndarray]], path: pathlib.Path) -> None:
    outputs = {name: np.concatenate([reply[name] for reply in replies]) for name in replies[0]}
    strings = [name for name, array in outputs.items() if array.dtype == object]
    if strings:
        raise ValueError(f"output {strings[0]!r} holds bytes, which an .npz file does not; write a .png")
    np.savez_compressed(path, **outputs)


def _pictures(reply: Mapping[str, np.ndarray]) -> list[bytes]:
    if _IMAGE_OUTPUT not in reply:
        raise ValueError(f"outputs are {', '.join(reply)}; a .png needs {_IMAGE_OUTPUT!r}")
    return list(reply[_IMAGE_OUTPUT])


def _transport(url: str, model_name: str, timeout_seconds: float, ca_file: str | None) -> Transport:
    scheme, address = parse_url(url)
    if scheme.startswith("http"):
        return RestTransport(f"{scheme}://{address}", model_name, timeout_seconds, ca_file)
    from tfdgm.core.loading import load_tensorflow  # which REST does without

    load_tensorflow()
    from serving.grpc_transport import GrpcTransport, channel_credentials

    return GrpcTransport(
        address, model_name, timeout_seconds, channel_credentials(ca_file) if scheme == "grpcs" else None
    )


if __name__ == "__main__":
    sys.exit(main())
