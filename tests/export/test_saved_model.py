import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.core.types import Endpoint
from tfdgm.export.saved_model import METADATA, export, export_model
from tfdgm.export.signatures import ExportError

SIGNATURES = {"serving_default", "sample", "sample_mean", "sample_png", "encode", "decode", "reconstruct"}


def tiny_vae(**config):
    return tfdgm.build("vae", **{"latent_dim": 3, "hidden_sizes": (8,), **config})


def conv_vae():
    spec = tfdgm.DataSpec((8, 12, 3), num_levels=256)
    return tfdgm.build("vae", spec, latent_dim=3, network="conv", num_filters=(4, 4), likelihood="discretized_logistic")


@pytest.fixture(scope="module")
def published(workdir, tmp_path_factory):
    return Path(export(workdir, tmp_path_factory.mktemp("models") / "digits"))


def test_signatures_are_batches_in_and_flat_dicts_out(published):
    loaded = tf.saved_model.load(published)
    assert set(loaded.signatures) == SIGNATURES
    found = {
        name: (
            {key: (t.dtype.name, t.shape.as_list()) for key, t in f.structured_input_signature[1].items()},
            {key: (t.dtype.name, t.shape.as_list()) for key, t in f.structured_outputs.items()},
        )
        for name, f in loaded.signatures.items()
    }
    seed, image, latents = ("int64", [None]), ("float32", [None, 8, 8, 1]), ("float32", [None, 4])
    assert found["serving_default"] == found["sample"] == ({"seed": seed}, {"samples": image, "seed": seed})
    assert found["sample_mean"] == ({"seed": seed}, {"means": image, "seed": seed})
    assert found["sample_png"] == ({"seed": seed}, {"image_bytes": ("string", [None]), "seed": seed})
    assert found["encode"] == ({"x": image}, {"z_mean": latents, "z_log_var": latents})
    assert found["decode"] == ({"z": latents}, {"means": image})
    assert found["reconstruct"] == ({"x": image}, {"means": image})


def test_an_export_answers_as_the_run_it_came_from(published, workdir):
    model, loaded = tfdgm.load(workdir), tf.saved_model.load(published)
    seeds = tf.range(5, dtype=tf.int64)
    live = tf.function(model.sample)(seeds)
    np.testing.assert_array_equal(loaded.signatures["serving_default"](seed=seeds)["samples"], live)
    x = np.random.default_rng(0).integers(0, 2, [7, 8, 8, 1]).astype(np.float32)
    np.testing.assert_allclose(
        loaded.signatures["reconstruct"](x=tf.constant(x))["means"], model.reconstruct(x), atol=1e-5
    )


def test_metadata_tells_where_the_export_comes_from(published):
    metadata = json.loads((published / METADATA).read_text())
    assert metadata["config"]["preset"] == "vae:digits:smoke"
    assert metadata["checkpoint"] == {"step": 120, "which": "last", "uses_ema": False}
    assert metadata["step"] == 120
    assert metadata["data_spec"]["shape"] == [8, 8, 1]
    assert set(metadata["endpoints"]) == SIGNATURES
    assert metadata["endpoints"]["decode"]["outputs"]["means"] == {"dtype": "float32", "shape": [None, 8, 8, 1]}
    assert "tensorflow" in metadata["versions"]


@pytest.mark.parametrize("make", [lambda: tiny_vae(hidden_sizes=(256,)), conv_vae], ids=["mlp", "conv"])
def test_every_weight_is_stored_once(make, tmp_path, monkeypatch):
    monkeypatch.setattr("tfdgm.export.saved_model.verify", lambda path, model: None)  # it takes time
    model = make()
    model.compile("adam")  # its slots must not be exported
    path = Path(export_model(model, tmp_path))
    weights = {*map(id, model.encoder.weights), *map(id, model.decoder.weights)}
    loaded = tf.saved_model.load(path)
    exported = loaded.weights
    assert len(weights) <= len(exported) <= len(weights) + 1  # and the scale of the likelihood, where it has one
    stored = sum(file.stat().st_size for file in path.glob("variables/variables.data-*"))
    values = sum(variable.numpy().nbytes for variable in exported)
    # The rest is the object graph, whose size does not grow with the weights.
    assert values <= stored <= 1.1 * values + 10_000
    assert not any("adam" in variable.name for variable in exported)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_other_precisions_are_served_as_float32(policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    try:
        loaded = tf.saved_model.load(export_model(tiny_vae(), tmp_path))
    finally:
        keras.config.set_dtype_policy("float32")
    for name, signature in loaded.signatures.items():
        for output in signature.structured_outputs.values():
            assert output.dtype in (tf.float32, tf.int64, tf.string), name
    assert loaded.signatures["decode"](z=tf.zeros([2, 3]))["means"].shape == (2, 8, 8, 1)


def test_a_convolutional_model_passes_its_own_comparison(tmp_path):
    assert (Path(export_model(conv_vae(), tmp_path)) / "saved_model.pb").exists()


def test_versions_count_up_and_never_change(tmp_path, monkeypatch):
    monkeypatch.setattr("tfdgm.export.saved_model.verify", lambda path, model: None)  # it takes time
    model, base = tiny_vae(), tmp_path / "vae"
    assert export_model(model, base) == str(base / "1")
    assert export_model(model, base, version=7) == str(base / "7")
    assert export_model(model, base) == str(base / "8")
    (base / "00000012").mkdir()  # a server takes it for version 12
    assert export_model(model, base) == str(base / "13")
    before = (base / "7" / "saved_model.pb").read_bytes()
    with pytest.raises(ExportError, match="7 exists; a published version never changes"):
        export_model(model, base, version=7)
    assert (base / "7" / "saved_model.pb").read_bytes() == before
    with pytest.raises(ValueError, match="version is 0; it must be at least 1"):
        export_model(model, base, version=0)
    assert sorted(path.name for path in base.iterdir()) == ["00000012", "1", "13", "7", "8"]


def test_a_version_that_appears_meanwhile_stays_as_it_is(tmp_path, monkeypatch):
    def verify(path, model):
        (tmp_path / "1").mkdir()
        (tmp_path / "1" / "saved_model.pb").write_bytes(b"another's")

    monkeypatch.setattr("tfdgm.export.saved_model.verify", verify)
    with pytest.raises(ExportError, match="published by another export meanwhile"):
        export_model(tiny_vae(), tmp_path)
    assert (tmp_path / "1" / "saved_model.pb").read_bytes() == b"another's"
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_while_it_is_written_no_server_sees_it(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "tfdgm.export.saved_model.verify",
        lambda path, model: seen.extend(p.name for p in tmp_path.iterdir()),
    )
    export_model(tiny_vae(), tmp_path)
    assert len(seen) == 1
    assert seen[0].startswith(".tmp-1-")


def test_an_endpoint_that_lies_is_named_and_nothing_is_published(tmp_path):
    model, random = tiny_vae(), np.random.default_rng(0)
    decode = model.endpoints()["decode"]

    def lie(z):
        # Another constant in each trace, as a seed drawn in Python would be.
        return {"means": model.decode(z) + 0.25 * random.random()}

    model.endpoints = lambda: {"decode": Endpoint(lie, decode.inputs)}
    with pytest.raises(ExportError, match=r"endpoint '\w+', output 'means', batch of 1: the largest difference is 0"):
        export_model(model, tmp_path / "base")
    assert list((tmp_path / "base").iterdir()) == []


_DRAW = """
import sys, tensorflow as tf
tf.random.set_seed(0)  # must not make fresh seeds repeat
loaded = tf.saved_model.load(sys.argv[1])
found = loaded.signatures["sample"](seed=tf.constant([-1, 5, -1], tf.int64))
print(*found["seed"].numpy())
print(found["samples"].numpy()[1].tobytes().hex())
"""


def test_fresh_processes_draw_fresh_samples_for_negative_seeds_and_the_same_for_others(published):
    command = [sys.executable, "-c", _DRAW, published]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0].splitlines() for process in processes]
    (one, fixed_one, two), (three, fixed_two, four) = (map(int, lines[0].split()) for lines in outputs)
    assert len({one, two, three, four}) == 4
    assert all(0 <= seed < 2**53 for seed in (one, two, three, four))
    assert fixed_one == fixed_two == 5
    assert outputs[0][1] == outputs[1][1]
    # A fresh sample can be drawn again by the seed that came with it.
    signature = tf.saved_model.load(published).signatures["sample"]
    drawn = signature(seed=tf.constant([-1, -1], tf.int64))
    again = signature(seed=drawn["seed"])
    np.testing.assert_array_equal(drawn["samples"], again["samples"])
