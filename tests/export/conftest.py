"""A run's folder as training leaves it, without the training."""

import pytest
import tensorflow as tf

import tfdgm
from tfdgm.data import open_data
from tfdgm.models.registry import build_from_config
from tfdgm.workdir.checkpoints import Checkpoints, State
from tfdgm.workdir.files import claim


@pytest.fixture(scope="session")
def make_run():
    """Writes the run of `vae:digits:smoke`, untrained, with the fields of its model's config that are given."""

    def make(workdir, **model_fields):
        config = tfdgm.get_config("vae:digits:smoke")
        for name, value in model_fields.items():
            setattr(config.model, name, value)
        spec = open_data(config.data).spec
        claim(workdir, config, spec, tfdgm.__version__)
        model = build_from_config(config.model, spec, seed=config.seed)
        model.step.assign(120)
        Checkpoints(workdir).save(tf.train.Checkpoint(model=model), State(step=120, phase="train"))
        return workdir

    return make


@pytest.fixture(scope="session")
def workdir(make_run, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))
