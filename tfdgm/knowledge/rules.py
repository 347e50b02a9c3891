"""Rules: formulas with a confidence each, and the truth of a set of them for every label."""

import dataclasses
from collections.abc import Collection, Sequence

import tensorflow as tf

from tfdgm.knowledge.formulas import Formula, World


@dataclasses.dataclass(frozen=True)
class Rule:
    """A formula and how far it is to be trusted.

    Attributes:
      formula: what it says.
      confidence: lambda, at least 0; infinite: labels against it are ruled out.
    """

    formula: Formula
    confidence: float = 1.0

    def __post_init__(self) -> None:
        """Refuses a confidence that is none."""
        if not self.confidence >= 0.0:
            raise ValueError(f"confidence is {self.confidence} in the rule {self.formula}; it must be at least 0")

    def __str__(self) -> str:
        """The confidence and the formula."""
        return f"{self.confidence:g}: {self.formula}"


class RuleSet:
    """Rules that are applied together, each counted once.

    Attributes:
      rules: in order.
      confidences: lambda, one a rule.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Takes the rules.

        Raises:
          ValueError: for a formula that is there twice: it would count twice.
        """
        seen: set[str] = set()
        for rule in rules:
            if str(rule.formula) in seen:
                raise ValueError(f"the rule {rule.formula} is there twice; raise its confidence instead")
            seen.add(str(rule.formula))
        self.rules = tuple(rules)
        self.confidences = tuple(rule.confidence for rule in self.rules)

    def truth(self, world: World) -> tf.Tensor:
        """r_l(x, y) in [0, 1] for every label.

        Returns:
          [B, K, L]; with more than one label variable [B, K, ..., K, L]. B is 1 where no fact enters.

        Raises:
          ValueError: for a rule that is left with groundings that no quantifier takes in.
        """
        if not self.rules:
            return tf.zeros([1, *[len(world.class_names)] * len(world.variables), 0], world.dtype)
        truths = [_without_groundings(rule.formula, world) for rule in self.rules]
        shape = sum(truths, tf.zeros([1, *[len(world.class_names)] * len(world.variables)], world.dtype))
        return tf.stack([tf.broadcast_to(truth, tf.shape(shape)) for truth in truths], axis=-1)

    def __str__(self) -> str:
        """A rule a line."""
        return "\n".join(map(str, self.rules))


def require_named(names: Sequence[str], confidences: Sequence[float], known: Collection[str]) -> None:
    """Raises ValueError for a name that is not `known`, or another number of confidences than of names."""
    if len(names) != len(confidences):
        raise ValueError(f"confidences are {tuple(confidences)}; the rules {tuple(names)} need one each")
    for name in names:
        if name not in known:
            raise ValueError(f"rules has {name!r}; each must be one of {', '.join(known)}")


def _without_groundings(formula: Formula, world: World) -> tf.Tensor:
    truth = formula.truth(world)
    if truth.shape[1] != 1:
        raise ValueError(f"the rule {formula} leaves groundings open; for_all, exists or on_average takes them in")
    return tf.squeeze(truth, axis=1)
