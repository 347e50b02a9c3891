"""The identities of the unified view on random finite models: the largest error of each, as a table."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.progress import Progress
from tfdgm.evaluation.unified_lemmas import IDENTITIES, Identity
from tfdgm.evaluation.unified_model import FiniteModel, random_model
from tfdgm.evaluation.unified_right_sides import RightSides

BOUND = 1e-10
FLOOR = 1e-6  # of what must not vanish

_SIZES = ((2, 1), (3, 4), (6, 3))  # of x and of z, in turn


@dataclasses.dataclass(frozen=True)
class Result:
    """An identity over all models.

    Attributes:
      identity: which.
      error: of a model the largest absolute difference of the sides; of all models the largest, or the smallest where
        the sides must not be equal.
    """

    identity: Identity
    error: float

    @property
    def passed(self) -> bool:
        """Whether the error is within `BOUND`, or above `FLOOR` where the sides must not be equal; NaN never is."""
        return self.error <= BOUND if self.identity.holds else self.error >= FLOOR


def verify(num_models: int, seed: int) -> list[Result]:
    """Checks every identity on random models.

    Args:
      num_models: at least 1.
      seed: of the models; the first ones are the same whatever their number.

    Raises:
      ValueError: for no model.
    """
    require_at_least(1, num_models=num_models)
    lefts = tf.function(lambda fields: [it.left(FiniteModel(**fields)) for it in IDENTITIES], autograph=False)
    errors = np.zeros((num_models, len(IDENTITIES)))
    with Progress("models", num_models, unit="model") as progress:
        for i, model_seed in enumerate(np.random.SeedSequence(seed).spawn(num_models)):
            model = random_model(np.random.default_rng(model_seed), *_SIZES[i % len(_SIZES)])
            rights = RightSides(model)
            for k, left in enumerate(lefts(vars(model))):
                errors[i, k] = np.abs(left.numpy() - IDENTITIES[k].right(rights)).max()
            progress.update(1)
    return [
        Result(it, float(column.max() if it.holds else column.min()))
        for it, column in zip(IDENTITIES, errors.T, strict=True)
    ]


def table(results: Sequence[Result]) -> str:
    """A line an identity: statement, source, error, bound, and whether it is passed."""
    rows = [("identity", "source", "error", "bound", "")]
    for it in results:
        bound = f"< {BOUND:.0e}" if it.identity.holds else f"> {FLOOR:.0e}"
        verdict = "" if it.passed else "FAILED"
        rows.append((it.identity.statement, it.identity.source, f"{it.error:.1e}", bound, verdict))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
