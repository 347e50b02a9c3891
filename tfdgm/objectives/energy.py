"""Training losses of energy models, per example in nats."""

import tensorflow as tf

from tfdgm.math.harmonium import Harmonium


def contrastive_divergence(harmonium: Harmonium, v_data: tf.Tensor, v_model: tf.Tensor) -> tf.Tensor:
    """F(v_data) - mean F(v_model), whose gradient is that of contrastive divergence.

    With v_model from p(v) the gradient is that of -log p(v_data); with few Gibbs sweeps from the data it is CD-k's.

    Args:
      harmonium: with parameters that carry gradients.
      v_data: [B, V].
      v_model: [C, V], which must not depend on the parameters by `tf.stop_gradient`.

    Returns:
      [B], nats; only differences of gradients mean anything, its value does not bound a likelihood.

    References:
      Hinton (2002), Training products of experts by minimizing contrastive divergence, eq. 5.
    """
    return harmonium.free_energy(v_data) - tf.reduce_mean(harmonium.free_energy(v_model))


def sparsity_penalty(hidden_field: tf.Tensor, mean_activation: tf.Tensor, target: float) -> tf.Tensor:
    """Pulls hidden units' mean activations to a target: gradient (q_j - target) with respect to the logit of unit j.

    It is the gradient of the cross entropy between the target and q, a running mean, as Hinton (2010) has it.

    Args:
      hidden_field: logits of the hidden units, [B, H].
      mean_activation: q, [H]; no gradient goes through it.
      target: such as 0.1.

    Returns:
      [B].

    References:
      Hinton (2010), A practical guide to training restricted Boltzmann machines, section 11.
    """
    return tf.reduce_sum(tf.stop_gradient(mean_activation - target) * hidden_field, axis=-1)


def pseudo_log_likelihood(harmonium: Harmonium, v: tf.Tensor) -> tf.Tensor:
    """sum_i log p(v_i | all others), exact, of binary visibles: [B, V] to [B], nats.

    References:
      Besag (1975), Statistical analysis of non-lattice data.
    """
    hidden_field = harmonium.hidden_field(v)

    def term(index: tf.Tensor) -> tf.Tensor:
        return conditional_log_prob(harmonium, v, tf.repeat(index, tf.shape(v)[0]), hidden_field)

    terms = tf.map_fn(term, tf.range(harmonium.num_visible), fn_output_signature=v.dtype)
    return tf.reduce_sum(terms, axis=0)


def conditional_log_prob(
    harmonium: Harmonium, v: tf.Tensor, index: tf.Tensor, hidden_field: tf.Tensor | None = None
) -> tf.Tensor:
    """log p(v_i | all others) of binary visibles, a unit of its own for each example.

    With v~i for v with unit i flipped it is -softplus(F(v) - F(v~i)).

    Args:
      harmonium: at beta = 1.
      v: [B, V].
      index: i, int32 [B].
      hidden_field: that of v, where it is known already.

    Returns:
      [B], nats; times V, with i drawn evenly, an unbiased estimate of the pseudo-log-likelihood.

    Raises:
      ValueError: for a tempered harmonium.
    """
    if harmonium.beta is not None:
        raise ValueError(f"beta is {harmonium.beta}; conditionals are those of the model itself, beta None")
    hidden_field = harmonium.hidden_field(v) if hidden_field is None else hidden_field
    flip = 1.0 - 2.0 * tf.gather(v, index, axis=1, batch_dims=1)  # what flipping adds to v_i
    flipped_field = hidden_field + flip[:, tf.newaxis] * tf.gather(harmonium.kernel, index)
    gain = tf.reduce_sum(tf.nn.softplus(hidden_field) - tf.nn.softplus(flipped_field), axis=-1)
    return -tf.nn.softplus(flip * tf.gather(harmonium.visible_bias, index) - gain)
