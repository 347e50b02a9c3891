"""Prepares TFDS data sets in the data folder, once, from raw files in the manual folder, without a network."""

import contextlib
import importlib
import io
import os
import pathlib
import tempfile
from collections.abc import Iterator

import absl.logging
import filelock
import platformdirs
import tensorflow_datasets as tfds

from tfdgm.data.catalog import DatasetEntry, find_dataset

DATA_DIR_VARIABLE = "TFDGM_DATA_DIR"
MANUAL_DIR_VARIABLE = "TFDGM_MANUAL_DIR"
ALLOW_DOWNLOAD_VARIABLE = "TFDGM_ALLOW_DOWNLOAD"


def data_dir() -> pathlib.Path:
    """Where prepared data sets are kept: `TFDGM_DATA_DIR`, else `tfdgm/tfds` in the user's cache folder."""
    folder = os.environ.get(DATA_DIR_VARIABLE) or os.path.join(platformdirs.user_cache_dir("tfdgm"), "tfds")
    return pathlib.Path(folder).expanduser()


def prepared_builder(name: str, manual_dir: str = "") -> tfds.core.DatasetBuilder:
    """The TFDS builder of a data set, prepared on first use.

    Args:
      name: a name in the catalog.
      manual_dir: folder with one sub-folder of raw files a data set; empty takes `TFDGM_MANUAL_DIR`. A set that
        is prepared already needs none.

    Returns:
      A builder whose data are in `data_dir()`.

    Raises:
      FileNotFoundError: a raw file is missing.
    """
    entry = find_dataset(name)
    builder = _construct(name, entry)
    if not builder.is_prepared():
        folder = _raw_folder(name, entry, manual_dir)
        prepare(builder, folder)
    return builder


def prepare(builder: tfds.core.DatasetBuilder, raw_folder: pathlib.Path | None = None) -> None:
    """Prepares one builder, quietly but for one line; processes that want the same set wait for the first."""
    folder = data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / f"{builder.name}.lock"):
        if builder.is_prepared():
            return
        origin = f" from {raw_folder}" if raw_folder else ""
        print(f"Preparing data set {builder.info.full_name} in {folder}{origin}", flush=True)
        config = tfds.download.DownloadConfig(manual_dir=raw_folder, try_download_gcs=False)
        with _quiet(), tempfile.TemporaryDirectory(dir=folder, prefix="downloads-") as downloads:
            builder.download_and_prepare(download_dir=downloads, download_config=config)


def _construct(name: str, entry: DatasetEntry) -> tfds.core.DatasetBuilder:
    with _quiet():
        if not entry.builder:
            return tfds.builder(name, data_dir=data_dir())
        module, class_name = entry.builder.split(":")
        return getattr(importlib.import_module(module), class_name)(data_dir=data_dir())


def _raw_folder(name: str, entry: DatasetEntry, manual_dir: str) -> pathlib.Path | None:
    """The folder that holds every raw file of a data set; None where TFDS is to download them, or needs none."""
    if not entry.files:
        return None
    root = manual_dir or os.environ.get(MANUAL_DIR_VARIABLE, "")
    ways = f"pass --manual_dir or set {MANUAL_DIR_VARIABLE} to a folder whose sub-folder {name!r} holds it"
    if not root:
        if not entry.builder and os.environ.get(ALLOW_DOWNLOAD_VARIABLE) == "1":
            return None
        download = "" if entry.builder else f", or set {ALLOW_DOWNLOAD_VARIABLE}=1 to download it"
        raise FileNotFoundError(
            f"data set {name!r} is not prepared in {data_dir()} and needs the raw file {entry.files[0]}: "
            f"{ways}{download}"
        )
    folder = pathlib.Path(root).expanduser() / name
    # A file that is missing would send TFDS to the network, where it retries for minutes.
    for file in entry.files:
        if not (folder / file).is_file():
            raise FileNotFoundError(f"data set {name!r} needs the raw file {file}, which is not in {folder}: {ways}")
    return folder


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences TFDS's progress bars, its printed lines and its log below errors."""
    tfds.disable_progress_bar()
    verbosity = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        absl.logging.set_verbosity(verbosity)
