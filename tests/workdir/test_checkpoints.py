"""Checkpoints appear whole, the newest and the best stay, and what a crash left is swept."""

import pytest
import tensorflow as tf

from tfdgm.workdir.checkpoints import Best, Checkpoints, State


def _saved(folder, steps, keep=2, best=None):
    checkpoints = Checkpoints(folder, keep)
    variable = tf.Variable(0.0)
    for step in steps:
        variable.assign(float(step))
        checkpoints.save(tf.train.Checkpoint(v=variable), State(step, "train", best))
    return checkpoints


def test_the_newest_and_the_best_stay(tmp_path):
    checkpoints = _saved(tmp_path, [10, 20, 30, 40], best=Best(10, "elbo", -1.0))
    assert checkpoints.steps() == [10, 30, 40]
    assert checkpoints.latest() == State(40, "train", Best(10, "elbo", -1.0))


def test_weights_come_back(tmp_path):
    checkpoints = _saved(tmp_path, [10, 20])
    variable = tf.Variable(0.0)
    tf.train.Checkpoint(v=variable).read(checkpoints.weights(10)).assert_consumed()
    assert variable.numpy() == 10.0


def test_no_checkpoint(tmp_path):
    assert Checkpoints(tmp_path).latest() is None


def test_a_save_cut_short_is_invisible_and_swept(tmp_path, monkeypatch):
    checkpoints = _saved(tmp_path, [10])

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfdgm.workdir.files.write_atomically", crash)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save(tf.train.Checkpoint(v=tf.Variable(0.0)), State(20, "train"))
    assert checkpoints.steps() == [10]
    assert any(path.name.startswith(".tmp-") for path in checkpoints.folder.iterdir())
    checkpoints.clean()
    assert [path.name for path in checkpoints.folder.iterdir()] == ["step-000000010"]


def test_a_checkpoint_that_stands_is_never_written_over(tmp_path):
    checkpoints = _saved(tmp_path, [10])
    checkpoints.save(tf.train.Checkpoint(v=tf.Variable(99.0)), State(10, "train"))
    variable = tf.Variable(0.0)
    tf.train.Checkpoint(v=variable).read(checkpoints.weights(10))
    assert variable.numpy() == 10.0


def test_workers_other_than_the_chief_leave_nothing(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(tf.train.Checkpoint(v=tf.Variable(0.0)), State(10, "train"), is_chief=False)
    assert checkpoints.steps() == []
    assert list(checkpoints.folder.iterdir()) == []
