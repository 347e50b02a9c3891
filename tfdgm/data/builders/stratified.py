"""A fixed random split that keeps the proportions of the classes."""

from collections.abc import Mapping

import numpy as np


def stratified_split(labels: np.ndarray, sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Splits examples so that every part has nearly the same share of every class.

    The examples of a class are permuted and spread evenly over [0, 1); sorted by that place, any stretch of
    them holds the classes in proportion. The permutation is NumPy's frozen legacy generator with seed 0, so the
    split never changes.

    Args:
      labels: int [N].
      sizes: number of examples of each part; what is left over is the part `train`.

    Returns:
      Sorted int64 indices by part, `train` first; disjoint, and together all of `range(N)`.

    Raises:
      ValueError: the sizes leave nothing for `train`.
    """
    labels = np.asarray(labels)
    if sum(sizes.values()) >= len(labels):
        raise ValueError(f"sizes {dict(sizes)} leave nothing of {len(labels)} examples for 'train'")
    random = np.random.RandomState(0)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    order = np.argsort(place, kind="stable")
    parts, start = {"train": order[sum(sizes.values()) :]}, 0
    for name, size in sizes.items():
        parts[name] = order[start : start + size]
        start += size
    return {name: np.sort(indices) for name, indices in parts.items()}
