"""How much a served model answers: `python -m serving.load_test --model_base_path=models/dcgan`.

Starts the server as a process, asks it for samples over loopback by a fixed number of clients that each wait for their
answer before they ask again, and calls the same SavedModel in this process with a full batch, in turns: what else the
machine does falls on all alike, and the ratio of two figures of one round says more than either. The number of
requests is bounded; nothing is retried.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from serving.flag_parser import FlagParser
from serving.load_report import Figures, Run, figures, plot, served, table
from tfdgm.core.loading import load_tensorflow

_START_SECONDS = 300
_BATCHING = """max_batch_size {{ value: {rows} }}
batch_timeout_micros {{ value: {micros} }}
max_enqueued_batches {{ value: 64 }}
num_batch_threads {{ value: 2 }}
allowed_batch_sizes: {rows}
"""
_BATCHES = re.compile(r"^:tensorflow:serving:batching:processed_batch_size_count\{.*\} (\d+)$", re.MULTILINE)

Ask = Callable[[Sequence[int]], Awaitable[str]]
"""Asks for the samples of some seeds; gives the status, OK or what went wrong."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the load, prints the table, writes figures and plot; returns the exit code."""
    flags = _parse_flags(argv)
    load_tensorflow()
    with tempfile.TemporaryDirectory() as folder, _server(flags, pathlib.Path(folder)) as server:
        rounds, soak = asyncio.run(_measure(flags, server))
    print(table(rounds, soak, flags.num_clients))
    if flags.json:
        flags.json.write_text(json.dumps(figures(rounds, soak, flags.num_clients), indent=1) + "\n", encoding="utf-8")
    if flags.plot:
        plot(rounds, soak, flags.plot)
    failed = sum(number for run in [*soak, *served(rounds)] for name, number in run.statuses.items() if name != "OK")
    return 1 if failed else 0


async def _measure(flags: argparse.Namespace, server: "_Server") -> tuple[list[Figures], list[Run]]:
    """The rounds, each with figures by name, and the long runs."""
    num_rows = flags.num_clients * flags.rows_per_request
    raw, conditions = _raw_calls(pathlib.Path(flags.model_base_path), num_rows)

    async def load(name: str, ask: Ask, num_requests: int) -> Run:
        return await _closed_loop(
            name,
            ask,
            server,
            num_clients=flags.num_clients,
            num_requests=num_requests,
            rows_per_request=flags.rows_per_request,
        )

    async with _askers(server, conditions) as askers:
        for name, ask in askers.items():  # first calls are slower, and not what is measured
            await load(name, ask, min(20 * flags.num_clients, flags.num_requests))
        rounds = []
        for _ in range(flags.num_rounds):
            found: Figures = {}
            for name, call in raw.items():
                found[name] = _rate(call, num_rows, max(flags.num_requests // flags.num_clients, 1))
            for name, ask in askers.items():
                found[name] = await load(name, ask, flags.num_requests)
            rounds.append(found)
        soak = []
        if flags.num_soak_requests:
            for name, ask in askers.items():
                soak.append(await load(name, ask, flags.num_soak_requests))
    return rounds, soak


async def _closed_loop(
    name: str, ask: Ask, server: "_Server", *, num_clients: int, num_requests: int, rows_per_request: int = 1
) -> Run:
    latencies: list[float] = []
    statuses: dict[str, int] = {}
    resident = [(0, server.resident_bytes())]
    starts = iter(range(0, num_requests * rows_per_request, rows_per_request))  # whoever is free takes the next
    every = max(num_requests // 100, 1)

    async def client() -> None:
        for first in starts:
            start = time.perf_counter()
            status = await ask(range(first, first + rows_per_request))
            latencies.append(time.perf_counter() - start)
            statuses[status] = statuses.get(status, 0) + 1
            if len(latencies) % every == 0:
                resident.append((len(latencies), server.resident_bytes()))

    before = server.num_batches()
    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(num_clients)))
    seconds = time.perf_counter() - start
    return Run(name, seconds, latencies, statuses, server.num_batches() - before, resident, rows_per_request)


@contextlib.asynccontextmanager
async def _askers(server: "_Server", conditions: Mapping[str, Mapping[str, Any]]):  # noqa: ANN202 - contextlib names the type
    """The ways to ask, by name; `conditions` are inputs besides the seed, by signature and name."""
    import aiohttp
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    def request(seeds: Sequence[int]) -> bytes:
        message = predict_pb2.PredictRequest()
        message.model_spec.name, message.model_spec.signature_name = "model", "sample"
        message.inputs["seed"].CopyFrom(tf.make_tensor_proto(np.int64(seeds)))
        for name, value in conditions["sample"].items():
            message.inputs[name].CopyFrom(tf.make_tensor_proto(np.repeat(value, len(seeds))))
        return message.SerializeToString()

    options = [("grpc.max_receive_message_length", -1)]
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{server.ports['grpc']}", options=options) as channel,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")

        async def ask_grpc(seeds: Sequence[int]) -> str:
            try:
                await predict(request(seeds))
            except grpc.aio.AioRpcError as error:
                return error.code().name
            return "OK"

        async def ask_rest(seeds: Sequence[int]) -> str:
            condition = {name: value.item() for name, value in conditions["sample_png"].items()}
            rows = [{"seed": seed, **condition} for seed in seeds]
            body = json.dumps({"signature_name": "sample_png", "instances": rows})
            url = f"http://127.0.0.1:{server.ports['rest']}/v1/models/model:predict"
            async with session.post(url, data=body) as response:
                answer = await response.json(content_type=None)
            if response.status != 200:
                return str(response.status)
            pictures = [base64.b64decode(row["image_bytes"]["b64"]) for row in answer["predictions"]]
            return "OK" if all(picture.startswith(b"\x89PNG") for picture in pictures) else "no picture"

        yield {"gRPC, sample": ask_grpc, "REST, sample_png": ask_rest}


def _raw_calls(
    base_path: pathlib.Path, num_rows: int
) -> tuple[dict[str, Callable[[int], Any]], dict[str, dict[str, Any]]]:
    """Calls of the newest version in this process, one batch each, and what each signature takes besides the seed."""
    import tensorflow as tf

    from serving.versioned_model import find_versions

    versions = find_versions(base_path)
    loaded = tf.saved_model.load(str(versions[max(versions)]))
    names = ("sample", "sample_png")
    specs = {name: loaded.signatures[name].structured_input_signature[1] for name in names}
    # Truncations and temperatures are 1, labels 0.
    conditions = {
        name: {
            key: spec.dtype.as_numpy_dtype(spec.dtype.is_floating) for key, spec in specs[name].items() if key != "seed"
        }
        for name in names
    }

    def call(signature: str) -> Callable[[int], Any]:
        given = {key: tf.constant(np.repeat(value, num_rows)) for key, value in conditions[signature].items()}

        def run(start: int) -> Any:
            seeds = tf.constant(start + np.arange(num_rows), tf.int64)
            outputs = loaded.signatures[signature](seed=seeds, **given)
            return {name: value.numpy() for name, value in outputs.items()}

        return run

    calls = {f"raw call, {name}": call(name) for name in names}
    for one in calls.values():
        one(0)
    return calls, conditions


def _rate(call: Callable[[int], Any], num_rows: int, num_calls: int) -> float:
    start = time.perf_counter()
    for index in range(num_calls):
        call(index * num_rows)
    return num_rows * num_calls / (time.perf_counter() - start)


class _Server:
    """The server's process."""

    def __init__(self, process: subprocess.Popen, ports: dict[str, int]) -> None:
        self.process, self.ports = process, ports

    def resident_bytes(self) -> int:
        """The memory it holds."""
        text = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * resource.getpagesize()

    def num_batches(self) -> int:
        """Batches run so far, by its own metrics."""
        import urllib3

        url = f"http://127.0.0.1:{self.ports['rest']}/monitoring/prometheus/metrics"
        return sum(map(int, _BATCHES.findall(urllib3.request("GET", url).data.decode())))


@contextlib.contextmanager
def _server(flags: argparse.Namespace, folder: pathlib.Path) -> Iterator[_Server]:
    num_rows = flags.num_clients * flags.rows_per_request
    (folder / "batching.config").write_text(_BATCHING.format(rows=num_rows, micros=flags.batch_timeout_micros))
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=-1", "--model_name=model"]
    command += [f"--model_base_path={flags.model_base_path}", "--enable_batching", f"--port_file={folder / 'ports'}"]
    command += [
        f"--{name}_file={folder / name.split('_')[0]}.config" for name in ("batching_parameters", "monitoring_config")
    ]
    process = subprocess.Popen(command, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not (folder / "ports").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start; its log says why")
            time.sleep(0.1)
        yield _Server(process, json.loads((folder / "ports").read_text(encoding="utf-8")))
    finally:
        process.terminate()
        process.wait(60)


def _parse_flags(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = FlagParser(prog="serving.load_test", description="Loads a served model over loopback.")
    parser.add_argument("--model_base_path", required=True, help="Folder of the model's versions; it draws samples.")
    parser.add_argument("--num_clients", type=int, default=16, help="Clients; a request of each fills a batch.")
    parser.add_argument("--rows_per_request", type=int, default=1, help="Samples that each request asks for.")
    parser.add_argument("--num_requests", type=int, default=2000, help="Requests a round and way to ask.")
    parser.add_argument("--num_rounds", type=int, default=5, help="Rounds, of which the medians are told.")
    parser.add_argument("--num_soak_requests", type=int, default=0, help="Requests of one long run each, for memory.")
    parser.add_argument("--batch_timeout_micros", type=int, default=20_000, help="How long a batch waits to be full.")
    parser.add_argument("--json", type=pathlib.Path, help="Where to write all figures.")
    parser.add_argument("--plot", type=pathlib.Path, help="Where to draw latencies and memory.")
    flags = parser.parse_args(argv)
    for name in ("num_clients", "rows_per_request", "num_requests", "num_rounds"):
        if getattr(flags, name) < 1:
            parser.error(f"--{name} is {getattr(flags, name)}; it must be at least 1")
    return flags


if __name__ == "__main__":
    sys.exit(main())
