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
    expected = {"metrics": metrics, "split": "test", "manual_dir": "raw", "results_dir": "results"}
    assert calls == [((str(tmp_path),), expected)]


def test_a_split_that_there_is_not_is_a_mistake(tmp_path, capsys):
    (tmp_path / "config.json").write_text("{}")
    assert evaluate.main([f"--workdir={tmp_path}", "--split=tset"]) == 2
    assert "split is 'tset'; it must be one of test, validation, train" in capsys.readouterr().err
