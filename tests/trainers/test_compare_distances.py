"""`trainers.compare_distances`: tables, plot, the same again by seed, mistakes."""

import pytest
import tensorflow as tf

from tfdgm.evaluation import opponents
from trainers import compare_distances


@pytest.fixture(autouse=True)
def _few_pairs(monkeypatch):
    monkeypatch.setattr(compare_distances, "_LINES", (0.0, 0.5))
    monkeypatch.setattr(compare_distances, "_NOISE", (0.2,))
    monkeypatch.setattr(compare_distances, "_SHIFTS", (1,))


def test_prints_three_tables_and_writes_the_plot(tmp_path, capsys):
    path = tmp_path / "deep" / "distances.png"
    assert compare_distances.main(["--num_steps=150", f"--out={path}"]) == 0
    *lines, written = capsys.readouterr().out.splitlines()
    titles = [line for line in lines if line in ("two lines", "digits and noise", "digits, moved")]
    assert len(titles) == 3
    rows = [line.split() for line in lines if line[:6].strip().replace(".", "").isdigit()]
    assert [row[0] for row in rows] == ["0", "0.5", "0.2", "1"]
    assert [row[1] for row in rows] == ["0.0000", "0.6931", "0.6931", "0.6931"]
    assert rows[1][4] == "0.5000"
    for row in rows:
        assert float(row[7]) <= 0.6932
        assert float(row[11]) <= float(row[4]) + 1e-4
    assert written == str(path)
    assert tf.io.decode_png(path.read_bytes()).shape[:2] == (1080, 2100)
    assert compare_distances.main(["--num_steps=150"]) == 0
    assert capsys.readouterr().out.splitlines() == lines[lines.index("two lines") :]  # after the data were prepared


def test_steps_at_once_are_those_of_the_opponents():
    assert compare_distances._STEPS_AT_ONCE == opponents.STEPS_AT_ONCE


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--num_steps=100"], "--num_steps is 100; it must be a multiple of 50 above 100"),
        (["--num_steps=225"], "--num_steps is 225; it must be a multiple of 50 above 100"),
        (["--out=distances.jpg"], "--out is 'distances.jpg'; it must end in .png"),
        (["--seed=-1"], "--seed is '-1'"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert compare_distances.main(argv) == 2
    assert words in capsys.readouterr().err
