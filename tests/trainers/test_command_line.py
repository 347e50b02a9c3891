"""What every binary owes: exit codes, one page of help, two lines for a mistake, all of it without TensorFlow."""

import os
import subprocess
import sys

import pytest
from absl import flags

from trainers import (
    across_seeds,
    animate,
    attribute_direction,
    command_line,
    compare_distances,
    compare_estimators,
    constraint_gradients,
    critic_against_exact,
    demo,
    estimate,
    evaluate,
    explaining_away,
    export,
    infinite_depth,
    latent_plot,
    launch_local,
    mode_study,
    reference_scores,
    rule_cases,
    sample,
    train,
    truncation_sweep,
    verify_unified,
    wake_sleep_convergence,
)

_BINARIES = {
    "train": train,
    "evaluate": evaluate,
    "sample": sample,
    "export": export,
    "demo": demo,
    "explaining_away": explaining_away,
    "infinite_depth": infinite_depth,
    "compare_estimators": compare_estimators,
    "constraint_gradients": constraint_gradients,
    "wake_sleep_convergence": wake_sleep_convergence,
    "reference_scores": reference_scores,
    "animate": animate,
    "compare_distances": compare_distances,
    "critic_against_exact": critic_against_exact,
    "attribute_direction": attribute_direction,
    "estimate": estimate,
    "launch_local": launch_local,
    "mode_study": mode_study,
    "across_seeds": across_seeds,
    "rule_cases": rule_cases,
    "latent_plot": latent_plot,
    "truncation_sweep": truncation_sweep,
    "verify_unified": verify_unified,
}
_NO_TENSORFLOW = """
import importlib, sys
code = importlib.import_module(sys.argv[1]).main(sys.argv[2:])
loaded = [name for name in ("tensorflow", "keras", "tensorflow_datasets") if name in sys.modules]
sys.exit(f"loaded {loaded}" if loaded else code)
"""


def _command(run=lambda values: 0):
    def define(values):
        flags.DEFINE_string("workdir", None, "folder of the run", flag_values=values)
        flags.DEFINE_integer("num", 16, "how many", lower_bound=1, flag_values=values)
        flags.DEFINE_enum("strategy", "default", ["default", "tpu"], "which devices", flag_values=values)

    return command_line.Command(
        module="trainers.planted",
        script="tfdgm-planted",
        summary="Does nothing.",
        usage="--workdir=DIR",
        examples=("--workdir=/tmp/digits",),
        define=define,
        run=run,
    )


def test_run_gets_typed_values_and_gives_the_exit_code():
    seen = {}

    def run(values):
        seen.update(workdir=values.workdir, num=values.num, strategy=values.strategy)
        return 3

    assert command_line.run(_command(run), ["--workdir", "w", "--num=4"]) == 3
    assert seen == {"workdir": "w", "num": 4, "strategy": "default"}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], ["--workdir is missing: folder of the run"]),
        (["--workdir="], ["--workdir is missing"]),
        (["--workdir"], ["Missing value for flag --workdir"]),
        (["--workdri=w"], ["flag --workdri is unknown", "did you mean 'workdir'?"]),
        (["--workdir=w", "--num=some"], ["--num is 'some'", "must be a positive integer"]),
        (["--workdir=w", "--num=0"], ["--num is '0'", "must be a positive integer"]),
        (["--workdir=w", "--strategy=gpu"], ["--strategy is 'gpu'", "must be one of default, tpu"]),
        (["--workdir=w", "more"], ["argument 'more' is not a flag"]),
        (["--workdir=w", "--config.seed=1"], ["flag --config.seed is unknown"]),
    ],
)
def test_mistakes_exit_with_2_and_say_what_would_be_right(capsys, argv, words):
    assert command_line.run(_command(run=lambda values: pytest.fail("ran")), argv) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 2
    for word in ["tfdgm-planted: ", *words]:
        assert word in printed.err


def test_errors_that_this_package_raises_are_messages(capsys):
    def run(values):
        command_line.require_workdir(values.workdir)

    assert command_line.run(_command(run), ["--workdir=/nowhere"]) == 2
    assert "'/nowhere', which has no config.json" in capsys.readouterr().err


@pytest.mark.parametrize("fail", [lambda values: int("x"), lambda values: os.stat("/nowhere")])
def test_errors_from_elsewhere_keep_their_traceback(fail):
    with pytest.raises((ValueError, FileNotFoundError)):
        command_line.run(_command(fail), ["--workdir=w"])


def test_interruption_is_no_traceback(capsys):
    def run(values):
        raise KeyboardInterrupt

    assert command_line.run(_command(run), ["--workdir=w"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_help_page_names_flags_defaults_and_exit_codes(capsys):
    assert command_line.run(_command(), ["--help"]) == 0
    page = capsys.readouterr().out
    for line in (
        "Usage: python -m trainers.planted --workdir=DIR",
        "  --num=N                   how many (default 16)",
        "  --strategy=default|tpu    which devices (default default)",
        "  python -m trainers.planted --workdir=/tmp/digits",
        "2 wrong command line or configuration",
    ):
        assert line in page


@pytest.mark.parametrize("name", _BINARIES)
def test_help_is_a_page_that_fits(capsys, name):
    assert _BINARIES[name].main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    assert any(line.startswith(f"Usage: python -m trainers.{name} ") for line in lines)


@pytest.mark.parametrize(
    ("name", "argv", "code"),
    [
        *((name, ["--help"], 0) for name in _BINARIES),
        ("train", ["--list"], 0),
        ("train", ["--config=vae:digits", "--help"], 0),
        ("train", ["--config=vea:digits", "--workdir=w"], 2),
        ("train", ["--config=vae:digits", "--workdir=w", "--config.model.latentdim=3"], 2),
        ("train", ["--config=vae:digits", "--workdir=w", "--config.training.num_steps=abc"], 2),
        ("train", ["--config=vae:digits", "--workdri=w"], 2),
        ("train", ["--config=vae:digits"], 2),
        ("train", ["--config=vae:digits", "--workdir=w", "--strategy=multi_worker"], 2),
        ("train", ["--config=vae:digits", "--workdir=w", "--cluster=slurm"], 2),
        ("train", ["--config=vae:digits", "--workdir=w", "--tpu=t"], 2),
        ("evaluate", ["--workdir=/nowhere"], 2),
        ("sample", ["--workdir=/nowhere", "--out=x.png"], 2),
        ("export", ["--workdir=/nowhere", "--base=b"], 2),
        ("explaining_away", ["--weights=x"], 2),
        ("infinite_depth", ["--workdir=/nowhere"], 2),
        ("compare_estimators", ["--num_hidden=5"], 2),
        ("reference_scores", ["--data=mnits"], 2),
        ("animate", ["--workdir=/nowhere", "--out=x.gif"], 2),
        ("compare_distances", ["--num_steps=100"], 2),
        ("critic_against_exact", ["--presets=wgan_gp:mixtur25"], 2),
        ("attribute_direction", ["--workdir=/nowhere", "--source=0", "--target=1", "--out=x.png"], 2),
        ("truncation_sweep", ["--workdir=/nowhere", "--out=x.png"], 2),
        ("verify_unified", ["--num_models=0"], 2),
        ("estimate", ["--config=biggan:imagenet128", "--replicas=some"], 2),
        ("launch_local", ["--workers=2"], 2),
        ("launch_local", ["--workers=2", "--", "true"], 0),
        ("launch_local", ["--max_restarts=0", "--", "false"], 1),
    ],
)
def test_answers_without_tensorflow(name, argv, code):
    command = [sys.executable, "-c", _NO_TENSORFLOW, f"trainers.{name}", *argv]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr


def test_help_shows_a_list_s_default_as_it_is_typed(capsys):
    assert truncation_sweep.main(["--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "(default 0.1,0.2,0.4,0.6,0.8,1,1.5,2,none)" in words
