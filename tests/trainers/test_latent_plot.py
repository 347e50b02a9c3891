"""`trainers.latent_plot`: the plot; mistakes."""

import numpy as np
import tensorflow as tf

from tfdgm.evaluation import latent_plot as points_of
from trainers import latent_plot


def test_writes_a_plot(tmp_path, capsys, monkeypatch, make_run):
    points, labels = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 4
    monkeypatch.setattr(points_of, "latent_points", lambda workdir, **options: (points, labels))
    path = tmp_path / "latents.png"
    run = make_run(tmp_path / "run")
    assert latent_plot.main([f"--workdir={run}", f"--out={path}"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    assert tf.io.decode_png(path.read_bytes()).shape[0] > 100


def test_mistakes_are_named(tmp_path, capsys, make_run):
    assert latent_plot.main([f"--workdir={tmp_path}", "--out=a.png"]) == 2
    assert "which has no config.json" in capsys.readouterr().err
    assert latent_plot.main([f"--workdir={make_run(tmp_path / 'run')}", "--out=a.jpg"]) == 2
    assert "it must end in .png" in capsys.readouterr().err
