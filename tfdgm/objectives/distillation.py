"""Learning from a teacher's soft predictions beside the labels."""

import dataclasses

import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_between
from tfdgm.math.categorical import cross_entropy


def imitation_loss(student_logits: tf.Tensor, teacher_log_prob: tf.Tensor, temperature: float = 1.0) -> tf.Tensor:
    """-T^2 sum_k q_k log p_k with p = softmax(logits / T) and q = softmax(log t / T), t the teacher's probabilities.

    Its gradient by the logits is T (p - q): T^2 keeps its size where T is changed.

    Args:
      student_logits: [B, K].
      teacher_log_prob: log t, up to a constant; it is not differentiated, [B, K].
      temperature: T, above 0.

    Returns:
      [B], nats.

    References:
      Hinton, Vinyals & Dean (2015), Distilling the knowledge in a neural network, section 2.
    """
    soft_targets = tf.nn.softmax(tf.stop_gradient(teacher_log_prob) / temperature)
    log_p = tf.nn.log_softmax(student_logits / temperature)
    return -(temperature**2) * tf.reduce_sum(soft_targets * log_p, axis=-1)


def distillation_loss(
    student_logits: tf.Tensor,
    label: tf.Tensor,
    teacher_log_prob: tf.Tensor,
    imitation: tf.Tensor | float,
    temperature: float = 1.0,
) -> tf.Tensor:
    """(1 - pi) loss(y, sigma) + pi loss(s, sigma), the losses cross entropies; without a label the second term alone.

    Args:
      student_logits: of sigma, [B, K].
      label: y, int [B], -1 where it is not known.
      teacher_log_prob: log s, [B, K].
      imitation: pi in [0, 1].
      temperature: of the second term.

    Returns:
      [B], nats.

    References:
      Hu, Ma, Liu, Hovy & Xing (2016), Harnessing deep neural networks with logic rules, eq. 2 and section 3.3.
    """
    is_known = tf.cast(label >= 0, student_logits.dtype)
    of_label = cross_entropy(student_logits, tf.maximum(label, 0)) * is_known
    return (1.0 - imitation) * of_label + imitation * imitation_loss(student_logits, teacher_log_prob, temperature)


@dataclasses.dataclass(frozen=True)
class ImitationSchedule:
    """pi_t = min(limit, 1 - decay^(t / steps)): labels first, and with time more of the teacher.

    Attributes:
      limit: in [0, 1]; 0 is the labels alone.
      decay: in [0, 1]; 0 is the limit from the first step on.
      steps: in which the share of labels falls by the decay, 1 or more.

    References:
      Hu, Ma, Liu, Hovy & Xing (2016), Harnessing deep neural networks with logic rules, section 4.1.
    """

    limit: float
    decay: float
    steps: int

    def __post_init__(self) -> None:
        """Raises ValueError naming the field of a model that gave a value out of range."""
        require_between(0.0, 1.0, imitation_limit=self.limit, imitation_decay=self.decay)
        require_at_least(1, imitation_steps=self.steps)

    def share(self, step: tf.Tensor, dtype: str) -> tf.Tensor:
        """pi_t, a scalar: step is t, int, 0 or more."""
        time = tf.cast(tf.convert_to_tensor(step), dtype) / self.steps
        return tf.minimum(1.0 - tf.constant(self.decay, dtype) ** time, tf.constant(self.limit, dtype))


def mixture_log_prob(log_probs: tf.Tensor) -> tf.Tensor:
    """The log of the mean of an ensemble's probabilities: normalised [M, B, K] to [B, K]."""
    return tf.reduce_logsumexp(log_probs, axis=0) - tf.math.log(tf.cast(tf.shape(log_probs)[0], log_probs.dtype))
