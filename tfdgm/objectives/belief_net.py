"""What deep belief nets learn by and are measured by: directed binary layers below a harmonium, in nats."""

from collections.abc import Iterable, Sequence

import tensorflow as tf

from tfdgm.math import bernoulli
from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI


def prediction_loss(pairs: Iterable[tuple[tf.Tensor, tf.Tensor]]) -> tf.Tensor:
    """-sum_l log p(states_l | field_l): what both halves of wake-sleep descend.

    With states from q and fields of the generative net, its gradient is that of the negative bound; with states from
    the net's own p and fields of the recognition net, it is that of KL(p(h|v) || q(h|v)), averaged over p(v).

    Args:
      pairs: states [B, D_l] and their logits [B, D_l], layer by layer.

    Returns:
      [B], nats.

    References:
      Hinton, Dayan, Frey & Neal (1995), The wake-sleep algorithm for unsupervised neural networks, eq. 5 and 6.
      Hinton, Osindero & Teh (2006), A fast learning algorithm for deep belief nets, appendix B.
    """
    return -tf.add_n([bernoulli.log_prob(states, field) for states, field in pairs])


def directed_terms(
    states: Sequence[tf.Tensor], generative_fields: Sequence[tf.Tensor], recognition_fields: Sequence[tf.Tensor]
) -> tf.Tensor:
    """sum_l log p(h_{l-1} | h_l) + H(q(h_l | h_{l-1})): what a deep belief net's directed layers add to its bound.

    Args:
      states: h_0 = x, h_1, ..., h_D from q, [N, D_l].
      generative_fields: logits of h_0, ..., h_{D-1}, each given the state above it.
      recognition_fields: logits of h_1, ..., h_D, each given the state below it.

    Returns:
      [N], nats; plus log p(h_D), its expectation is the bound on log p(x).

    References:
      Hinton, Osindero & Teh (2006), eq. 5.
    """
    log_likelihood = -prediction_loss(zip(states[:-1], generative_fields, strict=True))
    return log_likelihood + tf.add_n([bernoulli.entropy(field) for field in recognition_fields])


def label_free_energies(harmonium: Harmonium, h: tf.Tensor) -> tf.Tensor:
    """F(h, y) of every label y, where visibles are h and then a one-hot label: the log odds of p(y | h) are -F.

    The hidden field is linear in the label, so that it is worked out for h once.

    Args:
      harmonium: of [V + K, H], at its own temperature.
      h: [N, V].

    Returns:
      [N, K], nats.

    References:
      Hinton, Osindero & Teh (2006), section 6.2.
    """
    num_units = h.shape[-1]
    field = tf.matmul(h, harmonium.kernel[:num_units]) + harmonium.hidden_bias  # [N, H]
    label_kernel = harmonium.kernel[num_units:]  # [K, H]
    hidden = BERNOULLI.log_partition(field[:, tf.newaxis] + label_kernel)
    bias = tf.matmul(h, harmonium.visible_bias[:num_units, tf.newaxis])
    return -hidden - bias - harmonium.visible_bias[num_units:]
