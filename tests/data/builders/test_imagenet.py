"""ImageNet by TFDS's own builder, from tiny archives laid out as ILSVRC 2012 has them."""

import io
import os
import pathlib
import tarfile

import numpy as np
import PIL.Image
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import eval_batches, open_data, train_batches
from tfdgm.data.opening import declared_spec

_CONFIG = DataConfig(name="imagenet2012", domain="symmetric", image_height=16, image_width=16, num_validation=2)
_GOLDFISH = "n01443537"  # label 1 of a thousand in order of their names
_AGARIC = "n12998815"  # label 992
_VALIDATION_LABELS = (65, 970)  # of the first two of its 50,000 images, as TFDS has them


def _jpeg(height: int, width: int, colour: tuple[int, int, int]) -> bytes:
    """A square of one colour in the middle of black margins, which a crop takes away."""
    side = min(height, width)
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    pixels[top : top + side, left : left + side] = colour
    encoded = io.BytesIO()
    PIL.Image.fromarray(pixels).save(encoded, "JPEG", quality=100, subsampling=0)
    return encoded.getvalue()


def _tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def raw_folder(tmp_path: pathlib.Path) -> str:
    """The two archives: an archive a class in the one, images in the other."""
    folder = tmp_path / "raw" / "imagenet2012"
    folder.mkdir(parents=True)
    sizes = [(48, 48), (64, 32), (32, 80)]
    classes = {
        f"{wnid}.tar": _tar({f"{wnid}_{i}.JPEG": _jpeg(*size, colour) for i, size in enumerate(sizes)})
        for wnid, colour in ((_GOLDFISH, (255, 128, 0)), (_AGARIC, (0, 64, 255)))
    }
    (folder / "ILSVRC2012_img_train.tar").write_bytes(_tar(classes))
    held_out = {f"ILSVRC2012_val_{i:08d}.JPEG": _jpeg(40, 24, (255, 255, 255)) for i in (1, 2)}
    (folder / "ILSVRC2012_img_val.tar").write_bytes(_tar(held_out))
    return os.fspath(folder.parent)


def test_the_specification_is_there_without_the_data(data_dir) -> None:
    spec = declared_spec(_CONFIG)
    assert (spec.shape, spec.domain, spec.num_levels, spec.num_classes) == ((16, 16, 3), "symmetric", 256, 1000)
    assert not data_dir.exists()


def test_images_of_all_sizes_are_cropped_along_the_long_edge(data_dir, raw_folder) -> None:
    data = open_data(_CONFIG, manual_dir=raw_folder)
    assert data.spec == declared_spec(_CONFIG)
    assert [data.splits[name].num_examples for name in ("train", "validation", "test")] == [4, 2, 2]
    colours = {1: (255, 128, 0), 992: (0, 64, 255)}
    labels = []
    for split in ("train", "validation"):
        (batch,) = eval_batches(data, split, batch_size=4, seed=0).as_numpy_iterator()
        labels += list(batch["label"])
        for x, label in zip(batch["x"], batch["label"], strict=True):
            expected = np.broadcast_to(np.float32(colours[label]) / 127.5 - 1.0, (16, 16, 3))
            np.testing.assert_allclose(x[1:-1, 1:-1], expected[1:-1, 1:-1], atol=0.03)  # JPEG is not exact
    assert sorted(labels) == [1, 1, 1, 992, 992, 992]
    (test,) = eval_batches(data, "test", batch_size=2, seed=0).as_numpy_iterator()
    assert sorted(test["label"]) == sorted(_VALIDATION_LABELS)
    assert test["x"][:, 1:-1, 1:-1].min() > 0.95
    (train,) = train_batches(data, batch_size=8, seed=0, num_steps=1).as_numpy_iterator()
    assert train["x"].shape == (8, 16, 16, 3)


def test_what_is_missing_is_named_and_where_to_get_it(data_dir, raw_folder, monkeypatch) -> None:
    monkeypatch.setenv("TFDGM_ALLOW_DOWNLOAD", "1")  # nobody can download it without an account
    message = r"imagenet2012.*ILSVRC2012_img_train\.tar \(https://image-net\.org/download-images.*'imagenet2012' holds"
    with pytest.raises(FileNotFoundError, match=message) as raised:
        open_data(_CONFIG)
    assert "ALLOW_DOWNLOAD" not in str(raised.value)
    (pathlib.Path(raw_folder) / "imagenet2012" / "ILSVRC2012_img_val.tar").unlink()
    with pytest.raises(FileNotFoundError, match=r"ILSVRC2012_img_val\.tar \(https://image-net\.org"):
        open_data(_CONFIG, manual_dir=raw_folder)


def test_a_size_must_be_asked_for(data_dir) -> None:
    with pytest.raises(ValueError, match=r"data\.image_height is 0 and data\.image_width 0, but .* differ in size"):
        declared_spec(DataConfig(name="imagenet2012"))
