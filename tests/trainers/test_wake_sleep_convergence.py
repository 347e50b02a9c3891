"""`trainers.wake_sleep_convergence`: tables, plot, mistakes."""

import pytest
import tensorflow as tf

from trainers import wake_sleep_convergence


def test_prints_both_cases_and_writes_the_plot(tmp_path, capsys):
    path = tmp_path / "curves.png"
    assert wake_sleep_convergence.main(["--num_steps=1000", f"--out={path}"]) == 0
    output = capsys.readouterr().out
    assert "all weights learned" in output
    assert "some weights held" in output
    assert "unstable" in output
    assert tf.io.decode_png(path.read_bytes()).shape[0] > 100


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--learning_rate=0"], "--learning_rate is 0.0; it must be above 0 and at most 1"),
        (["--num_steps=1500"], "--num_steps is 1500; it must be a multiple of 1000"),
        (["--out=curves.jpg"], "--out is 'curves.jpg'; it must end in .png"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert wake_sleep_convergence.main(argv) == 2
    assert words in capsys.readouterr().err
