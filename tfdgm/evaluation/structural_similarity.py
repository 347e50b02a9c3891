"""MS-SSIM between pairs of images: how alike the images of a set are, 1 where all are the same.

References:
  Wang, Simoncelli & Bovik (2003), Multiscale structural similarity for image quality assessment, equation 7.
  Odena, Olah & Shlens (2017), Conditional Image Synthesis with Auxiliary Classifier GANs, section 4.2: as a measure of
    diversity.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.evaluation.feature_sets import require_num

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the five scales of Wang et al., finest first
_FILTER_SIZE = 11  # theirs, in pixels
_CHUNK = 250  # pairs at a time


def scales(height: int, width: int) -> tuple[int, int]:
    """How many of the five scales fit, each half the one before, and the size of the Gaussian filter in pixels.

    The filter is the usual one of 11 unless not even the finest scale holds it.
    """
    side = min(height, width)
    filter_size = min(_FILTER_SIZE, side)
    return min(len(_WEIGHTS), int(math.log2(side / filter_size)) + 1), filter_size


def pair_similarities(images: Any, num_pairs: int) -> np.ndarray:
    """MS-SSIM of disjoint pairs: image 2 i with image 2 i + 1.

    The weights of the scales that fit are scaled to sum to 1.

    Args:
      images: values in [0, 1], [N, H, W, C].
      num_pairs: at least 2.

    Returns:
      Float64 [num_pairs], at most 1.

    Raises:
      ValueError: for arrays that are no images, or fewer than `2 num_pairs` of them.
    """
    require_at_least(2, num_pairs=num_pairs)
    images = np.asarray(images, np.float32)
    if images.ndim != 4:
        raise ValueError(f"images have shape {images.shape}; they must be [N, H, W, C]")
    require_num("images", len(images), 2 * num_pairs, f"the similarity of {num_pairs:,} disjoint pairs")
    num_scales, filter_size = scales(*images.shape[1:3])
    weights = np.array(_WEIGHTS[:num_scales]) / sum(_WEIGHTS[:num_scales])
    first, second = images[: 2 * num_pairs : 2], images[1 : 2 * num_pairs : 2]
    parts = [
        tf.image.ssim_multiscale(
            first[start : start + _CHUNK],
            second[start : start + _CHUNK],
            max_val=1.0,
            power_factors=tuple(weights),
            filter_size=filter_size,
        ).numpy()
        for start in range(0, num_pairs, _CHUNK)
    ]
    return np.concatenate(parts).astype(np.float64)
