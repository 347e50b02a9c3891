"""`trainers.mode_study`: tables, JSON and pictures; mistakes."""

import json

import pytest

from tfdgm.evaluation import mode_fits, mode_targets
from trainers import mode_study


def test_prints_a_table_and_writes_json_and_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(mode_fits, "OBJECTIVES", {"JSD": mode_fits.OBJECTIVES["JSD"]})
    out = tmp_path / "deep" / "out"
    command = ["--targets=line", "--num_steps=50", "--num_seeds=2", "--seed=5", f"--out={out}"]
    assert mode_study.main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("4 modes on the line, a network: mean [least, largest] of 2 seeds") for line in lines)
    names = ["mode-study-line.json", "mode-study-line.png", "mode-study-line-divergences.png"]
    assert lines[-3:] == [str(out / name) for name in names]
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in names[1:])
    found = json.loads((out / names[0]).read_text())
    assert found["num_steps"] == 50
    assert [(fit["objective"], fit["seed"]) for fit in found["fits"]] == [("JSD", 5), ("JSD", 6)]


def test_names_and_steps_are_those_of_the_study():
    assert mode_study._STEPS_AT_ONCE == mode_fits.STEPS_AT_ONCE
    assert tuple(mode_targets.TARGETS) == mode_study._TARGETS


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--num_steps=75"], "--num_steps is 75; it must be a multiple of 50"),
        (["--num_steps=0"], "--num_steps is '0'"),
        (["--num_seeds=0"], "--num_seeds is '0'"),
        (["--seed=-1"], "--seed is '-1'"),
        (["--targets=line,rng"], "--targets is 'line,rng'; take some of gaussian, line, ring"),
        (["--targets="], "--targets is ''; take some of gaussian, line, ring"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert mode_study.main(argv) == 2
    assert words in capsys.readouterr().err
