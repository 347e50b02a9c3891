"""Rules about the tags of neighbouring words, by name, and what a set of them adds to a chain's log potentials."""

from collections.abc import Callable, Sequence

import numpy as np

from tfdgm.knowledge.formulas import Formula, World, label_is
from tfdgm.knowledge.rules import Rule, RuleSet, require_named

_OUTSIDE = "O"


def inside_continues(class_names: Sequence[str]) -> list[Formula]:
    """y = I-X => previous in {B-X, I-X}, one formula a kind X: inside an entity one is only behind its beginning."""
    kinds = [name[2:] for name in class_names if name.startswith("I-")]
    return [
        label_is(f"I-{kind}") >> label_is(*(f"{place}-{kind}" for place in "BI"), variable="previous") for kind in kinds
    ]


TAG_RULES: dict[str, Callable[[Sequence[str]], list[Formula]]] = {"inside_continues": inside_continues}


def tag_rules(names: Sequence[str], confidences: Sequence[float], class_names: Sequence[str]) -> RuleSet:
    """The rules of these names, every formula of one with the confidence of its name.

    Raises:
      ValueError: for a name that there is not, or another number of confidences; for classes that are no BIO tags.
    """
    require_named(names, confidences, TAG_RULES)
    known = set(class_names)
    begun = {f"B-{name[2:]}" for name in class_names if name.startswith("I-")}
    if _OUTSIDE not in known or not begun <= known:
        raise ValueError(f"class_names are {tuple(class_names)}; they must be BIO tags: O, and B-X for every I-X")
    return RuleSet(
        [
            Rule(formula, confidence)
            for name, confidence in zip(names, confidences, strict=True)
            for formula in TAG_RULES[name](class_names)
        ]
    )


def transition_scores(rules: RuleSet, class_names: Sequence[str], regularization: float = 1.0) -> np.ndarray:
    """C sum_l lambda_l (r_l(previous, y) - 1), -inf where a hard rule is broken: float64 [K, K], previous by row.

    Before the first word of a sentence one is outside of all entities: its row is that of `O`.
    """
    world = World({}, class_names, ("previous", "y"), dtype="float64")
    lack = 1.0 - rules.truth(world).numpy()[0]  # [K, K, L]
    strengths = regularization * np.asarray(rules.confidences)
    return -np.sum(lack * np.where(lack > 0.0, strengths, 0.0), axis=-1)
