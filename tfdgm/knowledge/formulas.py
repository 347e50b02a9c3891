"""First-order formulas over facts and labels, which print as they read and answer with soft truth.

A formula is built of `fact`s, which a batch shows, and of `label_is`, which holds of the labels that an example may
have; of `~`, `&`, `|`, `>>` (implies), `average` (the averaging conjunction), and the quantifiers `for_all`, `exists`
and `on_average` over groundings: what stands once for each place in a sentence, or for each example of the batch.

Inside, truth has the axes [examples, groundings, classes of each label variable], each of size 1 where nothing
depends on it, so that connectives are element by element.
"""

import abc
import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.knowledge.soft_logic import SOFT_LOGICS, SoftLogic

_AXES = {"examples": 0, "places": 1}  # that quantifiers take in
_SYMBOLS = {"examples": "S", "places": "t"}


@dataclasses.dataclass(frozen=True)
class World:
    """What formulas are evaluated in.

    Attributes:
      facts: tensors by name, in [0, 1]: [B]; [B, G] of groundings; with a last axis of classes where a fact is asked
        about one.
      class_names: of the labels, K.
      variables: the label variables, each with an axis of K classes; an example's label is `y`.
      logic: key of `SOFT_LOGICS`.
      dtype: of truth.
    """

    facts: Mapping[str, tf.Tensor]
    class_names: Sequence[str]
    variables: Sequence[str] = ("y",)
    logic: str = "lukasiewicz"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        """Refuses a logic that is none."""
        require_choice("logic", self.logic, SOFT_LOGICS)

    @property
    def connectives(self) -> SoftLogic:
        """Of its logic."""
        return SOFT_LOGICS[self.logic]

    def fact(self, name: str) -> tf.Tensor:
        """The tensor of that name.

        Raises:
          ValueError: where there is none.
        """
        if name not in self.facts:
            raise ValueError(
                f"fact is {name!r}; it must be one of {', '.join(sorted(self.facts)) or 'no facts at all'}"
            )
        return tf.cast(self.facts[name], self.dtype)

    def class_index(self, name: str) -> int:
        """Of the class of that name.

        Raises:
          ValueError: where there is none.
        """
        require_choice("class", name, self.class_names)
        return list(self.class_names).index(name)


class Formula(abc.ABC):
    """A formula; build it with the functions below, never by hand."""

    @abc.abstractmethod
    def truth(self, world: World) -> tf.Tensor:
        """Soft truth, with the axes that the module's text names."""

    def __invert__(self) -> "Formula":
        """Not: 1 - a."""
        return _Not(self)

    def __and__(self, other: "Formula") -> "Formula":
        """And, of the world's logic."""
        return _Connected((self, other), "and")

    def __or__(self, other: "Formula") -> "Formula":
        """Or, of the world's logic."""
        return _Connected((self, other), "or")

    def __rshift__(self, other: "Formula") -> "Formula":
        """Implies, of the world's logic."""
        return _Implies(self, other)


def fact(name: str, of_class: str = "", grounded: bool = False) -> Formula:
    """What a batch shows.

    Args:
      name: in `World.facts`.
      of_class: the class that is asked about, where the fact's last axis is of classes.
      grounded: whether it stands once for each grounding, [B, G].
    """
    return _Fact(name, of_class, grounded)


def label_is(*classes: str, variable: str = "y") -> Formula:
    """1 for the labels of these classes, 0 for the others."""
    if not classes:
        raise ValueError("classes is (); label_is needs one class at least")
    return _LabelIs(classes, variable)


def average(*formulas: Formula) -> Formula:
    """The averaging conjunction of Hu et al. (2016), eq. 1: (a_1 + ... + a_N) / N."""
    if not formulas:
        raise ValueError("formulas is (); average needs one formula at least")
    return _Connected(formulas, "average")


def for_all(formula: Formula, such_that: Formula | None = None, over: str = "places") -> Formula:
    """True of every grounding, by the logic's "and"; of those where `such_that` holds. Of none at all it is true.

    Args:
      formula: of each.
      such_that: of which groundings it is said; None: of all.
      over: `places` in a sentence, or `examples`: the rows of the batch, which all rows then have the one truth of.
    """
    return _Quantified(formula, such_that, "for all", over)


def exists(formula: Formula, such_that: Formula | None = None, over: str = "places") -> Formula:
    """True of some grounding, by the logic's "or"; of those where `such_that` holds. Of none at all it is false.

    Arguments are those of `for_all`.
    """
    return _Quantified(formula, such_that, "exists", over)


def on_average(formula: Formula, such_that: Formula | None = None, over: str = "places") -> Formula:
    """The mean truth over the groundings, weighted by `such_that`. Of none at all it is true.

    Arguments are those of `for_all`.
    """
    return _Quantified(formula, such_that, "on average", over)


# ---- private ----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Fact(Formula):
    name: str
    of_class: str
    grounded: bool

    def truth(self, world: World) -> tf.Tensor:
        value = world.fact(self.name)
        if self.of_class:
            value = value[..., world.class_index(self.of_class)]
        if len(value.shape) != 1 + self.grounded:
            wanted = ("B", "G")[: 1 + self.grounded] + (("K",) if self.of_class else ())
            raise ValueError(f"fact {self.name!r} has shape {value.shape}; it must be [{', '.join(wanted)}]")
        value = value if self.grounded else value[:, tf.newaxis]
        return tf.reshape(value, tf.concat([tf.shape(value), [1] * len(world.variables)], axis=0))

    def __str__(self) -> str:
        arguments = [*(["t"] if self.grounded else []), *([self.of_class] if self.of_class else [])]
        return f"{self.name}({', '.join(['S', *arguments])})"


@dataclasses.dataclass(frozen=True)
class _LabelIs(Formula):
    classes: tuple[str, ...]
    variable: str

    def truth(self, world: World) -> tf.Tensor:
        require_choice("variable", self.variable, world.variables)
        indices = [world.class_index(name) for name in self.classes]
        num_classes = len(world.class_names)
        is_one = tf.reduce_max(tf.one_hot(indices, num_classes, dtype=world.dtype), axis=0)
        sizes = [num_classes if variable == self.variable else 1 for variable in world.variables]
        return tf.reshape(is_one, [1, 1, *sizes])

    def __str__(self) -> str:
        if len(self.classes) == 1:
            return f"{self.variable} = {self.classes[0]}"
        return f"{self.variable} in {{{', '.join(self.classes)}}}"


@dataclasses.dataclass(frozen=True)
class _Not(Formula):
    formula: Formula

    def truth(self, world: World) -> tf.Tensor:
        return 1.0 - self.formula.truth(world)

    def __str__(self) -> str:
        return f"not ({self.formula})"


@dataclasses.dataclass(frozen=True)
class _Implies(Formula):
    condition: Formula
    consequence: Formula

    def truth(self, world: World) -> tf.Tensor:
        return world.connectives.implies(self.condition.truth(world), self.consequence.truth(world))

    def __str__(self) -> str:
        return f"({self.condition} => {self.consequence})"


@dataclasses.dataclass(frozen=True)
class _Connected(Formula):
    formulas: tuple[Formula, ...]
    by: str

    def truth(self, world: World) -> tf.Tensor:
        truths = [formula.truth(world) for formula in self.formulas]
        shape = truths[0]
        for truth in truths[1:]:
            shape = shape + truth
        stacked = tf.stack([tf.broadcast_to(truth, tf.shape(shape)) for truth in truths])
        if self.by == "average":
            return tf.reduce_mean(stacked, axis=0)
        connective = world.connectives.all_of if self.by == "and" else world.connectives.any_of
        return connective(stacked, 0)[0]

    def __str__(self) -> str:
        if self.by == "average":
            return f"average({', '.join(map(str, self.formulas))})"
        return f"({f' {self.by} '.join(map(str, self.formulas))})"


@dataclasses.dataclass(frozen=True)
class _Quantified(Formula):
    formula: Formula
    such_that: Formula | None
    quantifier: str
    over: str

    def __post_init__(self) -> None:
        require_choice("over", self.over, _AXES)

    def truth(self, world: World) -> tf.Tensor:
        truth = self.formula.truth(world)
        holds = tf.ones_like(truth) if self.such_that is None else self.such_that.truth(world) + tf.zeros_like(truth)
        connectives, axis = world.connectives, _AXES[self.over]
        if self.quantifier == "for all":
            return connectives.all_of(connectives.implies(holds, truth + tf.zeros_like(holds)), axis)
        if self.quantifier == "exists":
            pair = tf.stack([holds, truth + tf.zeros_like(holds)])
            return connectives.any_of(connectives.all_of(pair, 0)[0], axis)
        weight = tf.reduce_sum(holds, axis, keepdims=True)
        total = tf.reduce_sum(holds * truth, axis, keepdims=True)
        return tf.where(weight > 0, total / tf.where(weight > 0, weight, tf.ones_like(weight)), tf.ones_like(total))

    def __str__(self) -> str:
        where = "" if self.such_that is None else f" with {self.such_that}"
        return f"{self.quantifier} {_SYMBOLS[self.over]}{where}: {self.formula}"
