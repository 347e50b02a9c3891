import importlib.metadata
import re

import tfdgm
from tfdgm.evaluation import provenance


def test_versions_are_those_installed():
    found = provenance.package_versions()
    assert found["tensorflow"] == importlib.metadata.version("tensorflow")
    assert found["keras"] == importlib.metadata.version("keras")


def test_commit_is_one_of_git_or_none(monkeypatch, tmp_path):
    found = provenance.commit()
    assert found is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", found)
    monkeypatch.setattr(provenance, "_PACKAGE_FOLDER", tmp_path)
    assert provenance.commit() is None


def test_training_minutes_are_those_of_the_last_whole_line(tmp_path):
    assert provenance.training_minutes(tmp_path) is None
    lines = ['{"step": 1, "seconds": 30.0}', '{"step": 2, "seconds": 90.0}', '{"step": 3, "se']
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines))
    assert provenance.training_minutes(tmp_path) == 1.5


def test_train_command_names_what_differs_from_the_preset():
    config = tfdgm.get_config("vae:digits:smoke")
    config.seed = 7
    config.model.hidden_sizes = (64, 32)
    config.optimizers.vae.learning_rate = 0.01
    assert provenance.train_command(config) == (
        "python -m trainers.train --config=vae:digits:smoke --config.seed=7 --config.model.hidden_sizes=64,32"
        " --config.optimizers.vae.learning_rate=0.01 --workdir=W"
    )
