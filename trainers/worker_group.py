"""Worker processes that live and die together: started as one cluster, their lines marked, none left behind."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import BinaryIO

from tfdgm.training.cluster import tf_config
from trainers.command_line import LOST_WORKER, NON_FINITE, SUCCESS, USAGE
from trainers.process_guard import ProcessGuard, signal_group

FINAL = (USAGE, NON_FINITE)  # codes of what a restart would only repeat

_GRACE_SECONDS = 10.0  # to end after SIGTERM or SIGINT, before SIGKILL
_CAUSE_SECONDS = 10.0  # to see the end that made others end
_PIPE_SECONDS = 2.0  # for last lines, should somebody outside the group hold the pipe
_TICK_SECONDS = 0.05


class WorkerGroup:
    """Workers of one cluster on this machine, on ports that were free. To be used as a context, which ends them all."""

    def __init__(self, guard: ProcessGuard, command: list[str], num_workers: int) -> None:
        """Args: command: what every worker runs, with a TF_CONFIG of its own."""
        addresses = _free_addresses(num_workers)
        num_cores = len(os.sched_getaffinity(0))
        shared = {
            "PYTHONUNBUFFERED": "1",
            "TF_NUM_INTRAOP_THREADS": str(max(1, num_cores // num_workers)),
            **os.environ,
        }
        self._guard, self._selector = guard, selectors.DefaultSelector()
        self._workers: list[subprocess.Popen] = []
        try:
            for index in range(num_workers):
                worker = guard.start(command, {**shared, "TF_CONFIG": tf_config(addresses, index)})
                self._workers.append(worker)
                for pipe, out in ((worker.stdout, sys.stdout.buffer), (worker.stderr, sys.stderr.buffer)):
                    self._selector.register(pipe, selectors.EVENT_READ, _Lines(f"[worker {index}] ".encode(), out))
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> "WorkerGroup":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, interrupted: Callable[[], bool]) -> tuple[int, int] | None:
        """Passes lines on until all succeeded, one failed or `interrupted()`.

        Returns:
          The worker that failed first, as far as can be told, and its exit code (-N for signal N); else None.
        """
        first_failure = 0.0
        while not interrupted():
            self._relay()
            codes = self._exit_codes()
            failures = {index: code for index, code in codes.items() if code != SUCCESS}
            first_failure = first_failure or (time.monotonic() if failures else 0.0)
            waited = first_failure and time.monotonic() > first_failure + _CAUSE_SECONDS
            if failures and (waited or len(codes) == len(self._workers) or {*failures.values()} != {LOST_WORKER}):
                return min(failures.items(), key=lambda failure: _precedence(failure[1]))
            if len(codes) == len(self._workers):
                return None
        return None

    def stop(self, number: int = signal.SIGTERM, hurried: Callable[[], bool] = lambda: False) -> None:
        """Ends every process of the group, by signal `number` and, after some seconds or once `hurried()`, SIGKILL."""
        deadline = time.monotonic() + _GRACE_SECONDS
        self._signal(number)
        while len(self._exit_codes()) < len(self._workers) and time.monotonic() < deadline and not hurried():
            self._relay()
        self._signal(signal.SIGKILL)  # also what a worker that has ended left behind
        deadline = time.monotonic() + _PIPE_SECONDS
        while self._selector.get_map() and time.monotonic() < deadline:
            self._relay()
        for worker in self._workers:
            worker.wait()
            self._guard.forget(worker)
            worker.stdout.close()
            worker.stderr.close()
        self._workers = []
        self._selector.close()
        self._selector = selectors.DefaultSelector()

    def _signal(self, number: int) -> None:
        for worker in self._workers:
            signal_group(worker, number)

    def _exit_codes(self) -> dict[int, int]:
        """Codes of those that ended. They are not waited for yet, so that their numbers stay their own."""
        codes = {}
        for index, worker in enumerate(self._workers):
            if ended := os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                codes[index] = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        return codes

    def _relay(self) -> None:
        if not self._selector.get_map():
            time.sleep(_TICK_SECONDS)
        for key, _ in self._selector.select(_TICK_SECONDS):
            chunk = os.read(key.fd, 1 << 16)
            key.data.write(chunk)
            if not chunk:
                self._selector.unregister(key.fileobj)


class _Lines:
    """Passes whole lines on, each after a mark."""

    def __init__(self, mark: bytes, out: BinaryIO) -> None:
        self._mark, self._out, self._rest = mark, out, b""

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes; none is the end, where a last line may lack its newline."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            lines, self._rest = [self._rest], b""
        for line in lines:
            self._out.write(self._mark + line + b"\n")
        self._out.flush()


def _free_addresses(number: int) -> list[str]:
    with contextlib.ExitStack() as sockets:  # all held at once, so that they differ
        held = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [f"127.0.0.1:{server.getsockname()[1]}" for server in held]


def _precedence(code: int) -> int:
    if code in FINAL:
        return 0
    return 2 if code == LOST_WORKER else 1
