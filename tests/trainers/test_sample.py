"""`trainers.sample`: files as asked for, by seed alone."""

import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tests.goldens.table import GOLDENS
from tfdgm.models import class_pictures
from trainers import sample


class _Conditional:
    """Samples that are their own label."""

    name = "conditional"

    def sample(self, seeds, label):
        return tf.cast(label, tf.float32)


@pytest.fixture
def workdir(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    model = tfdgm.build("vae", latent_dim=2, hidden_sizes=(8,))
    monkeypatch.setattr(tfdgm, "load", lambda workdir: model)
    return tmp_path


def _samples(workdir, **wanted):
    path = workdir / "deep" / "samples.npz"
    assert sample.main([f"--workdir={workdir}", f"--out={path}", *(f"--{k}={v}" for k, v in wanted.items())]) == 0
    with np.load(path) as arrays:
        return dict(arrays)


def test_arrays_hold_samples_and_their_seeds(workdir):
    arrays = _samples(workdir, num=5, seed=3)
    assert arrays["samples"].shape == (5, 8, 8, 1)
    np.testing.assert_array_equal(arrays["seed"], [3, 4, 5, 6, 7])


def test_a_sample_depends_on_its_seed_alone(workdir):
    many, few = _samples(workdir, num=5, seed=3), _samples(workdir, num=2, seed=4)
    np.testing.assert_array_equal(many["samples"][1:3], few["samples"])
    assert not np.array_equal(many["samples"][0], many["samples"][1])


def test_a_picture_is_a_square_grid(workdir, capsys):
    path = workdir / "samples.png"
    assert sample.main([f"--workdir={workdir}", f"--out={path}"]) == 0
    height, width, channels = tf.io.decode_png(path.read_bytes()).shape
    assert height == width >= 4 * 8
    assert channels == 1
    assert capsys.readouterr().out == f"{path}\n"


def test_a_label_goes_to_a_conditional_model(monkeypatch, workdir):
    monkeypatch.setattr(tfdgm, "load", lambda workdir: _Conditional())
    arrays = _samples(workdir, num=3, label=7)
    np.testing.assert_array_equal(arrays["samples"], [7, 7, 7])
    np.testing.assert_array_equal(arrays["label"], [7, 7, 7])


def test_a_truncation_goes_to_a_model_that_has_one(monkeypatch, workdir):
    class Truncated(_Conditional):
        def sample(self, seeds, truncation):
            return truncation

    monkeypatch.setattr(tfdgm, "load", lambda workdir: Truncated())
    np.testing.assert_array_equal(_samples(workdir, num=3, truncation=0.5)["samples"], [0.5, 0.5, 0.5])


def test_other_pictures_of_the_same_seeds(monkeypatch, workdir):
    model = GOLDENS["biggan"].ready()
    monkeypatch.setattr(tfdgm, "load", lambda workdir: model)
    path = workdir / "deep" / "classes.png"
    assert sample.main([f"--workdir={workdir}", f"--out={path}", "--kind=classes", "--num=4", "--seed=2"]) == 0
    expected = class_pictures.class_grid(model, np.arange(2, 6))
    np.testing.assert_array_equal(tf.io.decode_png(path.read_bytes()), expected)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--out=x.png", "--truncation=0.5"], "--truncation is given, and vae is not conditional on it"),
        (["--out=x.png", "--kind=clases"], "kind of picture by vae is 'clases'; it must be one of traversals"),
        (["--out=x.npz", "--kind=classes"], "--kind is 'classes', which is a .png picture without --label"),
        (["--out=x.png", "--kind=classes", "--label=0"], "--kind is 'classes', which is a .png picture without"),
        (["--out=x.png", "--label=3"], "--label is given, and vae is not conditional on it"),
        (["--out=x.jpg"], "--out is 'x.jpg'; it must end in .png or .npz"),
        (["--out=x.png", "--num=0"], "--num is '0'; it must be a positive integer"),
        ([], "--out is missing"),
    ],
)
def test_mistakes_exit_with_2(workdir, capsys, argv, words):
    assert sample.main([f"--workdir={workdir}", *argv]) == 2
    assert words in capsys.readouterr().err


def test_a_model_without_a_sampler_is_refused(monkeypatch, workdir, capsys):
    monkeypatch.setattr(tfdgm, "load", lambda workdir: type("Classifier", (), {"name": "classifier"})())
    assert sample.main([f"--workdir={workdir}", "--out=x.npz"]) == 2
    assert "classifier has no sampler" in capsys.readouterr().err
