import json

import pytest
import tensorflow as tf

import tfdgm
from tfdgm.evaluation.measure import Figure
from tfdgm.evaluation.run import evaluate, table
from tfdgm.workdir.checkpoints import Checkpoints, State
from tfdgm.workdir.files import CONFIG, WorkdirError

METRIC_FIELDS = [
    "name",
    "value",
    "unit",
    "kind",
    "standard_error",
    "num_examples",
    "num_non_finite",
    "split",
    "seed",
]


@pytest.fixture(scope="module")
def report(workdir, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    return evaluate(workdir, results_dir=str(results)), results


def test_evaluation_json_holds_the_report(report, workdir):
    stored = json.loads((workdir / "evaluation.json").read_text())
    assert stored == json.loads(json.dumps(report[0]))
    assert list(stored) == ["config", "checkpoint", "metrics", "evaluation_seconds", "versions"]
    assert stored["config"]["preset"] == "vae:digits:smoke"
    assert stored["checkpoint"] == {"step": 120, "which": "last", "uses_ema": False}
    assert set(stored["versions"]) == {"python", "tfdgm", "tensorflow", "keras", "tensorflow-probability", "numpy"}


def test_metrics_have_their_fields_and_the_whole_test_split(report):
    metrics = report[0]["metrics"]
    assert [metric["name"] for metric in metrics] == ["elbo", "iwae_50", "nll_upper_bound", "active_units"]
    for metric in metrics:
        assert list(metric) == METRIC_FIELDS
        assert (metric["num_examples"], metric["split"], metric["seed"]) == (250, "test", 0)
    elbo, iwae, nll, active = metrics
    # Untrained: 64 pixels at about log 2 each.
    assert -60.0 < elbo["value"] < iwae["value"] < -30.0
    assert nll["value"] == -iwae["value"]
    assert 0.0 < elbo["standard_error"] < 1.0
    assert active["standard_error"] is None


def test_evaluating_again_gives_the_same_figures(report, workdir):
    again = evaluate(workdir, metrics=["nll_upper_bound", "elbo"])
    expected = {metric["name"]: metric for metric in report[0]["metrics"]}
    assert again["metrics"] == [expected["nll_upper_bound"], expected["elbo"]]


def test_result_file_says_how_the_figures_came_about(report):
    result = json.loads((report[1] / "vae-digits-smoke.json").read_text())
    assert result["metrics"] == report[0]["metrics"]
    assert result["command"] == "python -m trainers.train --config=vae:digits:smoke --workdir=W"
    assert result["minutes"] is None  # this run was never trained
    assert (result["preset"], result["seed"]) == ("vae:digits:smoke", 0)
    assert result["cores"] >= 1
    assert {"commit", "config", "versions"} <= set(result)


def test_the_table_is_printed(workdir, capsys):
    evaluate(workdir, metrics=["active_units"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["metric", "value", "std.", "error", "unit", "kind", "examples"]
    assert lines[-1].split()[0] == "active_units"


def test_columns_are_aligned_and_digits_follow_the_error():
    common = {"kind": "exact", "num_examples": 10_000, "split": "test", "seed": 0}
    figures = [
        Figure("log_prob", -87.65432, "nats", standard_error=0.1234, num_non_finite=0, **common),
        Figure("active_units", 12.0, "latents", standard_error=None, num_non_finite=0, **common),
        Figure("elbo", None, "nats", standard_error=None, num_non_finite=3, **common),
    ]
    assert table(figures).splitlines() == [
        "metric               value  std. error  unit     kind   examples",
        "log_prob            -87.65        0.12  nats     exact    10,000",
        "active_units            12              latents  exact    10,000",
        "elbo          3 not finite              nats     exact    10,000",
    ]


def test_unknown_metrics_are_refused_before_data_is_read(workdir, monkeypatch):
    monkeypatch.setattr("tfdgm.evaluation.run.open_data", lambda *args, **kwargs: pytest.fail("data was read"))
    with pytest.raises(ValueError, match="metric 'log_prop' is unknown; did you mean 'log_prob'"):
        evaluate(workdir, metrics=["log_prop"])


def test_changed_data_is_refused(make_run, tmp_path):
    make_run(tmp_path)
    path = tmp_path / CONFIG
    stored = json.loads(path.read_text())
    stored["data_spec"]["num_classes"] = 7
    path.write_text(json.dumps(stored))
    with pytest.raises(WorkdirError, match="data 'digits' is now DataSpec"):
        evaluate(tmp_path, metrics=["elbo"])
    assert not (tmp_path / "evaluation.json").exists()


def test_a_diverged_model_is_reported_as_such(make_run, tmp_path, capsys):
    make_run(tmp_path)
    model = tfdgm.load(tmp_path)
    model.trainable_variables[0].assign(model.trainable_variables[0] * float("nan"))
    Checkpoints(tmp_path).save(tf.train.Checkpoint(model=model), State(step=130, phase="train"))
    evaluate(tmp_path, metrics=["elbo"])
    assert "250 not finite" in capsys.readouterr().out
    (metric,) = json.loads((tmp_path / "evaluation.json").read_text())["metrics"]
    assert (metric["value"], metric["num_non_finite"]) == (None, 250)
