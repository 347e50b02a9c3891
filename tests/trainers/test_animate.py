"""`trainers.animate`: both files, what it prints, its mistakes."""

import json

import PIL.Image
import pytest

import tfdgm
from tfdgm.workdir import files
from trainers import animate


@pytest.fixture
def run(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    folder = tmp_path / "pictures" / "samples"
    folder.mkdir(parents=True)
    for step in (2000, 1000, 3000):
        PIL.Image.new("L", (64, 64), step // 20).save(folder / f"step-{step:09d}.png")
    return tmp_path


@pytest.mark.parametrize("name", ["samples.gif", "strip.png"])
def test_writes_frames_in_order(run, capsys, name):
    path = run / "deep" / name
    assert animate.main([f"--workdir={run}", f"--out={path}", "--max_frames=2"]) == 0
    assert capsys.readouterr().out == f"2 pictures of samples, steps 1,000 to 3,000\n{path}\n"
    with PIL.Image.open(path) as file:
        if name.endswith(".gif"):
            assert file.n_frames == 2
        else:
            row = [file.convert("L").getpixel((x, file.height - 20)) for x in (20, file.width - 40)]
            assert row == [50, 150]


def test_a_strip_of_growth_is_a_row_a_phase(run, capsys):
    config, spec = tfdgm.get_config("progan:digits"), tfdgm.DataSpec((8, 8, 1))
    files.claim(run, config, spec, "1.0")
    phases = {1000: "stabilize_4", 2000: "fade_8", 3000: "stabilize_8"}
    lines = [json.dumps({"step": step, "phase": phase}) for step, phase in phases.items()]
    (run / files.METRICS).write_text("\n".join(lines))
    path = run / "growth.png"
    argv = [f"--workdir={run}", f"--out={path}", "--phases=stabilize", "--num_rows=1", "--num_columns=1"]
    assert animate.main(argv) == 0
    assert capsys.readouterr().out == f"2 pictures of samples, steps 1,000 to 3,000\n{path}\n"
    with PIL.Image.open(path) as file:
        grey = file.convert("L")
        assert [grey.getpixel((20, y)) for y in (file.height // 2 - 20, file.height - 20)] == [50, 150]
        assert file.height < 2 * 48 + 80


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--workdir={run}"], "--out is missing"),
        (["--workdir={run}", "--out=x.mp4"], "--out is 'x.mp4'; it must end in .gif or .png"),
        (["--workdir=/nowhere", "--out=x.gif"], "--workdir is '/nowhere', which has no config.json"),
        (["--workdir={run}", "--out=x.gif", "--kind=sample"], "did you mean 'samples'?"),
        (["--workdir={run}", "--out=x.gif", "--milliseconds=1"], "--milliseconds is '1'"),
    ],
)
def test_mistakes_exit_with_2(run, capsys, argv, words):
    assert animate.main([argument.format(run=run) for argument in argv]) == 2
    assert words in capsys.readouterr().err
