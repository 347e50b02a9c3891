"""Distillation: values by hand, gradients in closed form, and what labels and limits do."""

import numpy as np
import scipy.special
import tensorflow as tf

from tfdgm.objectives.distillation import ImitationSchedule, distillation_loss, imitation_loss, mixture_log_prob

RNG = np.random.default_rng(0)
LOGITS, TEACHER = RNG.normal(size=(6, 4)), scipy.special.log_softmax(RNG.normal(size=(6, 4)), axis=1)
LABEL = np.array([0, 1, 2, 3, -1, 2], np.int32)


def _gradient(loss, at):
    with tf.GradientTape() as tape:
        value = tf.constant(at)
        tape.watch(value)
        total = tf.reduce_sum(loss(value))
    return tape.gradient(total, value)


def test_imitation_is_a_cross_entropy_of_softened_distributions():
    q, log_p = scipy.special.softmax(TEACHER / 3.0, axis=1), scipy.special.log_softmax(LOGITS / 3.0, axis=1)
    np.testing.assert_allclose(imitation_loss(LOGITS, TEACHER, 3.0), -9.0 * (q * log_p).sum(axis=1), rtol=1e-12)


def test_its_gradient_is_t_times_the_difference():
    for temperature in (1.0, 2.5):
        q, p = (scipy.special.softmax(value / temperature, axis=1) for value in (TEACHER, LOGITS))
        found = _gradient(lambda value, t=temperature: imitation_loss(value, TEACHER, t), LOGITS)
        np.testing.assert_allclose(found, temperature * (p - q), rtol=1e-9, atol=1e-12)


def test_for_a_high_temperature_it_is_matching_of_centred_logits():
    """(Hinton et al. 2015, eq. 4): the gradient tends to (z - v) / K, both centred."""
    centred = [value - value.mean(axis=1, keepdims=True) for value in (LOGITS, TEACHER)]
    found = _gradient(lambda value: imitation_loss(value, TEACHER, 1e4), LOGITS)
    np.testing.assert_allclose(found, (centred[0] - centred[1]) / 4.0, rtol=1e-3, atol=1e-4)


def test_no_gradient_goes_through_the_teacher():
    assert _gradient(lambda value: imitation_loss(LOGITS, value), TEACHER) is None


def test_the_loss_weighs_label_and_teacher():
    log_p = scipy.special.log_softmax(LOGITS, axis=1)
    of_label = np.where(LABEL >= 0, -log_p[np.arange(6), LABEL], 0.0)
    expected = 0.7 * of_label + 0.3 * imitation_loss(LOGITS, TEACHER, 2.0).numpy()
    np.testing.assert_allclose(distillation_loss(LOGITS, LABEL, TEACHER, 0.3, 2.0), expected, rtol=1e-12)


def test_imitation_rises_with_the_steps_to_its_limit():
    schedule = ImitationSchedule(limit=0.6, decay=0.9, steps=10)
    found = [float(schedule.share(tf.constant(step, tf.int64), "float64")) for step in (0, 5, 10, 1000)]
    np.testing.assert_allclose(found, [0.0, 1.0 - 0.9**0.5, 0.1, 0.6], rtol=1e-12)
    assert float(ImitationSchedule(0.6, 0.0, 10).share(tf.constant(1), "float64")) == 0.6


def test_a_teacher_that_rules_a_label_out_is_finite():
    teacher = np.where(np.arange(4) == 1, -np.inf, TEACHER)
    assert np.all(np.isfinite(distillation_loss(LOGITS, LABEL, teacher, 0.5)))


def test_an_ensemble_is_the_mean_of_its_probabilities():
    log_probs = scipy.special.log_softmax(RNG.normal(size=(3, 6, 4)), axis=2)
    np.testing.assert_allclose(np.exp(mixture_log_prob(log_probs)), np.exp(log_probs).mean(axis=0), rtol=1e-12)
