"""What codes that were learned without labels say of them."""

import numpy as np
import scipy.optimize
import sklearn.neighbors


def is_matched(category: np.ndarray, label: np.ndarray) -> np.ndarray:
    """1 where an example's category is the one matched with its class, else 0.

    Each category is matched with one class at most and each class with one category, in the way in which most examples
    agree: an assignment problem. The matching is that of these very examples, so that the mean is what Chen et al.
    call the accuracy of an unsupervised classifier, at its best.

    Args:
      category: whole numbers [N].
      label: whole numbers [N].

    Returns:
      [N] in float64.

    References:
      Chen et al. (2016), InfoGAN, section 7.2: an error rate of 5% by matching each category to a digit.
    """
    categories, row = np.unique(category, return_inverse=True)
    labels, column = np.unique(label, return_inverse=True)
    counts = np.zeros([len(categories), len(labels)], np.int64)
    np.add.at(counts, (row, column), 1)
    matched = np.zeros(counts.shape)
    matched[scipy.optimize.linear_sum_assignment(counts, maximize=True)] = 1.0
    return matched[row, column]


def is_as_nearest(
    code: np.ndarray, label: np.ndarray, reference_code: np.ndarray, reference_label: np.ndarray
) -> np.ndarray:
    """1 where an example's label is that of the nearest reference code, else 0.

    Args:
      code: [N, D].
      label: whole numbers [N].
      reference_code: [M, D].
      reference_label: whole numbers [M].

    Returns:
      [N] in float64.

    References:
      Donahue et al. (2017), Adversarial feature learning, table 1: one nearest neighbour in the space of codes.
    """
    nearest = sklearn.neighbors.KNeighborsClassifier(n_neighbors=1).fit(reference_code, reference_label.astype(int))
    return (nearest.predict(code) == label).astype(np.float64)
