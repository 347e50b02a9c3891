"""SIGKILL of one of two workers under the launcher: the group starts again and ends with the bits of one left alone."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.goldens import workdirs
from tfdgm.workdir.checkpoints import Checkpoints

NUM_STEPS, EVERY = 48, 8
_ROOT = pathlib.Path(__file__).parents[2]
_TIMEOUT = 900  # seconds, on a machine with other work
_TRAIN = [
    *("python", "-m", "trainers.train", "--config=classifier:digits:smoke", "--strategy=multi_worker"),
    f"--config.training.num_steps={NUM_STEPS}",
    f"--config.training.evaluate_every={NUM_STEPS}",
    f"--config.training.sample_every={NUM_STEPS}",
    f"--config.training.log_every={EVERY}",
    f"--config.training.checkpoint_every={EVERY}",
]


@pytest.fixture
def launch(tmp_path):
    """Starts two workers that train in the folder of that name."""
    launchers = []

    def start(name) -> subprocess.Popen:
        command = [sys.executable, "-m", "trainers.launch_local", "--workers=2", "--", *_TRAIN]
        log = (tmp_path / f"{name}.log").open("w")
        launcher = subprocess.Popen(
            [*command, f"--workdir={tmp_path / name}"], cwd=_ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        launchers.append(launcher)
        return launcher

    yield start
    for launcher in launchers:
        launcher.terminate()
        launcher.wait()


def _workers(launcher) -> dict[int, int]:
    """The process of each worker, by its TF_CONFIG."""
    workers = {}
    for process in pathlib.Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split():
        environment = pathlib.Path(f"/proc/{process}/environ").read_text()
        if found := re.search(r"TF_CONFIG=([^\0]*)", environment):
            workers[json.loads(found[1])["task"]["index"]] = int(process)
    return workers


def test_a_group_that_lost_a_worker_ends_like_one_that_did_not(launch, tmp_path):
    whole = launch("whole")
    assert whole.wait(_TIMEOUT) == 0, (tmp_path / "whole.log").read_text()

    killed, log = launch("killed"), tmp_path / "killed.log"
    deadline = time.monotonic() + _TIMEOUT
    while not Checkpoints(tmp_path / "killed").steps():
        assert killed.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)
    first = _workers(killed)
    os.kill(first[1], signal.SIGKILL)
    assert killed.wait(_TIMEOUT) == 0, log.read_text()

    lines = log.read_text().splitlines()
    assert "[launcher] worker 1 was killed by SIGKILL; the others are stopped" in lines
    assert [line for line in lines if "restart" in line] == ["[launcher] restart 1 of 3, from the last checkpoint"]
    for index in (0, 1):
        (line,) = [line for line in lines if line.startswith(f"[worker {index}] going on from step")]
        assert 0 < int(re.search(r"from step (\d+)", line)[1]) < NUM_STEPS, "the kill came too late"
    assert not list((tmp_path / "killed" / "checkpoints").glob(".tmp-*"))
    found, expected = workdirs.outcome(tmp_path / "killed", NUM_STEPS), workdirs.outcome(tmp_path / "whole", NUM_STEPS)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == value, name
