"""Measures of samples for training: of vectors without an extractor, of images with the classifier of the data."""

import numpy as np
import pytest

import tfdgm
from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation import extractor_files
from tfdgm.evaluation.extractor import Extractor, ExtractorNetwork
from tfdgm.math.mixtures import MIXTURES
from trainers.training_measures import measure_maker


def config(data, *names):
    made = tfdgm.get_config("vae:digits:smoke")
    made.data.name, made.training.sample_metrics, made.training.num_metric_samples = data, names, 100
    return made


def test_figures_of_mixtures_need_no_extractor(monkeypatch):
    monkeypatch.setattr(extractor_files, "open_extractor", lambda *args, **kwargs: pytest.fail("one was opened"))
    x = MIXTURES["mixture8"].sample(np.random.default_rng(0), 100)[0].astype(np.float32)
    data = Data.from_arrays(x, x, x, spec=DataSpec((2,), domain="real"))
    measure = measure_maker("raw")(config("mixture8", "modes_covered", "high_quality"), data)
    assert measure(x)["modes_covered"] == 8.0
    assert measure(x + 1.0) == {"modes_covered": 0.0, "high_quality": 0.0}


def test_figures_of_features_get_the_configured_extractor(monkeypatch):
    asked, spec = [], DataSpec((2, 2, 1))

    def opened(settings, name, spec, *, folder, train):
        asked.append((settings.extractor, name, folder, callable(train)))
        network = ExtractorNetwork("tiny", "ab" * 32, (2, 2, 1), "unit", lambda x: {"features": x[:, 0, :, 0]})
        return Extractor(network, spec)

    monkeypatch.setattr(extractor_files, "open_extractor", opened)
    x = np.random.default_rng(0).random((100, 2, 2, 1)).astype(np.float32)
    measure = measure_maker("raw", "cache")(config("mnist", "fid", "kid"), Data.from_arrays(x, x, x, spec=spec))
    assert asked == [("", "mnist", "cache", True)]
    assert measure(x)["fid"] == pytest.approx(0.0, abs=1e-9)
    assert measure(0.5 * x)["fid"] > 0.1
