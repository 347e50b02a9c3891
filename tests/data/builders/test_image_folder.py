"""Folders of the user's own images, generated here."""

import os
import pathlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import open_data, train_batches
from tfdgm.data.builders import image_folder


def _write_images(folder: pathlib.Path, num: int, size: tuple[int, int] = (6, 4), mode: str = "L", suffix: str = "png"):
    """Writes images of `size` (height, width); every image is of one level, 10 times its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(num):
        level = 10 * number % 256
        image = PIL.Image.new(mode, size[::-1], level if mode == "L" else (level, 255 - level, 7))
        image.save(folder / f"{number:03d}.{suffix}")


def _open(path: pathlib.Path, **fields):
    return open_data(DataConfig(name="folder", path=os.fspath(path), **fields))


def test_grey_images_that_are_not_square(tmp_path, data_dir, read_split) -> None:
    _write_images(tmp_path / "images", 20)
    data = _open(tmp_path / "images")
    assert data.spec.shape == (6, 4, 1)
    assert (data.spec.domain, data.spec.num_levels, data.spec.num_classes) == ("unit", 256, 0)
    assert {name: split.num_examples for name, split in data.splits.items()} == {
        "train": 16,
        "validation": 2,
        "test": 2,
    }
    levels = np.concatenate([read_split(split)["x"][:, 0, 0, 0] for split in data.splits.values()])
    np.testing.assert_array_equal(np.sort(levels), np.arange(20) * 10)


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "JPG", "jpeg"])
def test_colour_images_of_every_format(tmp_path, data_dir, read_split, suffix) -> None:
    _write_images(tmp_path / "images", 3, mode="RGB", suffix=suffix)
    data = _open(tmp_path / "images")
    assert data.spec.shape == (6, 4, 3)
    found = np.sort(np.concatenate([read_split(split)["x"][:, 0, 0] for split in data.splits.values()]), axis=0)
    np.testing.assert_allclose(found[:, 0], [0, 10, 20], atol=3)
    np.testing.assert_allclose(found[:, 2], 7, atol=3)


def test_sub_folders_are_labels(tmp_path, data_dir, read_split) -> None:
    _write_images(tmp_path / "images" / "zebra", 10, size=(4, 4))
    _write_images(tmp_path / "images" / "apple" / "red", 10, size=(4, 4), mode="RGB")
    _write_images(tmp_path / "images" / ".thumbnails", 5, size=(2, 2))
    data = _open(tmp_path / "images")
    assert data.spec.num_classes == 2
    examples = [read_split(split) for split in data.splits.values()]
    images = np.concatenate([split["x"] for split in examples])
    labels = np.concatenate([split["label"] for split in examples])
    is_zebra = images[:, 0, 0, 0] == images[:, 0, 0, 2]  # only grey images have equal channels
    np.testing.assert_array_equal(labels, is_zebra.astype(np.int32))
    assert labels.sum() == 10


def test_images_beside_sub_folders_are_refused(tmp_path, data_dir) -> None:
    _write_images(tmp_path / "images" / "a", 3)
    _write_images(tmp_path / "images", 1)
    with pytest.raises(ValueError, match=r"sub-folders, which are classes, but '000\.png' is in none"):
        _open(tmp_path / "images")


def test_sizes_that_differ_need_a_wanted_size(tmp_path, data_dir, read_split) -> None:
    _write_images(tmp_path / "images", 3, size=(6, 4))
    PIL.Image.new("L", (5, 9), 200).save(tmp_path / "images" / "zz.png")
    message = r"000\.png is 6x4 pixels high and wide, zz\.png is 9x5; set data\.image_height and data\.image_width"
    with pytest.raises(ValueError, match=message):
        _open(tmp_path / "images")
    with pytest.raises(ValueError, match="differ in size"):
        _open(tmp_path / "images", image_height=8)
    data = _open(tmp_path / "images", image_height=8, image_width=3)
    assert data.spec.shape == (8, 3, 1)
    levels = np.concatenate([read_split(split)["x"].reshape(-1, 24) for split in data.splits.values()])
    np.testing.assert_array_equal(levels[np.argsort(levels[:, 0])], np.repeat([[0], [10], [20], [200]], 24, axis=1))


def test_channels_are_converted(tmp_path, data_dir, read_split) -> None:
    _write_images(tmp_path / "images", 3, mode="RGB")
    assert _open(tmp_path / "images", num_channels=1).spec.shape == (6, 4, 1)
    _write_images(tmp_path / "grey", 3)
    data = _open(tmp_path / "grey", num_channels=3)
    x = read_split(data.splits["train"])["x"]
    np.testing.assert_array_equal(x[..., 0], x[..., 2])


def test_photographs_are_turned_upright(tmp_path, data_dir) -> None:
    _write_images(tmp_path / "images", 2, size=(4, 6), mode="RGB", suffix="jpg")
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (4, 6)).save(tmp_path / "images" / "turned.jpg", exif=exif)
    assert _open(tmp_path / "images").spec.shape == (4, 6, 3)


def test_a_changed_folder_is_prepared_anew(tmp_path, data_dir, capfd) -> None:
    _write_images(tmp_path / "images", 10)
    _open(tmp_path / "images")
    assert capfd.readouterr().out.startswith("Preparing data set image_folder/")
    _open(tmp_path / "images")
    assert capfd.readouterr().out == ""
    _write_images(tmp_path / "images", 11)
    assert sum(split.num_examples for split in _open(tmp_path / "images").splits.values()) == 11
    assert capfd.readouterr().out.startswith("Preparing data set image_folder/")


def test_the_split_goes_by_name_and_not_by_order() -> None:
    files = [f"{number}.png" for number in range(100)]
    parts = image_folder.split_files(files)
    assert parts == image_folder.split_files(files[::-1])
    assert {name: len(part) for name, part in parts.items()} == {"train": 80, "validation": 10, "test": 10}
    assert sorted(sum(parts.values(), ())) == sorted(files)


def test_what_cannot_be_read_is_named(tmp_path, data_dir) -> None:
    _write_images(tmp_path / "images", 3)
    (tmp_path / "images" / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken\.png can't be read"):
        _open(tmp_path / "images")
    PIL.Image.new("I;16", (4, 6)).save(tmp_path / "images" / "broken.png")
    with pytest.raises(ValueError, match=r"broken\.png has pixels of mode 'I;16'"):
        _open(tmp_path / "images")


def test_a_cut_off_image_is_named(tmp_path, data_dir) -> None:
    _write_images(tmp_path / "images", 3, size=(60, 60), mode="RGB", suffix="bmp")
    broken = tmp_path / "images" / "001.bmp"
    broken.write_bytes(broken.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"001\.bmp can't be read"):
        _open(tmp_path / "images")


def test_folders_that_do_not_do_are_refused(tmp_path, data_dir) -> None:
    with pytest.raises(ValueError, match=r"data\.path is ''; for data\.name 'folder' it must be a folder"):
        open_data(DataConfig(name="folder"))
    _write_images(tmp_path / "images", 2)
    with pytest.raises(ValueError, match="with 2 images .* needs at least 3"):
        _open(tmp_path / "images")


def test_reading_from_disk_gives_the_batches_of_memory(tmp_path, data_dir, monkeypatch) -> None:
    _write_images(tmp_path / "images" / "a", 12, size=(4, 4))
    _write_images(tmp_path / "images" / "b", 12, size=(4, 4), mode="RGB")
    in_memory = _open(tmp_path / "images")
    monkeypatch.setenv("TFDGM_DATA_DIR", os.fspath(tmp_path / "second"))
    monkeypatch.setattr(image_folder, "MAX_MEMORY_BYTES", 0)
    on_disk = _open(tmp_path / "images")
    assert type(on_disk.splits["train"]) is not type(in_memory.splits["train"])
    assert on_disk.spec == in_memory.spec
    settings = {"batch_size": 7, "seed": 0, "num_steps": 8}
    left, right = train_batches(in_memory, **settings), train_batches(on_disk, **settings)
    assert left.element_spec == right.element_spec
    for a, b in tf.data.Dataset.zip(left, right).as_numpy_iterator():
        for name in a:
            np.testing.assert_array_equal(a[name], b[name], strict=True)
