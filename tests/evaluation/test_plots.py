"""Curves as PNG files."""

import numpy as np
import pytest
import tensorflow as tf

from tfdgm.evaluation import plots
from tfdgm.evaluation.plots import Curve, Image, Panel

_X = np.arange(1, 11)


def _pixels(path):
    return tf.io.decode_png(path.read_bytes(), channels=3).numpy()


def _has_colour(pixels, colour):
    return bool((np.abs(pixels.astype(int) - colour).max(axis=-1) < 16).any())


def test_writes_each_curve_in_a_colour_of_its_own(tmp_path):
    path = tmp_path / "new" / "curves.png"
    curves = [Curve("one", _X, _X), Curve("two", _X, 2.0 * _X, deviation=0.1 * _X)]
    plots.line_plot(str(path), curves, x_label="step", y_label="nats", title="two lines")
    pixels = _pixels(path)
    assert _has_colour(pixels, (31, 119, 180))  # matplotlib's first two colours
    assert _has_colour(pixels, (255, 127, 14))


def test_legend_is_right_of_the_curves(tmp_path):
    path = tmp_path / "curves.png"
    plots.line_plot(str(path), [Curve("one", _X, _X)], x_label="step", y_label="nats")
    blue = np.abs(_pixels(path).astype(int) - (31, 119, 180)).max(axis=-1) < 16
    columns = np.flatnonzero(blue.any(axis=0))
    gaps = np.diff(columns)
    assert (gaps > 10).sum() == 1  # the curve, then the legend's stroke
    in_legend = blue[:, columns[np.argmax(gaps) + 1 :]]
    assert np.flatnonzero(in_legend.any(axis=1)).size < 5


@pytest.mark.parametrize(("num_panels", "num_columns", "rows", "columns"), [(1, 1, 1, 1), (3, 2, 2, 2), (2, 1, 2, 1)])
def test_panels_stand_row_by_row(tmp_path, num_panels, num_columns, rows, columns):
    path = tmp_path / "panels.png"
    panels = [Panel([Curve("one", _X, _X)], "step", "nats", log_x=True, log_y=True)] * num_panels
    plots.panel_plot(str(path), panels, num_columns)
    assert _pixels(path).shape == (360 * rows, 700 * columns, 3)


def test_labels_mark_the_points_and_stand_beside_them(tmp_path):
    pictures = []
    for labels in ((), ("",) * 10, tuple("abcdefghij")):
        path = tmp_path / "curves.png"
        plots.line_plot(str(path), [Curve("one", _X, _X, labels=labels)], x_label="step", y_label="nats")
        pictures.append(_pixels(path).astype(int))
    plain, marked, labelled = pictures
    is_blue = [np.abs(picture - (31, 119, 180)).max(axis=-1) < 16 for picture in pictures]
    assert is_blue[1].sum() > is_blue[0].sum()
    assert (labelled.max(axis=-1) < 64).sum() > (marked.max(axis=-1) < 64).sum() == (plain.max(axis=-1) < 64).sum()


def test_points_that_a_logarithm_does_not_take_are_left_out(tmp_path):
    path = tmp_path / "curves.png"
    plots.line_plot(str(path), [Curve("none", _X, 0.0 * _X)], x_label="step", y_label="nats", log_y=True)
    assert _pixels(path).size


def test_more_curves_than_colours(tmp_path):
    path = tmp_path / "curves.png"
    curves = [Curve(str(index), _X, _X + index) for index in range(12)]
    plots.line_plot(str(path), curves, x_label="step", y_label="nats")
    assert _pixels(path).size


def test_points_that_are_not_joined_are_marked_and_nothing_is_between_them(tmp_path):
    pictures = []
    for joined in (True, False):
        path = tmp_path / "curves.png"
        plots.line_plot(str(path), [Curve("one", [1, 4, 9], [1, 4, 9], joined=joined)], x_label="x", y_label="y")
        blue = np.abs(_pixels(path).astype(int) - (31, 119, 180)).max(axis=-1) < 16
        pictures.append(np.flatnonzero(blue[:, :480].any(axis=0)))
    joined, apart = (np.diff(columns).max() for columns in pictures)
    assert joined < 5 < 100 < apart


def test_images_have_x_to_the_right_y_upwards_and_one_scale(tmp_path):
    path = tmp_path / "new" / "images.png"
    corner = np.zeros([40, 40])
    corner[30:, :10] = 2.0  # x large, y small
    plots.image_plot(str(path), [Image(corner, 3.0, "a"), Image(0.5 * corner, 3.0, "b")], num_columns=2, largest=1.0)
    pixels = _pixels(path).astype(int)
    assert pixels.shape == (220, 440, 3)
    dark = np.abs(pixels - (8, 48, 107)).max(axis=-1) < 16  # the darkest of the blues: from `largest` on
    rows, columns = np.nonzero(dark[:, :220])
    assert rows.min() > 110 < columns.min()
    assert dark[:, 220:].sum() == pytest.approx(dark[:, :220].sum(), rel=0.1)
