"""Connectives of soft logic: truth in [0, 1], three families of them; at 0 and 1 all agree with Boolean logic.

Each family is a t-norm, its dual for "or", and its residuum for "implies", the largest c with and(a, c) <= b.

References:
  Hajek (1998), Metamathematics of fuzzy logic, chapter 2.
  Bach, Broecheler, Huang & Getoor (2017), Hinge-loss Markov random fields and probabilistic soft logic, section 4.1.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class SoftLogic:
    """One family of connectives.

    Attributes:
      all_of: "and" along an axis: takes truths and the axis, keeps it with size 1.
      any_of: "or" likewise.
      implies: truth of "if a then b", element by element.
    """

    all_of: Callable[[tf.Tensor, int], tf.Tensor]
    any_of: Callable[[tf.Tensor, int], tf.Tensor]
    implies: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _lukasiewicz_all(truth: tf.Tensor, axis: int) -> tf.Tensor:
    """max(0, 1 - sum (1 - a_i))."""
    return tf.maximum(1.0 - tf.reduce_sum(1.0 - truth, axis, keepdims=True), 0.0)


def _lukasiewicz_any(truth: tf.Tensor, axis: int) -> tf.Tensor:
    """min(1, sum a_i)."""
    return tf.minimum(tf.reduce_sum(truth, axis, keepdims=True), 1.0)


def _lukasiewicz_implies(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """min(1, 1 - a + b)."""
    return tf.minimum(1.0 - a + b, 1.0)


def _product_all(truth: tf.Tensor, axis: int) -> tf.Tensor:
    return tf.reduce_prod(truth, axis, keepdims=True)


def _product_any(truth: tf.Tensor, axis: int) -> tf.Tensor:
    return 1.0 - tf.reduce_prod(1.0 - truth, axis, keepdims=True)


def _product_implies(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """1 where a <= b, else b / a (Goguen)."""
    return tf.where(a <= b, tf.ones_like(a + b), b / tf.where(a <= b, tf.ones_like(a), a))


def _goedel_all(truth: tf.Tensor, axis: int) -> tf.Tensor:
    return tf.reduce_min(truth, axis, keepdims=True)


def _goedel_any(truth: tf.Tensor, axis: int) -> tf.Tensor:
    return tf.reduce_max(truth, axis, keepdims=True)


def _goedel_implies(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """1 where a <= b, else b."""
    return tf.where(a <= b, tf.ones_like(a + b), b + tf.zeros_like(a))


SOFT_LOGICS: dict[str, SoftLogic] = {
    "lukasiewicz": SoftLogic(_lukasiewicz_all, _lukasiewicz_any, _lukasiewicz_implies),
    "product": SoftLogic(_product_all, _product_any, _product_implies),
    "goedel": SoftLogic(_goedel_all, _goedel_any, _goedel_implies),
}
