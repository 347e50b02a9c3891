"""Whole runs on the embedded digits: the folder they leave, resume, strategies, refusals."""

import dataclasses
import json
import math
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens import workdirs
from tests.goldens.precision import dtype_policy
from tfdgm import configs
from tfdgm.core.types import Phase
from tfdgm.models.vae import VAE
from tfdgm.training import run
from tfdgm.workdir.checkpoints import Best, Checkpoints
from tfdgm.workdir.files import read_metrics
from tfdgm.workdir.restore import restore_model


def _config(**training):
    config = configs.get_config("vae:digits:smoke")
    config.training = dataclasses.replace(
        config.training,
        **{
            "num_steps": 40,
            "log_every": 10,
            "evaluate_every": 20,
            "checkpoint_every": 10,
            "sample_every": 40,
            "steps_per_execution": 5,
            "ema_decay": 0.9,
            **training,
        },
    )
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("finished")
    run.train(_config(), workdir)
    return workdir


def test_the_folder_of_a_run(finished):
    lines = read_metrics(finished)
    assert [line["step"] for line in lines] == [10, 20, 30, 40]
    assert [("val_elbo" in line) for line in lines] == [False, True, False, True]
    assert Checkpoints(finished).steps()[-1] == 40
    assert sorted(path.name for path in (finished / "pictures").iterdir()) == [
        "reconstructions",
        "samples",
        "traversals",
    ]
    assert list((finished / "tensorboard").iterdir())
    assert json.loads((finished / "config.json").read_text())["config"]["preset"] == "vae:digits:smoke"


def test_best_is_the_best_validation_value(finished):
    values = {line["step"]: line["val_elbo"] for line in read_metrics(finished) if "val_elbo" in line}
    best = Checkpoints(finished).latest().best
    assert values[best.step] == max(values.values()) == best.value


def test_the_best_is_kept_between_checkpoints_too(tmp_path):
    """The lowest bound is the first, at step 10, where none is due; the next checkpoints leave it where it is."""
    rare = {"evaluate_every": 10, "checkpoint_every": 20, "best_metric": "elbo", "best_mode": "min"}
    run.train(_config(keep_checkpoints=1, **rare), tmp_path)
    assert Checkpoints(tmp_path).steps() == [10, 40]
    assert restore_model(tmp_path)[1].step == 10


def test_the_process_is_left_as_it_was(finished):
    assert tf.random.normal([2]).shape == [2]  # refused without a seed where operations must be deterministic


def test_running_again_changes_nothing(finished, capsys):
    before = workdirs.log(finished)
    run.train(_config(), finished)
    assert "is done: 40 steps" in capsys.readouterr().out
    assert workdirs.log(finished) == before


def test_an_interrupted_run_ends_like_one_without_interruption(finished, tmp_path, monkeypatch):
    original = Checkpoints.save

    def save_then_die(self, checkpoint, state, *, is_chief=True):
        original(self, checkpoint, state, is_chief=is_chief)
        if state.step == 20:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", save_then_die)
    with pytest.raises(KeyboardInterrupt):
        run.train(_config(), tmp_path)
    monkeypatch.setattr(Checkpoints, "save", original)
    run.train(_config(), tmp_path)
    assert workdirs.log(tmp_path) == workdirs.log(finished)
    ours, theirs = workdirs.weights(tmp_path, 40), workdirs.weights(finished, 40)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def test_workers_go_on_from_the_chiefs_step_or_not_at_all(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run, "chiefs_number", lambda strategy, number: 30)
    with pytest.raises(run.WorkdirError, match="no checkpoint of step 30.*a folder that all workers share"):
        run.train(_config(), tmp_path)
    shutil.copytree(finished, tmp_path / "shared")
    run.train(_config(), tmp_path / "shared")
    assert "going on from step 30" in capsys.readouterr().out
    assert workdirs.log(tmp_path / "shared") == workdirs.log(finished)


def test_two_replicas_start_like_one(finished, tmp_path):
    run.train(_config(), tmp_path, strategy="mirrored")
    first, reference = read_metrics(tmp_path)[0], read_metrics(finished)[0]
    for name in ("loss/vae", "elbo", "kl"):
        assert first[name] == pytest.approx(reference[name], rel=1e-5)
    assert read_metrics(tmp_path)[-1]["val_elbo"] == pytest.approx(read_metrics(finished)[-1]["val_elbo"], rel=1e-3)


def test_intervals_need_not_divide_the_run(tmp_path):
    run.train(_config(num_steps=25), tmp_path)
    assert [line["step"] for line in read_metrics(tmp_path)] == [10, 20, 25]
    assert Checkpoints(tmp_path).latest().step == 25


def test_a_short_run_needs_no_other_intervals(tmp_path):
    run.train(_config(num_steps=3), tmp_path)
    assert [line["step"] for line in read_metrics(tmp_path)] == [3]


def test_restored_weights_are_the_averages(finished):
    model, restored = restore_model(finished, which="last")
    weights = workdirs.weights(finished, 40)
    assert (restored.step, restored.which, restored.uses_ema) == (40, "last", True)
    shadow = weights["averages/shadows/0/.ATTRIBUTES/VARIABLE_VALUE"]
    np.testing.assert_array_equal(model.trainable_variables[0].numpy(), shadow)
    assert int(model.step) == 40


def test_phases_follow_each_other_and_resume_within_the_second(tmp_path, monkeypatch):
    phases = [Phase("first", steps=20), Phase("second", steps=30, batch_size=10, reset_optimizers=True)]
    monkeypatch.setattr(VAE, "phases", lambda self: phases)
    run.train(_config(), tmp_path / "whole")
    assert [(line["phase"], line["step"]) for line in read_metrics(tmp_path / "whole")] == [
        ("first", 10),
        ("first", 20),
        ("second", 30),
        ("second", 40),
        ("second", 50),
    ]
    original = Checkpoints.save

    def save_then_die(self, checkpoint, state, *, is_chief=True):
        original(self, checkpoint, state, is_chief=is_chief)
        if state.step == 30:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", save_then_die)
    with pytest.raises(KeyboardInterrupt):
        run.train(_config(), tmp_path / "cut")
    monkeypatch.setattr(Checkpoints, "save", original)
    run.train(_config(), tmp_path / "cut")
    assert workdirs.log(tmp_path / "cut") == workdirs.log(tmp_path / "whole")
    for name, value in workdirs.weights(tmp_path / "cut", 50).items():
        np.testing.assert_array_equal(value, workdirs.weights(tmp_path / "whole", 50)[name], err_msg=name)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, monkeypatch):
    original = VAE.example_loss

    def broken(self, batch, seeds):
        loss, logs = original(self, batch, seeds)
        return tf.where(self.step.value == 23, float("nan"), 1.0) * loss, logs

    monkeypatch.setattr(VAE, "example_loss", broken)
    with pytest.raises(run.NonFiniteError) as error:
        run.train(_config(), tmp_path)
    assert str(error.value) == ("step 23, group 'vae': the loss is not finite; the last good checkpoint is of step 20")
    assert Checkpoints(tmp_path).latest().step == 20
    assert [line["step"] for line in read_metrics(tmp_path)] == [10, 20]


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"num_steps": 0}, "training.num_steps is 0; it must be at least 1"),
        ({"evaluate_every": 15}, "training.evaluate_every is 15; it must be a multiple of training.log_every, 10"),
        ({"best_mode": "maximum"}, "training.best_mode is 'maximum'; it must be one of max, min"),
        ({"ema_decay": 1.5}, "ema_decay is 1.5"),
        ({"best_metric": "elbow"}, "training.best_metric is 'elbow'; validation logs elbo"),
    ],
)
def test_bad_fields_are_named_before_the_first_step(tmp_path, training, message):
    with pytest.raises(ValueError, match=message):
        run.train(_config(**training), tmp_path)
    assert not read_metrics(tmp_path)


def test_a_changed_configuration_is_refused(finished):
    with pytest.raises(run.WorkdirError, match=r"config.training.num_steps: 40 there, 50 asked for"):
        run.train(_config(num_steps=50), finished)


def test_figures_of_samples_are_logged_and_can_be_what_is_best(tmp_path):
    seen = []

    def make_measure(config, data):
        assert data.spec.shape == (8, 8, 1)

        def measure(samples):
            seen.append(samples)
            return {"mean_pixel": samples.mean()}

        return measure

    names = {"sample_metrics": ("mean_pixel",), "best_metric": "mean_pixel", "best_mode": "min"}
    run.train(_config(num_metric_samples=300, **names), tmp_path, make_measure=make_measure)
    lines = [line for line in read_metrics(tmp_path) if "val_elbo" in line]
    assert all(samples.shape == (300, 8, 8, 1) for samples in seen)
    assert [line["val_mean_pixel"] for line in lines] == [pytest.approx(x.mean()) for x in seen[-2:]]
    best = Checkpoints(tmp_path).latest().best
    assert best.metric == "mean_pixel"
    assert best.value == min(line["val_mean_pixel"] for line in lines)
    # The same seeds every time: with the weights of the last step come its samples.
    model, restored = restore_model(tmp_path)
    of_best = seen[-2:][[line["step"] for line in lines].index(restored.step)]
    np.testing.assert_array_equal(model.sample(tf.range(300, dtype=tf.int64)), of_best)


def test_a_figure_that_is_not_finite_is_never_the_best(tmp_path):
    values = iter([0.5, math.nan, 0.25, 0.125])  # of the look before the first step, and of three evaluations

    def make_measure(config, data):
        return lambda samples: {"figure": next(values)}

    names = {"sample_metrics": ("figure",), "best_metric": "figure", "num_steps": 60}
    run.train(_config(num_metric_samples=10, **names), tmp_path, make_measure=make_measure)
    assert Checkpoints(tmp_path).latest().best == Best(40, "figure", 0.25)


def test_a_run_has_its_own_precision_whatever_was_trained_to_measure_it(tmp_path):
    def make_measure(config, data):
        keras.config.set_dtype_policy("float32")
        return lambda samples: {"figure": 0.0}

    with dtype_policy("float32"):
        run.train(
            _config(sample_metrics=("figure",), num_metric_samples=10, precision="mixed_bfloat16", num_steps=10),
            tmp_path,
            make_measure=make_measure,
        )
        assert keras.config.dtype_policy().name == "mixed_bfloat16"


def test_figures_of_samples_need_something_that_works_them_out(tmp_path):
    with pytest.raises(ValueError, match=r"training\.sample_metrics is fid, but train\(\) got no make_measure"):
        run.train(_config(sample_metrics=("fid",)), tmp_path / "none")
    assert not (tmp_path / "none").exists()
