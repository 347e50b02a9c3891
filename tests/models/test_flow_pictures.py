"""Pictures of flows, cell by cell: which noise, which temperature, which example stands where."""

import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.table import GOLDENS
from tfdgm.math import images
from tfdgm.math.scatter import grid_points
from tfdgm.models import flow_pictures, pictures

SEEDS = np.arange(4)
SCALE = 6  # a golden's 8 pixels enlarged to 48
HEIGHT, WIDTH = 4 * SCALE + 2, 8 * SCALE + 2


def _trained(name):
    model = GOLDENS[name].build_compiled()
    model.fit(GOLDENS[name].dataset(2), verbose=0)
    return model


@pytest.fixture(scope="module")
def glow():
    return _trained("glow")


@pytest.fixture(scope="module")
def flow():
    return _trained("nsf")


def _cell(picture, row, column):
    enlarged = picture[row * HEIGHT : row * HEIGHT + 4 * SCALE, column * WIDTH : column * WIDTH + 8 * SCALE]
    return enlarged[::SCALE, ::SCALE]


def _shown(model, x):
    return images.to_uint8(x, model.spec).numpy()


def test_a_column_has_one_noise_at_rising_temperatures(glow):
    picture = flow_pictures.temperature_grid(glow, SEEDS)
    assert picture.shape == (8 * HEIGHT - 2, 4 * WIDTH - 2, 3)
    for row, temperature in ((0, 0.0), (4, 0.7), (7, 1.0)):
        expected = _shown(glow, glow.sample(tf.constant(SEEDS), temperature))
        for column in range(4):
            np.testing.assert_array_equal(_cell(picture, row, column), expected[column])


def test_a_row_goes_from_one_example_to_the_next(glow):
    x = GOLDENS["glow"].batches(1)[0]
    picture = flow_pictures.example_path_grid(glow, x, num_rows=2, num_points=5)
    assert picture.shape == (2 * HEIGHT - 2, 5 * WIDTH - 2, 3)
    for row, column, example in ((0, 0, 0), (0, 4, 1), (1, 0, 2), (1, 4, 3)):
        np.testing.assert_array_equal(_cell(picture, row, column), _shown(glow, x)[example])


def test_a_row_has_one_scale_drawn_anew(glow):
    picture = flow_pictures.scale_grid(glow, SEEDS)
    assert picture.shape == (3 * HEIGHT - 2, 4 * WIDTH - 2, 3)
    seeds = tf.constant(SEEDS)
    np.testing.assert_array_equal(_cell(picture, 0, 2), _shown(glow, glow.sample(seeds))[2])
    again = [_shown(glow, glow.redrawn(seeds, scale)) for scale in range(2)]
    assert (again[0] != again[1]).any()
    for scale in range(2):
        np.testing.assert_array_equal(_cell(picture, 1 + scale, 3), again[scale][3])


def test_redrawing_a_scale_keeps_the_noise_of_the_others(glow):
    seeds, seen = tf.constant(SEEDS), []
    decode = glow.decode
    glow.decode = lambda z: seen.append(z.numpy()) or decode(z)
    try:
        for scale in range(2):
            glow.redrawn(seeds, scale)
    finally:
        del glow.decode
    z = glow.sample_latents(seeds).numpy()
    finest = 4 * 8 * 3 // 2
    np.testing.assert_array_equal(seen[0][:, finest:], z[:, finest:])
    np.testing.assert_array_equal(seen[1][:, :finest], z[:, :finest])
    assert (seen[0][:, :finest] != z[:, :finest]).all()
    assert (seen[1][:, finest:] != z[:, finest:]).all()


def test_kinds_of_pictures(glow, flow):
    x = GOLDENS["glow"].batches(1)[0]
    assert list(pictures.all_grids(glow, SEEDS, x)) == ["samples", "temperatures", "interpolations", "scales"]
    points = GOLDENS["nsf"].batches(1)[0]
    assert list(pictures.all_grids(flow, SEEDS, points)) == ["samples", "density", "stages"]


def test_density_is_darkest_where_it_is_highest(flow):
    x = GOLDENS["nsf"].batches(1, 64)[0]
    picture = flow_pictures.density_grid(flow, x)
    assert picture.shape == (256, 256, 3)
    darkness = 255 - picture[..., 0].astype(int)

    log_prob = flow.log_prob(grid_points(x).reshape(-1, 2)).numpy().reshape(256, 256)
    assert darkness[np.unravel_index(log_prob.argmax(), log_prob.shape)] == darkness.max() == 224
    order = np.argsort(log_prob.ravel())
    assert (np.diff(darkness.ravel()[order]) >= 0).all()


def test_stages_are_panels_of_all_parts(flow):
    picture = flow_pictures.stage_row(flow, SEEDS, num=50)
    assert picture.shape == (256, 4 * 258 - 2, 3)
    assert all((picture[:, start : start + 256] != 255).any() for start in range(0, 4 * 258, 258))


def test_an_attribute_is_a_difference_of_mean_codes_whatever_the_batches(flow):
    x = GOLDENS["nsf"].batches(1)[0]
    z = flow.encode(x)["z"].numpy()
    direction = flow_pictures.attribute_direction(flow, x[:3], x[3:], batch_size=2)
    np.testing.assert_allclose(direction, z[3:].mean(axis=0) - z[:3].mean(axis=0), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="there are 0 examples with and 3 without"):
        flow_pictures.attribute_direction(flow, x[:3], x[:0])


def test_a_row_moves_one_example_along_the_direction(glow):
    x = GOLDENS["glow"].batches(1)[0]
    direction = glow.encode(x[2:3])["z"][0] - glow.encode(x[1:2])["z"][0]
    picture = flow_pictures.attribute_grid(glow, x[1:2], direction, (0.0, 1.0))
    assert picture.shape == (HEIGHT - 2, 2 * WIDTH - 2, 3)
    for column in range(2):
        np.testing.assert_array_equal(_cell(picture, 0, column), _shown(glow, x)[1 + column])
