"""What the data tests share: a data folder of their own, and the embedded digits."""

import os
import pathlib
from collections.abc import Iterator

import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import Data, open_data


@pytest.fixture(scope="session", autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """A data folder for the session, so that tests neither see nor leave prepared data."""
    folder = tmp_path_factory.mktemp("tfds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDGM_DATA_DIR", os.fspath(folder))
        yield folder


@pytest.fixture(scope="session")
def manual_dir() -> str:
    """The folder of raw files; skips where there is none."""
    folder = os.environ.get("TFDGM_MANUAL_DIR", "")
    if not folder:
        pytest.skip("needs raw data: set TFDGM_MANUAL_DIR to the folder that holds them")
    return folder


@pytest.fixture(scope="session")
def digits(data_dir: pathlib.Path) -> Data:
    """The embedded digits as binary images, binarised dynamically."""
    return open_data(DataConfig(name="digits", domain="binary"))
