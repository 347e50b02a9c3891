"""What a critic takes the distance for while it trains, beside the distance itself.

    estimate    mean f(x) - mean f(G(z)),  x of the validation split, z the same at every step
    slope       the largest of f from any of these x to any of these G(z)
    W_1         between these very points, by assignment:     estimate / slope  <=  W_1
    floor       W_1 between these x and as many others: what a perfect generator would have, about

References:
  Arjovsky, Chintala & Bottou (2017), Wasserstein GAN, figures 3 and 4.
"""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.data import Data
from tfdgm.data.pipelines import eval_batches, train_batches
from tfdgm.evaluation import critic_slopes
from tfdgm.evaluation.wasserstein import MAX_ASSIGNMENT_POINTS, assignment_distance


@dataclasses.dataclass(frozen=True)
class CriticCurve:
    """A training; every array is [T], the first element before the first step.

    Attributes:
      name: the preset's.
      steps: of the generator.
      estimate: in units of the critic.
      slope: the critic's largest, between the two sets.
      gradient_norm: the critic's, mean over points between the sets: what the gradient penalty holds at 1.
      wasserstein: W_1, exact, in the data's unit.
      floor: W_1 between two sets of real points, exact, a number.
    """

    name: str
    steps: np.ndarray
    estimate: np.ndarray
    slope: np.ndarray
    gradient_norm: np.ndarray
    wasserstein: np.ndarray
    floor: float

    def bound(self) -> np.ndarray:
        """estimate / slope, [T]; 0 where the critic is flat."""
        return np.divide(self.estimate, self.slope, out=np.zeros_like(self.estimate), where=self.slope > 0.0)


def follow(
    model: Any, data: Data, *, name: str, num_steps: int, every: int, batch_size: int, num_points: int, seed: int
) -> CriticCurve:
    """Trains a model with a critic and looks at both players every few steps.

    Args:
      model: compiled, of `tfdgm.models.wgan`.
      data: the data set it was built for.
      name: for tables and panels.
      num_steps: of the generator, a multiple of `every`.
      every: steps between looks.
      batch_size: of a step.
      num_points: real and generated points of a look.
      seed: of the order of examples.

    Raises:
      ValueError: for a model without a critic of x alone, steps that do not fit, or too few validation examples.
    """
    require_at_least(1, num_steps=num_steps, every=every, num_points=num_points)
    if num_steps % every:
        raise ValueError(f"num_steps is {num_steps}; it must be a multiple of every, {every}")
    if getattr(model, "opponent", "") != "critic" or model.num_labels:
        raise ValueError(f"{name} has no critic of x alone; take a preset of wgan or wgan_gp, without conditioning")
    real, others = _real_points(data, num_points, seed)
    rows: list[tuple[float, ...]] = []

    def look(*_: Any) -> None:
        rows.append(_look(model, real))

    batches = train_batches(data, batch_size=batch_size, seed=seed, num_steps=num_steps)
    # Data-dependent values first, so that the look before the first step is one at the model that is trained.
    model.ensure_initialized(batches)
    looks = keras.callbacks.LambdaCallback(on_train_begin=look, on_epoch_end=look)
    model.fit(batches, epochs=num_steps // every, steps_per_epoch=every, callbacks=[looks], verbose=0, shuffle=False)
    columns = [np.array(column, np.float64) for column in zip(*rows, strict=True)]
    return CriticCurve(name, np.arange(len(rows)) * every, *columns, assignment_distance(_flat(real), _flat(others)))


def _real_points(data: Data, num_points: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of validation examples, [num_points, *shape] each."""
    num_examples = data.splits["validation"].num_examples
    most = min(MAX_ASSIGNMENT_POINTS, num_examples // 2)
    if num_points > most:
        raise ValueError(
            f"num_points is {num_points}; it must be at most {most}: the validation split has {num_examples} examples "
            f"for two sets, and an assignment takes {MAX_ASSIGNMENT_POINTS} points"
        )
    batches = eval_batches(data, "validation", batch_size=num_points, seed=seed, num_examples=2 * num_points)
    real, others = (batch["x"].numpy() for batch in batches)
    return real, others


def _look(model: Any, real: np.ndarray) -> tuple[float, ...]:
    """Estimate, slope, mean gradient norm and W_1, at the weights that the model has now."""
    fake = model.sample(tf.range(len(real), dtype=tf.int64)).numpy()
    values = [model.logits(tf.constant(x)).numpy() for x in (real, fake)]
    estimate, slope = critic_slopes.bound(real, fake, *values)
    norms = critic_slopes.gradient_norms(model.logits, real, fake)
    return estimate, slope, float(norms.mean()), assignment_distance(_flat(real), _flat(fake))


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)
