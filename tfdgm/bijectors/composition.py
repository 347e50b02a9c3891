"""Bijectors one after another as one.

f = f_1 . f_2 . ... . f_n,   log |det dx/dz| = sum_i log |det df_i|
"""

import itertools
from collections.abc import Sequence

import tensorflow as tf

from tfdgm.bijectors.layer import BijectorLayer, Context, Mean, require_own_paths


class Composition(BijectorLayer):
    """The first part is next to the data, as in `tfb.Chain`: f(z) = f_1(f_2(... f_n(z))).

    Attributes:
      parts: the bijectors.
    """

    def __init__(self, parts: Sequence[BijectorLayer], *, name: str = "composition") -> None:
        """Takes the parts.

        Args:
          parts: from data to latents.
          name: of the layer.

        Raises:
          ValueError: without a part, when the latents of one have not the shape of the next one's events, or when two
            have the same name.
        """
        if not parts:
            raise ValueError("parts is empty; a composition needs at least one bijector")
        for outer, inner in itertools.pairwise(parts):
            if outer.latent_shape != inner.event_shape:
                raise ValueError(
                    f"{outer.name} has latents {outer.latent_shape}, but {inner.name}, which follows, gives"
                    f" {inner.event_shape}; they must be the same"
                )
        super().__init__(parts[-1].latent_shape, parts[0].event_shape, name=name)
        self.parts = list(parts)
        require_own_paths(self)

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Through the parts, the last one first."""
        total = tf.zeros([], z.dtype)
        for part in reversed(self.parts):
            z, log_det = part.forward_and_log_det(z, context)
            total += log_det
        return z, total

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Through the parts, the first one first."""
        total = tf.zeros([], x.dtype)
        for part in self.parts:
            x, log_det = part.inverse_and_log_det(x, context)
            total += log_det
        return x, total

    def start_at(self, x: tf.Tensor, mean: Mean, context: Context = None) -> None:
        """Each part at what those before it, already started, make of the batch."""
        for part in self.parts[:-1]:
            part.start_at(x, mean, context)
            x, _ = part.inverse_and_log_det(x, context)
        self.parts[-1].start_at(x, mean, context)
