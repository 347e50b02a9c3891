"""The peak of memory against counts by hand."""

import tensorflow as tf

from tfdgm.training.live_bytes import peak_bytes
from tfdgm.training.step_program import read_program

B, C, H = 64, 3, 5
FLOAT = 4


def _peak(function, *shapes):
    graph = tf.function(function, autograph=False).get_concrete_function(*map(tf.TensorSpec, shapes)).graph
    return peak_bytes(read_program(graph))


def test_results_take_the_place_of_what_nothing_else_needs():
    assert _peak(lambda x: tf.nn.relu(tf.exp(x) + 1.0), (B,)) == B * FLOAT  # the input is not ours to write over
    assert _peak(lambda x: tf.reshape(tf.sin(x), [2, -1]), (B,)) == B * FLOAT


def test_what_is_needed_later_stays():
    def function(x):
        y = tf.exp(x)
        return y * tf.reduce_sum(tf.sin(y))

    assert _peak(function, (B,)) == (2 * B + 1) * FLOAT  # y, sin(y) and its sum


def test_asking_for_a_shape_keeps_nothing():
    def function(x):
        y = tf.exp(x)
        z = tf.reduce_sum(y)
        with tf.control_dependencies([z]):
            return tf.raw_ops.Shape(input=y)

    assert _peak(function, (B,)) == B * FLOAT + FLOAT


def test_a_function_needs_its_own_memory_while_it_runs():
    inner = tf.function(
        lambda x: tf.reduce_sum(tf.matmul(x, x, transpose_b=True)),
        autograph=False,
        experimental_attributes={"_noinline": True},
    )

    def function(x):
        y = tf.exp(x)
        return y, inner(x)

    assert _peak(function, (B, C)) == (B * C + B * B + 1) * FLOAT


def test_a_layered_net_keeps_its_hidden_layers_for_the_way_back():
    """With x [B, C], h = tanh(x V), y = tanh(h W), loss sum(y): counted at its highest point."""
    first, second = tf.Variable(tf.zeros([C, H])), tf.Variable(tf.zeros([H, H]))

    def gradients(x):
        with tf.GradientTape() as tape:
            h = tf.tanh(tf.matmul(x, first))
            y = tf.tanh(tf.matmul(h, second))
            loss = tf.reduce_sum(y)
        return tape.gradient(loss, [first, second])

    # Back from the loss: d loss / d(h W) overwrites y. Then, with h, it gives d loss / dW, of W's size, and
    # d loss / dh, of h's. At that point there are h, the gradient of h W, that of h, and that of W.
    assert _peak(gradients, (B, C)) == (3 * B * H + H * H) * FLOAT
