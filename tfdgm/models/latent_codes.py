"""Codes that a generator sees besides noise: categories, equally likely, and numbers, uniform on (-1, 1)."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.validation import require_at_least
from tfdgm.objectives.mutual_information import categorical_information, uniform_information


@dataclasses.dataclass(frozen=True)
class Codes:
    """Of N rows: categories int32 [N, number of categorical codes], continuous [N, num_continuous]."""

    categories: tf.Tensor
    continuous: tf.Tensor


@dataclasses.dataclass(frozen=True)
class Recognized:
    """Q(c|x), all codes independent: logits [B, K] of each categorical code, mean and log_var [B, num_continuous]."""

    logits: list[tf.Tensor]
    mean: tf.Tensor
    log_var: tf.Tensor


class LatentCodes:
    """How many codes there are, and what follows: draws, what the generator sees, what Q's network gives.

    Attributes:
      num_categories: of each categorical code.
      num_continuous: continuous codes.
      size: of what the generator sees.
      num_outputs: of Q's network.
    """

    def __init__(self, num_categories: Sequence[int], num_continuous: int, *, has_learned_variance: bool) -> None:
        """Q's variances are outputs of its network where they are learned, else 1.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_at_least(2, num_categories=min(num_categories, default=2))
        require_at_least(0, num_continuous=num_continuous)
        if not num_categories and not num_continuous:
            raise ValueError("num_categories is () and num_continuous 0; there must be at least one code")
        self.num_categories, self.num_continuous = tuple(num_categories), num_continuous
        self.size = sum(num_categories) + num_continuous
        self.num_outputs = self.size + (num_continuous if has_learned_variance else 0)

    def drawn(self, seeds: tf.Tensor, dtype: tf.DType | str) -> Codes:
        """Codes of the prior, continuous ones of `dtype`; row i depends on `seeds[i]` alone."""
        # Stream 0 is the noise's.
        columns = [philox.row_integer(seeds, num, stream=stream) for stream, num in enumerate(self.num_categories, 2)]
        categories = tf.stack(columns, axis=1) if columns else tf.zeros([tf.shape(seeds)[0], 0], tf.int32)
        uniform = philox.row_uniform(seeds, (self.num_continuous,), stream=1, dtype=dtype)
        return Codes(categories, 2.0 * uniform - 1.0)

    def seen(self, codes: Codes, dtype: tf.DType | str) -> tf.Tensor:
        """What the generator sees, [N, size]: a one-hot vector a category, then the continuous codes."""
        one_hot = [tf.one_hot(codes.categories[:, i], num, dtype=dtype) for i, num in enumerate(self.num_categories)]
        return tf.concat([*one_hot, tf.cast(codes.continuous, dtype)], axis=1)

    def recognized(self, outputs: tf.Tensor) -> Recognized:
        """Q(c|x) from outputs [B, num_outputs] of its network."""
        num = self.num_continuous
        sizes = [*self.num_categories, num, self.num_outputs - self.size]
        *logits, mean, log_var = tf.split(outputs, sizes, axis=1)
        return Recognized(logits, mean, log_var if log_var.shape[1] else tf.zeros_like(mean))

    def information(self, q: Recognized, codes: Codes) -> tuple[tf.Tensor, tf.Tensor]:
        """L_I of all categorical codes and of all continuous ones, each [B] in nats, 0 where there are none."""
        zero = tf.zeros(tf.shape(q.mean)[:1], q.mean.dtype)
        parts = [categorical_information(logits, codes.categories[:, i]) for i, logits in enumerate(q.logits)]
        return tf.add_n([zero, *parts]), uniform_information(codes.continuous, q.mean, q.log_var)
