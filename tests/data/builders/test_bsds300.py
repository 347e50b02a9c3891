"""Patches of BSDS300: how they are cut, in closed form, and the real set."""

import io
import pathlib
import tarfile

import numpy as np
import PIL.Image
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import open_data
from tfdgm.data.builders.bsds300 import cut_patches, read_images


def test_images_are_grey_and_in_the_order_of_their_names(tmp_path: pathlib.Path) -> None:
    colours = {"train/20": (255, 0, 0), "train/100": (0, 255, 0), "test/7": (0, 0, 255)}
    with tarfile.open(tmp_path / "images.tar.gz", "w:gz") as archive:
        for name, colour in colours.items():
            file = io.BytesIO()
            PIL.Image.new("RGB", (20, 10), colour).save(file, "png")
            info = tarfile.TarInfo(f"BSDS300/images/{name}.png")
            info.size = file.tell()
            file.seek(0)
            archive.addfile(info, file)
    images = read_images(tmp_path / "images.tar.gz")
    assert [image.shape for image in images["train"]] == [(10, 20), (10, 20)]
    # 255 times 0.299, 0.587 and 0.114.
    assert [image[0, 0] for image in images["train"]] == [150, 76]
    assert [image[0, 0] for image in images["test"]] == [29]


def test_a_patch_is_levels_and_noise_less_their_mean() -> None:
    """Of a ramp, so that a patch tells its place: level 10 y + x at row y and column x."""
    ramp = (10 * np.arange(12)[:, np.newaxis] + np.arange(9)).astype(np.uint8)
    x = cut_patches([ramp], 2_000, np.random.RandomState(0))
    assert (x.shape, x.dtype) == ((2_000, 63), np.float32)
    # The last pixel is what makes the mean zero.
    whole = 256.0 * np.column_stack([x, -x.sum(axis=1)])
    noise = whole - (ramp[:8, :8] - ramp[:8, :8].mean()).ravel()
    spread = noise - noise.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(spread, noise, atol=1e-3)
    assert (noise.min() > -1.0, noise.max() < 1.0) == (True, True)
    assert noise.var() == pytest.approx((1.0 - 1.0 / 64.0) / 12.0, rel=0.01)


def test_every_place_of_every_image_is_as_likely() -> None:
    """One bright pixel in each corner's patch alone, of 5 x 2 and 2 x 3 places."""
    images = [np.zeros((12, 9), np.uint8), np.zeros((9, 10), np.uint8)]
    images[0][-1, -1] = images[1][0, 0] = 200
    x = cut_patches(images, 20_000, np.random.RandomState(0))
    is_first_corner = x[:, 0] > 0.5
    is_last_corner = x.sum(axis=1) < -0.5
    assert is_first_corner.mean() == pytest.approx(0.5 / 6.0, abs=0.01)
    assert is_last_corner.mean() == pytest.approx(0.5 / 10.0, abs=0.01)


@pytest.mark.slow
def test_the_real_set(manual_dir: str, read_split) -> None:
    data = open_data(DataConfig(name="bsds300"), manual_dir=manual_dir)
    spec = data.spec
    assert (spec.shape, spec.dtype, spec.domain, spec.num_levels, spec.num_classes) == ((63,), "float32", "real", 0, 0)
    splits = {name: read_split(split)["x"] for name, split in data.splits.items()}
    assert {name: len(x) for name, x in splits.items()} == {"train": 1_000_000, "validation": 50_000, "test": 250_000}
    assert np.unique(splits["test"], axis=0).shape == splits["test"].shape
    # A full-covariance Gaussian; Papamakarios et al. (2017), table 1, have 96.67 nats on a cut of their own.
    train, test = splits["train"].astype(np.float64), splits["test"].astype(np.float64)
    factor = np.linalg.cholesky(np.cov(train.T, bias=True))
    z = np.linalg.solve(factor, (test - train.mean(axis=0)).T)
    log_prob = -0.5 * np.square(z).sum(axis=0).mean() - np.log(np.diag(factor)).sum() - 31.5 * np.log(2.0 * np.pi)
    assert log_prob == pytest.approx(96.259, abs=0.005)
