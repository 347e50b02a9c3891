"""Points of a plot of latents."""

import numpy as np
import pytest

from tests.goldens.precision import dtype_policy
from tfdgm.configs.experiment import DataConfig
from tfdgm.core.types import DataSpec
from tfdgm.data import Data
from tfdgm.evaluation import latent_plot
from tfdgm.models.registry import build

SPEC = DataSpec((2, 2, 1), domain="binary", num_levels=2, num_classes=3)
X = (np.random.default_rng(0).random((7, 2, 2, 1)) < 0.5).astype(np.int32)
LABEL = np.array([0, 1, 2, 1, 0, 2, 1], np.int32)


@pytest.fixture
def opened(monkeypatch):
    """Opens a run of a model of the test's, of seven examples."""

    def open_as(model):
        data = Data.from_arrays(
            X, X, X, spec=SPEC, label_train=LABEL, label_validation=LABEL, label_test=LABEL, num_levels=2
        )
        config = type("Config", (), {"data": DataConfig(name="digits", num_labels=100), "seed": 0})
        monkeypatch.setattr(latent_plot, "read_config", lambda workdir: (config, SPEC))
        monkeypatch.setattr(latent_plot, "restore_model", lambda workdir: (model, None))
        seen = []
        monkeypatch.setattr(latent_plot, "open_data", lambda config, manual_dir: seen.append(config) or data)
        return seen

    return open_as


def test_points_are_draws_of_the_posterior_with_every_label_shown(opened):
    model = build("aae", SPEC, latent_dim=2, hidden_sizes=(4,), discriminator_hidden_sizes=(4,))
    configs = opened(model)
    points, labels = latent_plot.latent_points("run")
    np.testing.assert_allclose(points, model.sample_posterior(X.astype(np.float32), np.arange(7)), rtol=1e-6)
    np.testing.assert_array_equal(labels, LABEL)
    assert configs[0].num_labels == 0
    curves = latent_plot.by_class(points, labels)
    assert [(curve.name, len(curve.x), curve.joined) for curve in curves] == [
        ("0", 2, False),
        ("1", 3, False),
        ("2", 2, False),
    ]
    np.testing.assert_array_equal(np.stack([curves[1].x, curves[1].y], axis=1), points[[1, 3, 6]])


def test_other_models_are_refused(opened):
    opened(build("aae", SPEC, latent_dim=3, hidden_sizes=(4,), discriminator_hidden_sizes=(4,)))
    with pytest.raises(ValueError, match=r"latent_dim is 3 in run; a plot needs 2, as in aae:digits:plane"):
        latent_plot.latent_points("run")
    with pytest.raises(ValueError, match=r"split is 'all'"):
        latent_plot.latent_points("run", split="all")
    with dtype_policy("float32"):
        opened(build("classifier", SPEC, network="mlp", hidden_sizes=(4,)))
    with pytest.raises(ValueError, match=r"run is a run of classifier, which has no encoder"):
        latent_plot.latent_points("run")
