"""Gradient penalties against closed forms and finite differences."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.objectives import penalties

RNG = np.random.default_rng(0)
X = tf.constant(RNG.normal(size=(5, 2, 3)))
KERNELS = [tf.constant(RNG.normal(size=shape)) for shape in ((6, 4), (4, 1))]


def _critic(x, kernels=KERNELS):
    """A smooth one, so that second derivatives do not vanish."""
    return tf.matmul(tf.tanh(tf.matmul(tf.reshape(x, [-1, 6]), kernels[0])), kernels[1])[:, 0]


def _differences(function, x, step=1e-6):
    flat = np.array(x, np.float64).ravel()
    moves = step * np.eye(flat.size)
    return np.array([(function(flat + move) - function(flat - move)) / (2 * step) for move in moves])


def test_squared_norm_is_that_of_finite_differences():
    found = penalties.squared_gradient_norm(_critic, X)
    for row, value in zip(X, found, strict=True):
        gradient = _differences(lambda flat: _critic(tf.constant(flat))[0].numpy(), row)
        np.testing.assert_allclose(value, np.sum(gradient**2), rtol=1e-7)


@pytest.mark.parametrize("penalty", [penalties.two_sided, penalties.one_sided, penalties.zero_centered])
def test_gradient_by_the_weights_goes_through_the_gradient_by_x(penalty):
    kernel = KERNELS[0]
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        loss = tf.reduce_mean(penalty(lambda x: _critic(x, [kernel, KERNELS[1]]), X))
    found = tape.gradient(loss, kernel)

    def at(flat):
        moved = tf.constant(flat.reshape(6, 4))
        return tf.reduce_mean(penalty(lambda x: _critic(x, [moved, KERNELS[1]]), X)).numpy()

    assert np.abs(found).max() > 1e-3
    np.testing.assert_allclose(np.ravel(found), _differences(at, kernel), rtol=1e-5, atol=1e-8)


def test_linear_critics_have_the_penalty_of_their_slope():
    for slope in (0.5, 1.0, 3.0):
        weights = slope * np.array([0.6, 0.0, 0.8])

        def critic(x, weights=weights):
            return tf.linalg.matvec(x, weights)

        x = tf.constant(RNG.normal(size=(4, 3)))
        np.testing.assert_allclose(penalties.two_sided(critic, x), (slope - 1) ** 2, atol=1e-12)
        np.testing.assert_allclose(penalties.one_sided(critic, x), max(0.0, slope - 1) ** 2, atol=1e-12)
        np.testing.assert_allclose(penalties.zero_centered(critic, x), slope**2 / 2, rtol=1e-12)


def test_the_best_linear_critic_between_translates():
    """Between p and its translate by d, max over slopes of slope d - lambda (slope - 1)^2 is d + d^2 / (4 lambda)."""
    distance, weight = 0.7, 2.0
    best = 1.0 + distance / (2 * weight)
    x = tf.constant(RNG.normal(size=(3, 1)))

    def value(slope):
        penalty = penalties.two_sided(lambda x: slope * x[:, 0], x)
        return slope * distance - weight * float(tf.reduce_mean(penalty))

    np.testing.assert_allclose(value(best), distance + distance**2 / (4 * weight), rtol=1e-12)
    assert value(best) > max(value(best - 1e-3), value(best + 1e-3))


def test_a_flat_critic_has_a_finite_gradient():
    weights = tf.Variable(np.zeros(3))
    with tf.GradientTape() as tape:
        loss = penalties.two_sided(lambda x: tf.linalg.matvec(x, weights), tf.constant(RNG.normal(size=(4, 3))))
    np.testing.assert_array_equal(tape.gradient(loss, weights), 0.0)
    np.testing.assert_allclose(loss, 1.0)


def test_points_lie_where_they_should():
    real, fake = X, X + 2.0
    weight = np.linspace(0.1, 0.9, 5).reshape(5, 1, 1)
    between = penalties.between(real, fake, lambda shape: tf.constant(weight))
    np.testing.assert_allclose(between, weight * real + (1 - weight) * fake)
    noise = RNG.uniform(size=X.shape)
    around = penalties.around(real, tf.constant(3.0, tf.float64), lambda shape: tf.constant(noise.reshape(5, *shape)))
    np.testing.assert_allclose(around, real + 1.5 * noise)


def test_the_table_penalises_where_each_paper_does():
    def critic(x):
        return tf.reduce_sum(x**2, axis=[1, 2]) / 2  # whose gradient is x

    def noise(shape):
        return tf.fill([5, *shape], tf.constant(0.25, tf.float64))

    real, fake, spread = X, X + 2.0, tf.constant(3.0, tf.float64)
    norms = {name: np.linalg.norm(np.reshape(x, [5, 6]), axis=1) for name, x in (
        ("line", 0.25 * real + 0.75 * fake), ("real", real), ("around", real + 1.5 * 0.25)
    )}  # fmt: skip
    expected = {
        "gradient": (norms["line"] - 1) ** 2,
        "one_sided_gradient": np.maximum(norms["line"] - 1, 0) ** 2,
        "r1": norms["real"] ** 2 / 2,
        "dragan": (norms["around"] - 1) ** 2,
    }
    assert set(expected) == set(penalties.PENALTIES)
    for name, penalty in penalties.PENALTIES.items():
        np.testing.assert_allclose(penalty(critic, real, fake, spread, noise), expected[name], rtol=1e-12)


def test_a_square_that_16_bits_can_not_hold_is_held():
    def critic(x):  # of slope 300, whose square overflows in float16
        return tf.cast(
            tf.reduce_sum(tf.cast(x, tf.float16) * tf.constant([300.0, 0.0, 0.0], tf.float16), axis=1), x.dtype
        )

    found = penalties.two_sided(critic, tf.constant(RNG.normal(size=(4, 3)), tf.float32))
    np.testing.assert_allclose(found, np.full(4, 299.0**2), rtol=1e-5)


def test_penalties_are_float32_beside_a_16_bit_critic():
    x = tf.constant(RNG.normal(size=(4, 3)), tf.float32)
    found = penalties.two_sided(lambda x: tf.cast(tf.reduce_sum(tf.cast(x, tf.bfloat16) ** 2, axis=1), tf.float32), x)
    assert found.dtype == tf.float32


def test_off_diagonal_is_zero_for_orthogonal_filters_of_any_length():
    orthogonal, _ = np.linalg.qr(np.random.default_rng(0).standard_normal([12, 5]))
    kernel = tf.constant((orthogonal * [1.0, 2.0, 3.0, 4.0, 5.0]).reshape(3, 2, 2, 5))
    assert float(penalties.off_diagonal([kernel])) == pytest.approx(0.0, abs=1e-20)


def test_off_diagonal_by_hand_and_its_gradient():
    """d/dW |W W' * (1 - I)|_F^2 = 4 (W W' * (1 - I)) W for W [outputs, inputs]."""
    rng = np.random.default_rng(0)
    kernels = [tf.constant(rng.standard_normal(shape)) for shape in ((2, 3, 4), (5, 2))]
    matrices = [np.reshape(kernel, [-1, kernel.shape[-1]]).T for kernel in kernels]
    products = [w @ w.T * (1.0 - np.eye(len(w))) for w in matrices]
    with tf.GradientTape() as tape:
        tape.watch(kernels)
        penalty = penalties.off_diagonal(kernels)
    assert float(penalty) == pytest.approx(sum(np.sum(product**2) for product in products))
    for gradient, product, w in zip(tape.gradient(penalty, kernels), products, matrices, strict=True):
        np.testing.assert_allclose(np.reshape(gradient, [-1, len(w)]).T, 4.0 * product @ w, rtol=1e-10)
