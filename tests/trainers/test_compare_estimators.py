"""`trainers.compare_estimators`: the table, its plot, its mistakes."""

import pytest
import tensorflow as tf

from tfdgm.evaluation import estimator_training, tiny_belief_net
from trainers import compare_estimators


def test_prints_the_table_and_writes_the_plot(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(estimator_training, "STEPS_A_POINT", 200)
    path = tmp_path / "deep" / "estimators.png"
    assert compare_estimators.main(["--num_visible=3", "--num_hidden=2", f"--out={path}"]) == 0
    *lines, written = capsys.readouterr().out.splitlines()
    assert lines[0] == "Sigmoid belief net 3-2 at random weights: theta of p"
    assert lines[2].startswith("wake phase                            ELBO                       0 ")
    assert sum(line.startswith("estimator ") for line in lines) == 5
    assert written == str(path)
    assert tf.io.decode_png(path.read_bytes()).shape[:2] == (1080, 1400)


def test_limits_are_those_of_enumeration():
    limits = (compare_estimators.MAX_VISIBLE, compare_estimators.MAX_HIDDEN)
    assert limits == (tiny_belief_net.MAX_VISIBLE, tiny_belief_net.MAX_HIDDEN)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--num_visible=7"], "--num_visible is '7'; it must be an integer in the range [2, 6]"),
        (["--num_visible=1"], "--num_visible is '1'; it must be an integer in the range [2, 6]"),
        (["--num_hidden=5"], "--num_hidden is '5'; it must be an integer in the range [1, 4]"),
        (["--num_hidden=many"], "--num_hidden is 'many'"),
        (["--seed=-1"], "--seed is '-1'"),
        (["--out=plot.jpg"], "--out is 'plot.jpg'; it must end in .png"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert compare_estimators.main(argv) == 2
    assert words in capsys.readouterr().err
