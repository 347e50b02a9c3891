"""`trainers.reference_scores`: the scores of the embedded digits, and mistakes."""

import json

import keras
import pytest

from trainers import reference_scores


@pytest.fixture
def extractor(tmp_path):
    """An untrained file with features and classes of 8x8 images."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(10, "softmax")]
    keras.Sequential([keras.Input((8, 8, 1)), *layers]).save(tmp_path / "tiny.keras")
    return str(tmp_path / "tiny.keras")


def test_prints_the_scores_and_writes_them(tmp_path, extractor, capsys):
    argv = ["--data=digits", f"--extractor={extractor}", "--num_examples=1000", f"--results_dir={tmp_path}"]
    assert reference_scores.main(argv) == 0
    printed = capsys.readouterr().out
    assert "yardstick: mean FID without a class" in printed
    path = tmp_path / "reference-scores" / "digits.json"
    assert str(path) in printed
    stored = json.loads(path.read_text())
    assert (stored["num_training_examples"], stored["num_test_examples"]) == (1000, 250)
    assert len(stored["fid_without_class"]) == 10
    assert 0.0 < stored["fid"] < stored["yardstick"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "--data is missing"),
        (["--data=mnits"], "data.name is 'mnits' (did you mean 'mnist'?)"),
        (["--data=digits", "--extractor=/nowhere"], "extractor is '/nowhere', which does not exist"),
        (["--data=digits", "--num_examples=0"], "--num_examples is '0'"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert reference_scores.main(argv) == 2
    assert words in capsys.readouterr().err
