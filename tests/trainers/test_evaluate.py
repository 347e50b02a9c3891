"""`trainers.evaluate`: what it hands on."""

import pytest

from tfdgm.evaluation import run
from trainers import evaluate


@pytest.mark.parametrize(
    ("argv", "metrics"), [([], None), (["--metrics=elbo"], ["elbo"]), (["--metrics=elbo,iwae_50"], ["elbo", "iwae_50"])]
)
def test_evaluation_gets_workdir_and_metrics(monkeypatch, tmp_path, argv, metrics):
    calls = []
    monkeypatch.setattr(run, "evaluate", lambda *args, **kwargs: calls.append((args, kwargs)))
    (tmp_path / "config.json").write_text("{}")
    argv = [f"--workdir={tmp_path}", "--manual_dir=raw", "--results_dir=results", *argv]
    assert evaluate.main(argv) == 0
    ((args, kwargs),) = calls
    assert args == (str(tmp_path),)
    assert callable(kwargs.pop("train_extractor"))
    assert kwargs == {
        "metrics": metrics,
        "split": "test",
        "manual_dir": "raw",
        "results_dir": "results",
        "samples": {"extractor": "", "extractor_domain": "", "num_samples": 0},
        "extractor_dir": "",
    }


def test_samples_are_evaluated_as_the_flags_say(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(run, "evaluate", lambda workdir, **kwargs: calls.append(kwargs))
    (tmp_path / "config.json").write_text("{}")
    flags = ["--extractor=x.keras", "--extractor_domain=uint8", "--extractor_dir=cache", "--num_samples=500"]
    flags += ["--metrics=fid,prdc"]
    assert evaluate.main([f"--workdir={tmp_path}", *flags]) == 0
    assert calls[0]["samples"] == {"extractor": "x.keras", "extractor_domain": "uint8", "num_samples": 500}
    assert (calls[0]["extractor_dir"], calls[0]["metrics"]) == ("cache", ["fid", "prdc"])


def test_a_split_that_there_is_not_is_a_mistake(tmp_path, capsys):
    (tmp_path / "config.json").write_text("{}")
    assert evaluate.main([f"--workdir={tmp_path}", "--split=tset"]) == 2
    assert "split is 'tset'; it must be one of test, validation, train" in capsys.readouterr().err
