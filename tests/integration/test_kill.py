"""SIGKILL at random moments, during saves among them: the same command ends with the same bits."""

import json
import multiprocessing
import os
import pathlib
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.goldens import workdirs
from tfdgm.workdir.files import read_metrics

NUM_STEPS, NUM_KILLS, NUM_KILLS_IN_SAVES = 480, 10, 3
MOST_LINES, MOST_DELAY = 5, 0.02  # a fast machine logs a line in 5 ms; the log of the whole run has 120
COMMAND = [
    "--config=vae:digits:smoke",
    f"--config.training.num_steps={NUM_STEPS}",
    "--config.training.log_every=4",
    "--config.training.steps_per_execution=4",
    "--config.training.checkpoint_every=4",
    "--config.training.evaluate_every=40",
    "--config.training.sample_every=120",
    "--config.training.ema_decay=0.99",
]


def _train(workdir: str) -> None:
    """One run of the command, in a process that has TensorFlow loaded but not yet started."""
    from trainers import train

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(train.main([*COMMAND, f"--workdir={workdir}"]))


@pytest.fixture(scope="module")
def processes():
    # A fresh import of TensorFlow for each of a dozen runs would take most of the test's time.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tfdgm.training.run", "trainers.train"])
    return context


def _run(processes, workdir) -> multiprocessing.Process:
    process = processes.Process(target=_train, args=(str(workdir),))
    process.start()
    return process


def _half_written(workdir: pathlib.Path) -> list[pathlib.Path]:
    return list((workdir / "checkpoints").glob(".tmp-*"))


def _kill_when(process, moment) -> bool:
    """Kills as soon as `moment()` holds; False when the run ended before."""
    while process.is_alive():
        if moment():
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            return process.exitcode == -signal.SIGKILL
        time.sleep(0.0005)
    return False


def _in_save(workdir: pathlib.Path, lines: int) -> Callable[[], bool]:
    return lambda: len(read_metrics(workdir)) >= lines and bool(_half_written(workdir))


def _after(workdir: pathlib.Path, lines: int, delay: float) -> Callable[[], bool]:
    """Some time after the log has so many lines."""
    reached: list[float] = []

    def moment() -> bool:
        if not reached and len(read_metrics(workdir)) >= lines:
            reached.append(time.monotonic())
        return bool(reached) and time.monotonic() - reached[0] > delay

    return moment


def _outcome(workdir: pathlib.Path) -> dict[str, bytes | list]:
    outcome = workdirs.outcome(workdir, NUM_STEPS)
    outcome["config"] = json.loads((workdir / "config.json").read_text())
    for picture in sorted((workdir / "pictures").glob("*/*.png")):
        outcome[f"{picture.parent.name}/{picture.name}"] = picture.read_bytes()
    return outcome


def test_killed_runs_end_like_one_that_was_not(processes, tmp_path):
    whole = _run(processes, tmp_path / "whole")
    whole.join()
    assert whole.exitcode == 0

    killed, chance = tmp_path / "killed", random.Random(0)
    progress = []
    for number in range(NUM_KILLS):
        process = _run(processes, killed)
        before = len(read_metrics(killed))
        # Each run gets a little further before it dies: after some lines of the log, and then some time within one.
        lines = before + chance.randint(1, MOST_LINES)
        in_save = number < NUM_KILLS_IN_SAVES
        moment = _in_save(killed, lines) if in_save else _after(killed, lines, delay=MOST_DELAY * chance.random())
        assert _kill_when(process, moment), "the run ended before it could be killed"
        progress.append(len(read_metrics(killed)))
        if in_save:
            assert _half_written(killed), "the kill came too late to strike the save"

    last = _run(processes, killed)
    last.join()
    assert last.exitcode == 0
    assert progress[-1] > progress[0]
    assert not _half_written(killed)
    found, expected = _outcome(killed), _outcome(tmp_path / "whole")
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == value, name
