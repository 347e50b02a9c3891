"""The list of data sets, and that it is had without TensorFlow."""

import subprocess
import sys

import pytest

from tfdgm.data import list_datasets
from tfdgm.data.catalog import find_dataset


def test_every_data_set_has_one_line() -> None:
    datasets = list_datasets()
    assert {"digits", "mnist", "folder"} <= datasets.keys()
    assert all(line and "\n" not in line for line in datasets.values())


def test_listing_imports_no_tensorflow() -> None:
    code = "import sys, tfdgm.data; tfdgm.data.list_datasets(); print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_unknown_name_is_answered_with_all() -> None:
    with pytest.raises(ValueError, match="data.name is 'zzz'; it must be one of .*digits, fashion_mnist"):
        find_dataset("zzz")
