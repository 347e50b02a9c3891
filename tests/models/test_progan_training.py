"""A whole run that grows from 4x4 to 8x8: its phases, what it prints, and resume in the midst of the fade."""

import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens import workdirs
from tfdgm import configs
from tfdgm.training import run
from tfdgm.workdir.checkpoints import Checkpoints
from tfdgm.workdir.files import read_metrics
from tfdgm.workdir.restore import restore_model

pytestmark = pytest.mark.slow

SEEDS = tf.range(6, dtype=tf.int64)
CUT_AT, END = 30, 60  # the middle of the fade


def _config():
    config = configs.get_config("progan:digits:smoke")
    config.model.batch_sizes = (16, 8)
    intervals = {"log_every": 5, "evaluate_every": 10, "checkpoint_every": 10, "sample_every": 20}
    best = {"best_metric": "sample_variance", "steps_per_execution": 5, "ema_decay": 0.9}
    config.training = dataclasses.replace(config.training, num_steps=20, **intervals, **best)
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("finished")
    run.train(_config(), workdir)
    return workdir


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """A run that ended after its checkpoint in the midst of the fade."""
    workdir, original = tmp_path_factory.mktemp("cut"), Checkpoints.save

    def save_then_die(self, checkpoint, state, *, is_chief=True):
        original(self, checkpoint, state, is_chief=is_chief)
        if state.step == CUT_AT:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", save_then_die)
        with pytest.raises(KeyboardInterrupt):
            run.train(_config(), workdir)
    return workdir


def test_phases_and_pictures(finished):
    lines = read_metrics(finished)
    names = ["stabilize_4", "fade_8", "stabilize_8"]
    assert [line["phase"] for line in lines] == [name for name in names for _ in range(4)]
    assert len(list((finished / "pictures" / "samples").iterdir())) == 3
    model, restored = restore_model(finished, which="last")
    assert restored.step == END
    assert int(model.stage) == 2
    assert model.generate(SEEDS).shape == model.sample(SEEDS).shape == (6, 8, 8, 1)


def test_a_run_cut_in_its_fade_can_be_sampled(cut):
    model, restored = restore_model(cut, which="last")
    assert restored.step == CUT_AT
    assert (int(model.stage), int(model.fade_steps), int(model.phase_step)) == (1, 20, 10)
    halves = [model.generate(SEEDS)]
    for step in (0, 20):
        model.phase_step.assign(step)
        halves.append(model.generate(SEEDS))
    np.testing.assert_allclose(halves[0], 0.5 * (halves[1] + halves[2]), atol=1e-6)


def test_resumed_in_the_fade_it_ends_like_one_without_interruption(cut, finished, tmp_path, capsys):
    resumed = shutil.copytree(cut, tmp_path / "resumed")
    run.train(_config(), resumed)
    told = capsys.readouterr().out
    assert f"going on from step {CUT_AT}" in told
    assert told.index("memory at resolution 4, 16 rows: about") < told.index("memory at resolution 8, 8 rows: about")
    assert workdirs.log(resumed) == workdirs.log(finished)
    assert Checkpoints(resumed).latest() == Checkpoints(finished).latest()
    ours, theirs = workdirs.weights(resumed, END), workdirs.weights(finished, END)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)
