"""`trainers.truncation_sweep`: what it hands on and writes, and mistakes."""

import math

import pytest
import tensorflow as tf

from tfdgm.evaluation import truncation_sweep as sweeps
from tfdgm.evaluation.figure import Figure
from trainers import truncation_sweep


@pytest.fixture
def calls(monkeypatch):
    calls = []

    def sweep(*args, **kwargs):
        calls.append((args, kwargs))
        figure = Figure("c_fid", 2.0, "squared distance", "estimate", None, 250, 0, "validation", 0, num_samples=9)
        return [sweeps.Point(limit, [figure]) for limit in sorted(args[1])]

    monkeypatch.setattr(sweeps, "sweep", sweep)
    return calls


def test_the_sweep_gets_the_flags_and_its_points_are_shown(calls, tmp_path, capsys):
    (tmp_path / "config.json").write_text("{}")
    path = tmp_path / "deep" / "sweep.png"
    argv = [f"--workdir={tmp_path}", "--truncations=none,0.5", "--metrics=fid", "--manual_dir=raw", "--num_samples=9"]
    assert truncation_sweep.main([*argv, "--extractor_dir=cache", f"--out={path}"]) == 0
    ((args, kwargs),) = calls
    assert args == (str(tmp_path), [math.inf, 0.5])
    assert callable(kwargs.pop("train_extractor"))
    assert kwargs == {
        "metrics": ["fid"],
        "manual_dir": "raw",
        "samples": {"extractor": "", "extractor_domain": "", "num_samples": 9},
        "extractor_dir": "cache",
    }
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["0.5", "2"]
    assert printed[2].split() == ["none", "2"]
    assert printed[-2:] == [str(tmp_path / "truncation-sweep.json"), str(path)]
    assert tf.io.decode_png(path.read_bytes()).shape[0] == 360


def test_by_default_truncations_go_up_to_none(calls, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert truncation_sweep.main([f"--workdir={tmp_path}"]) == 0
    assert calls[0][0][1] == [0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, math.inf]
    assert calls[0][1]["metrics"] == ["fid", "is", "precision", "recall", "coverage", "class_accuracy"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--truncations=0.5,much"], "--truncations has 'much'; each must be a number above 0, or none"),
        (["--truncations=0"], "--truncations has '0'; each must be a number above 0, or none"),
        (["--out=x.pdf"], "--out is 'x.pdf'; it must end in .png"),
        (["--workdir=/nowhere"], "--workdir is '/nowhere', which has no config.json"),
    ],
)
def test_mistakes_exit_with_2(calls, tmp_path, capsys, argv, words):
    (tmp_path / "config.json").write_text("{}")
    assert truncation_sweep.main([f"--workdir={tmp_path}", *argv]) == 2
    assert words in capsys.readouterr().err
    assert not calls
