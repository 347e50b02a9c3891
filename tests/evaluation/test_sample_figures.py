import dataclasses
import types

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.configs import get_config
from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.configs.vae import VAEEvaluation
from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.data import Data, open_data
from tfdgm.evaluation.comparison import RealSide
from tfdgm.evaluation.extractor import Extractor, ExtractorNetwork
from tfdgm.evaluation.sample_figures import check_extractor, check_numbers, lacking, sample_figures, sample_settings

SPEC = DataSpec((2, 2, 1), num_classes=2)


class Sampler:
    name = "sampler"

    def __init__(self, spec=SPEC):
        self.spec, self.num_drawn = spec, 0

    def sample(self, seeds):
        self.num_drawn += 1
        return philox.row_uniform(seeds, self.spec.shape)


class Conditional(Sampler):
    def sample(self, seeds, label):
        return philox.row_uniform(seeds, self.spec.shape) * 0.1 + 0.8 * tf.reshape(
            tf.cast(label, tf.float32), [-1, 1, 1, 1]
        )


class Diverged(Sampler):
    def sample(self, seeds):
        x = super().sample(seeds)
        return tf.where(x[:, :1, :1] > 0.9, np.nan, x)


def flat(x):
    return tf.reshape(x, [-1, 4])


def make_network(num_classes=2, **fields):
    def outputs(x):
        side = tf.reduce_mean(flat(x), axis=1, keepdims=True) - 0.5
        probabilities = {"probabilities": tf.nn.softmax(tf.concat([-20.0 * side, 20.0 * side], axis=1))}
        return {"features": flat(x), **(probabilities if num_classes else {})}

    return ExtractorNetwork("tiny", "0123456789abcdef" * 4, (2, 2, 1), "unit", outputs, num_classes, **fields)


def real_side(**fields):
    labels = np.arange(100) % 2
    x = 0.8 * labels[:, np.newaxis, np.newaxis, np.newaxis] + 0.1 * np.random.default_rng(0).random((100, 2, 2, 1))
    x = x.astype(np.float32)
    data = Data.from_arrays(
        x, x[:50], x[50:], spec=SPEC, label_train=labels, label_validation=labels[:50], label_test=labels[50:]
    )
    return RealSide(data, "mine", "test", seed=5, extractor=Extractor(make_network(**fields), SPEC))


SETTINGS = SampleEvaluation(num_samples=60, kid_subset_size=10, num_kid_subsets=4, num_score_splits=2)


def test_a_figure_says_what_it_rests_on():
    fid, precision, score = sample_figures(["fid", "precision", "inception_score"], Sampler(), real_side(), SETTINGS)
    assert (fid.name, fid.unit, fid.kind, fid.standard_error) == ("fid", "squared distance", "estimate", None)
    assert (fid.num_examples, fid.num_samples, fid.split, fid.seed, fid.num_non_finite) == (50, 60, "test", 5, 0)
    extractor = "tiny, sha256 0123456789ab; images 2x2 as they are, clipped and scaled to [0, 1]"
    assert fid.note == f"{extractor}; 60 samples against 50 test examples"
    assert precision.note == f"5 neighbours; {fid.note}"
    assert precision.standard_error >= 0.0
    assert (score.num_examples, score.split) == (0, "")
    assert score.note.endswith(f"{extractor}; 60 samples")
    assert isinstance(fid.value, float)


def test_figures_on_a_classifier_of_this_package_have_names_of_their_own():
    names = ["fid", "kid", "inception_score", "precision"]
    found = sample_figures(names, Sampler(), real_side(is_classifier=True), SETTINGS)
    assert [figure.name for figure in found] == ["c_fid", "kid", "c_inception_score", "precision"]


def test_samples_are_drawn_once_for_all_and_by_the_seed():
    sampler, names = Sampler(), ["fid", "sliced_wasserstein", "ms_ssim"]
    settings = dataclasses.replace(SETTINGS, num_similarity_pairs=10)
    first = sample_figures(names, sampler, real_side(), settings)
    assert sampler.num_drawn == 1
    assert sample_figures(names, Sampler(), real_side(), settings) == first
    assert sample_figures([], Sampler(), real_side(), settings) == []


def test_conditional_samples_have_the_labels_of_training_examples():
    accuracy, present = sample_figures(["class_accuracy", "classes_present"], Conditional(), real_side(), SETTINGS)
    assert (accuracy.value, accuracy.standard_error) == (1.0, 0.0)
    assert present.value == 2.0
    assert "60 samples of labels as in the training split against 50 test examples" in accuracy.note
    assert "shares 50.0%, 50.0%" in present.note


def test_samples_that_are_not_finite_give_no_figure():
    (figure,) = sample_figures(["fid"], Diverged(), real_side(), SETTINGS)
    assert (figure.value, figure.standard_error, figure.note) == (None, None, "")
    assert 0 < figure.num_non_finite < 60


def test_samples_that_are_not_finite_are_counted():
    settings = SampleEvaluation(num_samples=1_000)
    (count,) = sample_figures(["non_finite_samples"], Diverged(), real_side(), settings)
    # Each sample is so where a uniform exceeds 0.9.
    assert count.value == count.num_non_finite
    assert 60 < count.value < 140
    assert (count.unit, count.kind, count.standard_error) == ("samples", "exact", None)
    assert (count.num_samples, count.num_examples, count.split) == (1_000, 0, "")
    assert count.note == "those that hold infinity or NaN; 1,000 samples"
    (none,) = sample_figures(["non_finite_samples"], Sampler(), real_side(), SampleEvaluation(num_samples=1))
    assert (none.value, none.num_non_finite) == (0.0, 0)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("fid", {"num_samples": 4}, "there are 4 samples; metric 'fid' on 4 features needs at least 5"),
        ("kid", {"kid_subset_size": 26}, "there are 50 examples; metric 'kid' on 4 features needs at least 52"),
        ("kid", {"kid_subset_size": 31}, "there are 60 samples; metric 'kid' on 4 features needs at least 62"),
        ("recall", {"num_neighbours": 50}, "there are 50 examples; metric 'recall' on 4 features needs at least 51"),
        ("inception_score", {"num_score_splits": 31}, "there are 60 samples; .* needs at least 62"),
        ("ms_ssim", {}, "there are 60 samples; metric 'ms_ssim' needs at least 2,000"),
        ("parzen", {"num_samples": 0}, "num_samples is 0; it must be at least 1"),
    ],
)
def test_too_few_are_refused_with_the_number_before_any_is_drawn(name, settings, words):
    sampler = Sampler()
    with pytest.raises(ValueError, match=words):
        sample_figures([name], sampler, real_side(), dataclasses.replace(SETTINGS, **settings))
    assert sampler.num_drawn == 0


@pytest.mark.parametrize("name", ["dcgan:digits", "dcgan:digits:conditional", "biggan:digits", "progan:digits"])
def test_figures_of_a_preset_are_for_as_many_examples_as_there_are(name):
    config = get_config(name)
    num_features = get_config("classifier:digits").model.hidden_sizes[-1]
    extractor = types.SimpleNamespace(network=types.SimpleNamespace(num_classes=10), num_features=num_features)
    num_examples = open_data(config.data).splits["test"].num_examples
    check_numbers(config.evaluation.metrics, sample_settings(config.evaluation), extractor, num_examples)


def test_an_extractor_without_the_classes_is_refused():
    with pytest.raises(ValueError, match="metric 'inception_score' needs probabilities, and extractor tiny gives feat"):
        sample_figures(["fid", "inception_score"], Sampler(), real_side(num_classes=0), SETTINGS)
    with pytest.raises(ValueError, match="needs the 3 classes of the data, and extractor tiny knows 2"):
        check_extractor(["class_accuracy"], DataSpec((2, 2, 1), num_classes=3), real_side().extractor)
    with pytest.raises(ValueError, match="metric 'fid' needs an extractor of features"):
        check_extractor(["fid"], SPEC, None)


@pytest.mark.parametrize(
    ("name", "model", "spec", "data_name", "lack"),
    [
        ("fid", Sampler(), SPEC, "mnist", ""),
        ("fid", object(), SPEC, "mnist", "'sample'"),
        ("fid", Sampler(), DataSpec((2,), domain="real"), "mixture8", "data that are images"),
        ("ms_ssim", Sampler(), DataSpec((2,), domain="real"), "mixture8", "data that are images"),
        ("wasserstein", Sampler(), SPEC, "mnist", "data that are vectors"),
        ("wasserstein", Sampler(), DataSpec((2,), domain="real"), "mixture8", ""),
        ("modes_covered", Sampler(), DataSpec((2,), domain="real"), "mixture8", ""),
        ("parzen", Sampler(), DataSpec((2,), domain="real"), "mixture8", "data that are images"),
        ("non_finite_samples", Sampler(), DataSpec((2,), domain="real"), "mixture8", ""),
        ("non_finite_samples", Conditional(), DataSpec((2, 2, 1), domain="logit", num_levels=0), "mnist", ""),
        ("non_finite_samples", object(), SPEC, "mnist", "'sample'"),
        ("modes_covered", Sampler(), DataSpec((2,), domain="real"), "other", "data that are a known mixture"),
        ("class_accuracy", Sampler(), SPEC, "mnist", "a 'sample' that takes 'label'"),
        ("class_accuracy", Conditional(), SPEC, "mnist", ""),
        ("class_accuracy", Conditional(), DataSpec((2, 2, 1)), "mnist", "a 'sample' that takes 'label'"),
        ("parzen", Sampler(), DataSpec((3,), domain="tokens"), "text", "data that are numbers"),
    ],
)
def test_what_a_figure_lacks(name, model, spec, data_name, lack):
    assert lacking(name, model, spec, data_name) == lack


def test_settings_are_the_family_s_own_the_defaults_elsewhere_and_what_is_given():
    assert sample_settings(VAEEvaluation()) == SampleEvaluation()
    assert sample_settings(None, extractor="", num_samples=0) == SampleEvaluation()
    own = SampleEvaluation(metrics=("fid",), num_samples=50)
    assert sample_settings(own) == own
    assert sample_settings(own, extractor="x.keras", num_samples=7) == SampleEvaluation(
        ("fid",), "x.keras", num_samples=7
    )

    @dataclasses.dataclass
    class Some:
        num_neighbours: int = 3

    assert sample_settings(Some()) == SampleEvaluation(num_neighbours=3)
