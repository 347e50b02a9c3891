"""Losses of adversarially learned inference, per example, on logits of pairs. Its side that makes pairs: `LOSSES`.

q(x, z) = p_data(x) q(z|x) is made by the encoder, p(x, z) = p(z) p(x|z) by the generator; r stands for the logits of
pairs of the first, f for those of the second. The discriminator takes the first for real:
    V(D) = E_q log D(x, z) + E_p log (1 - D(x, z)),
minus the mean of `tfdgm.objectives.adversarial.logistic_discriminator`. At the best D, q / (q + p), V is
2 JSD(q, p) - 2 log 2: least, -log 4, where the joints are equal and so q(z|x) = p(z|x).
"""

from collections.abc import Callable

import tensorflow as tf

from tfdgm.objectives.adversarial import logistic_discriminator


def minimax_pairs(encoded: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """log D(x, E(x)) + log (1 - D(G(z), z)): [B] twice to [B], nats; hardly any gradient where D is sure.

    References:
      Dumoulin et al. (2017), Adversarially learned inference, eq. 2; Donahue et al. (2017), Adversarial feature
      learning, eq. 3.
    """
    return -logistic_discriminator(encoded, generated)


def swapped_pairs(encoded: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-log (1 - D(x, E(x))) - log D(G(z), z): [B] twice to [B], nats: the discriminator's with the sides exchanged.

    By the best D it moves both sides as KL(q || p0) + KL(p || q0) - 2 JSD(q, p) does, p0 and q0 being p and q as they
    are: gradients and not values agree. Its value is 2 log 2 + KL(q || p) + KL(p || q) - 2 JSD, least at equal joints.

    References:
      Dumoulin et al. (2017), section 2.1; the swap is that of Goodfellow et al. (2014), section 3, for two sides.
    """
    return logistic_discriminator(generated, encoded)


# Each takes r [B] and f [B]; gives [B].
LOSSES: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "minimax": minimax_pairs,
    "non_saturating": swapped_pairs,
}
