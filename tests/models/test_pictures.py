import numpy as np
import pytest
import tensorflow as tf

import tfdgm
from tfdgm.math import images
from tfdgm.math.scatter import point_picture
from tfdgm.models import pictures

# 48 pixels a side, so that nothing is enlarged and cells are found by their place.
SPEC = tfdgm.DataSpec((48, 48, 1), domain="unit")
STRIDE = 50  # a side and the gap


def cell(picture, row, column):
    return picture[row * STRIDE : row * STRIDE + 48, column * STRIDE : column * STRIDE + 48]


@pytest.fixture(scope="module")
def model():
    return tfdgm.build("vae", SPEC, latent_dim=4, hidden_sizes=(8,))


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).random([5, 48, 48, 1]).astype(np.float32)


def shown(values):
    return images.to_uint8(values, SPEC).numpy()


def test_samples_are_shown_by_their_means_row_by_row(model):
    grid = pictures.sample_grid(model, np.arange(6), num_columns=3)
    assert (grid.shape, grid.dtype) == ((2 * STRIDE - 2, 3 * STRIDE - 2, 1), np.uint8)
    expected = shown(model.sample_mean(tf.constant([4], tf.int64)))[0]
    np.testing.assert_allclose(cell(grid, 1, 1).astype(int), expected.astype(int), atol=1)


def test_a_sampler_without_means_shows_its_samples():
    class Sampler:
        spec = SPEC

        def sample(self, seeds, label):
            return tf.ones([len(seeds), 48, 48, 1]) * tf.cast(label, tf.float32)[:, None, None, None]

    grid = pictures.sample_grid(Sampler(), [3, 4], label=[0, 1])
    assert cell(grid, 0, 0).max() == 0
    assert cell(grid, 0, 1).min() == 255


def test_each_example_stands_above_its_reconstruction(model, x):
    grid = pictures.reconstruction_grid(model, x, num_columns=3)
    assert grid.shape == (4 * STRIDE - 2, 3 * STRIDE - 2, 1)
    reconstructed = shown(model.reconstruct(x))
    for i in range(5):
        np.testing.assert_array_equal(cell(grid, 2 * (i // 3), i % 3), shown(x)[i])
        np.testing.assert_allclose(
            cell(grid, 2 * (i // 3) + 1, i % 3).astype(int), reconstructed[i].astype(int), atol=1
        )
    assert cell(grid, 2, 2).max() == 0  # no sixth example


def test_traversals_move_the_latents_that_vary_most(model, x, monkeypatch):
    z_mean = np.array([[0.0, 1.0, 0.5, 0.0], [0.0, -1.0, -0.5, 0.1]], np.float32)
    monkeypatch.setattr(model, "posterior_mean", lambda x: tf.constant(z_mean))
    grid = pictures.traversal_grid(model, x[:2], num_latents=2, num_values=5)
    assert grid.shape == (2 * STRIDE - 2, 5 * STRIDE - 2, 1)
    z = np.array([[0.0, 3.0, 0.5, 0.0], [0.0, 1.0, -1.5, 0.0]], np.float32)  # row 0 at its end, row 1 at its second
    expected = shown(model.decode(z)).astype(int)
    np.testing.assert_allclose(cell(grid, 0, 4).astype(int), expected[0], atol=1)
    np.testing.assert_allclose(cell(grid, 1, 1).astype(int), expected[1], atol=1)


def test_traversals_without_examples_start_at_the_prior_mean(model):
    grid = pictures.traversal_grid(model, num_values=3)
    assert grid.shape == (4 * STRIDE - 2, 3 * STRIDE - 2, 1)
    np.testing.assert_array_equal(cell(grid, 0, 1), cell(grid, 3, 1))


def test_interpolations_go_from_end_to_end(model):
    z_a, z_b = np.eye(4)[:2], np.eye(4)[2:]
    grid = pictures.interpolation_grid(model, z_a, z_b, num_points=4)
    assert grid.shape == (2 * STRIDE - 2, 4 * STRIDE - 2, 1)
    ends = shown(model.decode(tf.constant(np.stack([z_a[1], z_b[1]]), tf.float32))).astype(int)
    np.testing.assert_allclose(cell(grid, 1, 0).astype(int), ends[0], atol=1)
    np.testing.assert_allclose(cell(grid, 1, 3).astype(int), ends[1], atol=1)


def test_a_code_that_is_no_gaussian_latent_is_not_traversed():
    """It encodes and decodes, but its units lie in (0, 1): nothing is to be seen at -3 or 3."""
    for weight, expected in ((0.0, []), (1.0, ["reconstructions"])):
        model = tfdgm.build("predictability_minimization", SPEC, latent_dim=2, reconstruction_weight=weight)
        grids = pictures.all_grids(model, np.arange(4), np.zeros([2, 48, 48, 1], np.float32))
        assert list(grids) == expected


def test_all_grids_are_those_the_model_can_give(model, x):
    assert list(pictures.all_grids(model, np.arange(4), x)) == ["samples", "reconstructions", "traversals"]
    vectors = tfdgm.build("vae", (3,), latent_dim=2, hidden_sizes=(4,))
    assert pictures.all_grids(vectors, np.arange(4), np.zeros([2, 3])) == {}
    with pytest.raises(ValueError, match=r"data\.shape is \(3,\); a picture needs images"):
        pictures.sample_grid(vectors, np.arange(4))


@pytest.fixture(scope="module")
def rbm():
    spec = tfdgm.DataSpec((48, 48, 1), domain="binary", num_levels=2)
    return tfdgm.build("rbm", spec, num_hidden=3, num_chains=1, num_sampling_steps=4)


def test_filters_are_shown_largest_first_with_grey_for_zero(rbm):
    kernel = np.zeros([48 * 48, 3], np.float32)
    kernel[0, 1], kernel[1, 1], kernel[5, 2] = -4.0, 2.0, 0.5
    rbm.layer.kernel.assign(kernel)
    grid = pictures.filter_grid(rbm, num_filters=2)
    assert grid.shape == (STRIDE - 2, 2 * STRIDE - 2, 1)
    assert cell(grid, 0, 0)[0, :3, 0].tolist() == [0, 191, 128]
    assert cell(grid, 0, 1)[0, 4:7, 0].tolist() == [128, 255, 128]


@pytest.mark.parametrize("name", ["rbm", "dbm", "dbn"])
def test_fantasies_go_from_few_sweeps_to_those_of_a_sample(name):
    sizes = {"num_hidden": 3} if name == "rbm" else {"hidden_sizes": (3, 2)}
    spec = tfdgm.DataSpec((48, 48, 1), domain="binary", num_levels=2)
    model = tfdgm.build(name, spec, num_chains=1, num_sampling_steps=4, **sizes)
    grid = pictures.fantasy_grid(model, np.arange(8), num_chains=2)
    assert grid.shape == (3 * STRIDE - 2, 2 * STRIDE - 2, 1)  # 1, 3 and 4 sweeps
    expected = shown(model.sample_mean(tf.range(2, dtype=tf.int64)))
    np.testing.assert_allclose(cell(grid, 2, 1).astype(int), expected[1].astype(int), atol=1)


def test_inpainting_keeps_the_upper_half(rbm, x):
    binary = np.round(x)
    grid = pictures.inpainting_grid(rbm, binary, np.arange(5), num_columns=3)
    assert grid.shape == (3 * STRIDE - 2, 3 * STRIDE - 2, 1)
    for row in range(3):
        np.testing.assert_array_equal(cell(grid, row, 2)[:24], shown(binary)[2, :24])
    np.testing.assert_array_equal(cell(grid, 0, 2)[24:], shown(binary)[2, 24:])
    assert set(cell(grid, 1, 2)[24:].ravel()) == {128}
    assert not np.array_equal(cell(grid, 2, 2)[24:], shown(binary)[2, 24:])


def test_an_rbm_gives_its_own_grids(rbm, x):
    kinds = ["samples", "reconstructions", "filters", "fantasies", "inpaintings"]
    assert list(pictures.all_grids(rbm, np.arange(12), np.round(x))) == kinds


@pytest.mark.parametrize("name", ["dbm", "dbn"])
def test_models_in_layers_show_the_filters_of_the_first(name):
    spec = tfdgm.DataSpec((48, 48, 1), domain="binary", num_levels=2)
    model = tfdgm.build(name, spec, hidden_sizes=(3, 2), num_chains=1, num_sampling_steps=2)
    kernel = next(weight for weight in model.trainable_variables if weight.shape == (48 * 48, 3))
    kernel.assign(tf.one_hot([7, 0, 9], 48 * 48, axis=0) * [1.0, 3.0, -2.0])
    grid = pictures.filter_grid(model, num_filters=2)
    assert cell(grid, 0, 0)[0, :2, 0].tolist() == [255, 128]
    assert cell(grid, 0, 1)[0, 8:10, 0].tolist() == [128, 0]


class _Points:
    """Points that are their own seeds."""

    def __init__(self, domain="real"):
        self.spec = tfdgm.DataSpec((2,), domain=domain, num_levels=0 if domain == "real" else 2)

    def sample(self, seeds):
        return tf.stack([tf.cast(seeds, tf.float32) / 1000.0, tf.zeros(seeds.shape)], axis=-1)


def test_models_of_the_plane_show_samples_over_examples():
    x = np.array([[0.0, 0.0], [1.0, 0.5]], np.float32)
    (kind, picture), *others = pictures.all_grids(_Points(), np.arange(100, 164), x).items()
    assert (kind, others) == ("samples", [])
    assert picture.dtype == np.uint8
    points = np.stack([np.arange(100, 2600, dtype=np.float32) / np.float32(1000.0), np.zeros(2500)], axis=1)
    np.testing.assert_array_equal(picture, point_picture(x, points))
    np.testing.assert_array_equal(picture, pictures.all_grids(_Points(), np.arange(100, 102), x)["samples"])
    assert not np.array_equal(picture, pictures.point_samples(_Points(), [100], x, num=10))


def test_vectors_that_are_no_points_of_the_plane_have_no_pictures():
    assert pictures.all_grids(_Points("binary"), np.arange(4), np.zeros([2, 2])) == {}
