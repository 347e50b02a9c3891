"""The classifier before and after it has learned, against the machine's own mean field."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from tests.goldens import deep_boltzmann as golden
from tests.goldens.deep_boltzmann import SIZES, binary
from tests.goldens.precision import dtype_policy
from tfdgm.networks.mean_field_classifier import MeanFieldClassifier
from tfdgm.objectives import mean_field


def _classifier(sizes):
    with dtype_policy("float64"):
        return MeanFieldClassifier(sizes, 3, name="classifier")


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_it_starts_as_one_more_pass_of_mean_field(sizes):
    dbm, classifier, v = golden.machine(sizes), _classifier(sizes), tf.constant(binary(sizes[0]))
    means = mean_field.infer(dbm, v, 300)
    expected = means[-1].numpy() @ classifier.output_kernel.numpy() + classifier.output_bias.numpy()
    np.testing.assert_allclose(classifier.logits(dbm, v, means), expected, rtol=0, atol=1e-9)


def test_what_it_learns_is_added_to_the_weights_of_the_machine():
    sizes = (4, 3, 2)
    dbm, classifier, v = golden.machine(sizes), _classifier(sizes), tf.constant(binary(4))
    rng = np.random.default_rng(0)
    for variable in classifier.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    q_2 = rng.uniform(size=(16, 2))
    w_1, w_2 = (kernel.numpy() + own.numpy() for kernel, own in zip(dbm.kernels, classifier.from_below, strict=True))
    down = dbm.kernels[1].numpy() + classifier.from_above[0].numpy()
    b_1, b_2 = (bias.numpy() + own.numpy() for bias, own in zip(dbm.biases[1:], classifier.biases, strict=True))
    hidden = expit(expit(v @ w_1 + q_2 @ down.T + b_1) @ w_2 + b_2)
    expected = hidden @ classifier.output_kernel.numpy() + classifier.output_bias.numpy()
    found = classifier.logits(dbm, v, (tf.zeros([16, 3], tf.float64), tf.constant(q_2)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_gradients_reach_every_variable_of_its_own_and_none_of_the_machine():
    sizes = (3, 2, 3, 2)
    dbm, classifier, v = golden.machine(sizes), _classifier(sizes), tf.constant(binary(3))
    means = mean_field.infer(dbm, v, 2)
    with tf.GradientTape() as tape:
        tape.watch([dbm.kernels, dbm.biases, means])
        loss = tf.reduce_sum(tf.square(classifier.logits(dbm, v, means)))
    own, others = tape.gradient(
        loss, [[v.value for v in classifier.trainable_variables], [dbm.kernels, dbm.biases, means]]
    )
    assert all(np.abs(gradient).max() > 1e-6 for gradient in own)
    assert tf.nest.flatten(tf.nest.map_structure(lambda gradient: gradient is None, others)) == [True] * 10
