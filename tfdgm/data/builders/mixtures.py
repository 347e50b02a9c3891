"""The embedded toy densities of the plane, drawn once from a fixed seed."""

from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import LabelledVectors, VectorArrayBuilder
from tfdgm.math.mixtures import MIXTURES

_SIZES = {"train": 100_000, "validation": 10_000, "test": 10_000}


class Mixture8(VectorArrayBuilder, skip_registration=True):
    """Points of eight Gaussians on a ring of radius 2, sigma 0.02; the label is the component.

    120,000 independent draws of NumPy's frozen legacy generator with seed 0, so the set never changes.

    References:
      Srivastava, Valkov, Russell, Gutmann & Sutton (2017), VEEGAN, section 4.1.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (2,)
    MIXTURE: ClassVar[str] = "mixture8"
    CLASSES = tuple(map(str, range(8)))

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledVectors]:
        """The three splits, one after the other."""
        del dl_manager
        rng = np.random.RandomState(0)
        return {name: _float32(MIXTURES[self.MIXTURE].sample(rng, num)) for name, num in _SIZES.items()}


class Mixture25(Mixture8, skip_registration=True):
    """Points of 25 Gaussians on a grid of spacing 2, sigma 0.05; the label is the component.

    Drawn as `Mixture8`.

    References:
      Srivastava, Valkov, Russell, Gutmann & Sutton (2017), VEEGAN, section 4.1.
    """

    MIXTURE = "mixture25"
    CLASSES = tuple(map(str, range(25)))


def _float32(sample: LabelledVectors) -> LabelledVectors:
    return sample[0].astype(np.float32), sample[1]
