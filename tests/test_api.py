import subprocess
import sys

import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs import UnknownNameError
from tfdgm.workdir.checkpoints import Checkpoints, State
from tfdgm.workdir.files import WorkdirError, claim


def test_import_and_lists_load_no_tensorflow():
    code = (
        "import sys, tfdgm; tfdgm.list_models(); tfdgm.get_config('vae:digits'); tfdgm.DataSpec((2,)); dir(tfdgm);"
        "sys.exit(any(name.partition('.')[0] in ('tensorflow', 'keras') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_is_there_and_listed():
    for name in tfdgm.__all__:
        assert getattr(tfdgm, name)
    assert set(tfdgm.__all__) <= set(dir(tfdgm))
    assert {"build", "load", "list_models", "get_config", "DataSpec", "GenerativeModel", "open_data"} < set(
        tfdgm.__all__
    )


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tfdgm' has no attribute 'biuld'"):
        _ = tfdgm.biuld


def test_build_takes_a_specification_a_shape_or_neither():
    spec = tfdgm.DataSpec((4, 6, 3), domain="symmetric")
    config = {"latent_dim": 2, "hidden_sizes": (4,)}
    assert tfdgm.build("vae", spec, likelihood="gaussian", **config).spec is spec
    assert tfdgm.build("vae", spec=(4, 6, 3), **config).spec == tfdgm.DataSpec((4, 6, 3))
    digits = tfdgm.build("vae", **config)
    assert isinstance(digits, tfdgm.GenerativeModel)
    assert digits.spec == tfdgm.DataSpec((8, 8, 1), domain="binary", num_levels=2)
    assert digits.sample(tf.range(3, dtype=tf.int64)).shape == (3, 8, 8, 1)


def test_build_names_the_nearest_model_and_the_wrong_field():
    with pytest.raises(UnknownNameError, match=r"model 'vea' is unknown; did you mean 'vae'\?"):
        tfdgm.build("vea")
    with pytest.raises(ValueError, match="latent_dim is 0; it must be at least 1"):
        tfdgm.build("vae", latent_dim=0)


def test_load_gives_the_trained_model(tmp_path):
    config = tfdgm.get_config("vae:digits:smoke")
    spec = tfdgm.DataSpec((8, 8, 1), domain="binary", num_levels=2)
    claim(tmp_path, config, spec, tfdgm.__version__)
    with pytest.raises(WorkdirError, match="has no checkpoint yet"):
        tfdgm.load(tmp_path)
    trained = tfdgm.build("vae", spec, seed=3, latent_dim=4, hidden_sizes=(32,))
    trained.step.assign(40)
    Checkpoints(tmp_path).save(tf.train.Checkpoint(model=trained), State(step=40, phase="train"))
    loaded = tfdgm.load(tmp_path)
    assert int(loaded.step) == 40
    seeds = tf.range(4, dtype=tf.int64)
    tf.debugging.assert_equal(loaded.sample(seeds), trained.sample(seeds))


def test_load_says_what_a_folder_lacks(tmp_path):
    with pytest.raises(WorkdirError, match=r"config\.json does not exist"):
        tfdgm.load(tmp_path)
