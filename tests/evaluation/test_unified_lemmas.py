"""Every identity on 200 models; each sign flipped turns its own lines red; two points by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import unified_gradients, unified_report
from tfdgm.evaluation.unified_lemmas import IDENTITIES
from tfdgm.evaluation.unified_model import FiniteModel
from tfdgm.evaluation.unified_report import FLOOR
from tfdgm.evaluation.unified_right_sides import RightSides
from tfdgm.objectives import unified


@pytest.fixture(scope="module")
def results():
    return unified_report.verify(200, seed=0)


@pytest.mark.parametrize("index", range(len(IDENTITIES)), ids=[it.statement for it in IDENTITIES])
def test_holds_on_200_models_or_on_none(results, index):
    result = results[index]
    assert result.identity is IDENTITIES[index]
    assert result.passed
    # Far from the bound on either side.
    assert result.error < 1e-13 if result.identity.holds else result.error > 1e-4


def test_there_is_something_that_must_not_hold_for_each_player():
    assert [it.statement[:3] for it in IDENTITIES if not it.holds] == ["(a)", "(b)"]


def _indices(*words):
    found = {i for i, it in enumerate(IDENTITIES) if any(it.statement.startswith(word) for word in words)}
    assert len(found) >= len(words)
    return found


def _negated(fn):
    return lambda *args: -fn(*args)


_OF_THE_GAN = ("(a) d/dtheta -E log q^r", "(a)   with", "(a) d/dtheta E log q ", "(a) best D")


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize(
    ("owner", "name", "mutant", "red"),
    [
        pytest.param(unified_gradients, "jsd_slope", _negated, _OF_THE_GAN, id="JSD"),
        pytest.param(unified_gradients, "kl_slope", _negated, _OF_THE_GAN, id="KL of the GAN"),
        pytest.param(
            FiniteModel,
            "_kl",
            _negated,
            ("(b) 2 E", "(b)   its", "(b) d/deta", "(b) d/dtheta", "(b)   with", "(b) learned"),
            id="KL of the VAE, as in the lecture",
        ),
        pytest.param(
            unified,
            "theta_loss",
            _negated,
            (*_OF_THE_GAN[:2], _OF_THE_GAN[3], "(c) GAN, theta"),
            id="the lemma's own, as in the lecture",
        ),
        pytest.param(
            unified,
            "log_q_reversed",
            lambda fn: unified.log_q,
            (*_OF_THE_GAN[:2], _OF_THE_GAN[3], "(b) learned", "(c) GAN, theta"),
            id="q for q^r",
        ),
        pytest.param(unified, "phi_loss", _negated, ("(c) GAN, phi",), id="phi step"),
        pytest.param(unified, "saturating_theta_loss", _negated, ("(a) d/dtheta E log q ",), id="saturating"),
        pytest.param(FiniteModel, "sleep", _negated, ("(c) d/deta E log q(z|x)",), id="sleep phase"),
        pytest.param(
            unified_gradients,
            "sleep_gradient",
            _negated,
            ("(c) d/deta E log q(z|x)", "(c) GAN, phi"),
            id="sleep phase, by hand",
        ),
        pytest.param(FiniteModel, "wake", _negated, ("(c) VAE, theta",), id="wake phase"),
        pytest.param(
            FiniteModel,
            "elbos",
            _negated,
            (
                "(c) VAE: ELBO",
                "(c)   its",
                "(d) ELBO(x) = log p(x) - KL",
                "(d) ELBO(x) = -F",
                "(d) ELBO(x) = log p(x) w",
            ),
            id="the bound",
        ),
    ],
)
def test_a_flipped_sign_is_seen_by_the_lines_it_is_in(monkeypatch, owner, name, mutant, red):
    monkeypatch.setattr(owner, name, mutant(getattr(owner, name)))
    results = unified_report.verify(2, seed=0)
    failed = {i for i, result in enumerate(results) if result.identity.holds and not result.passed}
    assert failed == _indices(*red)
    assert all(results[i].error > FLOOR for i in failed)
    assert unified_report.table(results).count("FAILED") == len(failed)


def test_two_points_by_hand():
    """p_g = (1/4, 3/4), p_data = (3/4, 1/4), D = (2/3, 1/3), so p_theta0 = (1/2, 1/2) and q^r(x|0) = D."""
    model = FiniteModel(
        data=tf.constant([0.75, 0.25], tf.float64),
        prior=tf.ones([2, 1], tf.float64),
        fixed_recognition=tf.ones([1, 2], tf.float64),
        theta0=tf.constant([0.0, math.log(3.0)], tf.float64),
        theta=tf.constant([0.0, 0.0], tf.float64),
        logits=tf.constant([math.log(2.0), -math.log(2.0)], tf.float64),
        eta=tf.zeros([2], tf.float64),
    )
    lemma1, away = IDENTITIES[0], IDENTITIES[1]
    # -1/2 p_1 p_2 (log D_1 - log D_2) of the first logit, and its opposite of the second
    expected = 3.0 / 32.0 * math.log(2.0) * np.array([-1.0, 1.0])
    np.testing.assert_allclose(lemma1.left(model), expected, rtol=1e-12)
    # KL: p_1 p_2 / 2 (log 3/8 - log 9/4);  JSD: p_1 p_2 / 2 (log 1/2 - log 3/2)
    kl, jsd = 3.0 / 32.0 * math.log(1.0 / 6.0), 3.0 / 32.0 * math.log(1.0 / 3.0)
    np.testing.assert_allclose(lemma1.right(RightSides(model)), (kl - jsd) * np.array([1.0, -1.0]), rtol=1e-12)
    # At p_g = (1/2, 1/2) p_theta is (5/8, 3/8), and what is left out has the gradient 1/8 (log 5/4 - log 3/4).
    gap = away.left(model).numpy() - away.right(RightSides(model))
    np.testing.assert_allclose(gap, math.log(5.0 / 3.0) / 8.0 * np.array([-1.0, 1.0]), rtol=1e-12)
