"""`trainers.train`: what it hands to the loop, and the exit codes of what comes back."""

import pytest

from tfdgm.configs import get_config
from tfdgm.training import run
from tfdgm.workdir.checkpoints import Checkpoints
from tfdgm.workdir.files import read_metrics
from trainers import train

_ARGV = ["--config=vae:digits:smoke", "--config.model.latent_dim=3", "--workdir=w"]


def test_the_loop_gets_config_workdir_strategy_and_raw_data(monkeypatch):
    calls = []
    monkeypatch.setattr(run, "train", lambda *args, **kwargs: calls.append((args, kwargs)))
    assert train.main([*_ARGV, "--strategy=tpu", "--tpu=local", "--manual_dir=raw"]) == 0
    config = get_config("vae:digits:smoke")
    config.model.latent_dim = 3
    ((args, kwargs),) = calls
    assert args == (config, "w")
    assert callable(kwargs.pop("make_measure"))
    assert kwargs == {"strategy": "tpu", "cluster": "tf_config", "tpu": "local", "manual_dir": "raw"}


def test_figures_of_samples_are_measured_while_a_preset_that_lists_them_trains(tmp_path):
    argv = ["--config=gan:mixture8:smoke", "--config.training.sample_metrics=modes_covered,high_quality"]
    argv += ["--config.training.num_steps=100", "--config.training.num_metric_samples=500"]
    assert train.main([*argv, "--config.training.best_metric=high_quality", f"--workdir={tmp_path}"]) == 0
    line = read_metrics(tmp_path)[-1]
    assert line["val_modes_covered"] >= 0.0
    assert Checkpoints(tmp_path).latest().best.metric == "high_quality"


def test_a_loss_that_is_not_finite_exits_with_3(monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise run.NonFiniteError("step 7: the loss of group 'vae' is not finite")

    monkeypatch.setattr(run, "train", fail)
    assert train.main(_ARGV) == 3
    assert capsys.readouterr().err == "step 7: the loss of group 'vae' is not finite\n"


def test_a_lost_worker_is_one_line_and_exits_with_4(monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise run.LostWorkerError("worker 1 was lost: Socket closed")

    monkeypatch.setattr(run, "train", fail)
    assert train.main(_ARGV) == 4
    assert capsys.readouterr().err == (
        "worker 1 was lost: Socket closed; start all workers again, and the run goes on from its last checkpoint\n"
    )


def test_a_setting_that_no_run_can_have_exits_with_2(tmp_path, capsys):
    assert train.main([*_ARGV[:-1], f"--workdir={tmp_path}", "--config.training.num_steps=-1"]) == 2
    assert "training.num_steps is -1; it must be at least 1" in capsys.readouterr().err


def test_a_defect_keeps_its_traceback(monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(run, "train", fail)
    with pytest.raises(ZeroDivisionError):
        train.main(_ARGV)
