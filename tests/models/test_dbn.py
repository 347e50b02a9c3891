"""Tiny deep belief nets against sums over all their states."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tfdgm.configs import get_config
from tfdgm.core.types import DataSpec, Phase
from tfdgm.models.dbn import DBN
from tfdgm.networks.belief_layer import start_above
from tfdgm.training import run
from tfdgm.workdir.checkpoints import Checkpoints
from tfdgm.workdir.files import read_metrics

pytestmark = pytest.mark.usefixtures("_float64")

SPEC = DataSpec((2, 2, 1), domain="binary", num_levels=2, num_classes=3)


def _states(num_units):
    return np.array(list(itertools.product([0.0, 1.0], repeat=num_units)))


X = tf.constant(_states(4).reshape(16, 2, 2, 1))
ALL = tf.range(16, dtype=tf.int64)


def _dbn(*hidden_sizes, seed=0, scale=1.0, **fields):
    """All parameters random; R unlike W."""
    model = DBN(SPEC, hidden_sizes=hidden_sizes, **{"num_chains": 8, "num_sampling_steps": 30, **fields})
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(scale * rng.normal(size=variable.shape))
    for rbm in model.rbms:
        for mean in (rbm.visible_mean, rbm.hidden_mean):
            mean.assign(rng.uniform(0.2, 0.8, mean.shape))
    model._initialized.assign(1)  # or the first batch would set the first layer's means and biases
    return model


def _log_bernoulli(states, logits):
    """[N, D] and [M, D] to [M, N]."""
    return logits @ states.T - np.logaddexp(0.0, logits).sum(1)[:, None]


class Enumerated:
    """Tables of a net with one directed layer, from nothing but the numbers in its variables."""

    def __init__(self, model):
        layer, top, num_features = model.directed.layers[0], model.top, model.top.num_features
        kernel, bias, recognition_bias, mu, lam = (
            variable.numpy()
            for variable in (
                layer.kernel,
                layer.visible_bias,
                layer.hidden_bias,
                layer.visible_mean,
                layer.hidden_mean,
            )
        )
        x, h = _states(4), _states(num_features)
        self.log_x_given_h = _log_bernoulli(x, bias + (h - lam) @ kernel.T)  # [h, x]
        self.log_q = _log_bernoulli(h, recognition_bias + (x - mu) @ layer.recognition_kernel.numpy())  # [x, h]
        labels = np.eye(model.top.num_labels) if model.top.num_labels else np.zeros([1, 0])
        v = np.concatenate([np.repeat(h, len(labels), axis=0), np.tile(labels, [len(h), 1])], axis=1)
        upper, top_kernel = _states(top.kernel.shape[1]), top.kernel.numpy()
        centred_v, centred_upper = v - top.visible_mean.numpy(), upper - top.hidden_mean.numpy()
        energies = -(centred_v @ top_kernel @ centred_upper.T)
        energies -= (centred_v @ top.visible_bias.numpy())[:, None] + centred_upper @ top.hidden_bias.numpy()
        log_v = scipy.special.logsumexp(-energies, axis=1)
        self.log_hy = (log_v - scipy.special.logsumexp(log_v)).reshape(len(h), len(labels))
        self.log_h = scipy.special.logsumexp(self.log_hy, axis=1)
        self.log_x = scipy.special.logsumexp(self.log_h[:, None] + self.log_x_given_h, axis=0)
        self.log_xy = scipy.special.logsumexp(self.log_hy[:, :, None] + self.log_x_given_h[:, None], axis=0).T
        self.bound = (np.exp(self.log_q) * (self.log_h + self.log_x_given_h.T - self.log_q)).sum(1)
        # log Z in the coordinates of `normalizer`, where nothing is centred.
        self.log_partition = scipy.special.logsumexp(-model.normalizer().harmonium.free_energy(tf.constant(v)))


def _harmonium_log_prob(layer, v):
    log_weights = -layer.harmonium().free_energy(tf.constant(_states(layer.kernel.shape[0]))).numpy()
    return -layer.harmonium().free_energy(v).numpy() - scipy.special.logsumexp(log_weights)


def _log_partition(model):
    harmonium = model.normalizer().harmonium
    return scipy.special.logsumexp(-harmonium.free_energy(tf.constant(_states(harmonium.num_visible))))


def _compiled(model, learning_rate=0.05):
    """Eagerly, because a few steps are less work than tracing one."""
    model.compile({group: keras.optimizers.SGD(learning_rate) for group in model.groups()}, run_eagerly=True)
    return model


def _fit(model, phase, x, label=None, num_steps=1):
    model.phase = next(known for known in model.phases() if known.name == phase)
    model.phase_step.assign(0)
    model.make_train_function(force=True)
    batch = {"x": x} if label is None else {"x": x, "label": label}
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(num_steps), verbose=0, shuffle=False)
    return model


def _estimates(model, num_parts, num_samples):
    """Independent estimates of the unnormalised bound, [num_parts, 16]."""
    bound = tf.function(model.unnormalized_elbo, autograph=False)
    return np.array([bound(X, 100 * part + ALL, num_samples) for part in range(num_parts)])


# ---- the bound --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_upper", [4, 6], ids=["as wide as x", "two zero-weight units more"])
def test_a_second_layer_that_starts_at_the_first_turned_round_makes_the_bound_exact(num_upper):
    model = _dbn(3, num_upper)
    layer = model.directed.layers[0]
    layer.tie()
    model.top.kernel.assign(tf.zeros([3, num_upper]))
    model.top.hidden_bias.assign(tf.zeros([num_upper]))
    start_above(model.top, layer, tf.constant(True), tied=True)
    tables, expected = Enumerated(model), _harmonium_log_prob(layer, tf.reshape(X, [16, 4]))
    np.testing.assert_allclose(tables.bound, expected, atol=1e-6)
    np.testing.assert_allclose(tables.log_x, expected, atol=1e-6)


def test_the_first_step_of_a_phase_begins_its_layer():
    model = _compiled(_dbn(3, 6), learning_rate=0.0)
    model.mean_rate = 0.0
    before = model.top.kernel.numpy()
    _fit(model, "rbm_1", X[:8])
    _fit(model, "rbm_2", X[:8])
    layer = model.directed.layers[0]
    np.testing.assert_array_equal(model.top.kernel[:, :4], tf.transpose(layer.kernel.value))
    np.testing.assert_array_equal(model.top.kernel[:, 4:], before[:, 4:])
    model.top.kernel.assign(before)
    model.fit(tf.data.Dataset.from_tensors({"x": X[:8]}), verbose=0, shuffle=False)
    np.testing.assert_array_equal(model.top.kernel, before)  # later steps begin nothing


@pytest.mark.parametrize("labels", [False, True])
def test_the_bound_is_that_of_enumeration_and_below_the_likelihood(labels):
    model = _dbn(3, 5, label_units=labels)
    tables = Enumerated(model)
    assert (tables.bound < tables.log_x - 1e-3).all()
    found = _estimates(model, 40, 300) - tables.log_partition
    error = found.std(0, ddof=1) / np.sqrt(len(found))
    assert np.abs((found.mean(0) - tables.bound) / error).max() < 4.5
    assert ((tables.log_x - tables.bound) / error).min() > 9.0  # so that the likelihood would not pass for the bound


def test_the_bound_of_three_layers_is_below_the_likelihood_and_exact_where_all_are_tied():
    model = _dbn(3, 4, 3)
    for below, layer in itertools.pairwise(model.rbms):
        below.tie()
        start_above(layer, below, tf.constant(True), tied=True)
    expected = _harmonium_log_prob(model.rbms[0], tf.reshape(X, [16, 4]))
    found = _estimates(model, 40, 100).mean(0) - _log_partition(model)
    np.testing.assert_allclose(found, expected, atol=0.05)  # h_2 is x once more, and every q(h|v) the posterior
    model.top.kernel.assign(model.top.kernel + 1.0)
    assert (_estimates(model, 5, 100).mean(0) - _log_partition(model)).mean() < expected.mean() - 0.2


def test_a_row_of_the_bound_depends_on_its_own_seed():
    model = _dbn(3, 5)
    whole = model.unnormalized_elbo(X, ALL, 40).numpy()
    np.testing.assert_allclose(model.unnormalized_elbo(X[5:7], ALL[5:7], 40), whole[5:7], rtol=1e-12)
    assert np.abs(model.unnormalized_elbo(X, ALL + 50, 40) - whole).min() > 0.0


# ---- learning ---------------------------------------------------------------------------------------------------


def _expected_updates(tables, model, x):
    """Minus the exact gradients for kernel and bias of p on x, and for those of q on the net's own samples."""
    layer, features = model.directed.layers[0], _states(model.top.num_features)
    mu, lam = layer.visible_mean.numpy(), layer.hidden_mean.numpy()
    row = int(x.reshape(-1) @ [8, 4, 2, 1])
    q = np.exp(tables.log_q[row])
    missing = x.reshape(-1) - scipy.special.expit(layer.visible_bias + (features - lam) @ layer.kernel.numpy().T)
    generative = np.einsum("h,hv,hj->vj", q, missing, features - lam), q @ missing
    joint = np.exp(tables.log_h[:, None] + tables.log_x_given_h)  # [h, x]
    pixels = _states(4)
    inferred = scipy.special.expit(layer.hidden_bias + (pixels - mu) @ layer.recognition_kernel.numpy())
    error = joint[:, :, None] * (features[:, None] - inferred)  # [h, x, j]
    recognition = np.einsum("hxj,xv->vj", error, pixels - mu), error.sum((0, 1))
    return generative, recognition


def test_up_down_descends_the_enumerated_gradients():
    """With one example, many rows and chains that have met their distribution, sums are expectations."""
    num = 20_000
    model = _compiled(_dbn(3, 4, scale=0.5, negative_phase="cd", num_gibbs_steps=30), learning_rate=1.0)
    model.mean_rate = 0.0
    tables, layer, top = Enumerated(model), model.directed.layers[0], model.top
    x = X[6:7].numpy()
    generative, recognition = _expected_updates(tables, model, x)
    q_mean = np.exp(tables.log_q[6]) @ _states(3)
    p_mean = np.exp(tables.log_h) @ _states(3)
    variables = [layer.kernel, layer.visible_bias, layer.recognition_kernel, layer.hidden_bias, top.visible_bias]
    before = [variable.numpy() for variable in variables]
    _fit(model, "up_down", tf.repeat(x, num, axis=0))
    for variable, value, expected in zip(variables, before, [*generative, *recognition, q_mean - p_mean], strict=True):
        assert np.abs(expected).max() > 0.05, variable.path
        np.testing.assert_allclose(variable.numpy() - value, expected, atol=0.02, err_msg=variable.path)


def test_the_enumerated_gradients_are_those_of_bound_and_reverse_divergence():
    """By finite differences of tables, in a random direction of each variable."""
    model = _dbn(3, 4, scale=0.5)
    layer, row = model.directed.layers[0], 6
    generative, recognition = _expected_updates(Enumerated(model), model, X[row : row + 1].numpy())
    joint = np.exp(Enumerated(model).log_h[:, None] + Enumerated(model).log_x_given_h)

    def bound():
        return Enumerated(model).bound[row]

    def divergence():  # E_p(x) KL(p(h|x) || q(h|x)) up to what does not depend on q
        return (joint.T * Enumerated(model).log_q).sum()

    cases = [
        (layer.kernel, generative[0], bound),
        (layer.visible_bias, generative[1], bound),
        (layer.recognition_kernel, recognition[0], divergence),
        (layer.hidden_bias, recognition[1], divergence),
    ]
    for variable, gradient, objective in cases:
        direction = np.random.default_rng(1).normal(size=variable.shape)
        ends = []
        for step in (1e-5, -2e-5):
            variable.assign_add(step * direction)
            ends.append(objective())
        variable.assign_add(1e-5 * direction)
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx((gradient * direction).sum(), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("labels", [False, True])
def test_a_greedy_phase_moves_its_own_layer_only(labels):
    model = _compiled(_dbn(3, 4, 5, label_units=labels))
    label = tf.constant([0, 1, 2, 0], tf.int32) if labels else None
    for number, rbm in enumerate(model.rbms, 1):
        before = {variable.path: variable.numpy() for variable in model.weights}
        _fit(model, f"rbm_{number}", X[3:7], label, num_steps=2)
        moved = {v.path.split("/")[-2] for v in model.weights if not np.array_equal(v.numpy(), before[v.path])}
        layers = {path for path in moved if path.startswith(("rbm", "negative_phase"))}
        assert layers == {rbm.name, f"negative_phase_{number}"}
        if number < 3:
            np.testing.assert_array_equal(rbm.recognition_kernel, rbm.kernel)


def test_up_down_unties_the_kernels_and_moves_the_top_alone_of_the_harmoniums():
    model = _compiled(_dbn(3, 4))
    _fit(model, "rbm_1", X[3:7])
    _fit(model, "up_down", X[3:7])
    layer = model.directed.layers[0]
    assert np.abs(layer.recognition_kernel.numpy() - layer.kernel.numpy()).min() > 0.0


@pytest.mark.parametrize("kind", ["pcd", "fast_pcd", "tempering"])
def test_chains_of_a_phase_start_at_its_data(kind):
    """At zero learning rate and strong weights, chains stay where they start."""
    model = _compiled(_dbn(3, 4, negative_phase=kind, num_temperatures=2, fast_rate=0.0), learning_rate=0.0)
    layer = model.directed.layers[0]
    for variable in layer.weights:
        variable.assign(tf.zeros(variable.shape))
    layer.kernel.assign(40.0 * tf.eye(4, 3))
    layer.hidden_bias.assign(tf.fill([3], -20.0))
    layer.visible_bias.assign(tf.fill([4], -20.0))
    model.mean_rate = 0.0
    data = tf.constant([[1.0, 0, 1, 0], [0.0, 1, 0, 0]], tf.float64)
    _fit(model, "rbm_1", tf.reshape(data, [2, 2, 2, 1]))
    states = model.negative_phases[0].states().numpy()
    np.testing.assert_array_equal(states, np.repeat(data, 4, axis=0))


def test_mean_field_data_are_the_probabilities_below():
    model = _compiled(_dbn(3, 4, mean_field_data=True))
    seen = {}
    model._learn_harmonium = lambda group, index, v_data, v_model: seen.update(v=v_data) or {"loss": v_data[:, 0]}
    _fit(model, "rbm_2", X[:8])
    np.testing.assert_allclose(seen["v"], model.directed.infer_mean(tf.reshape(X[:8], [8, 4])), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [60, 80, 140], ids=["between greedy phases", "within one", "within up_down"])
def test_a_run_resumes_across_its_phases_bit_for_bit(tmp_path_factory, monkeypatch, whole_run, killed_at):
    workdir, original = tmp_path_factory.mktemp("cut"), Checkpoints.save

    def save_then_die(self, checkpoint, state, *, is_chief=True):
        original(self, checkpoint, state, is_chief=is_chief)
        if state.step == killed_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "save", save_then_die)
    with pytest.raises(KeyboardInterrupt):
        run.train(_config(), workdir)
    monkeypatch.setattr(Checkpoints, "save", original)
    run.train(_config(), workdir)
    assert [line["phase"] for line in read_metrics(workdir)] == [line["phase"] for line in read_metrics(whole_run)]
    found, expected = (tf.train.load_checkpoint(Checkpoints(path).weights(180)) for path in (workdir, whole_run))
    names = [name for name in expected.get_variable_to_shape_map() if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    for part in ("recognition_kernel", "hidden_mean", "chains", "recognition_optimizer"):
        assert any(part in name for name in names), part
    for name in names:
        np.testing.assert_array_equal(found.get_tensor(name), expected.get_tensor(name), err_msg=name)


def _config():
    config = get_config("dbn:digits:smoke")
    config.model = dataclasses.replace(config.model, num_greedy_steps=(60, 60), num_up_down_steps=60)
    config.training = dataclasses.replace(
        config.training, log_every=20, checkpoint_every=20, evaluate_every=60, sample_every=60, precision="float32"
    )
    return config


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole")
    run.train(_config(), workdir)
    return workdir


# ---- drawing and labels -----------------------------------------------------------------------------------------


def _frequencies(samples):
    codes = (samples.numpy().reshape(-1, 4) @ [8, 4, 2, 1]).astype(int)
    return np.bincount(codes, minlength=16) / len(codes)


def _distance(one, other):
    return np.abs(one - other).sum() / 2


def test_samples_follow_the_net():
    model = _dbn(3, 5, seed=5, scale=2.0)
    tables = Enumerated(model)
    found = _frequencies(model.sample(tf.range(8000, dtype=tf.int64)))
    assert _distance(found, np.exp(tables.log_x)) < 0.04
    # What a sampler would give that forgot the top, or the weights below it.
    no_top = np.exp(tables.log_x_given_h).mean(0)
    assert _distance(no_top, np.exp(tables.log_x)) > 0.2
    assert _distance(np.full(16, 1 / 16), np.exp(tables.log_x)) > 0.2


def test_sample_means_are_those_of_the_pixels_given_the_last_features():
    model = _dbn(3, 5)
    seeds = tf.range(8000, dtype=tf.int64)
    mean, sample = (draw(seeds).numpy().reshape(-1, 4).mean(0) for draw in (model.sample_mean, model.sample))
    expected = np.exp(Enumerated(model).log_x) @ _states(4)
    np.testing.assert_allclose(mean, expected, atol=0.02)
    np.testing.assert_allclose(sample, expected, atol=0.03)
    assert len(np.unique(model.sample_mean(seeds[:500]).numpy()[:, 0, 0, 0].round(9))) <= 8  # one for each h_1


@pytest.fixture(scope="module")
def labelled():
    with dtype_policy("float64"):
        model = _dbn(3, 5, label_units=True, seed=5, scale=2.0)
    return model, Enumerated(model)


def test_samples_of_a_class_follow_the_net_given_it(labelled):
    model, tables = labelled
    seeds = tf.range(6000, dtype=tf.int64)
    conditionals = np.exp(tables.log_xy - scipy.special.logsumexp(tables.log_xy, axis=0))
    for label in range(3):
        found = _frequencies(model.sample(seeds, tf.fill([6000], label)))
        assert _distance(found, conditionals[:, label]) < 0.04
        for other in set(range(3)) - {label}:
            assert _distance(conditionals[:, other], conditionals[:, label]) > 0.1
    assert _distance(_frequencies(model.sample(seeds)), np.exp(tables.log_x)) < 0.04


def test_a_row_of_samples_depends_on_its_own_seed_and_label(labelled):
    model, _ = labelled
    seeds, labels = tf.range(30, dtype=tf.int64), tf.constant([0, 1, 2] * 10)
    whole = model.sample_mean(seeds, labels).numpy()
    np.testing.assert_allclose(model.sample_mean(seeds[7:9], labels[7:9]), whole[7:9], rtol=1e-12)
    np.testing.assert_allclose(model.endpoints()["sample_class"].fn(seeds, labels)["means"], whole, rtol=1e-12)


def test_label_probabilities_are_those_of_the_top_by_enumeration(labelled):
    model, tables = labelled
    layer = model.directed.layers[0]
    # Weights so large that every q(h|x) is a point, where mean and state are the same.
    before = [variable.numpy() for variable in (layer.recognition_kernel, layer.hidden_bias)]
    layer.recognition_kernel.assign(1e5 * layer.recognition_kernel)
    found = model.predict_probabilities(X).numpy()
    states = np.argmax(Enumerated(model).log_q, axis=1)
    for variable, value in zip((layer.recognition_kernel, layer.hidden_bias), before, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(found, scipy.special.softmax(tables.log_hy, axis=1)[states], atol=1e-6)
    assert np.ptp(found, axis=0).min() > 0.1


@pytest.mark.slow
def test_learning_labels_makes_classes_recognised_and_drawn():
    model = DBN(SPEC, hidden_sizes=(8, 16), label_units=True, num_chains=30, num_sampling_steps=50)
    model.compile({group: keras.optimizers.Adam(0.02) for group in model.groups()})
    x = np.zeros([30, 4])
    x[:10, 0] = x[10:20, 1] = x[20:, 2:] = 1.0
    x, label = tf.reshape(tf.constant(x), [30, 2, 2, 1]), tf.repeat(tf.range(3), 10)
    for phase in ("rbm_1", "rbm_2", "up_down"):
        _fit(model, phase, x, label, num_steps=300)
    np.testing.assert_array_equal(np.argmax(model.predict_probabilities(x), axis=1), label)
    means = model.sample_mean(tf.range(30, dtype=tf.int64), label).numpy()
    assert np.abs(means - x.numpy()).mean() < 0.15


# ---- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"hidden_sizes": (5,)}, r"hidden_sizes is \(5,\); it needs two layers at least, .* the model 'rbm'"),
        ({"hidden_sizes": (5, 0)}, "hidden_sizes is 0; it must be at least 1"),
        ({"num_greedy_steps": (5,)}, r"num_greedy_steps is \(5,\); it needs one number for each of the 2 layers"),
        ({"num_greedy_steps": (5, 0)}, "num_greedy_steps is 0; it must be at least 1"),
        ({"num_up_down_steps": -1}, "num_up_down_steps is -1; it must be at least 0"),
        ({"num_sampling_steps": 0}, "num_sampling_steps is 0; it must be at least 1"),
        ({"num_chains": 0}, "num_chains is 0; it must be at least 1"),
        ({"negative_phase": "pdc"}, "negative_phase is 'pdc'; it must be one of cd, pcd"),
    ],
)
def test_messages_name_field_value_and_what_is_right(fields, message):
    with pytest.raises(ValueError, match=message):
        DBN(SPEC, **{"hidden_sizes": (3, 4), **fields})


def test_labels_need_data_with_classes():
    with pytest.raises(ValueError, match="label_units is True, but the data has 0 classes"):
        DBN(DataSpec((4,), domain="binary", num_levels=2), hidden_sizes=(3, 4), label_units=True)


def test_a_label_asked_of_a_net_without_any_is_refused():
    model = _dbn(3, 4)
    assert not hasattr(model, "predict_probabilities")
    with pytest.raises(ValueError, match="label_units=False"):
        model.sample(ALL, tf.zeros([16], tf.int32))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"x": X}, "label_units is True, but a batch has only x; it needs 'label'"),
        ({"x": X, "label": tf.range(16)}, "label has the value 3 .* num_classes = 3"),
        ({"x": X, "label": tf.range(16) - 15}, "label has the value -15 .* num_classes = 3"),
        ({"x": 0.5 * X, "label": tf.zeros([16], tf.int32)}, "x has the value 0.5"),
    ],
)
def test_odd_batches_are_refused_before_training(batch, message):
    model = _compiled(DBN(SPEC, hidden_sizes=(3, 4), label_units=True))
    with pytest.raises(ValueError, match=message):
        model.fit(tf.data.Dataset.from_tensors(batch), verbose=0)
    assert int(model.step) == 0


def test_an_unknown_phase_is_refused():
    model = _compiled(_dbn(3, 4))
    model.phase = Phase("rbm_9")
    with pytest.raises(ValueError, match="phase.name is 'rbm_9'; it must be one of rbm_1, rbm_2, up_down"):
        model.fit(tf.data.Dataset.from_tensors({"x": X}), verbose=0)
