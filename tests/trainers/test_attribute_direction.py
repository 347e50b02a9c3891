"""`trainers.attribute_direction`: a picture, and mistakes."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.data import open_data
from tfdgm.evaluation.comparison import RealSide
from tfdgm.math import images
from tfdgm.workdir.files import read_config
from trainers import attribute_direction, train


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("glow"))
    assert train.main(["--config=glow:digits:smoke", f"--workdir={folder}", "--config.training.num_steps=20"]) == 0
    return folder


def test_columns_are_amounts_from_class_0_too(workdir, tmp_path):
    path = tmp_path / "deep" / "moved.png"
    argv = [f"--workdir={workdir}", "--source=0", "--target=8", "--num_rows=2", "--num_examples=200", f"--out={path}"]
    assert attribute_direction.main(argv) == 0
    pixels = tf.io.decode_png(path.read_bytes()).numpy()
    cell = 8 * 6 + 2
    assert pixels.shape == (2 * cell - 2, 7 * cell - 2, 1)
    example, moved = pixels[: cell - 2, cell : 2 * cell - 2], pixels[: cell - 2, 5 * cell : 6 * cell - 2]
    assert not np.array_equal(example, moved)
    config, spec = read_config(workdir)
    held_out = RealSide(open_data(config.data), "digits", "validation", config.seed).first("validation", 200)
    (zero,) = images.to_uint8(held_out["x"][held_out["label"] == 0][:1], spec).numpy()
    np.testing.assert_array_equal(example[::6, ::6], zero)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--source=10", "--target=1", "--out=x.png"], "--source is 10; digits has 10 classes, from 0"),
        (["--source=1", "--target=2", "--out=x.gif"], "--out is 'x.gif'; it must end in .png"),
    ],
)
def test_mistakes_exit_with_2(workdir, capsys, argv, words):
    assert attribute_direction.main([f"--workdir={workdir}", *argv]) == 2
    assert words in capsys.readouterr().err
