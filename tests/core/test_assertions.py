"""Refusals of running values say the same eagerly and from within a graph."""

import pytest
import tensorflow as tf

from tfdgm.core.assertions import checked, plain_refusals


def _root(x):
    return tf.sqrt(checked(x, x >= 0.0, "field 'x' is", x, 'where "roots" need [at least] 0; take its square'))


REFUSAL = r"""^field 'x' is -2.5 where "roots" need \[at least\] 0; take its square$"""


@pytest.mark.parametrize("transform", [lambda function: function, tf.function], ids=["eager", "graph"])
def test_a_refusal_is_its_message(transform):
    root = transform(_root)
    with plain_refusals():
        assert float(root(tf.constant(6.25))) == 2.5
        with pytest.raises(ValueError, match=REFUSAL), plain_refusals():
            root(tf.constant(-2.5))


def test_other_errors_pass_unchanged():
    with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"), plain_refusals():
        tf.add(tf.zeros([2]), tf.zeros([3]))
    with pytest.raises(tf.errors.OutOfRangeError), plain_refusals():
        raise tf.errors.OutOfRangeError(None, None, "end of the sequence")
