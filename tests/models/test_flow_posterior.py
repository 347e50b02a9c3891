"""Flow posteriors: their density by autodiff Jacobians, their means by quadrature, their start."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tfdgm.models.flow_posterior import FLOWS, GaussianPosterior, posterior

tfd = tfp.distributions
pytestmark = pytest.mark.usefixtures("_float64")

RNG = np.random.default_rng(0)


def _posterior(flow, latent_dim, num_steps=3, *, spread=0.5, **fields):
    """With weights moved by chance from where they start."""
    fields = {"num_steps": num_steps, "hidden_sizes": (7,), "context_size": 4, "activation": "tanh", **fields}
    made = posterior(flow, latent_dim, **fields)
    rng = np.random.default_rng(1)
    for variable in getattr(made, "variables", []):
        variable.assign_add(spread * rng.normal(size=variable.shape))
    return made


def _encoded(made, num=5, seed=2):
    return made.encoded(tf.constant(np.random.default_rng(seed).normal(size=(num, made.num_outputs))))


@pytest.mark.parametrize(("flow", "latent_dim"), list(itertools.product(("none", *FLOWS), (1, 3))))
def test_log_q_is_the_density_of_the_noise_by_the_jacobian(flow, latent_dim):
    """log q(z|x) = log N(noise; 0, I) - log |det dz/dnoise|, differentiated automatically."""
    made = _posterior(flow, latent_dim)
    encoded, noise = _encoded(made), tf.constant(RNG.normal(size=(5, 1, latent_dim)))
    with tf.GradientTape() as tape:
        tape.watch(noise)
        z, log_q = made.sample(encoded, noise)
    jacobian = tf.reshape(tape.batch_jacobian(z, noise), [5, latent_dim, latent_dim])
    expected = tfd.MultivariateNormalDiag(tf.zeros([latent_dim], tf.float64)).log_prob(noise[:, 0])
    np.testing.assert_allclose(log_q[:, 0], expected - np.linalg.slogdet(jacobian)[1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("flow", ["none", *FLOWS])
def test_every_sample_has_the_context_of_its_own_example(flow):
    made = _posterior(flow, 3)
    encoded, noise = _encoded(made), tf.constant(RNG.normal(size=(5, 4, 3)))
    z, log_q = made.sample(encoded, noise)
    assert z.shape == (5, 4, 3)
    assert log_q.shape == (5, 4)
    for row in range(5):
        one = type(encoded)(*(None if part is None else part[row : row + 1] for part in encoded))
        for k in range(4):
            z_k, log_q_k = made.sample(one, noise[row : row + 1, k : k + 1])
            np.testing.assert_allclose(z[row, k], z_k[0, 0], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(log_q[row, k], log_q_k[0, 0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("flow", FLOWS)
def test_the_kl_is_the_mean_of_the_samples_log_ratios(flow):
    log_q, log_p = RNG.normal(size=(2, 5, 4))
    made = _posterior(flow, 3)
    np.testing.assert_allclose(made.kl(_encoded(made), log_q, log_p), (log_q - log_p).mean(1), rtol=1e-12)


@pytest.mark.parametrize("flow", FLOWS)
def test_the_mean_is_that_of_quadrature_within_its_error(flow):
    """One latent; E[z] by Gauss and Hermite's 200 nodes. A planar step of one dimension bends, IAF's are affine."""
    made = _posterior(flow, 1, num_steps=2)
    encoded = _encoded(made, num=40)
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights /= weights.sum()
    z = made.sample(encoded, tf.constant(nodes[np.newaxis, :, np.newaxis]))[0].numpy()[..., 0]
    mean = z @ weights
    deviation = np.sqrt(np.square(z - mean[:, np.newaxis]) @ weights)
    error = np.abs(made.mean(encoded).numpy()[:, 0] - mean)
    assert (error < 0.5 * deviation).all()  # four standard errors
    if flow == "iaf":
        np.testing.assert_allclose(error, 0.0, atol=1e-12)
    else:
        assert error.max() > 1e-6  # the flow is not affine, so an estimate is what it is


def test_the_mean_is_a_function_of_x_alone():
    made = _posterior("planar", 2)
    encoded = _encoded(made)
    np.testing.assert_array_equal(made.mean(encoded), made.mean(encoded))
    same = type(encoded)(*(tf.repeat(part[:1], 5, axis=0) for part in encoded))
    assert np.ptp(made.mean(same).numpy(), axis=0).max() == 0.0


def test_iaf_starts_near_the_identity():
    """Gates at sigmoid(2), m near 0: two steps leave 0.78 of z where there is no context, and turn the order once."""
    made = _posterior("iaf", 3, num_steps=2, spread=0.0)
    outputs = np.zeros((200, made.num_outputs))
    noise = RNG.normal(size=(200, 1, 3))
    z, _ = made.sample(made.encoded(tf.constant(outputs)), tf.constant(noise))
    turned = noise[:, 0, ::-1]
    np.testing.assert_allclose(np.corrcoef(z[:, 0].numpy().ravel(), turned.ravel())[0, 1], 1.0, atol=0.1)


def test_iaf_turns_the_order_between_steps_alone():
    """One step is triangular as it stands; after two every latent hears of every other."""
    reaches = []
    for num_steps in (1, 2):
        made = _posterior("iaf", 3, num_steps)
        noise = tf.constant(RNG.normal(size=(1, 1, 3)))
        with tf.GradientTape() as tape:
            tape.watch(noise)
            z, _ = made.sample(_encoded(made, num=1), noise)
        reaches.append(np.reshape(tape.batch_jacobian(z, noise), [3, 3]) != 0.0)
    np.testing.assert_array_equal(reaches[0], np.tri(3, dtype=bool))
    assert reaches[1].all()


@pytest.mark.parametrize("flow", ["planar", "radial"])
def test_amortised_steps_have_no_weights_of_their_own(flow):
    made = _posterior(flow, 3)
    assert not made.variables
    assert made.num_outputs == 6 + 3 * {"planar": 7, "radial": 5}[flow]


def test_without_a_flow_there_is_the_gaussian():
    assert isinstance(_posterior("none", 3), GaussianPosterior)


@pytest.mark.parametrize(
    ("flow", "fields", "message"),
    [
        ("sylvester", {}, "posterior_flow is 'sylvester'; it must be one of none, planar, radial, iaf"),
        ("planar", {"num_steps": 0}, "num_flow_steps is 0; it must be at least 1"),
        ("iaf", {"context_size": 0}, "flow_context_size is 0; it must be at least 1"),
        ("iaf", {"hidden_sizes": (8, 0)}, "flow_hidden_sizes is 0; it must be at least 1"),
        ("iaf", {"hidden_sizes": ()}, "flow_hidden_sizes is 0; it must be at least 1"),
    ],
)
def test_messages_name_field_value_and_what_is_right(flow, fields, message):
    with pytest.raises(ValueError, match=message):
        _posterior(flow, 3, **fields)
