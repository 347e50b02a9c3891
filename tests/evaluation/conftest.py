"""Small harmoniums whose partition functions are known to the last digit."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.math.harmonium import Harmonium
from tfdgm.math.units import BERNOULLI


@pytest.fixture
def make_harmonium():
    """Makes a harmonium in float64 with random weights, biases and base biases."""

    def make(num_visible, num_hidden, seed=0, *, visible=BERNOULLI, scale=0.8, has_base=True):
        random = np.random.default_rng(seed)
        shapes = [(num_visible, num_hidden), (num_visible,), (num_hidden,), (num_visible,)]
        kernel, visible_bias, hidden_bias, base = (tf.constant(scale * random.standard_normal(s)) for s in shapes)
        return Harmonium(kernel, visible_bias, hidden_bias, visible, base if has_base else None)

    return make
