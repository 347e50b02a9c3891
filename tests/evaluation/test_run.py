import hashlib
import json
import math
import pathlib
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.data import eval_batches
from tfdgm.evaluation.enumeration import enumerate_states
from tfdgm.evaluation.figure import Figure
from tfdgm.evaluation.run import evaluate, table
from tfdgm.training.run import train
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
    "note",
    "num_samples",
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


def test_a_figure_is_held_against_the_codes_of_the_training_split(make_run, tmp_path):
    workdir = make_run(tmp_path / "run", "ali:digits:smoke")
    (metric,) = evaluate(workdir, metrics=["neighbour_accuracy"])["metrics"]
    model, data = tfdgm.load(workdir), tfdgm.open_data(tfdgm.get_config("ali:digits:smoke").data)
    codes, labels = {}, {}
    for split in ("train", "test"):
        (batch,) = eval_batches(data, split, batch_size=5000, seed=0)
        codes[split], labels[split] = model.representation(batch["x"]).numpy(), batch["label"].numpy()
    distances = np.sum((codes["test"][:, np.newaxis] - codes["train"]) ** 2, axis=-1)
    expected = np.mean(labels["train"][np.argmin(distances, axis=1)] == labels["test"])
    assert metric["value"] == pytest.approx(expected, abs=0.005)  # equal but for distances that rounding ties
    assert (metric["num_examples"], metric["split"]) == (250, "test")
    assert 0.2 < expected < 1.0


def test_labels_that_training_hid_are_known_to_evaluation(make_run, tmp_path):
    make_run(tmp_path, "svae:digits:smoke")  # 100 labels of 1,297
    (report,) = evaluate(tmp_path, split="train", metrics=["nll"])["metrics"]
    assert (report["num_examples"], report["num_non_finite"]) == (1297, 0)


def test_another_seed_has_a_result_file_of_its_own(make_run, tmp_path):
    workdir = make_run(tmp_path / "run")
    stored = json.loads((workdir / CONFIG).read_text())
    stored["config"]["seed"] = 3
    (workdir / CONFIG).write_text(json.dumps(stored))
    evaluate(workdir, metrics=["elbo"], results_dir=str(tmp_path))
    assert json.loads((tmp_path / "vae-digits-smoke-seed-3.json").read_text())["seed"] == 3


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


def test_notes_are_numbered_below_the_table():
    common = {"unit": "nats", "num_non_finite": 0, "seed": 0, "note": "log Z exact"}
    figures = [
        Figure("log_prob", -87.65, kind="exact", standard_error=0.12, num_examples=10, split="test", **common),
        Figure("log_partition", 451.0, kind="exact", standard_error=0.0, num_examples=0, split="", **common),
    ]
    assert table(figures).splitlines() == [
        "metric          value  std. error  unit  kind       examples",
        "log_prob       -87.65        0.12  nats  exact [1]        10",
        "log_partition     451           0  nats  exact [1]         0",
        "[1] log Z exact",
    ]


def test_unknown_metrics_are_refused_before_data_is_read(workdir, monkeypatch):
    monkeypatch.setattr("tfdgm.evaluation.opened_run.open_data", lambda *args, **kwargs: pytest.fail("data was read"))
    with pytest.raises(ValueError, match="metric 'log_prop' is unknown; did you mean 'log_prob'"):
        evaluate(workdir, metrics=["log_prop"])


def test_another_split_has_a_file_of_its_own_and_no_result(make_run, tmp_path):
    make_run(tmp_path)
    (metric,) = evaluate(tmp_path, metrics=["active_units"], split="train")["metrics"]
    assert (metric["split"], metric["num_examples"]) == ("train", 1297)
    assert json.loads((tmp_path / "evaluation-train.json").read_text())["metrics"] == [metric]
    assert not (tmp_path / "evaluation.json").exists()
    with pytest.raises(ValueError, match="split is 'tset'; it must be one of test, validation, train"):
        evaluate(tmp_path, split="tset")
    with pytest.raises(ValueError, match="results_dir is 'results' and split 'train'; results are of the test split"):
        evaluate(tmp_path, split="train", results_dir="results")


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


def trained_rbm(workdir, num_hidden):
    config = tfdgm.get_config("rbm:digits:smoke")
    config.model.num_hidden = num_hidden
    config.training.num_steps, config.training.sample_every = 40, 1_000
    train(config, workdir)
    return workdir


@pytest.fixture(scope="module")
def small_rbm(tmp_path_factory):
    return trained_rbm(tmp_path_factory.mktemp("rbm8"), 8)


def test_a_model_with_few_hidden_units_is_evaluated_exactly(small_rbm):
    metrics = {metric["name"]: metric for metric in evaluate(small_rbm)["metrics"]}
    assert {name: metric["kind"] for name, metric in metrics.items()} == dict.fromkeys(
        ["log_prob", "log_partition", "pseudo_log_likelihood"], "exact"
    )
    model = tfdgm.load(small_rbm)
    log_z = enumerate_states(model.normalizer().harmonium).log_partition()
    assert metrics["log_partition"]["value"] == pytest.approx(log_z)
    (batch,) = eval_batches(tfdgm.open_data(tfdgm.get_config("rbm:digits:smoke").data), "test", batch_size=250, seed=0)
    x = tf.cast(batch["x"], tf.float32)
    log_prob = model.unnormalized_log_prob(x).numpy().mean() - log_z
    assert metrics["log_prob"]["value"] == pytest.approx(log_prob, abs=1e-3)
    pseudo = model.pseudo_log_likelihood(x).numpy().mean()
    assert metrics["pseudo_log_likelihood"]["value"] == pytest.approx(pseudo, abs=1e-3)
    note = "log Z exact, by enumeration of 2^8 hidden states"
    assert [metric["note"] for metric in metrics.values()] == [note, note, ""]


def test_annealing_of_such_a_model_on_request_comes_near_the_exact_value(small_rbm, capsys):
    names = ["log_prob", "log_prob_ais", "log_prob_reverse_ais", "log_partition_ais", "log_partition_reverse_ais"]
    exact, *metrics = evaluate(small_rbm, metrics=names)["metrics"]
    assert [metric["kind"] for metric in metrics] == ["estimate"] * 4
    for figure, log_z in zip(metrics[:2], metrics[2:], strict=True):
        assert abs(figure["value"] - exact["value"]) < 4.0 * log_z["standard_error"] < 1.0
        assert figure["standard_error"] == pytest.approx(
            math.hypot(exact["standard_error"], log_z["standard_error"]), rel=1e-3
        )
        assert figure["note"] == log_z["note"]
    assert metrics[1]["note"].endswith("from exact samples: with the forward run a bracket")
    printed = capsys.readouterr().out
    assert "exact [1]" in printed
    assert f"[3] {metrics[1]['note']}" in printed


def test_a_model_with_more_hidden_units_is_annealed_both_ways(tmp_path):
    report = evaluate(trained_rbm(tmp_path, 24))
    metrics = {metric["name"]: metric for metric in report["metrics"]}
    assert list(metrics) == [
        "log_prob_ais",
        "log_prob_reverse_ais",
        "log_partition_ais",
        "log_partition_reverse_ais",
        "pseudo_log_likelihood",
    ]
    assert [metric["kind"] for metric in metrics.values()] == ["estimate"] * 4 + ["exact"]
    assert metrics["log_prob_ais"]["note"].startswith("log Z by AIS, 20 runs of 100 temperatures, s.e. ")
    end = "from persistent chains after 10 sweeps: with the forward run no bracket"
    assert metrics["log_prob_reverse_ais"]["note"].endswith(end)
    assert metrics["log_partition_ais"]["num_examples"] == 0
    difference = metrics["log_partition_ais"]["value"] - metrics["log_partition_reverse_ais"]["value"]
    assert abs(difference) < 1.0
    mean = metrics["log_prob_ais"]["value"] + metrics["log_partition_ais"]["value"]
    reverse_mean = metrics["log_prob_reverse_ais"]["value"] + metrics["log_partition_reverse_ais"]["value"]
    assert mean == pytest.approx(reverse_mean)


def test_bad_settings_of_annealing_are_refused_by_name(small_rbm, tmp_path):
    shutil.copytree(small_rbm, tmp_path / "run")
    path = tmp_path / "run" / CONFIG
    stored = json.loads(path.read_text())
    stored["config"]["evaluation"]["num_ais_runs"] = 0
    path.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="num_ais_runs is 0; it must be at least 2"):
        evaluate(tmp_path / "run", metrics=["log_prob_ais"])


def test_metrics_that_a_model_cannot_give_are_refused_before_data_is_read(small_rbm, monkeypatch):
    monkeypatch.setattr("tfdgm.evaluation.opened_run.open_data", lambda *args, **kwargs: pytest.fail("data was read"))
    with pytest.raises(ValueError, match="metric 'elbo' needs 'elbo', which rbm has not; it can give log_prob, log_"):
        evaluate(small_rbm, metrics=["elbo"])


@pytest.fixture(scope="module")
def keras_extractor(tmp_path_factory):
    """A file with features and classes of 8x8 images, untrained."""
    path = tmp_path_factory.mktemp("extractor") / "tiny.keras"
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(10, "softmax")]
    keras.Sequential([keras.Input((8, 8, 1)), *layers]).save(path)
    return str(path)


def test_figures_of_samples_stand_beside_those_of_examples(workdir, keras_extractor, capsys):
    samples = {"extractor": keras_extractor, "num_samples": 200}
    names = ["is", "elbo", "fid", "prdc", "sliced_wasserstein"]
    report = evaluate(workdir, metrics=names, samples=samples)
    metrics = {metric["name"]: metric for metric in report["metrics"]}
    assert list(metrics) == [
        "elbo",
        "inception_score",
        "fid",
        "precision",
        "recall",
        "density",
        "coverage",
        "sliced_wasserstein",
    ]
    for name in list(metrics)[1:]:
        assert list(metrics[name]) == METRIC_FIELDS
        assert (metrics[name]["kind"], metrics[name]["num_samples"]) == ("estimate", 200)
        assert math.isfinite(metrics[name]["value"])
    digest = hashlib.sha256(pathlib.Path(keras_extractor).read_bytes()).hexdigest()
    assert report["extractor"] == {
        "name": keras_extractor,
        "sha256": digest,
        "num_features": 6,
        "num_classes": 10,
        "images": "8x8 as they are, clipped and scaled to [0, 1]",
    }
    assert report["samples"]["num_samples"] == 200
    assert f"sha256 {digest[:12]}; images 8x8 as they are" in metrics["fid"]["note"]
    assert "200 samples against 250 test examples" in metrics["fid"]["note"]
    assert json.loads((workdir / "evaluation.json").read_text())["metrics"] == report["metrics"]
    assert "inception_score" in capsys.readouterr().out
    again = evaluate(workdir, metrics=["fid"], samples=samples)
    assert again["metrics"] == [metrics["fid"]]


def test_too_few_samples_are_refused_before_anything_is_measured(workdir, keras_extractor, monkeypatch):
    monkeypatch.setattr("tfdgm.evaluation.run.measure", lambda *args, **kwargs: pytest.fail("something was measured"))
    with pytest.raises(ValueError, match="there are 6 samples; metric 'fid' on 6 features needs at least 7"):
        evaluate(workdir, metrics=["elbo", "fid"], samples={"extractor": keras_extractor, "num_samples": 6})


def test_the_classifier_of_the_data_is_trained_where_it_is_missing_and_then_found(workdir, tmp_path):
    """The preset's own configuration, but shorter and smaller by the trainer that is handed in."""
    calls = []

    def trainer(config, folder):
        calls.append(config.preset)
        train(tfdgm.get_config("classifier:digits:smoke"), folder)

    arguments = {"metrics": ["fid"], "samples": {"num_samples": 100}, "extractor_dir": str(tmp_path)}
    with pytest.raises(ValueError, match="extractor 'classifier:digits' is not trained yet in"):
        evaluate(workdir, **arguments)
    reports = [evaluate(workdir, **arguments, train_extractor=trainer) for _ in range(2)]
    assert calls == ["classifier:digits"]
    assert reports[0]["metrics"] == reports[1]["metrics"] == evaluate(workdir, **arguments)["metrics"]
    assert [metric["name"] for metric in reports[0]["metrics"]] == ["c_fid"]
    assert reports[0]["extractor"]["name"] == "classifier:digits"
    assert len(reports[0]["extractor"]["sha256"]) == 64
