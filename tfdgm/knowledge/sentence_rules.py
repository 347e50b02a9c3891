"""Rules about sentences, by name: the formulas, and how their facts are read off a batch of sentences."""

import dataclasses
from collections.abc import Callable, Sequence

import tensorflow as tf

from tfdgm.knowledge.formulas import Formula, World, average, fact, label_is
from tfdgm.knowledge.rules import Rule, RuleSet, require_named
from tfdgm.math.tokens import clause_after

Predict = Callable[[tf.Tensor], tf.Tensor]
"""p(y|x) of sentences, int [B, L] to [B, K]."""

_BUT = "but"


def a_but_b(class_names: Sequence[str]) -> Formula:
    """has-but(S) => average over classes c of (y = c => sentiment(B) = c) and (sentiment(B) = c => y = c).

    B is the clause behind "but", and the truth of sentiment(B) = c what the classifier says of it by itself. Of two
    classes the average is the same whichever of them it is worked out for: it is eq. 5 and 6 of Hu et al. (2016),
    (1 + p_c(B)) / 2 for y = c where one is true and the other false, and goes on to more classes.
    """
    both = [
        direction
        for name in class_names
        for direction in (
            label_is(name) >> fact("sentiment_of_B", of_class=name),
            fact("sentiment_of_B", of_class=name) >> label_is(name),
        )
    ]
    return fact("has_but") >> average(*both)


def a_but_b_released(class_names: Sequence[str]) -> Formula:
    """has-but(S) => exists c with y = c and sentiment(B) = c: p_y(B), as the authors' published code has it.

    There the rule is added twice, which is twice its confidence here.
    """
    agree = label_is(class_names[0]) & fact("sentiment_of_B", of_class=class_names[0])
    for name in class_names[1:]:
        agree = agree | (label_is(name) & fact("sentiment_of_B", of_class=name))
    return fact("has_but") >> agree


SENTENCE_RULES: dict[str, Callable[[Sequence[str]], Formula]] = {
    "a_but_b": a_but_b,
    "a_but_b_released": a_but_b_released,
}


@dataclasses.dataclass(frozen=True)
class SentenceRules:
    """A set of rules with the vocabulary and the classes that they speak of.

    Attributes:
      rules: of `SENTENCE_RULES`.
      vocabulary: the tokens of the sentences.
      class_names: of the labels.
      logic: key of `tfdgm.knowledge.soft_logic.SOFT_LOGICS`.
    """

    rules: RuleSet
    vocabulary: Sequence[str]
    class_names: Sequence[str]
    logic: str = "lukasiewicz"

    def truth(self, tokens: tf.Tensor, predict: Predict) -> tf.Tensor:
        """r_l(x, y), [B, K, L]; see `RuleSet.truth`."""
        has_but, clause = self._clauses(tokens)
        # Only they need the classifier once more; and one row besides, for there may be none, which Conv1D fails on.
        rows = tf.where(has_but)
        of_clauses = predict(tf.concat([tf.gather_nd(clause, rows), clause[:1]], axis=0))[:-1]
        shape = tf.stack([tf.shape(tokens, tf.int64)[0], len(self.class_names)])
        facts = {"has_but": has_but, "sentiment_of_B": tf.scatter_nd(rows, of_clauses, shape)}
        return self.rules.truth(World(facts, self.class_names, logic=self.logic, dtype=of_clauses.dtype.name))

    def applies(self, tokens: tf.Tensor) -> tf.Tensor:
        """Whether any rule says something of a sentence: int [B, L] to bool [B]."""
        return self._clauses(tokens)[0] & bool(self.rules.rules)

    def _clauses(self, tokens: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        vocabulary = list(self.vocabulary)
        return clause_after(tokens, vocabulary.index(_BUT) if _BUT in vocabulary else -1)


def sentence_rules(
    names: Sequence[str],
    confidences: Sequence[float],
    vocabulary: Sequence[str],
    class_names: Sequence[str],
    logic: str = "lukasiewicz",
) -> SentenceRules:
    """The rules of these names with a confidence each.

    Raises:
      ValueError: for a name that there is not, or another number of confidences.
    """
    require_named(names, confidences, SENTENCE_RULES)
    rules = [
        Rule(SENTENCE_RULES[name](class_names), confidence) for name, confidence in zip(names, confidences, strict=True)
    ]
    return SentenceRules(RuleSet(rules), vocabulary, class_names, logic)
