"""`trainers.learning_curves`: the table, the plot, its mistakes."""

import json

import pytest
import tensorflow as tf

from tfdgm.models import singular_values
from tfdgm.workdir import files
from trainers import learning_curves


@pytest.fixture
def run(make_run, tmp_path):
    folder = make_run(tmp_path / "run")
    lines = [{"step": step, "phase": "train", "loss/vae": 9.0 - step, "val_elbo": -1.0 / step} for step in (1, 2, 3)]
    (folder / files.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_prints_the_table_and_writes_the_plot(run, tmp_path, capsys):
    path = tmp_path / "deep" / "curves.png"
    assert learning_curves.main([f"--workdirs={run}", "--metric=val_elbo", f"--out={path}"]) == 0
    title, head, row, written = capsys.readouterr().out.splitlines()
    assert title == "val_elbo by training step"
    assert "highest" in head
    assert row.split() == ["vae:digits:smoke", "3", "-0.333333", "-0.333333", "3"]
    assert written == str(path)
    assert tf.io.decode_png(path.read_bytes()).shape[0] > 100


@pytest.mark.parametrize(
    ("argv", "word", "step"),
    [
        (["--metric=loss/vae"], "lowest", "3"),
        (["--metric=loss/vae", "--best=max"], "highest", "1"),
        (["--metric=val_elbo", "--best=min"], "lowest", "1"),
    ],
)
def test_the_best_loss_is_the_lowest_unless_told_otherwise(run, capsys, argv, word, step):
    assert learning_curves.main([f"--workdirs={run}", *argv]) == 0
    _, head, row = capsys.readouterr().out.splitlines()
    assert word in head
    assert row.split()[-1] == step


def test_spectra_are_a_table_a_verdict_and_four_panels_a_run(run, tmp_path, capsys):
    values = {"generator_first": [2.0, 1.0], "discriminator_first": [1.5, 1.0]}
    lines = [{"step": step, **singular_values.logged(values)} for step in range(1, 31)]
    (run / files.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = tmp_path / "spectra.png"
    assert learning_curves.main([f"--workdirs={run}", "--metric=singular_values", f"--out={path}"]) == 0
    *_, generator, discriminator, written = capsys.readouterr().out.splitlines()
    assert generator.endswith("no sign of a collapse")
    assert discriminator.startswith("discriminator: within a tenth")
    assert written == str(path)
    assert tf.io.decode_png(path.read_bytes()).shape[:2] == (720, 1400)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--workdirs={run}", "--metric=singular_values"], "a run of vae:digits:smoke, logs no singular values"),
        (["--workdirs={run}", "--metric=singular_values", "--best=max"], "--best is 'max', and singular_values have"),
        (["--metric=val_elbo"], "--workdirs is missing"),
        (["--workdirs={run}"], "--metric is missing"),
        (["--workdirs={run},/nowhere", "--metric=val_elbo"], "--workdirs names '/nowhere', which has no config.json"),
        (["--workdirs={run},{run}", "--metric=val_elbo"], "more than once"),
        (["--workdirs={run}", "--metric=val_elob"], "did you mean 'val_elbo'? It logs loss/vae, val_elbo"),
        (["--workdirs={run}", "--metric=val_elbo", "--out=x.pdf"], "--out is 'x.pdf'; it must end in .png"),
        (["--workdirs={run}", "--metric=val_elbo", "--best=most"], "--best is 'most'; it must be one of max, min"),
    ],
)
def test_mistakes_exit_with_2(run, capsys, argv, words):
    assert learning_curves.main([argument.format(run=run) for argument in argv]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""
