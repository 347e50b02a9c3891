"""The table of models."""

import subprocess
import sys

import pytest

from tfdgm.configs import UnknownNameError, get_config, presets
from tfdgm.core.types import DataSpec
from tfdgm.models import registry

SPEC = DataSpec((4, 4, 1), domain="binary", num_levels=2)


def test_build_takes_fields_and_names_the_model():
    model = registry.build("vae", SPEC, latent_dim=3, hidden_sizes=(5,), seed=7)
    assert (model.name, model.latent_dim, model.seed, model.event_shape) == ("vae", 3, 7, (4, 4, 1))


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(UnknownNameError, match="model 'vea' is unknown; did you mean 'vae'"):
        registry.build("vea", SPEC)


def test_every_preset_builds_a_registered_model():
    for name in presets():
        assert get_config(f"{name}:smoke").model.model_name in registry.list_models()


def test_listing_models_imports_none():
    code = "import sys, tfdgm.models.registry as r; r.list_models(); print('tfdgm.models.vae' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
