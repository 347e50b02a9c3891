"""Collapse, as a log shows it."""

import json

import pytest

from tfdgm.training.diagnosis import CollapseWatch, find_collapse, report
from tfdgm.workdir import files


def _variances(*values):
    return [{"step": 10 * index, "val_sample_variance": value} for index, value in enumerate(values)]


def _modes(*values):
    return [{"step": 10 * index, "val_modes_covered": value} for index, value in enumerate(values)]


@pytest.mark.parametrize(
    ("lines", "step"),
    [
        (_variances(0.5, 0.9, 1.0), None),
        (_variances(0.5, 0.09, 0.05), 10),
        (_variances(0.5, 0.05, 0.9, 0.02), 30),
        (_variances(0.5, 0.05, 0.9), None),
        (_variances(0.01, 0.02), 0),
        (_modes(3.0, 20.0, 25.0), None),
        (_modes(3.0, 20.0, 9.0, 9.0), 20),
        (_modes(3.0, 20.0, 10.0), None),
        ([{"step": 5, "loss": 0.0}, *_variances(0.05), {"step": 7, "loss": 0.0}], 0),
        ([], None),
    ],
)
def test_a_collapse_begins_with_the_first_of_the_evaluations_that_all_show_it(lines, step):
    found = find_collapse(lines)
    assert (found.step if found else None) == step


def test_words_say_what_shows_it_and_since_when():
    found = find_collapse(_variances(0.5, 0.03, 0.02))
    assert report(found) == (
        "collapse: since step 10 samples vary by 0.03 of what the data do; below 0.1 they are almost all alike"
    )
    found = find_collapse(_modes(3.0, 20.0, 4.0))
    assert report(found) == "collapse: since step 20 samples cover 4 modes, of 20 that they covered at step 10"


def test_a_first_singular_value_of_the_generator_that_explodes_is_a_collapse():
    steps = range(100, 3001, 100)
    lines = [{"step": step, "singular_value_0/generator_first": 8.0 if step >= 2000 else 2.5} for step in steps]
    found = find_collapse(lines)
    assert report(found) == (
        "collapse: since step 2000 the first singular value of generator_first explodes: 8, from 2.5 at step 1,800"
    )
    lines[15]["val_sample_variance"] = 0.01
    assert report(find_collapse(lines)).startswith("collapse: since step 1600 samples vary by 0.01")


def _at(watch, workdir, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (workdir / files.METRICS).write_text(text)
    watch.on_epoch_end(0, lines[-1])


def test_the_watch_speaks_once_keeps_a_file_and_tells_of_recovery(tmp_path, capsys):
    watch = CollapseWatch(tmp_path)
    _at(watch, tmp_path, _variances(0.5))
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / files.DIAGNOSIS).read_text()) == {"collapse": None}
    _at(watch, tmp_path, _variances(0.5, 0.03))
    _at(watch, tmp_path, _variances(0.5, 0.03, 0.02))
    assert capsys.readouterr().out.count("collapse: since step 10") == 1
    assert json.loads((tmp_path / files.DIAGNOSIS).read_text())["collapse"]["step"] == 10
    watch.on_train_end()
    assert "collapse: since step 10" in capsys.readouterr().out
    _at(watch, tmp_path, _variances(0.5, 0.03, 0.02, 0.7))
    assert capsys.readouterr().out == "the collapse of step 10 is overcome\n"
    assert json.loads((tmp_path / files.DIAGNOSIS).read_text()) == {"collapse": None}
    watch.on_train_end()
    assert capsys.readouterr().out == ""


def test_intervals_without_an_evaluation_are_passed_over(tmp_path):
    CollapseWatch(tmp_path).on_epoch_end(0, {"loss/generator": 1.0})
    assert not (tmp_path / files.DIAGNOSIS).exists()
