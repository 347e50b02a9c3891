"""Every test here that takes `golden` runs once for each of them."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from tests.conformance.worker import WORKER_GROUPS
from tests.goldens.runs import Run
from tests.goldens.table import GOLDENS, Golden

_ROOT = pathlib.Path(__file__).parents[2]
_TIMEOUT = 2400  # seconds, on a slow machine with other work


@pytest.fixture(scope="session", params=GOLDENS.values(), ids=list(GOLDENS))
def golden(request) -> Golden:
    return request.param


@pytest.fixture(scope="session")
def worker_run(tmp_path_factory) -> Callable[[str, str], Run]:
    """Runs of two local worker processes, by exemplar and precision; a pair of processes trains several of them."""
    made: dict[str, dict[str, np.ndarray]] = {}

    def run(name: str, policy: str) -> Run:
        group = next(group for group, names in WORKER_GROUPS.items() if name in names)
        if group not in made:
            made[group] = _worker_runs(group, tmp_path_factory.mktemp("workers") / "runs.npz")
        prefix = f"{policy}/{name}/"
        return {key.removeprefix(prefix): value for key, value in made[group].items() if key.startswith(prefix)}

    return run


def _worker_runs(group: str, path: pathlib.Path) -> dict[str, np.ndarray]:
    with contextlib.ExitStack() as sockets:
        bound = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in bound]
    command = [sys.executable, "-m", "tests.conformance.worker", group, str(path)]
    workers = [
        subprocess.Popen(
            command, cwd=_ROOT, env=_environment(addresses, index), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for index in range(2)
    ]
    try:
        outputs = [worker.communicate(timeout=_TIMEOUT)[0].decode(errors="replace") for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    for worker, output in zip(workers, outputs, strict=True):
        assert worker.returncode == 0, output[-4000:]
    return dict(np.load(path))


def _environment(addresses: list[str], index: int) -> dict[str, str]:
    cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    return {**os.environ, "TF_CONFIG": json.dumps(cluster), "PYTHONPATH": str(_ROOT)}
