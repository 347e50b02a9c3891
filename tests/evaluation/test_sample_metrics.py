"""Each figure of the table is the function it is named after, of the right arrays, with the right words beside it."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation import class_shares, parzen_window, structural_similarity, wasserstein
from tfdgm.evaluation.comparison import Comparison, RealSide, flat
from tfdgm.evaluation.extractor import Extractor, ExtractorNetwork
from tfdgm.evaluation.frechet_distance import frechet_distance
from tfdgm.evaluation.inception_score import inception_score
from tfdgm.evaluation.kernel_distance import kernel_distance
from tfdgm.evaluation.neighbours import count_neighbours
from tfdgm.evaluation.sample_metrics import ABBREVIATIONS, SAMPLE_METRICS, expand

SPEC = DataSpec((4, 4, 1), domain="symmetric", num_classes=3)
SETTINGS = SampleEvaluation(
    num_samples=100, kid_subset_size=20, num_kid_subsets=5, num_projections=10, num_similarity_pairs=20,
    num_parzen_validation=30, num_assignment_points=40,
)  # fmt: skip


def outputs(x):
    rows = tf.reshape(x, [-1, 16])
    return {"features": rows[:, :5], "probabilities": tf.nn.softmax(4.0 * rows[:, 5:8])}


def images(num, seed):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (num, 4, 4, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def both():
    labels = np.arange(200) % 3
    data = Data.from_arrays(
        images(200, 0), images(50, 1), images(80, 2), spec=SPEC,
        label_train=labels, label_validation=labels[:50], label_test=labels[:80],
    )  # fmt: skip
    network = ExtractorNetwork("tiny", "ab" * 32, (4, 4, 1), "unit", outputs, num_classes=3)
    real = RealSide(data, "mine", "test", seed=3, extractor=Extractor(network, SPEC))
    return Comparison(real, SETTINGS, 0.8 * images(100, 4), np.arange(100) % 3)


def measured(name, both):
    return SAMPLE_METRICS[name].measure(both)


def test_figures_of_features(both):
    features = both.real.outputs.features, both.outputs.features
    np.testing.assert_allclose(features[0], (flat(both.real.x)[:, :5] + 1.0) / 2.0, rtol=1e-6)
    fid, kid = measured("fid", both), measured("kid", both)
    assert (fid.value, fid.standard_error) == (frechet_distance(*features), None)
    assert (kid.value, kid.standard_error) == kernel_distance(*features, subset_size=20, num_subsets=5, seed=3)
    assert kid.remark == "5 subsets of 20"
    counts = count_neighbours(*features, 5)
    for name in ("precision", "recall", "density", "coverage"):
        found = measured(name, both)
        assert (found.value, found.standard_error) == getattr(counts, name)()
        assert found.remark == "5 neighbours"


def test_figures_of_classes(both):
    probabilities = both.outputs.probabilities
    score, deviation = inception_score(probabilities, 10)
    found = measured("inception_score", both)
    assert (found.value, found.standard_error) == (score, pytest.approx(deviation / np.sqrt(10)))
    assert found.remark == f"10 parts with a standard deviation of {deviation:.2g}"
    found = measured("class_accuracy", both)
    assert (found.value, found.standard_error) == class_shares.class_accuracy(probabilities, both.labels)
    of_examples, _ = class_shares.class_accuracy(both.real.outputs.probabilities, np.arange(80) % 3)
    assert found.remark == f"the classifier is right about {of_examples:.2%} of test examples"
    found = measured("classes_present", both)
    assert found.value == class_shares.num_classes_present(probabilities, both.real.outputs.probabilities) == 3
    shares = ", ".join(f"{share:.1%}" for share in class_shares.class_shares(probabilities))
    assert found.remark == f"of 3 classes, each from a tenth of its share among examples; shares {shares}"


def test_share_that_satisfies_a_constraint_stands_beside_that_of_real_data(both):
    """Strokes of half the ink in the first and the last row."""
    found = measured("full_height", both)
    rows = [
        np.minimum(x[:, 0].max((1, 2)), x[:, -1].max((1, 2))) for x in (both.samples, images(200, 0)[:100], both.real.x)
    ]
    value, train, test = (np.mean(each >= 0.0) for each in rows)
    assert 0.3 < value < 1.0
    assert found.value == pytest.approx(value)
    assert found.standard_error == pytest.approx(np.sqrt(value * (1.0 - value) / 100))
    assert found.remark.endswith(f"; of training examples {train:.2%}, of test examples {test:.2%}")


def test_similarity_is_of_pixels_from_0_to_1(both):
    found = measured("ms_ssim", both)
    pairs = structural_similarity.pair_similarities((both.samples + 1.0) / 2.0, 20)
    assert found.value == pytest.approx(pairs.mean(), abs=1e-6)
    assert found.standard_error == pytest.approx(pairs.std(ddof=1) / np.sqrt(20), rel=1e-4)
    real = structural_similarity.pair_similarities((both.real.x + 1.0) / 2.0, 20).mean()
    expected = f"20 pairs, 1 of 5 scales with a filter of 4 pixels; 20 pairs of test examples give {real:.3f}"
    assert found.remark == expected


def test_parzen_window_chooses_on_validation_data_and_says_what_training_data_give(both):
    train, validation, x, samples = (
        flat((each + 1.0) / 2.0) for each in (images(200, 0)[:100], images(50, 1)[:30], images(80, 2), both.samples)
    )
    sigma, real_sigma = (
        parzen_window.choose_bandwidth(each, validation, SETTINGS.parzen_bandwidths) for each in (samples, train)
    )
    values = parzen_window.parzen_log_prob(samples, x, [sigma])[0]
    found = measured("parzen", both)
    assert found.value == pytest.approx(values.mean(), rel=1e-5)
    assert found.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(80), rel=1e-4)
    real = parzen_window.parzen_log_prob(train, x, [real_sigma])[0].mean()
    assert f"sigma {sigma:g} by 30 validation examples; 100 training examples in place of samples give {real:.1f}." in (
        found.remark
    )
    assert "Theis et al. 2016" in found.remark


def test_a_bandwidth_at_the_end_of_its_list_is_said_to_be_so(both):
    settings = SampleEvaluation(parzen_bandwidths=(0.2, 0.25), num_parzen_validation=30)
    again = Comparison(both.real, settings, both.samples)
    assert "validation examples, at the end of what there was to choose from" in measured("parzen", again).remark


def test_distances_to_the_split_with_those_of_training_examples_beside(both):
    found = measured("sliced_wasserstein", both)
    examples = flat(both.real.x)
    assert (found.value, found.standard_error) == wasserstein.sliced_distance(flat(both.samples), examples, 10, 1.0, 3)
    floor, _ = wasserstein.sliced_distance(flat(images(200, 0)[:100]), examples, 10, 1.0, 3)
    assert found.remark == f"W_1 over 10 directions; training examples give {floor:.3g}"
    found = measured("wasserstein", both)
    assert found.value == wasserstein.assignment_distance(flat(both.samples)[:40], examples[:40])
    floor = wasserstein.assignment_distance(flat(images(200, 0)[:40]), examples[:40])
    assert found.remark == f"W_1 of 40 points on either side, by assignment; training examples give {floor:.3g}"


def test_infinities_and_nan_are_counted_by_sample(both):
    samples = both.samples.copy()
    samples[3, 0, 0, 0] = samples[3, 1, 1, 0] = np.nan
    samples[7, 2, 0, 0] = np.inf
    samples[99, 3, 3, 0] = -np.inf
    assert measured("non_finite_samples", Comparison(both.real, SETTINGS, samples)).value == 3
    assert measured("non_finite_samples", both).value == 0


def test_names_stand_for_others():
    assert expand(["fid", "prdc", "is", "recall"]) == [
        "fid", "precision", "recall", "density", "coverage", "inception_score",
    ]  # fmt: skip
    assert expand(["c_fid", "fid", "c_inception_score", "elbo"]) == ["fid", "inception_score", "elbo"]
    assert not set(ABBREVIATIONS) & set(SAMPLE_METRICS)
    assert {each for names in ABBREVIATIONS.values() for each in names} <= set(SAMPLE_METRICS)


def test_units_are_cells_of_markdown_tables():
    assert not any("|" in metric.unit for metric in SAMPLE_METRICS.values())
