import math

import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs import UnknownNameError
from tfdgm.configs.sample_evaluation import SampleEvaluation
from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation.extractor import Extractor, ExtractorNetwork
from tfdgm.evaluation.frechet_distance import frechet_distance
from tfdgm.evaluation.kernel_distance import kernel_distance
from tfdgm.evaluation.training_metrics import needs_extractor, training_metrics
from tfdgm.evaluation.wasserstein import assignment_distance, sliced_distance
from tfdgm.math.mixtures import MIXTURES

MIXTURE = MIXTURES["mixture8"]
IMAGES = DataSpec((2, 2, 1), num_classes=3)


def config(name="mixture8", **evaluation):
    made = tfdgm.get_config("vae:digits:smoke")
    made.data.name = name
    made.evaluation = SampleEvaluation(num_projections=20, num_kid_subsets=5, **evaluation)
    made.seed = 4
    return made


def points(num, seed):
    return MIXTURE.sample(np.random.default_rng(seed), num)[0].astype(np.float32)


@pytest.fixture(scope="module")
def mixture_data():
    return Data.from_arrays(points(100, 0), points(120, 1), points(10, 2), spec=DataSpec((2,), domain="real"))


@pytest.fixture
def image_data():
    x = np.random.default_rng(0).random((150, 2, 2, 1)).astype(np.float32)
    labels = np.arange(150) % 3
    return Data.from_arrays(
        x, x[:90], None, spec=IMAGES, label_train=labels, label_validation=labels[:90], label_test=[]
    )


def make_extractor(calls):
    def outputs(x):
        calls.append(x.shape)
        return {"features": tf.reshape(x, [-1, 4])}

    return Extractor(ExtractorNetwork("tiny", "ab" * 32, (2, 2, 1), "unit", outputs), IMAGES)


def test_figures_of_vectors_are_those_against_validation_data(mixture_data):
    names = ["modes_covered", "high_quality", "sliced_wasserstein", "wasserstein"]
    measure = training_metrics(names, config(), mixture_data, num_samples=120)
    samples = points(120, 3)
    samples[samples[:, 0] > 0.0] *= 1.5
    found = measure(samples)
    assert list(found) == names
    assert all(type(value) is float for value in found.values())
    validation = points(120, 1)
    assert found["sliced_wasserstein"] == sliced_distance(samples, validation, 20, seed=4)[0]
    assert found["wasserstein"] == assignment_distance(samples, validation)
    assert found["modes_covered"] == 5.0  # the three with x > 0 are off
    assert 0.5 < found["high_quality"] < 0.8
    assert measure(samples) == found


def test_features_of_validation_data_are_worked_out_once(image_data):
    extractor, extracted = make_extractor([]), []
    extract = extractor.extract
    extractor.extract = lambda x, *title: extracted.append(len(x)) or extract(x, *title)
    measure = training_metrics(["fid", "kid"], config("mnist"), image_data, extractor=extractor, num_samples=60)
    samples = np.random.default_rng(1).random((60, 2, 2, 1)).astype(np.float32)
    found = measure(samples)
    assert measure(samples) == found
    assert sorted(extracted)[-3:] == [60, 60, 90]
    features = extractor.features(image_data_x(image_data)), extractor.features(samples)
    assert found["fid"] == pytest.approx(frechet_distance(*features))
    # Subsets of 30 are what 60 samples allow.
    assert found["kid"] == pytest.approx(kernel_distance(*features, subset_size=30, num_subsets=5, seed=4)[0])


def image_data_x(data):
    return data.splits["validation"].gather(tf.range(90, dtype=tf.int64))["x"].numpy()


def test_samples_that_are_not_finite_have_no_figures(mixture_data):
    samples = points(120, 3)
    samples[5] = np.nan
    found = training_metrics(["modes_covered", "high_quality"], config(), mixture_data, num_samples=120)(samples)
    assert set(found) == {"modes_covered", "high_quality"}
    assert all(math.isnan(value) for value in found.values())


def test_samples_that_are_not_finite_are_counted(mixture_data):
    samples = points(120, 3)
    samples[[5, 70], 0] = np.inf
    found = training_metrics(["modes_covered", "non_finite_samples"], config(), mixture_data, num_samples=120)(samples)
    assert math.isnan(found["modes_covered"])
    assert found["non_finite_samples"] == 2.0


def test_names_say_whether_an_extractor_is_needed(image_data):
    assert needs_extractor(["modes_covered", "prdc"])
    assert not needs_extractor(["modes_covered", "sliced_wasserstein", "elbo"])
    with pytest.raises(ValueError, match="metric 'precision' needs an extractor of features"):
        training_metrics(["prdc"], config("mnist"), image_data)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["modes_coverd"], r"metric of samples 'modes_coverd' is unknown; did you mean 'modes_covered'\?"),
        (["fid"], "metric 'fid' needs data that are images"),
    ],
)
def test_what_cannot_be_had_of_such_data_is_refused(mixture_data, names, words):
    with pytest.raises(ValueError, match=words) as caught:
        training_metrics(names, config(), mixture_data)
    assert isinstance(caught.value, UnknownNameError) == ("unknown" in words)


def test_labels_and_too_few_samples_are_refused(image_data):
    extractor = make_extractor([])
    with pytest.raises(
        ValueError, match="'class_accuracy' needs samples of given labels, which training does not draw"
    ):
        training_metrics(["class_accuracy"], config("mnist"), image_data, extractor=extractor)
    with pytest.raises(ValueError, match="metric 'modes_covered' needs data that are a known mixture"):
        training_metrics(["modes_covered"], config("mnist"), image_data)
    with pytest.raises(ValueError, match="there are 4 samples; metric 'fid' on 4 features needs at least 5"):
        training_metrics(["fid"], config("mnist"), image_data, extractor=extractor, num_samples=4)
