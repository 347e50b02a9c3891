"""What every test shares: two logical devices, fixed seeds, one folder of prepared data, no log of TensorFlow's."""

import atexit
import os
import shutil
import tempfile

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "TFDGM_DATA_DIR" not in os.environ:
    # Set before any worker or subprocess starts, so that all of them prepare each data set once.
    os.environ["TFDGM_DATA_DIR"] = tempfile.mkdtemp(prefix="tfdgm-data-")
    atexit.register(shutil.rmtree, os.environ["TFDGM_DATA_DIR"], ignore_errors=True)

import keras
import tensorflow as tf

# Replicas need devices, and devices can only be split before TensorFlow first uses them.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    keras.utils.set_random_seed(0)
