"""Objectives on one generator: which variables a step moves, and losses against closed forms."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.core import step_rows
from tfdgm.evaluation.mode_fits import (
    NUM_DISCRIMINATOR_STEPS,
    OBJECTIVES,
    AAVAEFit,
    DivergenceFit,
    VAEFit,
    VAEGANFit,
)
from tfdgm.evaluation.mode_targets import Quadrature, Target
from tfdgm.math.mixtures import Mixture

_TARGET = Target(
    "two modes", Mixture(np.array([[-2.0], [2.0]]), 0.5), (), 8.0, Quadrature(64, 80, 1), Quadrature(256, 200, 1)
)
_X = tf.constant([[-1.5], [0.25], [2.0], [3.0]])


def _batch(num_draws):
    draw = np.random.default_rng(0).standard_normal
    x = draw([16, NUM_DISCRIMINATOR_STEPS, 1], np.float32)
    return {"x": tf.constant(x), "noise": tf.constant(draw([16, num_draws, 2], np.float32))}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_step_moves_every_group_and_counts_the_updates_of_each(objective):
    model = OBJECTIVES[objective](_TARGET).ready(num_steps=50)
    before = {name: [each.numpy() for each in group] for name, group in model.groups().items()}
    batch = _batch(model.num_draws)
    with step_rows.running(model._rows(batch, step_rows.TRAIN, model.step)):
        logs = model.train_step(batch)
    assert all(np.isfinite(value).all() for value in logs.values())
    for name, group in model.groups().items():
        moved = [not np.array_equal(was, each) for was, each in zip(before[name], group, strict=True)]
        # A bias that is added to all logits alike, at logits near 0, may stay where it is.
        assert sum(moved) >= len(moved) - 1
        assert model.optimizers[name].iterations == model.updates_a_step(name)
    assert {id(each) for group in model.groups().values() for each in group} == {
        id(each) for each in model.trainable_variables
    }


def test_sigma_has_its_floor():
    model = VAEFit(_TARGET)
    assert float(model.sigma()) == pytest.approx(0.25 + 1.0)
    model.log_scale.assign(-30.0)
    assert float(model.sigma()) == pytest.approx(0.25)
    generated = model.generate(tf.constant([[0.7, 2.0]]))
    assert float(generated[0, 0]) == pytest.approx(float(model.mean(tf.constant([[0.7]]))[0, 0]) + 0.5, rel=1e-6)


def _linear(model, slope, offset):
    kernel, bias = model.mean.trainable_variables
    kernel.assign([[slope]])
    bias.assign([offset])


def test_the_bound_with_the_exact_posterior_is_the_log_likelihood():
    model, slope, offset = VAEFit(_TARGET), 1.5, 0.25
    _linear(model, slope, offset)
    variance = float(model.sigma()) ** 2
    total = slope**2 + variance
    # p(z|x) = N(slope (x - offset) / total, variance / total)
    model.encoder = lambda x: tf.concat(
        [slope * (x - offset) / total, tf.fill([len(x), 1], math.log(variance / total))], axis=1
    )
    # Two draws of the posterior at -1 and 1 have the moments up to the second that a quadratic needs.
    bounds = [model.bound(_X, tf.fill([4, 2], sign)) for sign in (-1.0, 1.0)]
    expected = -0.5 * (np.log(2.0 * np.pi * total) + np.square(_X.numpy()[:, 0] - offset) / total)
    np.testing.assert_allclose(0.5 * (bounds[0] + bounds[1]), expected, rtol=1e-5)


def test_activated_by_a_perfect_discriminator_is_the_vae_and_by_an_undecided_one_half_of_each():
    model = AAVAEFit(_TARGET)
    fake, noises = _X - 10.0, (tf.fill([4, 2], 0.3), tf.fill([4, 2], -0.4))
    model.discriminator = lambda x: 100.0 * tf.sign(x[:, 0] + 5.0)
    np.testing.assert_allclose(model._activated_loss(_X, fake, *noises), -model.bound(_X, noises[0]), rtol=1e-6)
    model.discriminator = lambda x: 0.0 * x[:, 0]
    expected = -0.5 * (model.bound(_X, noises[0]) + model.bound(fake, noises[1]))
    np.testing.assert_allclose(model._activated_loss(_X, fake, *noises), expected, rtol=1e-6)


def test_vae_gan_s_generator_has_the_likelihood_and_both_kinds_of_fakes():
    model, noise = VAEGANFit(_TARGET), tf.fill([4, 2], 0.3)
    log_likelihood, _, reconstructed = model.terms(_X, noise)
    generated = model.generate(noise)
    model.discriminator = lambda x: x[:, 0]
    fooled = [np.log1p(np.exp(-each.numpy()[:, 0])) for each in (generated, reconstructed)]
    found = model._generator_loss(_X, noise, noise)
    np.testing.assert_allclose(found, fooled[0] + fooled[1] - log_likelihood.numpy(), rtol=1e-5)


def test_a_divergence_is_that_of_the_generator_s_own_density():
    model = DivergenceFit(_TARGET, divergence=lambda sides, points, sigma: sides.log_density(points, sigma))
    _linear(model, 1.5, 0.25)
    variance = 1.5**2 + float(model.sigma()) ** 2
    axis = model.integrals.axis.numpy()
    expected = np.exp(-0.5 * np.square(axis - 0.25) / variance) / math.sqrt(2.0 * math.pi * variance)
    np.testing.assert_allclose(np.exp(model._loss()), expected, atol=2e-3)
