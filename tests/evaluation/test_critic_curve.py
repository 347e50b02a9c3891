"""A critic followed through its training, on a small mixture: what is looked at, when, and that it is W_1 and below."""

import keras
import numpy as np
import pytest

import tfdgm
from tfdgm.data import Data
from tfdgm.evaluation import critic_curve
from tfdgm.evaluation.wasserstein import assignment_distance
from tfdgm.math.mixtures import ring

_SPEC = tfdgm.DataSpec((2,), domain="real", num_levels=0)
_RUN = {"name": "wgan_gp", "num_steps": 40, "every": 20, "batch_size": 60, "num_points": 30, "seed": 0}


@pytest.fixture(scope="module")
def data():
    x, _ = ring(3, 2.0, 0.1).sample(np.random.default_rng(0), 700)
    return Data.from_arrays(x[:600].astype(np.float32), x[600:].astype(np.float32), spec=_SPEC)


def _model(name="wgan_gp", **fields):
    players = {"latent_dim": 2, "network": "mlp", "hidden_sizes": (16,), "generator_normalization": "none"}
    keras.utils.set_random_seed(0)
    model = tfdgm.build(name, _SPEC, seed=0, **players, **fields)
    model.compile(dict.fromkeys(model.groups(), "adam"))
    return model


@pytest.fixture(scope="module")
def followed(data):
    model = _model(penalty="gradient", penalty_weight=1.0)
    return model, critic_curve.follow(model, data, **_RUN)


def test_looks_before_the_first_step_and_after_each_interval(followed):
    model, curve = followed
    assert curve.steps.tolist() == [0, 20, 40]
    assert int(model.step.numpy()) == 40
    assert all(getattr(curve, name).shape == (3,) for name in ("estimate", "slope", "gradient_norm", "wasserstein"))


def test_the_last_look_is_at_the_trained_model(followed, data):
    model, curve = followed
    real = data.splits["validation"].gather(np.arange(60))["x"].numpy()
    fake = model.sample(np.arange(30)).numpy()
    assert curve.wasserstein[-1] == pytest.approx(assignment_distance(real[:30], fake))
    assert curve.floor == pytest.approx(assignment_distance(real[:30], real[30:]))
    estimate = model.logits(real[:30]).numpy().mean() - model.logits(fake).numpy().mean()
    assert curve.estimate[-1] == pytest.approx(estimate, rel=1e-4, abs=1e-6)


def test_the_estimate_over_the_slope_is_never_above_the_distance(followed):
    _, curve = followed
    assert (curve.slope > 0.0).all()
    assert (curve.bound() <= curve.wasserstein).all()


def test_it_is_a_function_of_the_seed(followed, data):
    again = critic_curve.follow(_model(penalty="gradient", penalty_weight=1.0), data, **_RUN)
    np.testing.assert_array_equal(again.wasserstein, followed[1].wasserstein)
    np.testing.assert_array_equal(again.estimate, followed[1].estimate)


def test_a_flat_critic_bounds_nothing():
    one = np.ones(2)
    curve = critic_curve.CriticCurve("flat", one, np.array([0.0, 1.0]), np.array([0.0, 2.0]), one, one, 1.0)
    assert curve.bound().tolist() == [0.0, 0.5]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_steps": 50}, "num_steps is 50; it must be a multiple of every, 20"),
        ({"every": 0}, "every is 0; it must be at least 1"),
        ({"num_points": 51}, "num_points is 51; it must be at most 50: the validation split has 100 examples"),
    ],
)
def test_refused(data, changes, words):
    with pytest.raises(ValueError, match=words):
        critic_curve.follow(_model(penalty="gradient", penalty_weight=1.0), data, **{**_RUN, **changes})


def test_a_model_without_a_critic_is_refused(data):
    with pytest.raises(ValueError, match="gan has no critic of x alone"):
        critic_curve.follow(_model("gan", discriminator_normalization="none"), data, **{**_RUN, "name": "gan"})
