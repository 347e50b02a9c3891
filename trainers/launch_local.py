"""A cluster of workers on this machine, and the group started again when one of them dies."""

import dataclasses
import functools
import shutil
import signal
import sys
from collections.abc import Iterator

from absl import flags

from trainers import command_line
from trainers.process_guard import ProcessGuard
from trainers.worker_group import FINAL, WorkerGroup

_TRAIN = ["python", "-m", "trainers.train"]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    # Without the dashes, all that is surely ours is what stands before the first word that is no flag.
    words = [number for number, argument in enumerate(argv) if not argument.startswith("-")]
    end = argv.index("--") if "--" in argv else min(words, default=len(argv))
    run = functools.partial(_launch, command=argv[end + 1 :] if "--" in argv else [])
    return command_line.run(dataclasses.replace(_COMMAND, run=run), argv[:end])


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_integer(
        "workers", 2, "how many processes; the first writes the run's folder", lower_bound=1, flag_values=values
    )
    flags.DEFINE_integer(
        "max_restarts", 3, "how often the group is started again; 0 is never", lower_bound=0, flag_values=values
    )


def _launch(values: flags.FlagValues, command: list[str]) -> int:
    command = _worker_command(command)
    received: list[int] = []
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda number, _: received.append(number))
    code = command_line.SUCCESS
    with ProcessGuard() as guard:
        for restart in range(values.max_restarts + 1):
            if restart:
                _say(f"restart {restart} of {values.max_restarts}, from the last checkpoint")
            code = _attempt(guard, command, values.workers, received)
            if received or code in (command_line.SUCCESS, *FINAL):
                break
    return 128 + received[0] if received else code


def _attempt(guard: ProcessGuard, command: list[str], num_workers: int, received: list[int]) -> int:
    """One life of the group; the exit code is that of the worker that failed, by a shell's rules."""
    with WorkerGroup(guard, command, num_workers) as group:
        failure = group.wait(lambda: bool(received))
        if received:
            _say(f"{signal.Signals(received[0]).name}: workers are stopped")
            group.stop(received[0], hurried=lambda: len(received) > 1)
        if failure is None:
            return command_line.SUCCESS
        worker, code = failure
        how = f"ended with exit code {code}" if code > 0 else f"was killed by {signal.Signals(-code).name}"
        _say(f"worker {worker} {how}" + ("; the others are stopped" if num_workers > 1 else ""))
        return code if code > 0 else 128 - code


def _worker_command(command: list[str]) -> list[str]:
    """What a worker runs: `python` is this one, and flags alone are those of trainers.train.

    Raises:
      UsageError: when there is none, or no such program.
    """
    if not command:
        raise command_line.UsageError("the train command is missing; it stands after --, as in " + _COMMAND.examples[0])
    if command[0].startswith("-"):
        command = [*_TRAIN, *_with_strategy(command)]
    program = sys.executable if command[0] in ("python", "python3") else shutil.which(command[0])
    if not program:
        raise command_line.UsageError(
            f"{command[0]!r} after -- is no program; it must be one, or flags of trainers.train"
        )
    return [program, *command[1:]]


def _with_strategy(arguments: list[str]) -> Iterator[str]:
    yield from arguments
    if not any(argument.lstrip("-").startswith("strategy") for argument in arguments):
        yield "--strategy=multi_worker"


def _say(text: str) -> None:
    print(f"[launcher] {text}", file=sys.stderr, flush=True)


_COMMAND = command_line.Command(
    module="trainers.launch_local",
    script="tfdgm-launch-local",
    summary=(
        "Starts a train command as several workers on loopback ports, each with its TF_CONFIG, and marks their lines. "
        "When one dies, the others are stopped and the group starts again, up to --max_restarts times; the run goes "
        "on from its last checkpoint. Ctrl-C stops them all, and none outlives the launcher. Its exit code is that of "
        "the worker that failed, or 128 + N for signal N. Codes 2 and 3 are not tried again."
    ),
    usage="[--workers=N] [--max_restarts=N] -- <train command, or flags of trainers.train>",
    examples=(
        "-- python -m trainers.train --config=vae:digits --strategy=multi_worker --workdir=W",
        "--workers=4 --max_restarts=0 -- --config=vae:digits:smoke --workdir=/tmp/digits",
    ),
    define=_define,
    run=lambda values: _launch(values, []),
    required=(),
)

if __name__ == "__main__":
    sys.exit(main())
