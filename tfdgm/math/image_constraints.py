"""What is known of a data set's images by the way they were prepared, as statistics and the range they lie in.

    f(x) = -sum_d (relu(low_d - s_d(x)) + relu(s_d(x) - high_d)),  0 where x satisfies the constraint, else negative

Every statistic has a gradient by the pixels.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfdgm.core.types import DataSpec

_TOLERANCE = 1e-5  # rounding of float32


@dataclasses.dataclass(frozen=True)
class ImageConstraint:
    """A statistic and the range it lies in.

    Attributes:
      statistics: s, of ink [B, H, W] in [0, 1], to [B, D].
      low: of each of the D statistics.
      high: of each of the D statistics.
      words: what it says.
    """

    statistics: Callable[[tf.Tensor], tf.Tensor]
    low: float
    high: float
    words: str

    def values(self, ink: tf.Tensor) -> tf.Tensor:
        """f: ink [B, H, W] to [B], in units of the statistic."""
        found = self.statistics(ink)
        return -tf.reduce_sum(tf.nn.relu(self.low - found) + tf.nn.relu(found - self.high), axis=1)

    def standardized(self, ink: tf.Tensor) -> tf.Tensor:
        """The statistics with the range as [-1, 1]: ink [B, H, W] to [B, D]."""
        return (2.0 * self.statistics(ink) - self.low - self.high) / (self.high - self.low)

    def is_satisfied(self, ink: tf.Tensor) -> tf.Tensor:
        """Whether all statistics are within the range, up to rounding: ink [B, H, W] to bool [B]."""
        return self.values(ink) >= -_TOLERANCE


def ink_of(x: tf.Tensor, spec: DataSpec) -> tf.Tensor:
    """How dark a stroke is at each pixel, [B, H, W] in [0, 1]: of images [B, H, W, C] the mean over the channels."""
    values = tf.reduce_mean(x, axis=-1)
    return 0.5 * (values + 1.0) if spec.domain == "symmetric" else values


def centre_of_mass(ink: tf.Tensor) -> tf.Tensor:
    """Row and column of the centre of mass, in pixels from the middle pixel (H // 2, W // 2): [B, H, W] to [B, 2]."""
    mass = tf.reduce_sum(ink, axis=[1, 2]) + 1e-6
    coordinates = []
    for axis in (1, 2):
        places = tf.range(tf.shape(ink)[axis]) - tf.shape(ink)[axis] // 2
        profile = tf.reduce_sum(ink, axis=3 - axis)
        coordinates.append(tf.linalg.matvec(profile, tf.cast(places, ink.dtype)) / mass)
    return tf.stack(coordinates, axis=1)


def edge_ink(ink: tf.Tensor) -> tf.Tensor:
    """The darkest pixel of the first and of the last row: [B, H, W] to [B, 2]."""
    return tf.reduce_max(tf.stack([ink[:, 0], ink[:, -1]], axis=1), axis=2)


CONSTRAINTS: dict[str, ImageConstraint] = {
    # MNIST's digits were moved by whole pixels until their centre of mass was in the middle (LeCun et al. 1998).
    "centred": ImageConstraint(
        centre_of_mass, -0.5, 0.5, "the centre of mass is within half a pixel of the middle, both ways"
    ),
    # The embedded digits were cut to the box about their strokes (Alpaydin & Kaynak 1998).
    "full_height": ImageConstraint(edge_ink, 0.5, 1.0, "strokes of half the ink or more in the first and the last row"),
}
