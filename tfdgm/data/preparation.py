"""Prepares TFDS data sets in the data folder, once, from raw files in the manual folder, without a network."""

import contextlib
import gzip
import importlib
import io
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence

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
      name: a name in the catalog, but not `folder`.
      manual_dir: folder with one sub-folder of raw files a data set; empty takes `TFDGM_MANUAL_DIR`. A set that
        is prepared already needs none.

    Returns:
      A builder whose data are in `data_dir()`.

    Raises:
      FileNotFoundError: a raw file is missing.
    """
    entry = find_dataset(name)
    with _quiet():
        builder = declared_builder(name)
        if builder.is_prepared():
            return _reopened(builder)
    folder = _raw_folder(name, entry, manual_dir)
    if folder is None:
        return prepare(builder)
    data_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data_dir(), prefix="unpacked-") as unpacked:
        manual_files = _unpack(folder, entry.files, pathlib.Path(unpacked))
        return prepare(builder, origin=folder, manual_dir=manual_files)


def prepare(
    builder: tfds.core.DatasetBuilder, *, origin: pathlib.Path | None = None, manual_dir: pathlib.Path | None = None
) -> tfds.core.DatasetBuilder:
    """Prepares one builder, quietly but for one line; other processes that want the same set wait for the first.

    Args:
      builder: what to prepare; nothing happens where it is prepared.
      origin: where the raw data are, for the line.
      manual_dir: where TFDS finds the raw files.

    Returns:
      A builder of the prepared data.
    """
    folder = data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    # TFDS itself writes to a folder of its own and renames it: the lock saves the work of doing it twice.
    with filelock.FileLock(folder / f"{builder.name}.lock"):
        with _quiet():
            if builder.is_prepared():
                return _reopened(builder)
        source = f" from {origin}" if origin else ""
        print(f"Preparing data set {builder.info.full_name} in {folder}{source}", flush=True)
        config = tfds.download.DownloadConfig(manual_dir=manual_dir, try_download_gcs=False)
        with _quiet(), tempfile.TemporaryDirectory(dir=folder, prefix="downloads-") as downloads:
            builder.download_and_prepare(download_dir=downloads, download_config=config)
    return _reopened(builder)


def _reopened(builder: tfds.core.DatasetBuilder) -> tfds.core.DatasetBuilder:
    """The builder read from disk: one made before another process prepared the data knows of no splits."""
    return tfds.builder_from_directory(builder.data_path)


def declared_builder(name: str) -> tfds.core.DatasetBuilder:
    """The TFDS builder of a data set, prepared or not: what an example is can be read off it.

    Args:
      name: as for `prepared_builder`.
    """
    entry = find_dataset(name)
    place = {"data_dir": data_dir(), "file_format": "array_record" if entry.is_large else None}
    if not entry.builder:
        return tfds.builder(name, **place)
    module, class_name = entry.builder.split(":")
    return getattr(importlib.import_module(module), class_name)(**place)


def _raw_folder(name: str, entry: DatasetEntry, manual_dir: str) -> pathlib.Path | None:
    """The folder that holds every raw file of a data set; None where TFDS is to download them, or needs none."""
    root = manual_dir or os.environ.get(MANUAL_DIR_VARIABLE, "")
    subfolder = entry.folder or name
    ways = f"pass --manual_dir or set {MANUAL_DIR_VARIABLE} to a folder whose sub-folder {subfolder!r} holds it"
    origin = f" ({entry.source})" if entry.source else ""
    if not root:
        can_download = not entry.builder and not entry.source
        if not entry.files or (can_download and os.environ.get(ALLOW_DOWNLOAD_VARIABLE) == "1"):
            return None
        download = f", or set {ALLOW_DOWNLOAD_VARIABLE}=1 to download it" if can_download else ""
        raise FileNotFoundError(
            f"data set {name!r} is not prepared in {data_dir()} and needs the raw file {entry.files[0]}{origin}: "
            f"{ways}{download}"
        )
    folder = pathlib.Path(root).expanduser() / subfolder
    # A file that is missing would send TFDS to the network, where it retries for minutes.
    for file in entry.files:
        if not (folder / file).is_file() and not (folder / f"{file}.gz").is_file():
            raise FileNotFoundError(
                f"data set {name!r} needs the raw file {file}{origin}, which is not in {folder}: {ways}"
            )
    return folder if entry.files else None


def _unpack(folder: pathlib.Path, files: Sequence[str], target: pathlib.Path) -> pathlib.Path:
    """A folder with all files uncompressed: `folder` itself, or copies in `target` where any ends in `.gz`."""
    if all((folder / file).is_file() for file in files):
        return folder
    for file in files:
        open_raw, path = (open, folder / file) if (folder / file).is_file() else (gzip.open, folder / f"{file}.gz")
        with open_raw(path, "rb") as raw, (target / file).open("wb") as copy:
            shutil.copyfileobj(raw, copy)
    return target


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
