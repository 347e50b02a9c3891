"""The table of data sets. Imports neither TensorFlow nor TFDS, so `--help` can list them at once."""

import dataclasses
import difflib


@dataclasses.dataclass(frozen=True)
class DatasetEntry:
    """One data set.

    Attributes:
      summary: one line for people.
      builder: `module:Class` of the TFDS builder; empty: TFDS's own builder of this name.
      files: raw files, relative to the data set's sub-folder of the manual folder.
      domain: what `DataConfig.domain` means where it is empty.
      num_levels: raw values are 0 to num_levels - 1.
      num_validation: examples at the end of `train` held out as `validation`; 0 where the builder has such a split.
    """

    summary: str
    builder: str = ""
    files: tuple[str, ...] = ()
    domain: str = "unit"
    num_levels: int = 256
    num_validation: int = 0


_BUILDERS = "tfdgm.data.builders"
_MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

DATASETS: dict[str, DatasetEntry] = {
    "digits": DatasetEntry(
        summary="scikit-learn's 8x8 handwritten digits, 17 grey levels, 1,297/250/250; embedded, needs no download",
        builder=f"{_BUILDERS}.digits:Digits",
        num_levels=17,
    ),
    # 50,000/10,000 is the cut of Larochelle & Murray's binarized MNIST, and of most papers since.
    "mnist": DatasetEntry(
        summary="MNIST handwritten digits, 28x28 grey, 50,000/10,000/10,000",
        files=_MNIST_FILES,
        num_validation=10_000,
    ),
    "fashion_mnist": DatasetEntry(
        summary="Fashion-MNIST clothing, 28x28 grey, 50,000/10,000/10,000",
        files=_MNIST_FILES,
        num_validation=10_000,
    ),
}


def list_datasets() -> dict[str, str]:
    """One line about each data set, by the name that `DataConfig.name` takes."""
    return {name: entry.summary for name, entry in DATASETS.items()}


def find_dataset(name: str) -> DatasetEntry:
    """The entry of a data set.

    Raises:
      ValueError: there is no such data set; the message names the nearest.
    """
    if name in DATASETS:
        return DATASETS[name]
    nearest = difflib.get_close_matches(name, DATASETS, n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    raise ValueError(f"data.name is {name!r}{hint}; it must be one of {', '.join(sorted(DATASETS))}")
