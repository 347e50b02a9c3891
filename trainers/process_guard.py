"""A process that stands by another: when that one ends, however it ends, it kills the process groups left behind.

It is told over a pipe, whose end is that of the other process: `+1234` is a group that began, `-1234` one that is gone.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable


class ProcessGuard:
    """Starts processes that cannot outlive this one, not even when it is killed. To be used as a context."""

    def __enter__(self) -> "ProcessGuard":
        # By its path and isolated: it is up at once, and a kill by this program's name does not strike it.
        command = [sys.executable, "-I", __file__]
        self._guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        return self

    def __exit__(self, *_: object) -> None:
        """The guard kills what is left, and ends."""
        self._guard.stdin.close()
        self._guard.wait()

    def start(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen:
        """Starts a process that leads a group of its own, with pipes for what it writes and nothing to read."""
        told = self._guard.stdin.fileno()
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            # Before the command runs, so that no moment is left in which nobody knows of it; there are no threads here.
            preexec_fn=lambda: os.write(told, b"+%d\n" % os.getpid()),  # noqa: PLW1509
        )

    def forget(self, process: subprocess.Popen) -> None:
        """Says that a group is gone; its number may be another's soon."""
        os.write(self._guard.stdin.fileno(), b"-%d\n" % process.pid)


def signal_group(process: subprocess.Popen, number: int) -> None:
    """Sends a signal to a process that was started here, and to all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _stand_by(lines: Iterable[str]) -> None:
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    _stand_by(sys.stdin)
