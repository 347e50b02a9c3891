"""Predictability minimization: the order and the gradients of its steps, what it learns, what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.configs import get_config
from tfdgm.data import open_data, train_batches
from tfdgm.evaluation import codes
from tfdgm.models.registry import build, build_from_config
from tfdgm.training.optimizers import make_optimizers

BITS = tfdgm.DataSpec((6,), domain="binary", num_levels=2)
X = np.random.default_rng(0).integers(0, 2, (12, 6)).astype(np.float32)
SMALL = {"latent_dim": 3, "hidden_sizes": (5,), "num_predictor_units": 4}


def _model(**fields):
    return build("predictability_minimization", BITS, **{**SMALL, **fields})


def _compiled(model, predictors=0.1, encoder=0.1, **kwargs):
    optimizers = {"predictors": keras.optimizers.SGD(predictors), "encoder": keras.optimizers.SGD(encoder)}
    model.compile(optimizers, **kwargs)
    return model


def _trained_code(seed):
    """The code of every pattern, [16, 4], from what the preset's trainer does, without a folder."""
    config = get_config("predictability_minimization:patterns")
    num_steps = config.training.num_steps
    data = open_data(config.data)
    keras.utils.set_random_seed(seed)
    model = build_from_config(config.model, data.spec, seed=seed)
    model.compile(make_optimizers(config.optimizers, model, num_steps), steps_per_execution=100)
    batches = train_batches(data, batch_size=config.training.batch_size, seed=seed, num_steps=num_steps)
    model.fit(batches, epochs=num_steps // 500, steps_per_epoch=500, shuffle=False, verbose=0)
    return model.code(np.eye(16, dtype=np.float32).reshape(16, 4, 4, 1)).numpy()


def test_predictors_step_first_and_as_often_as_they_are_told():
    model, seen = _compiled(_model(num_predictor_steps=3), run_eagerly=True), []
    minimize = model.minimize
    model.minimize = lambda group, *args: seen.append(group) or minimize(group, *args)
    model.fit(tf.data.Dataset.from_tensors({"x": X}), verbose=0)
    assert seen == ["predictors"] * 3 + ["encoder"]


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_the_encoder_climbs_the_error_through_code_and_predictions(weight):
    """A step of plain gradient descent, against the loss written out, with the predictors as they are."""
    model = _model(reconstruction_weight=weight)
    variables = [variable.value for variable in model.groups()["encoder"]]
    with tf.GradientTape() as tape:
        code = tf.sigmoid(model.encoder(X))
        loss = -tf.reduce_sum(tf.square(model.predictors(code) - code), axis=1)
        if weight:
            loss += weight * tf.reduce_sum(tf.square(X - tf.sigmoid(model.decoder(code))), axis=1)
        loss = tf.reduce_mean(loss)
    expected = [
        value - 0.1 * gradient for value, gradient in zip(variables, tape.gradient(loss, variables), strict=True)
    ]
    _compiled(model, predictors=0.0).fit(tf.data.Dataset.from_tensors({"x": X}), verbose=0)
    for found, wanted in zip(model.groups()["encoder"], expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_predictors_learn_conditional_expectations():
    """Of a code that stands still: unit 2 is the exclusive or of units 0 and 1 three times out of four."""
    a, b, flipped = (column.ravel() for column in np.meshgrid([0, 1], [0, 1], [0, 0, 0, 1]))
    code = np.column_stack([a, b, (a ^ b) ^ flipped]).astype(np.float32)
    model = _model(num_predictor_units=16)
    model.compile({"predictors": keras.optimizers.Adam(0.02), "encoder": keras.optimizers.SGD(0.0)})
    model.code = lambda x: tf.constant(code) + 0.0 * model.encoder(x)
    model.fit(tf.data.Dataset.from_tensors({"x": np.zeros([16, 6], np.float32)}).repeat(500), verbose=0)
    expected = np.empty_like(code)
    for i in range(3):
        for others in np.unique(np.delete(code, i, axis=1), axis=0):
            same = np.all(np.delete(code, i, axis=1) == others, axis=1)
            expected[same, i] = code[same, i].mean()
    assert set(np.unique(expected)) == {0.25, 0.75}
    np.testing.assert_allclose(model.predictors(code), expected, atol=0.02)


def test_four_patterns_become_two_independent_bits():
    x = np.eye(4, dtype=np.float32)
    fields = {"latent_dim": 2, "hidden_sizes": (8,), "num_predictor_units": 16}
    model = build("predictability_minimization", tfdgm.DataSpec((4,), domain="binary"), **fields)
    decay = {"predictors": 0.1, "encoder": 1.0}  # as in the preset for 16
    model.compile({group: keras.optimizers.AdamW(0.02, weight_decay=decay[group]) for group in model.groups()})
    model.fit(tf.data.Dataset.from_tensors({"x": x}).repeat(600), shuffle=False, verbose=0)
    code = model.code(x).numpy()
    assert codes.num_codes(code) == 4
    assert codes.total_correlation(code) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
def test_sixteen_patterns_become_four_independent_bits_on_nine_of_ten_seeds():
    found = [_trained_code(seed) for seed in range(10)]
    is_factorial = [codes.num_codes(code) == 16 and codes.total_correlation(code) < 1e-3 for code in found]
    assert sum(is_factorial) >= 9


def test_without_a_decoder_it_encodes_and_no_more():
    model = _model()
    assert list(model.endpoints()) == ["encode"]
    assert not any(hasattr(model, name) for name in ("sample", "decode", "reconstruct", "reconstruction_error"))
    with pytest.raises(AttributeError, match="reconstruction_weight is 0; predictability_minimization has no decoder"):
        _ = model.decode


def test_with_a_decoder_it_reconstructs_from_the_code():
    model = _model(reconstruction_weight=1.0)
    assert list(model.endpoints()) == ["encode", "decode", "reconstruct"]
    code = model.encode(X)["code"]
    assert code.shape == (12, 3)
    assert np.all((code > 0.0) & (code < 1.0))
    means = model.reconstruct(X)
    np.testing.assert_array_equal(means, model.decode(code))
    np.testing.assert_allclose(model.reconstruction_error(X), np.sum((X - means) ** 2, axis=1), rtol=1e-5)


def test_evaluation_logs_the_game_and_how_binary_the_code_is():
    model = _compiled(_model(reconstruction_weight=1.0))
    logs = model.evaluate(tf.data.Dataset.from_tensors({"x": X}), verbose=0, return_dict=True)
    code = model.code(X).numpy()
    assert logs["prediction_error"] == pytest.approx(np.sum((model.predictors(code) - code) ** 2) / 12, rel=1e-5)
    assert logs["distance_from_binary"] == pytest.approx(np.minimum(code, 1 - code).mean(), rel=1e-5)
    assert logs["reconstruction_error"] == pytest.approx(np.mean(model.reconstruction_error(X)), rel=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"latent_dim": 1}, "latent_dim is 1; it must be at least 2"),
        ({"hidden_sizes": (5, 0)}, "hidden_sizes is 0; it must be at least 1"),
        ({"num_predictor_units": 0}, "num_predictor_units is 0; it must be at least 1"),
        ({"num_predictor_steps": 0}, "num_predictor_steps is 0; it must be at least 1"),
        ({"reconstruction_weight": -1.0}, "reconstruction_weight is -1.0; it must be at least 0"),
        ({"activation": "tahn"}, "activation is 'tahn'; it must be one of"),
    ],
)
def test_wrong_fields_are_refused_by_name(fields, message):
    with pytest.raises(ValueError, match=message):
        _model(**fields)


def test_data_without_a_squared_error_are_refused():
    spec = tfdgm.DataSpec((6,), dtype="uint8", domain="uint8")
    with pytest.raises(ValueError, match=r"data\.domain is 'uint8'; it must be one of binary, unit, symmetric, real"):
        build("predictability_minimization", spec, **SMALL)
