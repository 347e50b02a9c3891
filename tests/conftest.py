"""What every test shares: two logical devices, fixed seeds, one folder of prepared data, no log of TensorFlow's."""

import atexit
import os
import shutil
import tempfile

import pytest

from tfdgm.core.loading import load_tensorflow

if "TFDGM_DATA_DIR" not in os.environ:
    # Set before any worker or subprocess starts, so that all of them prepare each data set once.
    os.environ["TFDGM_DATA_DIR"] = tempfile.mkdtemp(prefix="tfdgm-data-")
    atexit.register(shutil.rmtree, os.environ["TFDGM_DATA_DIR"], ignore_errors=True)

# Here, for the conftest files of sub-folders import TensorFlow before any hook runs.
load_tensorflow()


def pytest_configure() -> None:
    """Splits the CPU in two: replicas need devices, and TensorFlow fixes them at its first use."""
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture
def eagerly():
    """Functions run without graphs: quicker where each would run once or twice."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def make_run():
    """Writes the run of a preset, untrained, with the fields of its model's config that are given."""
    import tensorflow as tf

    import tfdgm
    from tfdgm.models.registry import build_from_config
    from tfdgm.workdir.checkpoints import Checkpoints, State
    from tfdgm.workdir.files import claim

    def make(workdir, preset="vae:digits:smoke", **model_fields):
        config = tfdgm.get_config(preset)
        config.training.ema_decay = 0.0  # the checkpoint has the model alone
        for name, value in model_fields.items():
            setattr(config.model, name, value)
        spec = tfdgm.open_data(config.data).spec
        claim(workdir, config, spec, tfdgm.__version__)
        model = build_from_config(config.model, spec, seed=config.seed)
        model.step.assign(120)
        Checkpoints(workdir).save(tf.train.Checkpoint(model=model), State(step=120, phase="train"))
        return workdir

    return make


@pytest.fixture(scope="session")
def workdir(make_run, tmp_path_factory):
    """Such a run, which tests only read."""
    return make_run(tmp_path_factory.mktemp("run"))
