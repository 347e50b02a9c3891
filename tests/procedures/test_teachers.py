"""Teachers: what they say of examples, by hand."""

import keras
import numpy as np
import scipy.special
import tensorflow as tf

from tfdgm.knowledge.sentence_rules import sentence_rules
from tfdgm.procedures.teachers import EnsembleTeacher, RuleTeacher

TOKENS = tf.constant([[2, 3, 4], [2, 4, 0]])
LOGITS = np.array([[0.3, -0.2], [1.0, 0.5]])
RULES = sentence_rules(["a_but_b_released"], [0.5], ("", "[UNK]", "good", "but", "bad"), ("negative", "positive"))


def _predict(tokens):
    return tf.tile(tf.constant([[0.9, 0.1]], tf.float64), [tf.shape(tokens)[0], 1])


def _q(strength):
    weights = np.exp(LOGITS + strength * np.array([[0.9, 0.1], [1.0, 1.0]]))
    return weights / weights.sum(axis=1, keepdims=True)


def test_rules_weigh_with_their_confidence_times_c():
    teacher = RuleTeacher(RULES, regularization=6.0)
    assert list(teacher.networks) == []
    np.testing.assert_allclose(np.exp(teacher.log_prob(TOKENS, tf.constant(LOGITS), _predict)), _q(3.0), rtol=1e-10)


def test_learned_confidences_stand_for_the_rules_own():
    learned = keras.Variable([2.0], dtype="float64")
    teacher = RuleTeacher(RULES, 6.0, learned)
    np.testing.assert_allclose(np.exp(teacher.log_prob(TOKENS, tf.constant(LOGITS), _predict)), _q(12.0), rtol=1e-10)
    learned.assign([0.0])
    np.testing.assert_allclose(np.exp(teacher.log_prob(TOKENS, tf.constant(LOGITS), _predict)), _q(0.0), rtol=1e-10)


def test_an_ensemble_says_the_mean_of_its_probabilities_whatever_the_student_says():
    rng = np.random.default_rng(0)
    kernels = rng.normal(size=(3, 4, 2))
    teacher = EnsembleTeacher([lambda x, kernel=kernel: x @ kernel for kernel in kernels])
    x = rng.normal(size=(5, 4))
    expected = np.mean([scipy.special.softmax(x @ kernel, axis=1) for kernel in kernels], axis=0)
    for student in (np.zeros((5, 2)), np.ones((5, 2))):
        np.testing.assert_allclose(np.exp(teacher.log_prob(x, tf.constant(student), _predict)), expected, rtol=1e-10)
