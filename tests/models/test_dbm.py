"""Tiny deep Boltzmann machines against sums over all their states."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from tests.goldens import deep_boltzmann as golden
from tests.goldens.deep_boltzmann import binary
from tfdgm import configs
from tfdgm.core.types import DataSpec
from tfdgm.models.dbm import DBM
from tfdgm.objectives import mean_field
from tfdgm.training import run
from tfdgm.workdir.checkpoints import Checkpoints
from tfdgm.workdir.files import read_metrics

pytestmark = pytest.mark.usefixtures("_float64")

SPEC = DataSpec((2, 2, 1), domain="binary", num_levels=2, num_classes=3)
X = tf.constant(binary(4).reshape(16, 2, 2, 1))


def _dbm(*hidden_sizes, scale=1.0, **fields):
    """All parameters of the machine random."""
    keras.utils.set_random_seed(0)
    model = DBM(SPEC, hidden_sizes=hidden_sizes or (3, 2), **{"num_chains": 8, "num_sampling_steps": 30, **fields})
    rng = np.random.default_rng(0)
    for variable in (*model.dbm.kernels, *model.dbm.biases):
        variable.assign(scale * rng.normal(size=variable.shape))
    for mean in model.dbm.means:
        mean.assign(rng.uniform(0.2, 0.8, size=mean.shape))
    return model


def _probabilities(model):
    return np.exp(golden.log_prob(model.dbm.parameters()))


@pytest.mark.parametrize("hidden_sizes", [(3, 2), (2, 3, 2)], ids=str)
def test_the_bound_with_the_normalizer_is_just_below_the_evidence(hidden_sizes):
    model = _dbm(*hidden_sizes, num_inference_steps=200)
    harmonium = model.normalizer().harmonium
    log_partition = logsumexp(-harmonium.free_energy(binary(harmonium.num_visible)).numpy())
    gap = golden.log_prob(model.dbm.parameters()) - (model.unnormalized_elbo(X).numpy() - log_partition)
    assert (gap > 0.0).all()
    assert gap.max() < 0.6
    np.testing.assert_array_equal(model.unnormalized_elbo(X[2:5], tf.range(3), 7), model.unnormalized_elbo(X)[2:5])


def test_the_bound_is_exact_where_hidden_layers_are_not_joined():
    model = _dbm()
    model.dbm.kernels[1].assign(np.zeros((3, 2)))
    expected = golden.log_unnormalized(model.dbm.parameters())
    np.testing.assert_allclose(model.unnormalized_elbo(X), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("hidden_sizes", [(3, 2), (2, 3, 2)], ids=str)
def test_samples_follow_the_distribution(hidden_sizes):
    model = _dbm(*hidden_sizes)
    seeds = tf.range(4000, dtype=tf.int64)
    codes = model.sample(seeds).numpy().reshape(-1, 4) @ [8, 4, 2, 1]
    found, expected = np.bincount(codes.astype(int), minlength=16) / len(codes), _probabilities(model)
    assert np.abs(found - expected).sum() / 2 < 0.05
    assert np.abs(1.0 / 16.0 - expected).sum() / 2 > 0.2  # what uniform samples would give
    means = model.sample_mean(seeds).numpy().reshape(-1, 4)
    np.testing.assert_allclose(means.mean(0), expected @ binary(4), rtol=0, atol=0.03)
    assert len(np.unique(means)) > 4  # given h_1, not of all v


def test_fantasies_are_the_means_of_samples_by_step():
    model = _dbm()
    seeds = tf.range(5, dtype=tf.int64)
    found = model.fantasies(seeds, (1, 30))
    np.testing.assert_array_equal(found[1], model.sample_mean(seeds))
    assert np.abs(found[0] - found[1]).max() > 0.01


def test_inpainting_follows_the_conditional():
    model = _dbm(scale=2.0, num_sampling_steps=60)
    known, mask = np.array([1.0, 0.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0, 1.0])
    x, mask_of_all = (np.tile(value, [4000, 1]).reshape(4000, 2, 2, 1) for value in (known, mask))
    found = model.inpaint(tf.constant(x), tf.constant(mask_of_all), tf.range(4000, dtype=tf.int64))
    found = found.numpy().reshape(-1, 4)
    assert (found[:, [0, 3]] == [1.0, 0.0]).all()
    probabilities, fits = _probabilities(model), (binary(4)[:, [0, 3]] == [1.0, 0.0]).all(1)
    conditional = probabilities * fits / probabilities[fits].sum()
    np.testing.assert_allclose(found.mean(0), conditional @ binary(4), rtol=0, atol=0.03)
    assert np.abs((conditional - probabilities) @ binary(4))[[1, 2]].max() > 0.3


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"mask is of shape \[2, 4\]; it must be \[2, 2, 2, 1\]"):
        _dbm().inpaint(X[:2], tf.ones([2, 4]), tf.range(2, dtype=tf.int64))


def test_features_and_reconstructions_are_those_of_mean_field():
    model = _dbm(num_inference_steps=200)
    dbm, v = model.dbm.parameters(), tf.reshape(X, [16, 4])
    means = mean_field.infer(dbm, v, 300)
    for found, expected in zip(model.hidden_probabilities(X), means, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    reconstruction = tf.reshape(model.reconstruct(X), [16, 4])
    np.testing.assert_allclose(reconstruction, mean_field.visible_mean(dbm, means), rtol=0, atol=1e-9)


def _fit(model, phase_name, num_steps=1, label=None, **optimizers):
    """Steps of one phase on all sixteen pictures."""
    model.phase = next(phase for phase in model.phases() if phase.name == phase_name)
    model.phase_step.assign(0)
    model.compile({group: optimizers.get(group, keras.optimizers.SGD(0.125)) for group in model.groups()})
    label = tf.range(16) % 3 if label is None else label
    batch = {"x": tf.cast(X, tf.float32), "label": label}
    return model.fit(tf.data.Dataset.from_tensors(batch).repeat(num_steps), verbose=0, shuffle=False).history


def test_a_joint_step_goes_down_the_gradient_that_its_chains_give():
    model = _dbm(mean_rate=0.0, num_mean_field_steps=3)
    model._initialized.assign(1)
    variables = (*model.dbm.kernels, *model.dbm.biases)
    before, dbm = [variable.numpy() for variable in variables], model.dbm.parameters()
    means = mean_field.infer(dbm, tf.reshape(X, [16, 4]), 3)
    _fit(model, "joint")
    chains = model.joint.negative_phase.states()
    assert 0.0 < np.mean(chains) < 1.0
    moved = [variable.numpy() for variable in variables]
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    with tf.GradientTape() as tape:
        tape.watch([variable.value for variable in variables])
        loss, _ = mean_field.contrast(model.dbm.parameters(), tf.reshape(X, [16, 4]), means, chains)
        loss = tf.reduce_mean(loss)
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    for value, old, gradient in zip(moved, before, gradients, strict=True):
        np.testing.assert_allclose(value, old - 0.125 * gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("negative_phase", ["pcd", "tempering"])
def test_training_raises_the_likelihood_of_the_data(negative_phase):
    """Words whose halves agree: what v and the top layer have to say to each other goes through h_1."""
    model = _dbm(4, 3, scale=0.1, num_chains=50, negative_phase=negative_phase, num_temperatures=3)
    words = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]], np.float32)
    data = words.astype(int) @ [8, 4, 2, 1]
    before = golden.log_prob(model.dbm.parameters())[data].mean()
    model.compile({"dbm": keras.optimizers.SGD(0.1)})
    batch = {"x": words.reshape(4, 2, 2, 1)}
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(400), verbose=0, shuffle=False)
    after = golden.log_prob(model.dbm.parameters())[data].mean()
    assert before == pytest.approx(-4.0 * np.log(2.0), abs=0.3)
    assert after > -1.6  # at most -1.04, the negative entropy of the data


PHASES = {
    "rbm_1": {"kernel_0", "bias_0", "bias_1", "mean_0", "mean_1"},
    "rbm_2": {"kernel_1", "bias_1", "bias_2", "mean_2"},
    "rbm_3": {"kernel_2", "bias_2", "bias_3", "mean_3"},
    "joint": {*(f"{kind}_{k}" for kind in ("bias", "mean") for k in range(4)), *(f"kernel_{k}" for k in range(3))},
    "discriminative": set(),
}


@pytest.mark.parametrize("name", PHASES)
def test_a_phase_moves_its_own_variables_alone(name):
    model = _dbm(3, 2, 2, num_pretraining_steps=5, num_discriminative_steps=5)
    assert [phase.name for phase in model.phases()] == list(PHASES)
    assert [phase.steps for phase in model.phases()] == [5, 5, 5, None, 5]
    assert model.phase.name == "rbm_1"
    model._initialized.assign(1)
    before = {variable.path: variable.numpy() for variable in model.variables}
    logs = _fit(model, name, num_steps=2)
    assert all(np.isfinite(values).all() for values in logs.values())
    moved = {v.path for v in model.variables if not np.array_equal(v.numpy(), before[v.path])}
    machine = {path.removeprefix("dbm/") for path in moved if path.startswith("dbm/")} - {"step", "phase_step"}
    assert machine == PHASES[name]
    others = {path for path in moved if path.split("/")[0] not in ("dbm", model.name)}
    assert {path.split("/")[0] for path in others} == {
        "joint": {"negative_phase"},
        "discriminative": {"classifier"},
    }.get(name, set())


def test_chains_start_at_the_data_when_the_joint_phase_begins():
    model = _dbm(num_pretraining_steps=5, num_chains=16)
    model._initialized.assign(1)
    drawn = []
    phase = model.joint.negative_phase
    phase.draw = lambda harmonium, v_data: drawn.append(1) or phase.states()
    model.dbm.biases[1].assign([30.0, -30.0, 30.0])
    _fit(model, "joint", dbm=keras.optimizers.SGD(0.0))
    assert drawn
    np.testing.assert_array_equal(phase.states(), np.tile([1.0, 0.0, 1.0], [16, 1]))
    model.dbm.biases[1].assign([-30.0, -30.0, -30.0])
    model.phase_step.assign(7)
    model.fit(tf.data.Dataset.from_tensors({"x": tf.cast(X, tf.float32)}), verbose=0)
    np.testing.assert_array_equal(phase.states(), np.tile([1.0, 0.0, 1.0], [16, 1]))


def test_pretraining_learns_states_that_are_drawn_not_means():
    model = _dbm(num_pretraining_steps=5)
    seen = []
    phase = model.procedures[1].negative_phase
    phase.draw = lambda harmonium, v_data: seen.append(v_data) or v_data
    model.compile(dict.fromkeys(model.groups(), "sgd"), run_eagerly=True)
    model.phase = model.phases()[1]
    model.fit(tf.data.Dataset.from_tensors({"x": tf.cast(X, tf.float32)}), verbose=0)
    assert set(np.unique(seen[0])) == {0.0, 1.0}
    assert seen[0].shape == (16, 3)  # the top one has its visibles once


def test_the_discriminative_phase_learns_labels():
    model = _dbm(8, 6, scale=0.3, num_discriminative_steps=200)
    label = tf.constant(binary(4)[:, 0] + binary(4)[:, 3], tf.int32)
    adam = keras.optimizers.Adam(0.03)
    history = _fit(model, "discriminative", 1, label)
    before = history["accuracy"][0]
    _fit(model, "discriminative", 200, label, classifier=adam)
    probabilities = model.predict_probabilities(X).numpy()
    np.testing.assert_allclose(probabilities.sum(1), 1.0, rtol=1e-12)
    assert before < 0.7
    np.testing.assert_array_equal(probabilities.argmax(1), label)
    found = model.evaluate(tf.data.Dataset.from_tensors({"x": X, "label": label}), return_dict=True, verbose=0)
    assert found["accuracy"] == 1.0
    log_loss = -np.log(probabilities[np.arange(16), label]).mean()
    assert found["cross_entropy"] == pytest.approx(log_loss, rel=1e-6)


def test_held_out_logs_tell_how_far_training_stops_from_the_fixed_point():
    model = _dbm(num_mean_field_steps=1)
    model.compile({"dbm": "sgd"})
    found = model.evaluate(tf.data.Dataset.from_tensors({"x": X}), return_dict=True, verbose=0)
    assert found["unnormalized_elbo"] == pytest.approx(np.mean(model.unnormalized_elbo(X)), rel=1e-9)
    dbm, v = model.dbm.parameters(), tf.reshape(X, [16, 4])
    short = mean_field.unnormalized_elbo(dbm, v, mean_field.infer(dbm, v, 1))
    assert found["mean_field_gap"] == pytest.approx(np.mean(model.unnormalized_elbo(X) - short), rel=1e-9)
    assert found["mean_field_gap"] > 1e-4


def test_only_a_classifier_predicts():
    assert not hasattr(_dbm(), "predict_probabilities")
    assert "predict" not in _dbm().endpoints()
    assert "predict" in _dbm(num_discriminative_steps=1).endpoints()
    assert list(_dbm().groups()) == ["dbm"]
    assert list(_dbm(num_pretraining_steps=1).groups()) == ["rbm_1", "rbm_2", "dbm"]


def test_the_endpoint_of_the_bound_gives_its_pieces():
    model = _dbm()
    pieces = model.endpoints()["unnormalized_elbo"].fn(X)
    np.testing.assert_allclose(pieces["unnormalized_elbo"], model.unnormalized_elbo(X), rtol=1e-12)
    np.testing.assert_allclose(
        pieces["entropy"] - pieces["expected_energy"], pieces["unnormalized_elbo"], rtol=0, atol=1e-12
    )
    layers = model.endpoints()["hidden_probabilities"].fn(X)
    assert {name: mu.shape[1] for name, mu in layers.items()} == {"layer_1": 3, "layer_2": 2}


@pytest.mark.parametrize(
    ("spec", "fields", "message"),
    [
        ({"domain": "unit"}, {}, "data.domain is 'unit'; a DBM's visible units are binary: set it to binary"),
        ({}, {"hidden_sizes": (5,)}, r"hidden_sizes is \(5,\); a DBM has at least 2 hidden layers"),
        ({}, {"hidden_sizes": (5, 0)}, "hidden_sizes is 0; it must be at least 1"),
        ({}, {"num_chains": 0}, "num_chains is 0; it must be at least 1"),
        ({}, {"num_gibbs_steps": 0}, "num_gibbs_steps is 0; it must be at least 1"),
        ({}, {"negative_phase": "cd"}, "negative_phase is 'cd'; it must be one of pcd, tempering"),
        ({}, {"num_mean_field_steps": 0}, "num_mean_field_steps is 0; it must be at least 1"),
        ({}, {"num_pretraining_steps": -1}, "num_pretraining_steps is -1; it must be at least 0"),
        ({}, {"num_discriminative_steps": -1}, "num_discriminative_steps is -1; it must be at least 0"),
        (
            {"num_classes": 0},
            {"num_discriminative_steps": 10},
            "num_discriminative_steps is 10, but the data has 0 classes; set it to 0 or choose data with labels",
        ),
    ],
)
def test_messages_name_field_value_and_what_is_right(spec, fields, message):
    with pytest.raises(ValueError, match=message):
        DBM(DataSpec((2, 2, 1), **{"domain": "binary", "num_levels": 2, "num_classes": 3, **spec}), **fields)


def test_data_outside_the_support_is_refused_before_training():
    model = _dbm()
    model.compile({"dbm": "sgd"})
    with pytest.raises(ValueError, match=r"x has the value 0\.5 where BernoulliVisibles need 0 or 1"):
        model.fit(tf.data.Dataset.from_tensors({"x": tf.fill([4, 2, 2, 1], 0.5)}), verbose=0)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ({"label": tf.constant([0, 1, 3, 2])}, "label has the value 3 ; it must be 0 to 2"),
        ({"label": tf.constant([0, -1, 1, 2])}, "label has the value -1 ; it must be 0 to 2"),
        ({}, "a batch has x, but num_discriminative_steps needs its 'label'"),
    ],
)
def test_labels_that_are_no_classes_are_refused_before_training(label, message):
    model = _dbm(num_discriminative_steps=5)
    model.compile(dict.fromkeys(model.groups(), "sgd"))
    with pytest.raises(ValueError, match=message):
        model.fit(tf.data.Dataset.from_tensors({"x": X[:4], **label}), verbose=0)


def _digits():
    """Every phase of the preset in 10 steps, but for 20 of the joint one."""
    config = configs.get_config("dbm:digits:smoke")
    config.model = dataclasses.replace(config.model, num_pretraining_steps=10, num_discriminative_steps=10)
    intervals = {"log_every": 10, "evaluate_every": 10, "checkpoint_every": 10, "sample_every": 100}
    config.training = dataclasses.replace(config.training, num_steps=20, steps_per_execution=10, **intervals)
    return config


@pytest.mark.slow
def test_a_run_resumed_at_each_boundary_of_its_phases_is_one_without_interruption(tmp_path, monkeypatch):
    run.train(_digits(), tmp_path / "whole")
    phases = ["rbm_1", "rbm_2", "joint", "joint", "discriminative"]
    assert [line["phase"] for line in read_metrics(tmp_path / "whole")] == phases
    original = Checkpoints.save

    def save_then_die(self, checkpoint, state, *, is_chief=True):
        original(self, checkpoint, state, is_chief=is_chief)
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", save_then_die)
    for _ in phases:
        with pytest.raises(KeyboardInterrupt):
            run.train(_digits(), tmp_path / "cut")
    whole, cut = (tf.train.load_checkpoint(Checkpoints(tmp_path / name).weights(50)) for name in ("whole", "cut"))
    names = set(whole.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    assert names == set(cut.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    assert any("chains" in name for name in names)
    for name in names:
        np.testing.assert_array_equal(cut.get_tensor(name), whole.get_tensor(name), err_msg=name)
