"""`trainers.critic_against_exact`: a table a preset, the plot, mistakes."""

import pytest
import tensorflow as tf

from trainers import critic_against_exact


def test_prints_a_table_a_preset_and_writes_the_plot(tmp_path, capsys):
    path = tmp_path / "deep" / "critics.png"
    argv = ["--presets=wgan:mixture25:smoke", "--num_steps=20", "--every=10", "--num_points=40", f"--out={path}"]
    assert critic_against_exact.main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(";")[0] for line in lines if "two sets of real points" in line] == ["wgan:mixture25:smoke"]
    assert [line.split()[0] for line in lines if line.strip()[:2] in ("0 ", "10", "20")] == ["0", "10", "20"]
    assert sum("estimate/slope is at most W_1 at each of 3 looks" in line for line in lines) == 1
    assert lines[-1] == str(path)
    assert tf.io.decode_png(path.read_bytes()).shape[:2] == (360, 1400)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--presets=gan:mixture25"], "--presets names 'gan:mixture25', which has no critic; take one of wgan"),
        (["--presets=wgan_gp:mixtur25"], "wgan_gp:mixture25"),
        (["--num_steps=300"], "--num_steps is 300; it must be a multiple of --every, 250"),
        (["--out=critics.jpg"], "--out is 'critics.jpg'; it must end in .png"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert critic_against_exact.main(argv) == 2
    assert words in capsys.readouterr().err
