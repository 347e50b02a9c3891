"""The A-but-B rule: the paper's equations, the published code's, and more than two classes."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.knowledge.sentence_rules import SENTENCE_RULES, sentence_rules

VOCABULARY = ("", "[UNK]", "good", "bad", "but", "plain")
SENTENCES = tf.constant([[2, 4, 3, 0], [3, 4, 2, 2], [2, 3, 0, 0], [4, 2, 3, 0]])


def _predict(tokens):
    """p(positive) = 0.9 where "good" leads, 0.2 else."""
    p = tf.where(tokens[:, 0] == 2, 0.9, 0.2)
    return tf.stack([1.0 - p, p], axis=1)


def _truth(name, logic="lukasiewicz", **kwargs):
    rules = sentence_rules([name], [1.0], VOCABULARY, ("negative", "positive"), logic)
    return rules.truth(SENTENCES, kwargs.get("predict", _predict)).numpy()[..., 0]


def test_paper_s_rule_is_its_equations_5_and_6():
    found = _truth("a_but_b")
    for row, p in ((0, 0.2), (1, 0.9)):
        np.testing.assert_allclose(found[row], [(2.0 - p) / 2.0, (1.0 + p) / 2.0], rtol=1e-6)


def test_published_code_s_rule_is_the_clause_s_probability():
    found = _truth("a_but_b_released")
    np.testing.assert_allclose(found[:2], [[0.8, 0.2], [0.1, 0.9]], rtol=1e-6)


@pytest.mark.parametrize("name", SENTENCE_RULES)
def test_sentences_without_such_clauses_are_left_alone(name):
    np.testing.assert_array_equal(_truth(name)[2:], np.ones((2, 2)))
    rules = sentence_rules([name], [1.0], VOCABULARY, ("negative", "positive"))
    np.testing.assert_array_equal(rules.applies(SENTENCES), [True, True, False, False])


@pytest.mark.parametrize("name", SENTENCE_RULES)
def test_a_vocabulary_without_the_word_has_no_such_sentences(name):
    rules = sentence_rules([name], [1.0], ("", "[UNK]", "good", "bad"), ("negative", "positive"))
    np.testing.assert_array_equal(rules.truth(SENTENCES, _predict), np.ones((4, 2, 1)))


def test_no_rules_say_nothing():
    rules = sentence_rules([], [], VOCABULARY, ("negative", "positive"))
    assert not np.any(rules.applies(SENTENCES))
    assert rules.truth(SENTENCES, _predict).shape == (1, 2, 0)


def test_it_goes_on_to_three_classes():
    def predict(tokens):
        return tf.tile([[0.1, 0.3, 0.6]], [tf.shape(tokens)[0], 1])

    rules = sentence_rules(["a_but_b"], [1.0], VOCABULARY, ("a", "b", "c"))
    p = np.array([0.1, 0.3, 0.6])
    # y = c: (1 + p_c) / 2 of its own class, (2 - p_k) / 2 of the others.
    expected = [np.mean([(1.0 + p[k]) / 2.0 if k == c else (2.0 - p[k]) / 2.0 for k in range(3)]) for c in range(3)]
    np.testing.assert_allclose(rules.truth(SENTENCES, predict)[0, :, 0], expected, rtol=1e-6)


def test_only_sentences_with_the_word_are_classified_once_more():
    seen = []

    def predict(tokens):
        seen.append(tokens.numpy())
        return _predict(tokens)

    _truth("a_but_b", predict=predict)
    (rows,) = seen
    np.testing.assert_array_equal(rows[:-1], [[3, 0, 0, 0], [2, 2, 0, 0]])  # and one row, so that none is no batch


def test_rules_and_confidences_go_together():
    with pytest.raises(ValueError, match=r"confidences are \(1\.0, 2\.0\); the rules \('a_but_b',\) need one each"):
        sentence_rules(["a_but_b"], [1.0, 2.0], VOCABULARY, ("n", "p"))
    with pytest.raises(ValueError, match=r"rules has 'a_and_b'; each must be one of a_but_b, a_but_b_released"):
        sentence_rules(["a_and_b"], [1.0], VOCABULARY, ("n", "p"))
