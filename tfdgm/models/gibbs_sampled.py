"""What models have in common whose samples are Gibbs chains of one harmonium: an RBM, and a deep Boltzmann machine."""

import abc

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.math import gibbs
from tfdgm.math.harmonium import Harmonium
from tfdgm.models.base import GenerativeModel
from tfdgm.networks.visibles import Visibles

_CHAIN_STREAM = 1  # seeds of the sweeps; first states use the rows' own


class GibbsSampled(GenerativeModel):
    """Samples, fantasies by step and inpainting, by sweeps of `chain_harmonium` from data-free chains.

    Attributes:
      visibles: between events and the states of visible units.
      num_sampling_steps: sweeps of a sample.
    """

    visibles: Visibles
    num_sampling_steps: int

    @abc.abstractmethod
    def chain_harmonium(self) -> Harmonium:
        """The harmonium whose first visibles are those of `visibles`; others, if any, are never clamped."""

    def sample(self, seeds: tf.Tensor) -> tf.Tensor:
        """x by `num_sampling_steps` sweeps from data-free chains: seeds int64 [N] to [N, *event_shape].

        Row i depends on `seeds[i]` alone. The chains start at independent units with their means under the data.
        """
        return self.visibles.events(self._fantasies(seeds, self.num_sampling_steps)[0])

    def sample_mean(self, seeds: tf.Tensor) -> tf.Tensor:
        """E[x|h] at the last h of `sample`: what pictures usually show; [N, *event_shape]."""
        return self.visibles.events(self._fantasies(seeds, self.num_sampling_steps)[1])

    def fantasies(self, seeds: tf.Tensor, steps: tuple[int, ...]) -> tf.Tensor:
        """E[x|h] of the chains of `sample` after each number of sweeps in `steps`: [len(steps), N, *event_shape]."""
        num_steps = tf.unstack(tf.constant(steps, tf.int64))  # tensors: one graph for all
        return tf.stack([self.visibles.events(self._fantasies(seeds, num)[1]) for num in num_steps])

    def inpaint(self, x: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Draws what is missing given what is known, by `num_sampling_steps` sweeps with the known visibles clamped.

        Args:
          x: [N, *event_shape]; values at missing places do not matter.
          mask: of x's shape, above 0.5 where x is known.
          seeds: int64 [N].

        Returns:
          E[x|h] at the missing places, x at the known ones, [N, *event_shape].

        Raises:
          ValueError: for an x that is no batch of events or a mask of another shape.
        """
        for name, value in (("x", x), ("mask", mask)):
            if tuple(value.shape[1:]) != self.event_shape or value.shape[0] != x.shape[0]:
                shape = ", ".join(map(str, (x.shape[0] if name == "mask" else "N", *self.event_shape)))
                raise ValueError(f"{name} is of shape {list(value.shape)}; it must be [{shape}]")
        is_known = mask > 0.5
        clamp = self.visibles.unit_mask(is_known)
        _, mean = self._fantasies(seeds, self.num_sampling_steps, self.visibles.states(x), clamp)
        return tf.where(is_known, tf.cast(x, mean.dtype), self.visibles.events(mean))

    def _inpaint_endpoint(self, x: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"means": self.inpaint(x, mask, seed), "seed": seed}

    @tf.function(autograph=False)
    def _fantasies(
        self,
        seeds: tf.Tensor,
        num_steps: int | tf.Tensor,
        known: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """v after `num_steps` sweeps, and its mean given the last h."""
        harmonium, num_units = self.chain_harmonium(), self.visibles.num_units
        if known is not None and mask is not None:
            free = [[0, 0], [0, harmonium.num_visible - num_units]]
            known, mask = tf.pad(known, free), tf.pad(mask, free)
        sweep_seeds = philox.fold_in(seeds, _CHAIN_STREAM)
        start = gibbs.start(harmonium, seeds)
        states, means = gibbs.run(harmonium, start, sweep_seeds, num_steps, known=known, mask=mask)
        return states[:, :num_units], means[:, :num_units]
