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
    assert calls == [((str(tmp_path),), {"metrics": metrics, "manual_dir": "raw", "results_dir": "results"})]
