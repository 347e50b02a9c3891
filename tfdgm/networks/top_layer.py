"""The top harmonium of a deep belief net: its visibles are the features below it and, where there are such, a label."""

from typing import Any

import tensorflow as tf

from tfdgm.core.assertions import checked
from tfdgm.math.units import BERNOULLI, Joined, Softmax
from tfdgm.networks.harmonium import HarmoniumLayer


class TopLayer(HarmoniumLayer):
    """A harmonium whose visibles are `num_features` binary units, then `num_labels` of which one is 1.

    Attributes:
      num_features: binary visibles.
      num_labels: 0 where there are none.
    """

    def __init__(self, num_features: int, num_hidden: int, *, num_labels: int = 0, **kwargs: Any) -> None:
        """Args: as those of `HarmoniumLayer`."""
        self.num_features, self.num_labels = num_features, num_labels
        visible = BERNOULLI
        if num_labels:
            visible = Joined(((BERNOULLI, num_features), (Softmax(num_labels), num_labels)))
        super().__init__(num_features + num_labels, num_hidden, visible=visible, **kwargs)

    def join(self, features: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        """Visibles [N, V]: features [N, num_features] and one-hot labels of int32 [N]; None where there are none."""
        if label is None:
            return features
        return tf.concat([features, tf.one_hot(label, self.num_labels, dtype=features.dtype)], axis=-1)

    def features(self, v: tf.Tensor) -> tf.Tensor:
        """The features among visibles: [..., V] to [..., num_features]."""
        return v[..., : self.num_features]

    def clamp(self, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Known visibles [N, V] and the mask, bool [N, V], of the label units alone."""
        known = self.join(tf.zeros([tf.shape(label)[0], self.num_features], self.variable_dtype), label)
        is_label = tf.range(self.num_features + self.num_labels) >= self.num_features
        return known, tf.broadcast_to(is_label, tf.shape(known))

    def require_labels(self, value: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """`value`, where every label is one of 0 to num_labels - 1.

        Raises:
          ValueError: eagerly or from `fit`, naming a label that is not.
        """
        is_fault = (label < 0) | (label >= self.num_labels)
        message = f"where the data specification has num_classes = {self.num_labels}: labels go from 0 to one less"
        return checked(value, ~tf.reduce_any(is_fault), "label has the value", label[tf.argmax(is_fault)], message)
