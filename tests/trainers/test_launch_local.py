"""The launcher, with workers that do what the test says and load no TensorFlow."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from trainers import launch_local

_ROOT = pathlib.Path(__file__).parents[2]
_TIMEOUT = 60  # seconds, on a machine with other work
_WORKER = """
import json, os, pathlib, signal, subprocess, sys, time

folder = pathlib.Path(sys.argv[1])
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
life = len(list(folder.glob(f"worker-{index}-*")))
log = folder / f"worker-{index}-{life}"
log.write_text(str(os.getpid()))

def written(number):
    while sum(len(path.read_text().split()) for path in folder.glob(f"worker-*-{life}")) < number:
        time.sleep(0.02)

def die(code, after=0.0):
    # Who dies at once would have the others stopped before they wrote anything down.
    written(len(json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"]))
    time.sleep(after)
    os.kill(os.getpid(), -code) if code < 0 else sys.exit(code)

def wait():
    time.sleep(600)

def child():
    process = subprocess.Popen(["sleep", "600"])
    log.write_text(f"{log.read_text()} {process.pid}")

def heed(number, then):
    signal.signal(number, lambda *_: (log.write_text(f"{log.read_text()} heard"), then()))

exec(sys.argv[2])
"""


@pytest.fixture
def launch(tmp_path):
    """Starts the launcher on workers that run the code given."""
    (tmp_path / "worker.py").write_text(_WORKER)
    launchers = []

    def start(code, *arguments, **environment):
        command = [sys.executable, "-m", "trainers.launch_local", *arguments]
        command += ["--", "python", str(tmp_path / "worker.py"), str(tmp_path), code]
        launcher = subprocess.Popen(
            command,
            cwd=_ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_interrupts,  # noqa: PLW1509 - one signal's default; it takes no lock
        )
        launchers.append(launcher)
        return launcher

    yield start
    for launcher in launchers:
        launcher.kill()
        launcher.communicate()


def _heed_interrupts() -> None:
    """A shell's background job ignores them, and so would the launcher then."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _finish(launcher) -> tuple[int, list[str], list[str]]:
    out, err = launcher.communicate(timeout=_TIMEOUT)
    return launcher.returncode, out.splitlines(), err.splitlines()


def _lives(folder, index) -> int:
    return len(list(folder.glob(f"worker-{index}-*")))


def _processes(folder, number) -> list[int]:
    """All that workers started and wrote down, once there are so many."""
    deadline = time.monotonic() + _TIMEOUT
    while True:
        words = " ".join(log.read_text() for log in folder.glob("worker-*-*")).split()
        found = [int(word) for word in words if word.isdigit()]
        if len(found) >= number:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def _alive(process) -> bool:
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _assert_gone(processes):
    deadline = time.monotonic() + _TIMEOUT
    while any(map(_alive, processes)):
        assert time.monotonic() < deadline, [process for process in processes if _alive(process)]
        time.sleep(0.02)


def test_workers_form_one_cluster_on_loopback_ports(launch):
    code, out, _ = _finish(launch("print(os.environ['TF_CONFIG'])", "--workers=3"))
    assert code == 0
    configs = [json.loads(line.removeprefix(f"[worker {index}] ")) for index, line in enumerate(sorted(out))]
    assert [config["task"] for config in configs] == [{"type": "worker", "index": index} for index in range(3)]
    (addresses,) = {tuple(config["cluster"]["worker"]) for config in configs}
    assert len(set(addresses)) == 3
    for address in addresses:
        host, _, port = address.partition(":")
        assert (host, 0 < int(port) < 65536) == ("127.0.0.1", True)


@pytest.mark.parametrize("asked", [None, "5"])
def test_workers_share_the_cores_unless_told_otherwise(launch, asked):
    environment = {"TF_NUM_INTRAOP_THREADS": asked} if asked else {}
    _, out, _ = _finish(launch("print(os.environ['TF_NUM_INTRAOP_THREADS'])", "--workers=2", **environment))
    expected = asked or str(max(1, len(os.sched_getaffinity(0)) // 2))
    assert sorted(out) == [f"[worker 0] {expected}", f"[worker 1] {expected}"]


def test_lines_are_marked_and_streams_stay_apart(launch):
    says = "print('one\\n\\ntwo'); print(f'error {index}', file=sys.stderr); print('unended', end='')"
    code, out, err = _finish(launch(says, "--workers=2"))
    assert code == 0
    for index in (0, 1):
        mark = f"[worker {index}] "
        assert [line for line in out if line.startswith(mark)] == [
            mark + text for text in ("one", "", "two", "unended")
        ]
        assert [line for line in err if line.startswith(mark)] == [f"{mark}error {index}"]
    assert len(out) + len(err) == 10


def test_the_group_starts_again_when_one_dies(launch, tmp_path):
    says = "print(os.environ['TF_CONFIG']); life or ((written(3), die(-9)) if index else (child(), wait()))"
    code, out, err = _finish(launch(says, "--workers=2"))
    assert code == 0
    assert err == [
        "[launcher] worker 1 was killed by SIGKILL; the others are stopped",
        "[launcher] restart 1 of 3, from the last checkpoint",
    ]
    assert [_lives(tmp_path, index) for index in (0, 1)] == [2, 2]
    assert len({json.dumps(json.loads(line.split("] ")[1])["cluster"]) for line in out}) == 2, "ports are new"
    _assert_gone(_processes(tmp_path, 5))


@pytest.mark.parametrize(
    ("dies", "arguments", "lives", "expected"),
    [
        ("die(7)", ["--max_restarts=2"], 3, 7),
        ("die(7)", ["--max_restarts=0"], 1, 7),
        ("die(-9)", ["--max_restarts=1"], 2, 137),
        ("die(1 if life == 0 else 0)", ["--max_restarts=1"], 2, 0),
        ("die(2)", [], 1, 2),  # a wrong command line stays wrong
        ("die(3)", [], 1, 3),  # and the same checkpoint leads to the same NaN
    ],
)
def test_restarts_end_and_the_failed_workers_code_is_the_launchers(launch, tmp_path, dies, arguments, lives, expected):
    code, _, err = _finish(
        launch(f"{dies} if index else wait() if life + 1 < {lives} or {expected} else 0", *arguments)
    )
    assert code == expected
    assert _lives(tmp_path, 1) == lives
    assert len([line for line in err if "restart" in line]) == lives - 1
    _assert_gone(_processes(tmp_path, 2 * lives))


def test_the_worker_that_began_it_is_the_one_that_failed(launch):
    """Worker 0 loses worker 1 and ends first."""
    code, _, err = _finish(launch("die(4) if index == 0 else die(5, after=0.5)", "--max_restarts=0"))
    assert code == 5
    assert err == ["[launcher] worker 1 ended with exit code 5; the others are stopped"]


def test_one_may_succeed_before_the_others(launch):
    code, _, err = _finish(launch("die(0, after=0.5 * index)", "--workers=2"))
    assert (code, err) == (0, [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_workers_and_end_all(launch, tmp_path, number):
    launcher = launch(f"heed({int(number)}, lambda: sys.exit(0)); child(); wait()", "--workers=2")
    processes = _processes(tmp_path, 4)
    launcher.send_signal(number)
    code, _, err = _finish(launcher)
    assert code == 128 + number
    assert err == [f"[launcher] {number.name}: workers are stopped"]
    assert all("heard" in log.read_text() for log in tmp_path.glob("worker-*-0"))
    assert _lives(tmp_path, 0) == 1
    _assert_gone(processes)


def test_a_second_signal_does_not_wait(launch, tmp_path):
    launcher = launch("heed(signal.SIGTERM, lambda: None); child()\nwhile True: wait()", "--workers=2")
    processes = _processes(tmp_path, 4)
    launcher.send_signal(signal.SIGTERM)
    while not all("heard" in log.read_text() for log in tmp_path.glob("worker-*-0")):
        time.sleep(0.02)
    assert launcher.poll() is None
    launcher.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert _finish(launcher)[0] == 143
    assert time.monotonic() - started < 9.0, "the ten seconds of grace were waited for"
    _assert_gone(processes)


def test_a_killed_launcher_leaves_nothing(launch, tmp_path):
    launcher = launch("child(); wait()", "--workers=2")
    processes = _processes(tmp_path, 4)
    assert all(map(_alive, processes))
    launcher.kill()
    launcher.communicate(timeout=_TIMEOUT)  # the pipes close once the guard is gone too
    _assert_gone(processes)


def test_what_a_worker_leaves_behind_goes_with_it(launch, tmp_path):
    code, _, _ = _finish(launch("child()", "--workers=2"))
    assert code == 0
    _assert_gone(_processes(tmp_path, 4))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "the train command is missing; it stands after --, as in -- python -m trainers.train --config=vae:digits"),
        (["--workers=2", "--"], "the train command is missing"),
        (["--workers=0", "--", "true"], "--workers is '0'; it must be a positive integer"),
        (["--max_restarts=-1", "--", "true"], "--max_restarts is '-1'; it must be a non-negative integer"),
        (["--wrokers=2", "--", "true"], "flag --wrokers is unknown; did you mean 'workers'?"),
        (["--workers=2", "python", "-m", "trainers.train"], "the train command is missing; it stands after --"),
        (["--", "no-such-program"], "'no-such-program' after -- is no program"),
    ],
)
def test_mistakes_are_answered_before_anything_starts(capsys, argv, words):
    assert launch_local.main(argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err


def test_help_after_the_dashes_is_the_commands_own(capfd):
    assert launch_local.main(["--help", "--", "python", "--version"]) == 0
    assert "trainers.launch_local" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["python", "-m", "trainers.train", "--config=vae:digits"], "tfdgm-train: --workdir is missing"),
        (["--config=vae:digits"], "tfdgm-train: --workdir is missing"),
        (["--config=vae:digits", "--workdir=w", "--cluster=slurm"], "tfdgm-train: SLURM_PROCID is not set"),
        (
            ["--config=vae:digits", "--workdir=w", "--strategy=default"],
            "'default', but TF_CONFIG names several workers",
        ),
    ],
)
def test_wrong_flags_of_the_train_command_are_shown_once(arguments, words):
    command = [sys.executable, "-m", "trainers.launch_local", "--workers=2", "--", *arguments]
    result = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    assert result.returncode == 2
    assert words in result.stderr
    assert "restart" not in result.stderr
