"""The embedded toy ensembles of factorial coding: as many patterns as pixels, one lit pixel each."""

import math

import numpy as np
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import ImageArrayBuilder, LabelledImages


class Patterns(ImageArrayBuilder, skip_registration=True):
    """16 equally likely patterns, pattern i with pixel i of 4x4 lit and no other: a "local" input, as papers call it.

    They are the whole ensemble, so there is nothing to generalise to: train, validation and test are the same 16.

    References:
      Schmidhuber (1992), Learning factorial codes by predictability minimization, uniformly distributed inputs.
    """

    VERSION = tfds.core.Version("1.0.0")
    SHAPE = (4, 4, 1)

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledImages]:
        """Three times all patterns."""
        del dl_manager
        num_patterns = math.prod(self.SHAPE)
        images = np.eye(num_patterns, dtype=np.uint8).reshape(num_patterns, *self.SHAPE)
        return dict.fromkeys(("train", "validation", "test"), (images, None))


class Patterns8(Patterns, skip_registration=True):
    """8 patterns, one lit pixel of 2x4 each; see `Patterns`."""

    SHAPE = (2, 4, 1)


class Patterns4(Patterns, skip_registration=True):
    """4 patterns, one lit pixel of 2x2 each; see `Patterns`."""

    SHAPE = (2, 2, 1)
