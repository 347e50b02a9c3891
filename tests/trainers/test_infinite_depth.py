"""`trainers.infinite_depth`: both tables, the picture, its mistakes."""

import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from trainers import infinite_depth


@pytest.fixture
def rbm_run(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    model = tfdgm.build("rbm", num_hidden=5, seed=0)
    model.layer.kernel.assign(np.random.default_rng(0).normal(scale=0.5, size=(64, 5)))
    monkeypatch.setattr(tfdgm, "load", lambda workdir: model)
    return tmp_path


def test_without_a_run_it_enumerates(capsys):
    assert infinite_depth.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("RBM of 4 visible and 3 hidden units, weights by seed 0")
    assert lines[-1].startswith("limit")
    assert len(lines) == 16


def test_a_run_gets_a_table_and_a_picture(rbm_run, capsys):
    path = rbm_run / "pictures" / "depths.png"
    argv = [f"--workdir={rbm_run}", "--depths=1,4", "--num=8", "--num_sweeps=3", f"--out={path}"]
    assert infinite_depth.main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[-7:-1]] == ["depth", "1", "4", "chains", "exact", "exact"]
    assert lines[-1] == str(path)
    height, width, _ = tf.io.decode_png(path.read_bytes()).shape
    assert width / height == pytest.approx(8 / 4, rel=0.02)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--depths=1,x"], "--depths is '1,x'; it must be whole numbers from 1 up"),
        (["--depths="], "--depths is ''"),
        (["--depths=0,3"], "--depths is '0,3'"),
        (["--depths=-2"], "--depths is '-2'"),
        (["--depths=3,3"], "each larger than the last, such as 1,10,100"),
        (["--depths=1.5"], "--depths is '1.5'"),
        (["--num=1"], "--num is '1'"),
        (["--num_sweeps=0"], "--num_sweeps is '0'"),
        (["--out=x.png"], "--out is given without --workdir"),
        (["--workdir=/nowhere", "--out=x.gif"], "--out is 'x.gif'; it must end in .png"),
        (["--workdir=/nowhere"], "--workdir is '/nowhere', which has no config.json; first train there: python"),
    ],
)
def test_mistakes_exit_with_2(capsys, argv, words):
    assert infinite_depth.main(argv) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""


def test_a_run_of_another_model_is_refused(workdir, capsys):
    assert infinite_depth.main([f"--workdir={workdir}"]) == 2
    printed = capsys.readouterr()
    assert (
        f"--workdir is '{workdir}': the model is 'vae'; only an RBM has a directed net of tied weights" in printed.err
    )
    assert printed.out == ""
