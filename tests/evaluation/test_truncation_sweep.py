"""A sweep over truncations: what is drawn, held against which split, written and shown; refusals."""

import json
import math

import keras
import numpy as np
import pytest

import tfdgm
from tfdgm.evaluation import truncation_sweep
from tfdgm.evaluation.comparison import draw_samples
from tfdgm.evaluation.figure import Figure
from tfdgm.evaluation.run import evaluate
from tfdgm.evaluation.truncation_sweep import Point, sweep
from tfdgm.training.run import train
from tfdgm.workdir.restore import restore_model

METRICS = ("fid", "is", "class_accuracy")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("biggan")
    config = tfdgm.get_config("biggan:digits:smoke")
    config.training.num_steps = 20
    train(config, folder)
    return folder


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Settings with an untrained extractor of 8x8 images."""
    path = tmp_path_factory.mktemp("extractor") / "tiny.keras"
    layers = [keras.layers.Flatten(), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(10, "softmax")]
    keras.Sequential([keras.Input((8, 8, 1)), *layers]).save(path)
    return {"extractor": str(path), "num_samples": 200}


@pytest.fixture(scope="module")
def points(run, samples):
    return sweep(run, (math.inf, 0.5, 0.5, 0.1), metrics=METRICS, samples=samples)


def test_points_go_up_to_no_truncation_each_with_every_figure(points):
    assert [point.truncation for point in points] == [0.1, 0.5, math.inf]
    for point in points:
        assert [figure.name for figure in point.figures] == ["fid", "inception_score", "class_accuracy"]
        fid = point.figures[0]
        assert (fid.split, fid.num_examples, fid.num_samples, fid.seed) == ("validation", 250, 200, 0)
        assert f"truncation {point.truncation:g} against 250 validation examples" in fid.note
    assert len({point.value("fid") for point in points}) == 3


def test_without_truncation_figures_are_those_of_evaluation(run, samples, points):
    report = evaluate(run, metrics=METRICS, split="validation", samples=samples)
    values = {figure["name"]: figure["value"] for figure in report["metrics"]}
    assert {figure.name: figure.value for figure in points[-1].figures} == pytest.approx(values, rel=1e-5)


def test_samples_of_a_truncation_are_of_the_same_seeds(run):
    model, _ = restore_model(run)
    labels = np.arange(30, dtype=np.int32) % 10
    whole, narrow, none = (draw_samples(model, 30, 0, labels, truncation=limit) for limit in (math.inf, 0.01, 0.0))
    np.testing.assert_array_equal(whole, none)
    np.testing.assert_allclose(draw_samples(model, 30, 0, labels), whole, atol=1e-6)
    # Within 0.01 samples of a class are all but one.
    assert narrow[::10].std(axis=0).max() < 0.1 * whole[::10].std(axis=0).max()


def test_the_run_keeps_the_points_and_what_they_rest_on(run, points):
    stored = json.loads((run / truncation_sweep.SWEEP).read_text())
    assert [point["truncation"] for point in stored["points"]] == [0.1, 0.5, None]
    assert stored["points"][1]["metrics"][0]["value"] == points[1].value("fid")
    assert (stored["split"], stored["checkpoint"]["uses_ema"]) == ("validation", True)
    assert stored["extractor"]["name"]
    assert stored["samples"]["num_samples"] == 200


def _point(truncation, **values):
    units = {"c_fid": "squared distance", "c_inception_score": "classes", "non_finite_samples": "samples"}
    return Point(
        truncation,
        [
            Figure(name, value, units.get(name, "share"), "estimate", None, 250, 0, "validation", 0, num_samples=200)
            for name, value in values.items()
        ],
    )


_POINTS = [
    _point(0.5, c_fid=4.0, c_inception_score=8.0, precision=0.9, recall=0.3),
    _point(1.0, c_fid=2.5, c_inception_score=7.0, precision=0.8, recall=0.5),
    _point(math.inf, c_fid=3.0, c_inception_score=None, precision=0.7, recall=0.6),
]


def test_the_table_says_where_each_figure_is_best_and_on_which_split():
    head, *rows, fid, score, precision, recall, rests_on = truncation_sweep.table(_POINTS).splitlines()
    assert head.split() == ["truncation", "c_fid", "c_inception_score", "precision", "recall"]
    assert [row.split() for row in rows] == [
        ["0.5", "4", "8", "0.9", "0.3"],
        ["1", "2.5", "7", "0.8", "0.5"],
        ["none", "3", "nan", "0.7", "0.6"],
    ]
    assert fid == "least c_fid: 2.5 at truncation 1"
    assert score == "highest c_inception_score: 8 at truncation 0.5"
    assert precision == "highest precision: 0.9 at truncation 0.5"
    assert recall == "highest recall: 0.6 at truncation none"
    assert rests_on.endswith("against the validation split")
    nowhere = truncation_sweep.table([_point(1.0, c_fid=None)])
    assert "c_fid: at no truncation are all samples finite" in nowhere


def test_panels_are_fidelity_against_variety_and_figures_by_truncation():
    trade, neighbours, fid, score, shares = truncation_sweep.panels(_POINTS)
    assert (trade.x_label, trade.y_label) == ("c_inception_score", "c_fid")
    assert trade.curves[0].labels == ["0.5", "1", "none"]
    assert (neighbours.x_label, neighbours.y_label) == ("recall", "precision")
    assert list(neighbours.curves[0].x) == [0.3, 0.5, 0.6]
    assert (fid.y_label, score.y_label, shares.y_label) == ("squared distance", "classes", "share")
    assert [curve.name for curve in shares.curves] == ["precision", "recall"]
    assert set(shares.curves[0].labels) == {""}
    np.testing.assert_allclose(fid.curves[0].x, [0.3829249, 0.6826895, 1.0], rtol=1e-6)
    (alone,) = truncation_sweep.panels([_point(1.0, c_fid=1.0)])
    assert alone.title == "c_fid"


def test_refused(run, workdir, samples, monkeypatch):
    monkeypatch.setattr("tfdgm.evaluation.opened_run.open_data", lambda *args, **kwargs: pytest.fail("data was read"))
    with pytest.raises(ValueError, match="vae has no truncation: its 'sample' takes seeds; take a run of biggan"):
        sweep(workdir, (1.0,), metrics=METRICS, samples=samples)
    with pytest.raises(
        ValueError, match=r"truncations hold \[0.0\]; they must be above 0, infinite where there is none"
    ):
        sweep(run, (0.0, 1.0), metrics=METRICS)
    with pytest.raises(ValueError, match="truncations hold nothing"):
        sweep(run, (), metrics=METRICS)
    with pytest.raises(ValueError, match="metric 'elbo' is no figure of samples; those are fid, kid"):
        sweep(run, (1.0,), metrics=("fid", "elbo"))
