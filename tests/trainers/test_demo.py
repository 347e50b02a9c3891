"""`trainers.demo`: the whole path, and that whatever it started is stopped."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from trainers import demo

_STAND_IN = """
import json, pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text(json.dumps({"grpc": 1, "rest": 2}))
time.sleep(600)
"""


@pytest.fixture
def servers(monkeypatch):
    """Every process the demo starts as its server; a stand-in that writes its port file and waits."""
    started = []

    class Recorded(subprocess.Popen):
        def __init__(self, command):
            super().__init__(command)
            started.append(self)

    def command(module, *arguments):
        port_file = arguments[-1].removeprefix("--port_file=")
        return [sys.executable, "-c", _STAND_IN, port_file]

    monkeypatch.setattr(demo.subprocess, "Popen", Recorded)
    monkeypatch.setattr(demo, "_command", command)
    return started


def test_server_is_stopped_after_a_failure(servers, tmp_path):
    def fail_while_it_runs():
        with demo._server("models", str(tmp_path / "ports.json")) as ports:
            assert ports == {"grpc": 1, "rest": 2}
            assert servers[0].poll() is None
            raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        fail_while_it_runs()
    assert servers[0].returncode == -signal.SIGTERM


def test_server_that_ends_at_once_is_a_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "_command", lambda *arguments: [sys.executable, "-c", "raise SystemExit(5)"])
    with pytest.raises(RuntimeError, match="exit code 5"), demo._server("models", str(tmp_path / "ports.json")):
        pytest.fail("the server was taken for a running one")


def test_a_step_that_fails_ends_the_demo(capfd, tmp_path):
    assert demo.main(["--config=vea:digits", f"--folder={tmp_path / 'demo'}"]) == 1
    printed = capfd.readouterr()
    assert "did you mean 'vae:digits'?" in printed.err
    assert "the demo failed: " in printed.err
    assert "trainers.evaluate" not in printed.out


@pytest.mark.slow
def test_the_whole_path(tmp_path):
    command = [sys.executable, "-m", "trainers.demo", "--config=vae:digits:smoke", f"--folder={tmp_path / 'demo'}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert result.returncode == 0, result.stderr
    assert "gRPC and REST gave the same 16 samples" in result.stdout
    evaluation = json.loads((tmp_path / "demo/run/evaluation.json").read_text())
    for metric in evaluation["metrics"]:
        assert f"  {metric['name']} " in result.stdout
    with np.load(tmp_path / "demo/grpc.npz") as arrays:
        assert arrays["samples"].shape == (16, 8, 8, 1)
    assert tf.io.decode_png((tmp_path / "demo/samples.png").read_bytes()).shape[0] > 0
    assert not (tmp_path / "demo/ports.json").exists()
