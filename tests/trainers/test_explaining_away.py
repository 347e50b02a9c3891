"""`trainers.explaining_away`: the table, its picture, its mistakes."""

import pytest
import tensorflow as tf

from trainers import explaining_away


def test_prints_the_house_that_jumps_and_writes_its_picture(tmp_path, capsys):
    path = tmp_path / "deep" / "away.png"
    assert explaining_away.main([f"--out={path}"]) == 0
    *lines, written = capsys.readouterr().out.splitlines()
    cells = {line.split()[0]: line.split()[1:] for line in lines[:6]}
    assert cells["p(1,0)"][1] == cells["p(0,1)"][1] == "0.499955"
    assert cells["p(1,1)"][1] == cells["p(0,0)"][1] == "4.53958e-05"
    assert cells["correlation"][:3] == ["1,2", "0", "-0.999818"]
    assert written == str(path)
    assert tf.io.decode_png(path.read_bytes()).shape[-1] == 1


def test_takes_other_causes(capsys):
    assert explaining_away.main(["--cause_biases=-1,0.5,2", "--weights=1,2,3", "--effect_bias=-2.5"]) == 0
    assert "correlation 2,3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--weights=20,x"], "--weights is '20,x'; it must be numbers such as -10,-10"),
        (["--weights=20"], "weights has 1 values; cause_biases has 2"),
        (["--cause_biases=-10", "--weights=20"], "cause_biases has 1 values; it must have one for each of 2 to 6"),
        (["--effect_bias=nan"], "they must be finite"),
        (["--effect_bias=much"], "--effect_bias is 'much'"),
        (["--out=away.jpg"], "--out is 'away.jpg'; it must end in .png"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert explaining_away.main(argv) == 2
    assert words in capsys.readouterr().err
