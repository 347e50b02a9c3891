"""Programs of small graphs: what they leave out, in which order they run, what is inside them."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.training.step_program import at_rows, read_program, row_share, total_flops

B, C, D = 6, 4, 5


def _program(function, *shapes):
    return read_program(tf.function(function, autograph=False).get_concrete_function(*map(tf.TensorSpec, shapes)).graph)


def _net(x):
    return tf.nn.relu(tf.matmul(x, tf.ones([C, D])))


def test_what_nothing_depends_on_is_left_out():
    def function(x):
        tf.exp(x)
        return tf.nn.relu(x)

    assert _program(function, (B, C)).kinds == ["Placeholder", "Relu", "Identity"]


def test_what_can_be_run_first_is_run_first():
    def function(x):
        late = tf.exp(tf.exp(x))
        return late, tf.sin(x)  # traced last, but ready with the first

    assert _program(function, (B,)).kinds[:4] == ["Placeholder", "Exp", "Sin", "Exp"]


def test_writes_to_variables_are_needed_and_reads_are_no_memory():
    variable = tf.Variable(tf.zeros([C, D]))

    def function(x):
        variable.assign(tf.matmul(x, x, transpose_a=True)[:, :1] + variable)

    program = _program(function, (B, C))
    assert "AssignVariableOp" in program.kinds
    (read,) = (operation for operation in program.operations if operation.kind == "ReadVariableOp")
    assert program.sizes[list(read.outputs)].sum() == 0
    assert total_flops(program) == 2 * C * B * C


def test_functions_branches_and_loops_are_counted():
    inner = tf.function(_net, autograph=False, experimental_attributes={"_noinline": True})
    once = 2 * B * C * D

    def branch(x):
        return tf.cond(tf.reduce_sum(x) > 0.0, lambda: _net(_net(x)[:, :C]), lambda: _net(x))

    def loop(x):
        kernel = tf.ones([C, C])
        return tf.while_loop(lambda i, _: i < 9, lambda i, y: (i + 1, y @ kernel), (0, x), maximum_iterations=7)[1]

    assert total_flops(_program(lambda x: inner(x) + inner(2.0 * x), (B, C))) == 2 * once
    assert total_flops(_program(branch, (B, C))) == 2 * once  # the longer
    assert total_flops(_program(loop, (B, C))) == 7 * 2 * B * C * C


def test_a_loop_of_unknown_length_is_said_to_be_one():
    def loop(x):
        kernel = tf.ones([C, C])
        return tf.while_loop(lambda y: tf.norm(y) > 1.0, lambda y: [y @ kernel], [x])

    program = _program(loop, (B, C))
    assert (program.num_open_loops, total_flops(program)) == (1, 2 * B * C * C)


def test_unknown_sizes_are_told():
    assert _program(lambda x: tf.boolean_mask(x, x > 0.0), (B,)).num_unknown > 0
    assert _program(_net, (B, C)).num_unknown == 0


def test_sizes_and_flops_at_other_numbers_of_rows_are_exact():
    inner = tf.function(_net, autograph=False, experimental_attributes={"_noinline": True})

    def function(x):
        return inner(x) + tf.reduce_sum(tf.ones([C, D]) * 2.0)

    pair = [_program(function, (rows, C)) for rows in (2, 4)]
    for rows in (1, 3, 100):
        found, real = at_rows(pair, (2, 4), rows), _program(function, (rows, C))
        np.testing.assert_array_equal(found.sizes, real.sizes)
        assert total_flops(found) == total_flops(real) == 2 * rows * C * D
    assert total_flops(at_rows(pair, (2, 4), 0)) == 0
    of_rows = row_share(pair, (2, 4), 3).sizes
    np.testing.assert_array_equal(of_rows, at_rows(pair, (2, 4), 3).sizes - at_rows(pair, (2, 4), 0).sizes)
    assert of_rows.max() == 3 * D * 4


def test_steps_that_differ_are_refused():
    pair = [_program(function, (2, C)) for function in (tf.exp, tf.sin)]
    with pytest.raises(ValueError, match="operations differ from one number of rows to another"):
        at_rows(pair, (2, 4), 8)
