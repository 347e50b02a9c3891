"""What the data tests share: the embedded digits, the raw files, and how to look at a split."""

import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import Data, Split, open_data


@pytest.fixture
def data_dir(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty data folder, and no raw files named by the environment."""
    folder = tmp_path / "prepared"
    monkeypatch.setenv("TFDGM_DATA_DIR", os.fspath(folder))
    monkeypatch.delenv("TFDGM_MANUAL_DIR", raising=False)
    monkeypatch.delenv("TFDGM_ALLOW_DOWNLOAD", raising=False)
    return folder


@pytest.fixture(scope="session")
def manual_dir() -> str:
    """The folder of raw files; skips where there is none."""
    folder = os.environ.get("TFDGM_MANUAL_DIR", "")
    if not folder:
        pytest.skip("needs raw data: set TFDGM_MANUAL_DIR to the folder that holds them")
    return folder


@pytest.fixture(scope="session")
def digits() -> Data:
    """The embedded digits as binary images, binarised dynamically."""
    return open_data(DataConfig(name="digits", domain="binary"))


@pytest.fixture
def read_split():
    """Reads a whole split: its raw arrays by name."""

    def read(split: Split) -> dict[str, np.ndarray]:
        return {
            name: value.numpy() for name, value in split.gather(tf.range(split.num_examples, dtype=tf.int64)).items()
        }

    return read
