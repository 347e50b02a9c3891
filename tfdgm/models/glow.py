"""Glow: a flow of images with invertible 1x1 convolutions (Kingma & Dhariwal 2018).

Generative story:  z ~ N(0, I),  y = f(z),  grey level k = floor(y)
L scales:          squeeze -> K times (actnorm -> invertible 1x1 convolution -> coupling) -> split        (figure 2)
Training:          max  E_u [log p(k + u) - log q(u|k)] <= log P(k),  u in [0, 1): noise over the level's cell
log p(y) is exact as a density of y, in units of grey levels; of whole levels there is the bound.
"""

import math
from typing import Any

import tensorflow as tf

from tfdgm.bijectors.actnorm import ActNorm
from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.coupling import Coupling
from tfdgm.bijectors.elementwise import elementwise
from tfdgm.bijectors.gaussian_prior import GaussianPrior, SplitPrior
from tfdgm.bijectors.invertible_conv import INVERTIBLE_CONVS, invertible_conv
from tfdgm.bijectors.layer import BijectorLayer
from tfdgm.bijectors.masks import ChannelMask
from tfdgm.bijectors.multiscale import Multiscale
from tfdgm.bijectors.repeated import Repeated
from tfdgm.bijectors.rescale import Rescale
from tfdgm.bijectors.squeeze import Squeeze
from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least, require_between, require_choice
from tfdgm.models.base import Batch, Logs
from tfdgm.models.normalizing_flow import NormalizingFlow
from tfdgm.networks.dequantization import dequantizer
from tfdgm.networks.glow import glow_conditioner

_TRANSFORMS = ("additive", "affine", "sigmoid_affine")
_REDRAWN = 1  # stream of a row's seed, for noise drawn anew


class Glow(NormalizingFlow):
    """Images of whole grey levels; the fields are those of `tfdgm.configs.glow.GlowConfig`.

    Attributes:
      num_grey_levels: of the images that the model sees: those of the data, or fewer with `num_bits`.
    """

    def __init__(
        self,
        spec: DataSpec,
        *,
        num_scales: int = 2,
        num_steps: int = 8,
        num_filters: int = 64,
        transform: str = "sigmoid_affine",
        mixing: str = "lu",
        dequantization: str = "uniform",
        num_dequantization_filters: int = 32,
        num_bits: int = 0,
        recompute: bool = False,
        **kwargs: Any,
    ) -> None:
        """Builds the bijector for `spec`; see `GlowConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have, or for data that are no images of grey levels or
            have sides that L scales cannot halve.
        """
        super().__init__(spec, **kwargs)
        if not spec.is_image or spec.domain != "uint8":
            raise ValueError(
                f"the data have domain {spec.domain!r} and shape {spec.shape};"
                " Glow needs data.domain 'uint8' and images [height, width, 1 or 3]"
            )
        require_at_least(1, num_scales=num_scales, num_steps=num_steps, num_filters=num_filters)
        require_at_least(1, num_dequantization_filters=num_dequantization_filters)
        require_choice("transform", transform, _TRANSFORMS)
        require_choice("mixing", mixing, INVERTIBLE_CONVS)
        _require_halvings(spec.shape, num_scales)
        self.cell = _levels_in_cell(spec.num_levels, num_bits)
        self.num_grey_levels = spec.num_levels // self.cell
        self.transform, self.mixing = elementwise(transform), mixing
        self.num_scales, self.num_steps = num_scales, num_steps
        self.num_filters, self.recompute = num_filters, recompute
        self.dequantizer = dequantizer(dequantization, spec.shape, num_dequantization_filters)
        self.bijector = self._multiscale()

    def initialize(self, batch: Batch) -> None:
        """Activation normalisations, by the first global batch with its noise."""
        y, _ = self._dequantized(batch["x"], self.row_noise(self.event_shape))
        self.bijector.start_at(y, self.global_mean)

    def train_step(self, batch: Batch) -> Logs:
        """One step on the bound."""
        loss = self.minimize("flow", self._loss, batch["x"], self.row_noise(self.event_shape))
        return {"loss/flow": loss, "bits_per_dim": self._bits(-loss)}

    def test_step(self, batch: Batch) -> Logs:
        """The bound with one draw of the noise."""
        return {"bits_per_dim": self.bits_per_dim(batch["x"], self.row_seeds())}

    def log_prob(self, x: tf.Tensor) -> tf.Tensor:
        """log p(y) as a density, exact, nats, [B]; y is x or, of whole levels (uint8), the middle of their cells."""
        return super().log_prob(self._continuous(x))

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """`z` = f^-1(y), [B, latent_dim], with y as in `log_prob`; `decode` gives y again, and `levels` of it x."""
        return super().encode(self._continuous(x))

    def sample(self, seeds: tf.Tensor, temperature: tf.Tensor | float = 1.0) -> tf.Tensor:
        """Whole levels, uint8 [N, *event_shape], by seeds int64 [N]; `temperature` as in `NormalizingFlow`."""
        return self.levels(super().sample(seeds, temperature))

    def interpolate(self, z_a: tf.Tensor, z_b: tf.Tensor, num_points: int) -> tf.Tensor:
        """Whole levels along the great circle from z_a to z_b, uint8 [B, num_points, *event_shape]."""
        return self.levels(super().interpolate(z_a, z_b, num_points))

    def dequantized_log_prob(self, x: tf.Tensor, seeds: tf.Tensor, num_samples: int = 1) -> tf.Tensor:
        """The bound on log P(x) of whole levels x, nats, [B], its expectation by `num_samples` draws of the noise."""
        draws = [
            self._bound(x, philox.row_uniform(seeds, self.event_shape, stream=draw, dtype=self.variable_dtype))
            for draw in range(num_samples)
        ]
        return tf.add_n(draws) / num_samples

    def bits_per_dim(self, x: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """The bound as one on -log2 P(x) / D, from above, [B]; with `num_bits`, of the image in so many bits."""
        return self._bits(self.dequantized_log_prob(x, seeds))

    def redrawn(self, seeds: tf.Tensor, scale: int) -> tf.Tensor:
        """`sample` with the noise of one scale (0 is the finest) drawn anew: what that scale decides."""
        noises = self.bijector.unpacked(self.sample_latents(seeds))
        fresh = self.bijector.unpacked(self.sample_latents(philox.fold_in(seeds, _REDRAWN)))
        noises[scale] = fresh[scale]
        return self.levels(self.decode(self.bijector.packed(noises)))

    def levels(self, y: tf.Tensor) -> tf.Tensor:
        """The data's grey levels in whose cells y [..., *event_shape] lies, uint8; beyond the ends the last ones."""
        level = tf.clip_by_value(tf.floor(y), 0.0, self.num_grey_levels - 1.0)
        return tf.cast(level * self.cell + self.cell // 2, tf.uint8)

    def endpoints(self) -> dict[str, Endpoint]:
        """Those of flows, in whole levels, and the bound in bits per dimension."""
        x = tf.TensorSpec([None, *self.event_shape], self.spec.dtype, name="x")
        seed = tf.TensorSpec([None], tf.int64, name="seed")
        return {**super().endpoints(), "bits_per_dim": Endpoint(self._bits_endpoint, {"x": x, "seed": seed})}

    # ---- private ------------------------------------------------------------------------------------------------

    def _bits_endpoint(self, x: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"bits_per_dim": self.bits_per_dim(x, seed), "seed": seed}

    def _delivered(self, x: tf.Tensor) -> tf.Tensor:
        return self.levels(x)

    def _loss(self, x: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        return -self._bound(x, noise)

    def _bound(self, x: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        y, log_q = self._dequantized(x, noise)
        return self.log_prob(y) - log_q

    def _bits(self, log_prob: tf.Tensor) -> tf.Tensor:
        return -log_prob / (self.spec.num_dims * math.log(2.0))

    def _dequantized(self, x: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """k + u [B, *event_shape] and log q(u|k) [B], by uniforms in [0, 1)."""
        level = self._level(x)
        u, log_q = self.dequantizer(level / (self.num_grey_levels - 1.0), noise)
        return level + u, log_q

    def _continuous(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.convert_to_tensor(x)
        return self._level(x) + 0.5 if x.dtype.is_integer else x

    def _level(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.cast(x, tf.int32) // self.cell, self.variable_dtype)

    def _multiscale(self) -> Multiscale:
        outer: list[BijectorLayer] = [
            Rescale(self.event_shape, scale=self.num_grey_levels, shift=self.num_grey_levels / 2.0)
        ]
        levels, splits, shape = [], [], self.event_shape
        for scale in range(self.num_scales):
            squeeze = Squeeze(shape, name=f"squeeze_{scale}")
            shape = squeeze.latent_shape
            steps = [self._step(shape, f"{scale}") for _ in range(self.num_steps)]
            parts = [*outer, squeeze, Repeated(steps, recompute=self.recompute, name=f"steps_{scale}")]
            outer = []
            if scale < self.num_scales - 1:
                splits.append(SplitPrior(shape, name=f"split_{scale}"))
                shape = splits[-1].stay_shape
            else:
                parts.append(GaussianPrior(shape))
            levels.append(Composition(parts, name=f"scale_{scale}"))
        return Multiscale(levels, splits, name="flow")

    def _step(self, shape: tuple[int, ...], name: str) -> Composition:
        mask = ChannelMask(shape)
        num_outputs = mask.params_shape(self.transform.num_params)[-1]
        network = glow_conditioner(mask.kept_shape, num_outputs, self.num_filters, name=f"conditioner_{name}")
        parts = [
            ActNorm(shape, name=f"actnorm_{name}"),
            invertible_conv(self.mixing, shape, name=f"mixing_{name}"),
            Coupling(network, mask, self.transform, name=f"coupling_{name}"),
        ]
        return Composition(parts, name=f"step_{name}")


def _levels_in_cell(num_levels: int, num_bits: int) -> int:
    require_between(0, 8, num_bits=num_bits)
    if num_bits and num_levels != 256:
        raise ValueError(f"num_bits is {num_bits}, but the data have {num_levels} levels; only 8-bit images have bits")
    return 2 ** (8 - num_bits) if num_bits else 1


def _require_halvings(shape: tuple[int, ...], num_scales: int) -> None:
    height, width, _ = shape
    most = next(scale for scale in range(32) if height % 2 ** (scale + 1) or width % 2 ** (scale + 1))
    if num_scales > most:
        raise ValueError(
            f"num_scales is {num_scales}, but images of {height}x{width} can be halved {most} times;"
            f" take at most {most}, or sides that {2**num_scales} divides (data.image_height, data.image_width)"
        )
