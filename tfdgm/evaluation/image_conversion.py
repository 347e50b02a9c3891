"""Images of one specification as another network takes them: size, channels and values, and in words what was done."""

import dataclasses

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_choice
from tfdgm.math.images import to_uint8

DOMAINS = ("unit", "symmetric", "uint8")


@dataclasses.dataclass(frozen=True)
class ImageConversion:
    """From the data's images to a network's.

    Attributes:
      source: specification of the data.
      shape: [H, W, C] that the network takes.
      domain: values that it takes: `unit` [0, 1], `symmetric` [-1, 1], `uint8` [0, 255], in float32 all of them.
    """

    source: DataSpec
    shape: tuple[int, int, int]
    domain: str = "unit"

    def __post_init__(self) -> None:
        """Refuses what are no images, on either side."""
        require_choice("extractor_domain", self.domain, DOMAINS)
        require_images(self.source)
        if len(self.shape) != 3 or self.shape[-1] not in (1, 3):
            raise ValueError(f"the extractor takes {self.shape}; it must take images [H, W, C] with C 1 or 3")

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Images [B, *source.shape] as float32 [B, *shape]."""
        x = unit_values(x, self.source)
        if self.shape[-1] < self.source.shape[-1]:
            x = tf.image.rgb_to_grayscale(x)
        if self.shape[:2] != self.source.shape[:2]:
            x = tf.image.resize(x, self.shape[:2], method="bilinear", antialias=True)
        if self.shape[-1] > self.source.shape[-1]:
            x = tf.image.grayscale_to_rgb(x)
        return {"unit": x, "symmetric": 2.0 * x - 1.0, "uint8": 255.0 * x}[self.domain]

    def description(self) -> str:
        """What `__call__` does, for the note of a figure."""
        height, width, channels = self.shape
        same_size = self.shape[:2] == self.source.shape[:2]
        old_height, old_width, old_channels = self.source.shape
        size = (
            f"{height}x{width} as they are"
            if same_size
            else f"{old_height}x{old_width} to {height}x{width} by bilinear interpolation with antialiasing"
        )
        colour = {1: ", grey repeated in 3 channels", -1: ", colour to grey by ITU-R 601 luma"}
        step = (channels > old_channels) - (channels < old_channels)
        limits = {"unit": "[0, 1]", "symmetric": "[-1, 1]", "uint8": "[0, 255]"}[self.domain]
        return f"{size}{colour.get(step, '')}, clipped and scaled to {limits}"


def require_images(spec: DataSpec) -> None:
    """Raises ValueError for data that are no images."""
    if not spec.is_image or spec.domain == "tokens":
        raise ValueError(
            f"data.shape is {spec.shape} and data.domain {spec.domain!r}; "
            "an extractor of features needs images [H, W, C] with C 1 or 3"
        )


def unit_values(x: tf.Tensor, spec: DataSpec) -> tf.Tensor:
    """Values of the specification's domain in [0, 1], clipped; float32, any shape.

    Raises:
      ValueError: for a domain that has no such scale.
    """
    if spec.domain == "logit":
        return tf.cast(to_uint8(x, spec), tf.float32) / 255.0  # the levels without the noise between them
    x = tf.cast(x, tf.float32)
    if spec.domain == "symmetric":
        x = (x + 1.0) / 2.0
    elif spec.domain == "uint8":
        x = x / max(spec.num_levels - 1, 1)
    elif spec.domain not in ("binary", "unit", "real"):
        raise ValueError(f"data.domain is {spec.domain!r}; it must be binary, unit, symmetric, uint8, real or logit")
    return tf.clip_by_value(x, 0.0, 1.0)
