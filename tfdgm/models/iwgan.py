"""Importance-weighted GAN (Hu et al. 2018): K generated examples at once, those that pass for real counting more.

Generative story:  z ~ N(0, I),  x = G(z)
Discriminator      max  E log D(x) + E log (1 - D(G(z)))                                      the GAN's
Generator          max  E sum_k (w_k / sum_j w_j) log D(G(z_k)),   w = D / (1 - D) = q^r(0|x) / q(0|x)
No gradient goes through the weights. By the best discriminator w is p_data(x) / p_g(x), and K = 1 is a GAN: this is to
it what an IWAE is to a VAE. A label y is seen by both players where there is one.
"""

import dataclasses
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least
from tfdgm.models.base import Logs
from tfdgm.models.gan import GAN
from tfdgm.models.two_players import Minibatch
from tfdgm.objectives.unified import importance_weighted_theta_loss


class IWGAN(GAN):
    """IWGAN and its conditional forms; the fields are those of `tfdgm.configs.iwgan.IWGANConfig`."""

    unified: ClassVar[UnifiedForm] = dataclasses.replace(
        GAN.unified,
        minimizes="phi: as a GAN; theta: -log q^r(y|x_k), weighted by q^r / q over K samples; K = 1 is the GAN",
        source="Hu et al. 2018",
    )

    def __init__(self, spec: DataSpec, *, num_importance_samples: int = 5, **kwargs: Any) -> None:
        """Builds both networks; see `AdversarialModel` for the rest.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_at_least(1, num_importance_samples=num_importance_samples)
        super().__init__(spec, loss="non_saturating", **kwargs)
        self.num_importance_samples = num_importance_samples

    def _generator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        rows = self._repeated(rows)
        fake = self.generate(rows.seeds, rows.label, training=True)
        _, fake_logits = self.logit_pair(rows, fake, needs_real=False)
        return importance_weighted_theta_loss(tf.reshape(fake_logits, [-1, self.num_importance_samples])), {}

    def _repeated(self, rows: Minibatch) -> Minibatch:
        """Each row K times, with noise of its own; the first as it is, so that K = 1 is a GAN bit for bit."""
        num = self.num_importance_samples
        others = [philox.fold_in(rows.seeds, step=tf.constant(k, tf.int64)) for k in range(1, num)]
        x, label = (None if each is None else tf.repeat(each, num, axis=0) for each in (rows.x, rows.label))
        return Minibatch(x, label, tf.reshape(tf.stack([rows.seeds, *others], axis=1), [-1]))
