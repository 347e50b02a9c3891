"""The whole path by the commands a user would type: train, evaluate, export, serve, sample through gRPC and REST."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
from absl import flags

from trainers import command_line

_START_SECONDS = 120
_STOP_SECONDS = 40


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return command_line.run(_COMMAND, argv)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("config", "vae:digits", "what to train: see trainers.train --list", flag_values=values)
    flags.DEFINE_string("folder", "demo", "where everything goes; what is there is removed first", flag_values=values)


def _demo(values: flags.FlagValues) -> int:
    # A terminated demo leaves through its `finally` clauses like an interrupted one, and so stops its server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    started = time.monotonic()
    shutil.rmtree(values.folder, ignore_errors=True)
    run, model = os.path.join(values.folder, "run"), os.path.join(values.folder, "models", "demo")
    try:
        _call("trainers.train", f"--config={values.config}", f"--workdir={run}")
        _call("trainers.evaluate", f"--workdir={run}")
        _call("trainers.export", f"--workdir={run}", f"--base={model}")
        pictures = _sample_through_server(model, values.folder)
    except (subprocess.CalledProcessError, RuntimeError) as error:
        print(f"the demo failed: {error}", file=sys.stderr)
        return command_line.FAILURE
    _summarize(run, model, pictures, time.monotonic() - started)
    return command_line.SUCCESS


def _sample_through_server(model: str, folder: str) -> str:
    """Fetches the same 16 samples through both protocols, compares them, and writes them as a picture."""
    grpc, rest, picture = (os.path.join(folder, name) for name in ("grpc.npz", "rest.npz", "samples.png"))
    with _server(model, os.path.join(folder, "ports.json")) as ports:
        for scheme, out in (("grpc", grpc), ("rest", rest), ("rest", picture)):
            url = f"{'grpc' if scheme == 'grpc' else 'http'}://127.0.0.1:{ports[scheme]}"
            _call("serving.client", f"--url={url}", "--model_name=demo", "--num=16", "--seed=0", f"--out={out}")
    with np.load(grpc) as over_grpc, np.load(rest) as over_rest:
        different = [name for name in over_grpc if not np.array_equal(over_grpc[name], over_rest[name])]
    if different:
        raise RuntimeError(f"gRPC and REST gave different {', '.join(different)} for the same seeds")
    return picture


@contextlib.contextmanager
def _server(model: str, port_file: str) -> Iterator[dict[str, int]]:
    """A running server on free ports; gone when the context is left, however it is left."""
    command = _command(
        "serving.server",
        "--model_name=demo",
        f"--model_base_path={model}",
        "--port=0",
        "--rest_api_port=-1",
        f"--port_file={port_file}",
    )
    process = subprocess.Popen(command)
    try:
        yield _ports(process, port_file)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ports(process: subprocess.Popen, port_file: str) -> dict[str, int]:
    deadline = time.monotonic() + _START_SECONDS
    while not os.path.exists(port_file):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server was not ready after {_START_SECONDS} seconds")
        time.sleep(0.1)
    with open(port_file, encoding="utf-8") as file:
        return json.load(file)


def _call(module: str, *arguments: str) -> None:
    subprocess.run(_command(module, *arguments), check=True)


def _command(module: str, *arguments: str) -> list[str]:
    print(f"\n$ {shlex.join(['python', '-m', module, *arguments])}", flush=True)
    return [sys.executable, "-m", module, *arguments]


def _summarize(run: str, model: str, picture: str, seconds: float) -> None:
    with open(os.path.join(run, "evaluation.json"), encoding="utf-8") as file:
        metrics = json.load(file)["metrics"]
    print(f"\nDone in {seconds:.0f} s. gRPC and REST gave the same 16 samples.")
    for metric in metrics:
        error = "" if metric["standard_error"] is None else f" +- {metric['standard_error']:.3g}"
        print(
            f"  {metric['name']:<24} {metric['value']:.4g}{error} {metric['unit']} "
            f"({metric['kind'].replace('_', ' ')}, {metric['num_examples']} {metric['split']} examples)"
        )
    for name, path in (("run", run), ("exported model", model), ("picture", picture)):
        print(f"  {name:<24} {path}")


_COMMAND = command_line.Command(
    module="trainers.demo",
    script="tfdgm-demo",
    summary=(
        "The main job from end to end on real handwritten digits that come with the package: trains, evaluates, "
        "exports, serves, fetches samples through gRPC and REST, checks that both agree, writes a picture, and stops "
        "what it started."
    ),
    usage="[--config=vae:digits] [--folder=demo]",
    examples=("", "--config=vae:digits:smoke --folder=/tmp/demo"),
    define=_define,
    run=_demo,
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
