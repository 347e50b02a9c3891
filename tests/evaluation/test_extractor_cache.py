"""Trained once, by one process, and never half."""

import pathlib
import threading

import pytest

from tfdgm.configs import Preset, get_config
from tfdgm.evaluation import extractor_cache
from tfdgm.evaluation.extractor_cache import extractor_dir, require_classifier, trained_classifier

PRESET = "classifier:tiny"


@pytest.fixture(autouse=True)
def preset(monkeypatch):
    """A preset of a classifier; its configuration is the VAE's of the digits, which nothing trains here."""
    config = get_config("vae:digits:smoke")
    config.preset = PRESET
    known = {PRESET: Preset(None, None, "99% in a minute"), "vae:digits": Preset(None, None, "")}
    monkeypatch.setattr(extractor_cache, "presets", lambda: known)
    monkeypatch.setattr(extractor_cache, "get_config", lambda name: config)
    return config


class Trainer:
    """Writes a file, and counts."""

    def __init__(self, fails=0):
        self.calls, self.fails = [], fails

    def __call__(self, config, workdir):
        self.calls.append(workdir)
        workdir.mkdir(exist_ok=True)
        (workdir / f"part-{len(self.calls)}").write_text(config.preset)
        if len(self.calls) <= self.fails:
            raise RuntimeError("killed")


def test_it_is_trained_once_and_announced(tmp_path, capsys):
    train = Trainer()
    workdir = trained_classifier(PRESET, tmp_path / "cache", train)
    assert (workdir / "part-1").read_text() == PRESET
    printed = capsys.readouterr().out
    assert "extractor classifier:tiny is not in" in printed
    assert "it is trained there once (99% in a minute)" in printed
    assert "is trained: 0.0 minutes" in printed
    assert trained_classifier(PRESET, tmp_path / "cache", train) == workdir
    assert len(train.calls) == 1
    assert capsys.readouterr().out == ""
    assert [path for path in workdir.parent.iterdir() if path.is_dir()] == [workdir]


def test_an_unfinished_training_is_not_used_and_goes_on(tmp_path):
    train = Trainer(fails=1)
    with pytest.raises(RuntimeError, match="killed"):
        trained_classifier(PRESET, tmp_path, train)
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    workdir = trained_classifier(PRESET, tmp_path, train)
    assert train.calls[0] == train.calls[1] != workdir
    assert sorted(path.name for path in workdir.iterdir()) == ["part-1", "part-2"]


def test_two_at_once_train_it_once(tmp_path):
    started, go_on, found = threading.Event(), threading.Event(), []

    def train(config, workdir):
        assert not started.is_set()
        started.set()
        assert go_on.wait(10)
        workdir.mkdir()

    threads = [threading.Thread(target=lambda: found.append(trained_classifier(PRESET, tmp_path, train))) for _ in "ab"]
    threads[0].start()
    assert started.wait(10)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_preset_that_changed_is_trained_anew(tmp_path, preset):
    train = Trainer()
    first = trained_classifier(PRESET, tmp_path, train)
    preset.model.latent_dim += 1
    assert trained_classifier(PRESET, tmp_path, train) != first
    assert len(train.calls) == 2


def test_without_a_trainer_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"extractor 'classifier:tiny' is not trained yet in {tmp_path}"):
        trained_classifier(PRESET, tmp_path, None)
    workdir = trained_classifier(PRESET, tmp_path, Trainer())
    assert trained_classifier(PRESET, tmp_path, None) == workdir


@pytest.mark.parametrize("name", ["classifier:photos", "vae:digits"])
def test_data_without_a_classifier_need_another_extractor(name):
    with pytest.raises(
        ValueError, match=f"extractor is '{name}', which is no preset; those are classifier:tiny. Other"
    ):
        require_classifier(name)


def test_the_folder_is_the_flag_s_else_the_environment_s_else_the_cache(monkeypatch):
    monkeypatch.delenv("TFDGM_EXTRACTOR_DIR", raising=False)
    assert extractor_dir("here") == pathlib.Path("here")
    assert extractor_dir().parts[-2:] == ("tfdgm", "extractors")
    monkeypatch.setenv("TFDGM_EXTRACTOR_DIR", "~/there")
    assert extractor_dir() == pathlib.Path("~/there").expanduser()
    assert extractor_dir("here") == pathlib.Path("here")
