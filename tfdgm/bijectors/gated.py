"""The gated update of inverse autoregressive flows: a mean of where a dimension is and where it is sent.

    x = sigma z + (1 - sigma) m,   sigma = sigmoid(s + 2)                             (Kingma et al. 2016, eq. 12 to 14)

Steps shrink, and their log-slopes are at most 0, so that no number of them blows a sample up.
"""

import dataclasses

import tensorflow as tf

from tfdgm.bijectors.elementwise import Elementwise
from tfdgm.core.validation import require_between


@dataclasses.dataclass(frozen=True)
class Gated(Elementwise):
    """Raw parameters are first the m, then the s; at 0 the gate leaves 0.88 of z as it is.

    Attributes:
      least: of sigma, so that the inverse never divides by nearly zero.

    References:
      Kingma et al. (2016), Improved variational inference with inverse autoregressive flow, section 4, who
      start with s + 2 near 1 or 2.
    """

    num_params = 2
    least: float = 1e-3

    def __post_init__(self) -> None:
        """Refuses a least value that is none."""
        require_between(1e-6, 0.5, least=self.least)

    def forward(self, z: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """sigma z + (1 - sigma) m, log sigma."""
        m, gate = self._parts(raw)
        return m + gate * (z - m), tf.math.log(gate)

    def inverse(self, x: tf.Tensor, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """m + (x - m) / sigma, -log sigma."""
        m, gate = self._parts(raw)
        return m + (x - m) / gate, -tf.math.log(gate)

    def _parts(self, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """m and sigma."""
        m, s = tf.split(raw, 2, axis=-1)
        return m, self.least + (1.0 - self.least) * tf.sigmoid(s + 2.0)
