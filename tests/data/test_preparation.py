"""What is said when raw files are missing, and that preparing is done once."""

import gzip
import multiprocessing
import os
import pathlib

import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import open_data, preparation
from tfdgm.data.preparation import prepared_builder


def test_a_missing_raw_file_is_named_with_the_folder(data_dir, tmp_path) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"")
    with pytest.raises(FileNotFoundError) as raised:
        prepared_builder("mnist", os.fspath(tmp_path))
    message = str(raised.value)
    for part in ("train-labels-idx1-ubyte.gz", os.fspath(tmp_path / "mnist"), "--manual_dir", "TFDGM_MANUAL_DIR"):
        assert part in message


def test_no_manual_folder_says_what_can_be_done(data_dir) -> None:
    with pytest.raises(FileNotFoundError, match="mnist.*TFDGM_MANUAL_DIR.*TFDGM_ALLOW_DOWNLOAD=1"):
        prepared_builder("mnist")
    with pytest.raises(FileNotFoundError, match="frey_rawface.mat") as raised:
        prepared_builder("frey_faces")
    assert "TFDGM_ALLOW_DOWNLOAD" not in str(raised.value)  # there is nowhere to download it from


def test_the_manual_folder_can_be_named_by_the_environment(data_dir, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TFDGM_MANUAL_DIR", os.fspath(tmp_path / "elsewhere"))
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        prepared_builder("omniglot_small")


def test_downloading_is_left_to_tfds_where_it_is_allowed(data_dir, monkeypatch) -> None:
    monkeypatch.setenv("TFDGM_ALLOW_DOWNLOAD", "1")
    prepared = []
    monkeypatch.setattr(preparation, "prepare", lambda builder, **kwargs: prepared.append((builder.name, kwargs)))
    prepared_builder("fashion_mnist")
    assert prepared == [("fashion_mnist", {})]


def test_compressed_raw_files_are_unpacked(data_dir, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "binarized_mnist"
    folder.mkdir()
    for part in ("train", "valid"):
        with gzip.open(folder / f"binarized_mnist_{part}.amat.gz", "wb") as file:
            file.write(part.encode())
    (folder / "binarized_mnist_test.amat").write_bytes(b"test")
    seen = {}

    def prepare(builder: object, *, manual_dir: pathlib.Path, **kwargs: object) -> None:
        seen.update({path.name: path.read_bytes() for path in manual_dir.iterdir()})

    monkeypatch.setattr(preparation, "prepare", prepare)
    prepared_builder("binarized_mnist", os.fspath(tmp_path))
    assert seen == {f"binarized_mnist_{part}.amat": part.encode() for part in ("train", "valid", "test")}
    assert not list(data_dir.glob("unpacked-*"))


def test_preparing_prints_one_line_and_leaves_nothing_else(data_dir, capfd) -> None:
    prepared_builder("digits")
    output = capfd.readouterr()
    assert output.out == f"Preparing data set digits/1.0.0 in {data_dir}\n"
    prepared_builder("digits")
    assert capfd.readouterr().out == ""
    assert {path.name for path in data_dir.iterdir()} - {"digits.lock"} == {"digits"}


def _open_digits(folder: str) -> tuple[int, ...]:
    os.environ["TFDGM_DATA_DIR"] = folder
    return tuple(split.num_examples for split in open_data(DataConfig(name="digits")).splits.values())


@pytest.mark.slow
def test_processes_that_prepare_at_once_do_not_disturb_each_other(data_dir) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_open_digits, [os.fspath(data_dir)] * 3) == [(1297, 250, 250)] * 3


def test_the_data_folder_follows_the_environment(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("TFDGM_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(tmp_path))
    if os.name == "posix" and "darwin" not in os.sys.platform:
        assert preparation.data_dir() == tmp_path / "tfdgm" / "tfds"
    monkeypatch.setenv("TFDGM_DATA_DIR", "~/somewhere")
    assert preparation.data_dir() == pathlib.Path.home() / "somewhere"
