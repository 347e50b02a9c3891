"""Mean field for sigmoid belief nets: a factorial q of the hidden units, an example at a time.

    log p(x_L) >= E_q[log p(x_0, ..., x_L)] + H(q),   q = prod_l prod_i Bernoulli(mu_li)

E_q log(1 + exp(z)) of a unit's logit z has no closed form where z has many parents. For any xi it is at most

    E_q log(1 + exp(z)) <= xi E[z] + log E[exp(-xi z) + exp((1 - xi) z)]                     (Saul et al., section 3)

and the right side is a product over parents. So `bound` is a bound on log p(x_L) whatever mu and xi are; xi is the
best one for a Gaussian z of the same mean and variance. Where the bound is stationary in mu, logit(mu) is the gradient
of its expected log joint, and `infer` moves each example's mu there, by a step that is halved where the bound would
fall: it never does.

References:
  Saul, Jaakkola & Jordan (1996), Mean field theory for sigmoid belief networks.
"""

from collections.abc import Sequence

import tensorflow as tf

from tfdgm.math import bernoulli
from tfdgm.math.belief_net import BeliefNet

Logits = tuple[tf.Tensor, ...]  # of q: logit(mu_l), [N, D_l], of the hidden layers x_0 to x_{L-1}

_NUM_TILT_STEPS = 6
_MAX_LOGIT = 15.0  # of q: a float32 mean of exactly 1 would leave the logarithm of zero


def bound(net: BeliefNet, x: tf.Tensor, logits: Logits) -> tf.Tensor:
    """The bound on log p(x) at q, nats: visibles [N, D_L] and logits of q, [N, D_l], to [N]."""
    means = [tf.sigmoid(layer) for layer in logits]
    return expected_log_joint(net, [*means, x]) + _entropy(logits)


def expected_log_joint(net: BeliefNet, means: Sequence[tf.Tensor]) -> tf.Tensor:
    """A lower bound on E_q log p(x_0, ..., x_L), nats: means mu_0, ..., mu_{L-1}, x_L, [N, D_l], to [N]."""
    if net.prior_kernel is None:
        total = bernoulli.log_prob(means[0], net.biases[0])
    else:
        total = _expected_log_conditional(means[0], means[0], net.prior_kernel, net.biases[0])
    for layer, kernel in enumerate(net.kernels):
        total += _expected_log_conditional(means[layer + 1], means[layer], kernel, net.biases[layer + 1])
    return total


def infer(net: BeliefNet, x: tf.Tensor, num_steps: int) -> Logits:
    """Logits of q after `num_steps` steps up the bound, from the prior's means; row i depends on x[i] alone.

    Args:
      net: of L + 1 layers.
      x: visibles, [N, D_L].
      num_steps: of all hidden layers at once.

    Returns:
      logit(mu_0), ..., logit(mu_{L-1}), [N, D_l].
    """
    start = _prior_logits(net, tf.shape(x)[0])

    def step(index: tf.Tensor, logits: Logits, value: tf.Tensor, targets: Logits, size: tf.Tensor) -> tuple:
        proposed = tuple(old + size * (new - old) for old, new in zip(logits, targets, strict=True))
        reached, onward = _bound_and_targets(net, x, proposed)
        accepted = (reached >= value)[:, tf.newaxis]
        logits, targets = (
            tuple(tf.where(accepted, *pair) for pair in zip(new, old, strict=True))
            for new, old in ((proposed, logits), (onward, targets))
        )
        size = tf.where(accepted, tf.minimum(2.0 * size, 1.0), 0.5 * size)
        return index + 1, logits, tf.maximum(value, reached), targets, size

    state = (tf.constant(0), start, *_bound_and_targets(net, x, start), tf.ones_like(x[:, :1]))
    return tf.while_loop(lambda index, *_: index < num_steps, step, state, maximum_iterations=num_steps)[1]


def _prior_logits(net: BeliefNet, num_rows: tf.Tensor) -> Logits:
    logits = [tf.repeat(net.biases[0][tf.newaxis], num_rows, axis=0)]
    for layer in range(1, net.depth):
        logits.append(net.logits(layer, tf.sigmoid(logits[-1])))
    return tuple(logits)


def _bound_and_targets(net: BeliefNet, x: tf.Tensor, logits: Logits) -> tuple[tf.Tensor, Logits]:
    """The bound, [N], and its expected log joint's gradient by the means: what the logits are at a maximum."""
    means = [tf.sigmoid(layer) for layer in logits]
    with tf.GradientTape() as tape:
        tape.watch(means)
        value = expected_log_joint(net, [*means, x])
    targets = [tf.clip_by_value(slope, -_MAX_LOGIT, _MAX_LOGIT) for slope in tape.gradient(value, means)]
    return value + _entropy(logits), tuple(targets)


def _entropy(logits: Logits) -> tf.Tensor:
    return tf.add_n([bernoulli.entropy(layer) for layer in logits])


def _expected_log_conditional(child: tf.Tensor, parents: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """Lower bound on E_q log p(child | parents): means [N, C] and [N, A], kernel [A, C], bias [C], to [N]."""
    mean_logits = tf.matmul(parents, kernel) + bias
    # A function of the parents like any other: gradients go through it.
    tilt = _tilt(mean_logits, tf.matmul(parents * (1.0 - parents), tf.square(kernel)))
    # log E exp(s z) = s b + sum_a log(1 + mu_a (exp(s W_ac) - 1)) for s = -xi and 1 - xi, [N, C]
    low, high = (
        scale * bias
        + tf.reduce_sum(tf.math.log1p(parents[:, :, tf.newaxis] * tf.math.expm1(scale[:, tf.newaxis] * kernel)), axis=1)
        for scale in (-tilt, 1.0 - tilt)
    )
    log_mean = tf.maximum(low, high) + tf.nn.softplus(-tf.abs(high - low))
    return tf.reduce_sum((child - tilt) * mean_logits - log_mean, axis=-1)


def _tilt(mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    """xi, the best one for a Gaussian z: the root of xi = sigmoid(mean + (1 - 2 xi) variance / 2), by Newton's method.

    References:
      Saul & Jordan (1999), A mean field learning algorithm for unsupervised neural networks.
    """
    tilt = tf.sigmoid(mean)
    for _ in range(_NUM_TILT_STEPS):
        value = tf.sigmoid(mean + (0.5 - tilt) * variance)
        excess = (tilt - value) / (1.0 + variance * value * (1.0 - value))
        tilt = tf.clip_by_value(tilt - excess, 0.0, 1.0)
    return tilt
