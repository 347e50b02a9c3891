"""The multiscale architecture as one bijector between a flat vector of noise and an image (Dinh et al. 2017).

level 1: x -> h_1,   h_1 -> (stay, off_1),   off_1 -> eps_1        eps: noise under the split's learned prior
level 2: stay -> h_2, ...                                          the last level keeps all its latents

z = [eps_1, eps_2, ..., z_L],   log p(x) = log N(z; 0, I) + log |det dz/dx|,   exactly
"""

import itertools
import math
from collections.abc import Sequence

import tensorflow as tf

from tfdgm.bijectors.gaussian_prior import SplitPrior
from tfdgm.bijectors.layer import BijectorLayer, Context, Mean, require_own_paths


class Multiscale(BijectorLayer):
    """Half of the channels leave after each level but the last.

    Attributes:
      levels: bijectors of images, from data to latents.
      splits: between them.
      latent_shapes: of the noise of each level, whose flat vectors make up z, in this order.

    References:
      Dinh, Sohl-Dickstein & Bengio (2017), Density estimation using Real NVP, section 3.6.
      Kingma & Dhariwal (2018), Glow: generative flow with invertible 1x1 convolutions, figure 2b.
    """

    def __init__(
        self, levels: Sequence[BijectorLayer], splits: Sequence[SplitPrior], *, name: str = "multiscale"
    ) -> None:
        """Takes the parts.

        Args:
          levels: from data to latents; events of one after the first are what the split before it keeps.
          splits: one less than levels.
          name: of the layer.

        Raises:
          ValueError: when their numbers or shapes do not fit, or when two have the same name.
        """
        if len(splits) != len(levels) - 1:
            raise ValueError(f"there are {len(splits)} splits for {len(levels)} levels; there must be one less")
        for (outer, inner), split in zip(itertools.pairwise(levels), splits, strict=True):
            if outer.latent_shape != split.event_shape or split.stay_shape != inner.event_shape:
                raise ValueError(
                    f"{outer.name} has latents {outer.latent_shape}; {split.name} splits {split.event_shape} and keeps"
                    f" {split.stay_shape}; {inner.name} gives {inner.event_shape}: each must fit the one before"
                )
        self.latent_shapes = (*(split.off_shape for split in splits), levels[-1].latent_shape)
        self._sizes = [math.prod(shape) for shape in self.latent_shapes]
        super().__init__((sum(self._sizes),), levels[0].event_shape, name=name)
        self.levels, self.splits = list(levels), list(splits)
        require_own_paths(self)

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Noise [B, D] to images, the last level first."""
        *noises, top = self.unpacked(z)
        x, total = self.levels[-1].forward_and_log_det(top, context)
        for level, split, noise in reversed(list(zip(self.levels, self.splits, noises, strict=False))):
            x, prior_log_det = split.join(x, noise)
            x, log_det = level.forward_and_log_det(x, context)
            total += prior_log_det + log_det
        return x, total

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Images to noise [B, D]."""
        noises, total = [], tf.zeros([], x.dtype)
        for level, split in zip(self.levels, self.splits, strict=False):
            h, log_det = level.inverse_and_log_det(x, context)
            x, noise, prior_log_det = split.divide(h)
            noises.append(noise)
            total += log_det + prior_log_det
        top, log_det = self.levels[-1].inverse_and_log_det(x, context)
        return self.packed([*noises, top]), total + log_det

    def start_at(self, x: tf.Tensor, mean: Mean, context: Context = None) -> None:
        """Each level at what those before it make of the batch."""
        for level, split in zip(self.levels, self.splits, strict=False):
            level.start_at(x, mean, context)
            h, _ = level.inverse_and_log_det(x, context)
            x, _, _ = split.divide(h)
        self.levels[-1].start_at(x, mean, context)

    def unpacked(self, z: tf.Tensor) -> list[tf.Tensor]:
        """Noise [B, D] by level, each [B, *latent_shapes[i]]: what to draw anew to see what a level decides."""
        flat = tf.split(z, self._sizes, axis=-1)
        return [tf.reshape(part, [-1, *shape]) for part, shape in zip(flat, self.latent_shapes, strict=True)]

    def packed(self, noises: Sequence[tf.Tensor]) -> tf.Tensor:
        """Noise by level as one vector [B, D]: `unpacked` undone."""
        flat = [tf.reshape(noise, [-1, size]) for noise, size in zip(noises, self._sizes, strict=True)]
        return tf.concat(flat, axis=-1)
