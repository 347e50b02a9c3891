"""The embedded toy ensemble of factorial coding: as many patterns as pixels, one lit pixel each."""

import numpy as np
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import ImageArrayBuilder, LabelledImages

_NUM_PATTERNS = 16


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
        images = np.eye(_NUM_PATTERNS, dtype=np.uint8).reshape(_NUM_PATTERNS, *self.SHAPE)
        return dict.fromkeys(("train", "validation", "test"), (images, None))
