"""Features, and class probabilities, of images by a network that is named and hashed wherever its figures stand."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.evaluation.image_conversion import ImageConversion
from tfdgm.evaluation.progress import Progress

FEATURES, PROBABILITIES = "features", "probabilities"


@dataclasses.dataclass(frozen=True)
class ExtractorNetwork:
    """A network that turns images into features.

    Attributes:
      name: how it was asked for, such as `classifier:mnist`.
      sha256: in hexadecimal, of its weights or its file: see what opened it.
      shape: [H, W, C] of the images it takes.
      domain: their values: see `ImageConversion`.
      outputs: takes images [B, *shape] float32; gives `features` [B, D] and, where it knows classes, `probabilities`
        [B, K].
      num_classes: K; 0 where it knows none.
      is_classifier: whether this package trained it on a data set, so that its FID is a C-FID.
    """

    name: str
    sha256: str
    shape: tuple[int, int, int]
    domain: str
    outputs: Callable[[tf.Tensor], Mapping[str, tf.Tensor]]
    num_classes: int = 0
    is_classifier: bool = False


@dataclasses.dataclass(frozen=True)
class Extracted:
    """What came of N images: features float64 [N, D] and p(y|x) float64 [N, K], None where there are no classes."""

    features: np.ndarray
    probabilities: np.ndarray | None


class Extractor:
    """A network for the images of one data specification.

    Attributes:
      network: see `ExtractorNetwork`.
      conversion: from the data's images to the network's.
    """

    def __init__(self, network: ExtractorNetwork, spec: DataSpec) -> None:
        """Refuses, by ValueError, data that are no images."""
        self.network = network
        self.conversion = ImageConversion(spec, network.shape, network.domain)

    @functools.cached_property
    def num_features(self) -> int:
        """D, found with one image of zeros."""
        return self.features(np.zeros([1, *self.conversion.source.shape], np.float32)).shape[1]

    def extract(self, x: Any, title: str = "features") -> Extracted:
        """Features and probabilities of images [N, *spec.shape], in one pass.

        Args:
          x: values in the specification's domain.
          title: what the progress is called.

        Raises:
          ValueError: when the network's features are no vectors.
        """
        size = min(len(x), max(1, min(250, 2**22 // math.prod(self.network.shape))))
        parts: dict[str, list[np.ndarray]] = {}
        with Progress(title, len(x), unit="image") as progress:
            for start in range(0, len(x), size):
                rows = x[start : start + size]
                for name, values in self._outputs(_padded(rows, size)).items():
                    parts.setdefault(name, []).append(values.numpy()[: len(rows)].astype(np.float64))
                progress.update(len(rows))
        found = {name: np.concatenate(values) for name, values in parts.items()}
        if found[FEATURES].ndim != 2:
            raise ValueError(f"features of {self.network.name} have shape {found[FEATURES].shape}; they must be [N, D]")
        return Extracted(found[FEATURES], found.get(PROBABILITIES))

    def features(self, x: Any) -> np.ndarray:
        """Float64 [N, D] of images [N, *spec.shape]."""
        return self.extract(x).features

    def probabilities(self, x: Any) -> np.ndarray:
        """p(y|x) float64 [N, K] of images [N, *spec.shape].

        Raises:
          ValueError: when the network knows no classes.
        """
        found = self.extract(x).probabilities
        if found is None:
            raise ValueError(f"extractor {self.network.name} gives features alone; probabilities need a classifier")
        return found

    def description(self) -> str:
        """Name, the first 12 digits of the hash, and what was done to the images."""
        return f"{self.network.name}, sha256 {self.network.sha256[:12]}; images {self.conversion.description()}"

    def summary(self) -> dict[str, Any]:
        """What `evaluation.json` says of it, the whole hash among it."""
        return {
            "name": self.network.name,
            "sha256": self.network.sha256,
            "num_features": self.num_features,
            "num_classes": self.network.num_classes,
            "images": self.conversion.description(),
        }

    @functools.cached_property
    def _outputs(self) -> Callable[[tf.Tensor], Mapping[str, tf.Tensor]]:
        return tf.function(lambda x: dict(self.network.outputs(self.conversion(x))), autograph=False)


def _padded(rows: Any, size: int) -> tf.Tensor:
    # A last batch of another size would be traced anew.
    rows = np.asarray(rows)
    return tf.constant(np.concatenate([rows, np.repeat(rows[-1:], size - len(rows), axis=0)]))
