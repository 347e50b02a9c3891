"""The base of couplings and autoregressions: parameters keep the whole precision of what they move."""

import tensorflow as tf

from tfdgm.bijectors.coupling import Coupling
from tfdgm.bijectors.elementwise import Additive
from tfdgm.bijectors.masks import ChannelMask


def test_parameters_are_cast_to_the_dtype_of_what_they_move():
    layer = Coupling(lambda kept: tf.cast(kept, tf.bfloat16), ChannelMask((2,)), Additive())
    params = layer.params(tf.ones([3, 1]), None, (1,))
    assert params.dtype == tf.float32
    assert params.shape == (3, 1)
