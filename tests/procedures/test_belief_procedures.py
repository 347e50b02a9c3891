"""Each procedure's step: which states it draws, by which weights it moves p and q, what it keeps from step to step.

The estimators' expectations are proved by enumeration in tests/evaluation; here a step of plain gradient descent is
held against the gradient of the loss written out, at the states that the step must have drawn.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.strategies import mirrored
from tfdgm.core import step_rows
from tfdgm.core.types import DataSpec
from tfdgm.math import belief_gibbs, belief_mean_field
from tfdgm.models import registry
from tfdgm.procedures.belief_procedure import SLEEP_STREAM, WAKE_STREAM, dreams, posterior_samples
from tfdgm.procedures.belief_procedures import BELIEF_PROCEDURES, belief_procedure

SPEC = DataSpec((5,), domain="binary", num_levels=2)
RNG = np.random.default_rng(0)
X = tf.constant(RNG.integers(0, 2, [6, 5]).astype(float))


def _model(procedure, learning_rate=1.0, **fields):
    settings = {"hidden_sizes": (3, 2), "num_importance_samples": 3, "num_inference_steps": 2, "num_gibbs_sweeps": 2}
    with dtype_policy("float64"):
        model = registry.build("sbn", SPEC, procedure=procedure, **{**settings, **fields})
        model.compile({group: keras.optimizers.SGD(learning_rate) for group in model.groups()})
    rng = np.random.default_rng(1)
    for variable in (*model.network.generative_variables(), *model.network.recognition_variables()):
        variable.assign(rng.normal(size=variable.shape))
    return model


def _running():
    num_rows = tf.constant(len(X))
    rows = step_rows.StepRows(0, step_rows.TRAIN, tf.constant(0, tf.int64), num_rows, tf.constant(0), num_rows)
    return step_rows.running(rows)


def _gradients(loss_fn, variables):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(loss_fn())
    return tape.gradient(loss, [variable.value for variable in variables])


def _assert_step(model, losses, index=None):
    """A step of SGD(1) moves each group by minus the gradient of the loss given for it, worked out beforehand."""
    expected, start = {}, {}
    for group, loss_fn in losses.items():
        variables = model.groups()[group]
        for variable, slope in zip(variables, _gradients(loss_fn, variables), strict=True):
            expected[variable.path], start[variable.path] = slope.numpy(), variable.numpy()
    with _running():
        logs = model.procedure.step(model, X, index)
    for group in losses:
        for variable in model.groups()[group]:
            moved = start[variable.path] - variable.numpy()
            np.testing.assert_allclose(moved, expected[variable.path], rtol=1e-9, atol=1e-12, err_msg=variable.path)
    return logs


def _log_weights(model, states):
    return (model.network.log_joint(states) - model.network.log_posterior(states)).numpy()


def _shares(log_weights):
    return np.exp(log_weights) / np.exp(log_weights).sum(1, keepdims=True)


def test_wake_sleep_learns_from_inferences_and_from_dreams():
    model = _model("wake_sleep")
    with _running():
        awake, asleep = posterior_samples(model, X, 1), dreams(model)
    log_weights = _log_weights(model, awake)
    network = model.network
    logs = _assert_step(
        model,
        {"generative": lambda: -network.log_joint(awake)[:, 0], "recognition": lambda: -network.log_posterior(asleep)},
    )
    np.testing.assert_allclose(logs["elbo"], log_weights[:, 0], rtol=1e-12)


@pytest.mark.parametrize("phases", ["wake", "sleep", "both"])
def test_reweighted_wake_sleep_weighs_its_samples(phases):
    model = _model("reweighted_wake_sleep", recognition_phases=phases)
    network = model.network
    with _running():
        awake, asleep = posterior_samples(model, X, 3), dreams(model)
    log_weights = _log_weights(model, awake)
    shares = _shares(log_weights)

    def recognition_loss():
        awake_loss = -tf.reduce_sum(shares * network.log_posterior(awake), axis=1)
        asleep_loss = -network.log_posterior(asleep)
        return (phases != "sleep") * awake_loss + (phases != "wake") * asleep_loss

    generative = {"generative": lambda: -tf.reduce_sum(shares * network.log_joint(awake), axis=1)}
    logs = _assert_step(model, {**generative, "recognition": recognition_loss})
    np.testing.assert_allclose(logs["iwae_bound"], np.log(np.exp(log_weights).mean(1)), rtol=1e-10)


def test_vimco_takes_each_samples_baseline_from_the_others():
    model = _model("vimco")
    network = model.network
    with _running():
        states = posterior_samples(model, X, 3)
    log_weights = _log_weights(model, states)
    shares, signals = _shares(log_weights), np.empty_like(log_weights)
    for row, k in np.ndindex(*log_weights.shape):
        others = np.delete(log_weights[row], k)
        replaced = np.append(others, others.mean())
        signals[row, k] = np.log(np.exp(log_weights[row]).mean()) - np.log(np.exp(replaced).mean())
    _assert_step(
        model,
        {
            "generative": lambda: -tf.reduce_sum(shares * network.log_joint(states), axis=1),
            "recognition": lambda: -tf.reduce_sum((signals - shares) * network.log_posterior(states), axis=1),
        },
    )


def test_reinforce_follows_the_whole_signal_bare():
    model = _model("reinforce")
    network = model.network
    with _running():
        states = posterior_samples(model, X, 1)
    signal = _log_weights(model, states)[:, 0]
    _assert_step(
        model,
        {
            "generative": lambda: -network.log_joint(states)[:, 0],
            "recognition": lambda: -signal * network.log_posterior(states)[:, 0],
        },
    )
    assert model.procedure.trainable_variables == []


def test_nvil_gives_each_layer_its_own_signal_centred_and_scaled():
    model = _model("nvil", moment_decay=0.7)
    procedure, network = model.procedure, model.network
    procedure.signal_means.assign([0.5, -0.25])
    procedure.signal_variances.assign([9.0, 0.25])  # of which the second is below 1 and left alone
    with _running():
        x, h_1, h_2 = (layer[:, 0] for layer in posterior_samples(model, X, 1))
    p, q = network.generative(), network.recognition()
    term_1 = p.log_conditionals((h_2, h_1, x))[1] - q.log_conditionals((x, h_1, h_2))[0]
    term_2 = p.log_conditionals((h_2, h_1, x))[0] + p.log_prior(h_2) - q.log_conditionals((x, h_1, h_2))[1]
    signals = np.stack([term_1 + term_2, term_2], axis=1)
    inputs = [network.centered(x), h_1]
    predict = [
        lambda baseline=b, below=i: baseline(below)[:, 0] for b, i in zip(procedure.baselines, inputs, strict=True)
    ]
    residuals = signals - np.stack([each().numpy() for each in predict], axis=1)
    scaled = (residuals - [0.5, -0.25]) / [3.0, 1.0]

    def baseline_loss():
        errors = (signals - tf.stack([each() for each in predict], axis=1) - [0.5, -0.25]) / [3.0, 1.0]
        return 0.5 * tf.reduce_sum(errors**2, axis=1)

    def recognition_loss():
        log_q = tf.stack(network.recognition().log_conditionals((x, h_1, h_2)), axis=1)
        return -tf.reduce_sum(scaled * log_q, axis=1)

    _assert_step(model, {"recognition": recognition_loss, "baseline": baseline_loss})
    mean, variance = residuals.mean(0), residuals.var(0)
    np.testing.assert_allclose(procedure.signal_means, 0.7 * np.array([0.5, -0.25]) + 0.3 * mean, rtol=1e-9)
    np.testing.assert_allclose(procedure.signal_variances, 0.7 * np.array([9.0, 0.25]) + 0.3 * variance, rtol=1e-9)


def test_mean_field_fits_q_and_then_moves_p():
    model = _model("mean_field", num_mean_field_steps=4)
    network = model.network
    q = belief_mean_field.infer(network.generative(), X, 4)
    before = belief_mean_field.bound(network.generative(), X, q)
    logs = _assert_step(model, {"generative": lambda: -belief_mean_field.bound(network.generative(), X, q)})
    np.testing.assert_allclose(logs["mean_field_bound"], before, rtol=1e-12)


# ---- Gibbs EM --------------------------------------------------------------------------------------------------------


def _gibbs(model, start):
    with _running():
        noise = model.row_noise((2, 5), WAKE_STREAM)
    return belief_gibbs.run(model.network.generative(), (*start, X), noise)


def test_gibbs_em_sweeps_from_a_draw_of_the_prior():
    model = _model("gibbs_em")
    network = model.network
    with _running():
        start = network.generative().draw_all(model.row_noise((10,), SLEEP_STREAM))[:-1]
    states = _gibbs(model, start)
    _assert_step(model, {"generative": lambda: -network.generative().log_joint(states)})
    assert model.procedure.latents is None


def test_latents_of_each_example_go_on_where_they_were():
    model = _model("gibbs_em", learning_rate=0.0, num_persistent_examples=20)
    index = tf.constant([3, 19, 0, 7, 8, 12], tf.int64)
    start = [tf.zeros([6, size], tf.float64) for size in (2, 3)]
    for _ in range(2):
        start = _gibbs(model, start)[:-1]
        with _running():
            model.procedure.step(model, X, index)
        kept = model.procedure.latents.numpy()
        np.testing.assert_array_equal(kept[index.numpy()], np.concatenate(start, axis=1))
    assert not np.delete(kept, index.numpy(), axis=0).any()
    assert kept.any()


def _dataset(index):
    return tf.data.Dataset.from_tensor_slices({"x": X.numpy(), "index": np.array(index, np.int64)}).batch(6)


def test_two_replicas_keep_the_latents_that_one_device_keeps():
    strategy, tables = mirrored(), []
    for scope in (tf.distribute.get_strategy(), strategy):
        with scope.scope():
            model = _model("gibbs_em", learning_rate=0.0, num_persistent_examples=20)
        batches = _dataset([3, 19, 0, 7, 8, 12]).repeat(3)
        batches = batches if scope is not strategy else strategy.experimental_distribute_dataset(batches)
        model.fit(batches, steps_per_epoch=3, verbose=0)
        tables.append(model.procedure.latents.numpy())
    np.testing.assert_array_equal(tables[1], tables[0])
    assert set(np.unique(tables[0])) == {0.0, 1.0}


def test_an_example_that_a_batch_holds_twice_is_binary_again_when_next_seen():
    model = _model("gibbs_em", learning_rate=0.0, num_persistent_examples=20)
    twice, once = tf.constant([4, 4, 5, 5, 6, 6], tf.int64), tf.constant([4, 5, 6, 7, 8, 9], tf.int64)
    for index in (twice, twice, once):
        with _running():
            model.procedure.step(model, X, index)
    assert set(np.unique(model.procedure.latents.numpy())) == {0.0, 1.0}


def test_persistent_latents_need_to_know_the_example():
    model = _model("gibbs_em", num_persistent_examples=4)
    message = "num_persistent_examples is 4, but a batch has no 'index', int64"
    with pytest.raises(ValueError, match=message):
        model.fit(tf.data.Dataset.from_tensors({"x": X.numpy()}), verbose=0)
    message = "num_persistent_examples is 4; it must be the number of training examples, which is at least 13"
    with pytest.raises(ValueError, match=message):
        model.fit(_dataset([0, 1, 2, 3, 1, 12]), verbose=0)


def test_an_unknown_procedure_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=f"procedure is 'em'; it must be one of {', '.join(BELIEF_PROCEDURES)}"):
        belief_procedure("em", (5, 3))
