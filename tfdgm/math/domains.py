"""From a network's unbounded outputs into the data's domain."""

from collections.abc import Callable

import tensorflow as tf

# A domain that is not here has no continuous map onto it.
INTO_DOMAIN: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "binary": tf.sigmoid,
    "unit": tf.sigmoid,
    "symmetric": tf.tanh,
    "real": tf.identity,
    "logit": tf.identity,
}
