"""The run's folder: whole files, one writer, no silent change of plan."""

import json
import multiprocessing
import re

import pytest

from tfdgm import configs
from tfdgm.core.types import DataSpec
from tfdgm.workdir import files

SPEC = DataSpec((8, 8, 1), domain="binary", num_levels=2, num_classes=10)


def test_config_round_trip(tmp_path):
    config = configs.get_config("iwae:digits:smoke")
    config.model.latent_dim = 7
    files.claim(tmp_path, config, SPEC, "1.0")
    assert files.read_config(tmp_path) == (config, SPEC)


def _begin(folder):
    (folder / files.METRICS).write_text('{"step": 10}\n')


def test_a_run_that_never_began_leaves_its_folder_free(tmp_path):
    files.claim(tmp_path, configs.get_config("vae:digits"), SPEC, "1.0")
    files.claim(tmp_path, configs.get_config("iwae:digits"), SPEC, "1.0")
    assert files.read_config(tmp_path)[0].preset == "iwae:digits"
    (tmp_path / files.CHECKPOINTS / "step-000000010").mkdir(parents=True)
    with pytest.raises(files.WorkdirError, match="another configuration"):
        files.claim(tmp_path, configs.get_config("vae:digits"), SPEC, "1.0")


def test_claiming_again_with_the_same_configuration_changes_nothing(tmp_path):
    files.claim(tmp_path, configs.get_config("vae:digits"), SPEC, "1.0")
    _begin(tmp_path)
    before = (tmp_path / files.CONFIG).read_text()
    files.claim(tmp_path, configs.get_config("vae:digits"), SPEC, "2.0")
    assert (tmp_path / files.CONFIG).read_text() == before


def test_a_changed_configuration_is_refused_naming_every_field(tmp_path):
    files.claim(tmp_path, configs.get_config("vae:digits"), SPEC, "1.0")
    _begin(tmp_path)
    changed = configs.get_config("vae:digits")
    changed.model.latent_dim = 3
    changed.optimizers.vae.learning_rate = 0.5
    before = (tmp_path / files.CONFIG).read_text()
    with pytest.raises(files.WorkdirError) as error:
        files.claim(tmp_path, changed, SPEC, "1.0")
    assert "config.model.latent_dim: 16 there, 3 asked for" in str(error.value)
    assert "config.optimizers.vae.learning_rate: 0.001 there, 0.5 asked for" in str(error.value)
    assert "hidden_sizes" not in str(error.value)
    assert (tmp_path / files.CONFIG).read_text() == before


def test_changed_data_is_refused(tmp_path):
    files.claim(tmp_path, configs.get_config("vae:digits"), SPEC, "1.0")
    _begin(tmp_path)
    other = DataSpec((8, 9, 1), domain="binary", num_levels=2, num_classes=10)
    with pytest.raises(files.WorkdirError, match=re.escape("data_spec.shape: [8, 8, 1] there, [8, 9, 1] asked for")):
        files.claim(tmp_path, configs.get_config("vae:digits"), other, "1.0")


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(files.WorkdirError, match=r"config\.json does not exist"):
        files.read_config(tmp_path)


def test_a_broken_config_is_named(tmp_path):
    (tmp_path / files.CONFIG).write_text("{")
    with pytest.raises(files.WorkdirError, match="is not JSON"):
        files.read_config(tmp_path)


def test_write_atomically_leaves_no_temporary_file(tmp_path):
    files.write_atomically(tmp_path / "a.json", json.dumps({"a": 1}))
    files.write_atomically(tmp_path / "a.json", json.dumps({"a": 2}))
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 2}


def _try_to_write(folder, answers):
    try:
        with files.sole_writer(folder):
            answers.put("entered")
    except files.WorkdirError as error:
        answers.put(str(error))


def test_one_writer_at_a_time(tmp_path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    with files.sole_writer(tmp_path):
        other = context.Process(target=_try_to_write, args=(tmp_path, answers))
        other.start()
        assert "is in use" in answers.get(timeout=60)
        other.join()
    with files.sole_writer(tmp_path):
        pass
