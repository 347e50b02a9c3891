"""Opens the data set that a `DataConfig` names."""

import pathlib

import tensorflow as tf
import tensorflow_datasets as tfds

from tfdgm.configs.experiment import DataConfig
from tfdgm.core.types import DataSpec
from tfdgm.data.builders.image_folder import image_folder_builder
from tfdgm.data.catalog import DatasetEntry, find_dataset
from tfdgm.data.few_labels import with_few_labels
from tfdgm.data.images import resize_images
from tfdgm.data.preparation import data_dir, declared_builder, prepare, prepared_builder
from tfdgm.data.source import Data, MemorySplit, RecordSplit, Split
from tfdgm.data.texts import read_texts
from tfdgm.data.vectors import read_vectors

_DOMAINS = ("binary", "unit", "symmetric", "uint8", "real", "logit", "tokens")


def open_data(config: DataConfig, *, manual_dir: str = "") -> Data:
    """Opens a data set, preparing it on first use.

    Args:
      config: which data, and what of it the model sees.
      manual_dir: folder of raw files, for a set that is not prepared yet: see `tfdgm.data.preparation`.

    Returns:
      The data set with its three splits. Where the data set has no validation split, it is the last
      `config.num_validation` examples of train, in TFDS's order.

    Raises:
      ValueError: the configuration asks for what the data set has not.
      FileNotFoundError: a raw file is missing.
    """
    entry = find_dataset(config.name)
    _check(config, entry)
    builder = _folder_builder(config) if config.name == "folder" else prepared_builder(config.name, manual_dir)
    instructions = _split_instructions(builder, config, entry)
    if entry.domain == "tokens":
        data = read_texts(builder, instructions, config.sequence_length)
        return with_few_labels(data, config.num_labels) if config.num_labels else data
    spec = _spec(builder, config, entry)
    splits = {name: _open_split(builder, where, spec.shape, entry.num_levels) for name, where in instructions.items()}
    data = Data(spec, splits, entry.num_levels, config.binarization)
    return with_few_labels(data, config.num_labels) if config.num_labels else data


def declared_spec(config: DataConfig) -> DataSpec:
    """What the pipelines deliver of a data set that need not be here; only `folder` and texts have to be looked at.

    Raises:
      ValueError: the configuration asks for what the data set has not.
    """
    entry = find_dataset(config.name)
    _check(config, entry)
    if entry.domain == "tokens":
        return open_data(config).spec
    is_folder = config.name == "folder"
    return _spec(
        image_folder_builder(config, data_dir()) if is_folder else declared_builder(config.name), config, entry
    )


def _folder_builder(config: DataConfig) -> tfds.core.DatasetBuilder:
    return prepare(image_folder_builder(config, data_dir()), origin=pathlib.Path(config.path))


def _spec(builder: tfds.core.DatasetBuilder, config: DataConfig, entry: DatasetEntry) -> DataSpec:
    features = builder.info.features
    num_classes = features["label"].num_classes if "label" in features else 0
    domain = config.domain or entry.domain
    return data_spec(_shape(builder, config), domain, entry.num_levels, num_classes, config.logit_alpha)


def data_spec(
    shape: tuple[int, ...], domain: str, num_levels: int, num_classes: int, logit_alpha: float = 0.0
) -> DataSpec:
    """What the pipelines deliver of raw data with `num_levels` levels in `domain`.

    `binary` has 2 levels, `real` and `logit` are continuous (0), and the rest keep the raw levels.
    """
    levels = {"binary": 2, "real": 0, "logit": 0}.get(domain, num_levels)
    dtype = "uint8" if domain == "uint8" else "float32"
    alpha = logit_alpha if domain == "logit" else 0.0
    return DataSpec(shape, dtype, domain, num_levels=levels, num_classes=num_classes, logit_alpha=alpha)


def _check(config: DataConfig, entry: DatasetEntry) -> None:
    if config.path and config.name != "folder":
        raise ValueError(f"data.path is {config.path!r}, but data.name is {config.name!r}; a path goes with 'folder'")
    if config.domain and config.domain not in _DOMAINS:
        raise ValueError(f"data.domain is {config.domain!r}; it must be empty or one of {', '.join(_DOMAINS)}")
    if config.num_channels not in (0, 1, 3):
        raise ValueError(f"data.num_channels is {config.num_channels}; it must be 1 or 3, or 0 for the data's own")
    if not 0.0 <= config.logit_alpha < 0.5:
        raise ValueError(f"data.logit_alpha is {config.logit_alpha}; it must be at least 0 and below 0.5")
    for field in ("image_height", "image_width", "sequence_length", "num_validation", "num_train", "num_labels"):
        if getattr(config, field) < 0:
            raise ValueError(f"data.{field} is {getattr(config, field)}; it must be positive, or 0 for the data's own")
    _check_kind(config, entry)


def _check_kind(config: DataConfig, entry: DatasetEntry) -> None:
    """Fields that go with levels, texts or images alone."""
    if not entry.num_levels and config.domain not in ("", entry.domain):
        raise ValueError(
            f"data.domain is {config.domain!r}, but data set {config.name!r} is of {entry.domain} values; "
            "leave it empty"
        )
    if config.domain == "tokens" and entry.domain != "tokens":
        raise ValueError(f"data.domain is 'tokens', but data set {config.name!r} is not of texts; leave it empty")
    if config.sequence_length and entry.domain != "tokens":
        raise ValueError(
            f"data.sequence_length is {config.sequence_length}, but data set {config.name!r} has no texts; leave it 0"
        )
    if entry.domain in ("tokens", "real"):
        _refuse_image_fields(config)


def _refuse_image_fields(config: DataConfig) -> None:
    for field in ("image_height", "image_width", "num_channels"):
        if getattr(config, field):
            raise ValueError(
                f"data.{field} is {getattr(config, field)}, but data set {config.name!r} has no images; leave it 0"
            )


def _shape(builder: tfds.core.DatasetBuilder, config: DataConfig) -> tuple[int, ...]:
    if "image" not in builder.info.features:
        return builder.info.features["vector"].shape
    height, width, channels = builder.info.features["image"].shape
    if height is None and not (config.image_height and config.image_width):
        raise ValueError(
            f"data.image_height is {config.image_height} and data.image_width {config.image_width}, but the images of "
            f"data set {config.name!r} differ in size; set both"
        )
    return (config.image_height or height, config.image_width or width, config.num_channels or channels)


def _split_instructions(builder: tfds.core.DatasetBuilder, config: DataConfig, entry: DatasetEntry) -> dict[str, str]:
    total = builder.info.splits["train"].num_examples
    if not entry.num_validation:
        if config.num_validation:
            raise ValueError(
                f"data.num_validation is {config.num_validation}, but data set {config.name!r} has a validation "
                f"split of its own of {builder.info.splits['validation'].num_examples} examples; leave it 0"
            )
        return {"train": _first(config, total), "validation": "validation", "test": "test"}
    held_out = config.num_validation or entry.num_validation
    if held_out >= total:
        raise ValueError(f"data.num_validation is {held_out}; data set {config.name!r} has {total} to train on")
    train = _first(config, total - held_out)
    return {"train": train, "validation": f"train[-{held_out}:]", "test": entry.test_split}


def _first(config: DataConfig, available: int) -> str:
    """The instruction for the training split, whole or the first `num_train` of it."""
    if config.num_train > available:
        raise ValueError(f"data.num_train is {config.num_train}; data set {config.name!r} has {available} to train on")
    return f"train[:{config.num_train or available}]"


def _open_split(builder: tfds.core.DatasetBuilder, instruction: str, shape: tuple[int, ...], num_levels: int) -> Split:
    has_labels = "label" in builder.info.features
    if builder.info.file_format is tfds.core.FileFormat.ARRAY_RECORD:
        return RecordSplit(builder.as_data_source(split=instruction), shape, has_labels)
    if "vector" in builder.info.features:
        return MemorySplit(read_vectors(builder, instruction))
    # One file after the other: the order is that of random access, whatever the number of shards.
    read_config = tfds.ReadConfig(interleave_cycle_length=1, add_tfds_id=False)
    dataset = builder.as_dataset(split=instruction, shuffle_files=False, read_config=read_config)
    examples = next(iter(dataset.batch(builder.info.splits[instruction].num_examples)))
    arrays = {"x": resize_images(examples["image"], shape, num_levels)}
    if has_labels:
        arrays["label"] = tf.cast(examples["label"], tf.int32)
    return MemorySplit(arrays)
