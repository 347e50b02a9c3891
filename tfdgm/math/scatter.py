"""Points and densities of the plane as pixels."""

from collections.abc import Sequence

import numpy as np

SIDE = 256  # pixels
_MARGIN = 0.2  # of the real points' extent, on each side: samples go astray
_RADIUS = 2  # pixels, of the square that marks a real point
_CLEAR = 0.4  # of what lies beneath a sample shows through it
_REAL, _SAMPLED = (255, 187, 120), (31, 119, 180)
_SECTORS = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75))


def point_picture(real: np.ndarray, sampled: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Samples over real points, on bounds that the real points alone decide, so that pictures of one set compare.

    Args:
      real: [M, 2], M at least 1; each a light square.
      sampled: [N, 2]; each a dark dot, darker where several fall on one pixel. What is out of bounds, or not finite,
        is not seen.
      side: pixels.

    Returns:
      uint8 [side, side, 3]; the first coordinate goes right, the second up, both on one scale.

    Raises:
      ValueError: for arrays of other shapes, or real points that are not finite.
    """
    real, sampled = _points("real", real), _points("sampled", sampled)
    if not len(real) or not np.isfinite(real).all():
        raise ValueError(f"real has {len(real)} points; it must be at least 1, all of them finite")
    centre, half = _bounds(real)
    picture = np.full((side, side, 3), 255.0)
    marks = _dilated(_counts(real, centre, half, side) > 0)
    picture = _blended(picture, marks.astype(float), _REAL)
    picture = _blended(picture, 1.0 - _CLEAR ** _counts(sampled, centre, half, side), _SAMPLED)
    return np.round(picture).astype(np.uint8)


def grid_points(real: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The middles of the pixels of `point_picture`, [side, side, 2], the highest row first."""
    centre, half = _bounds(_points("real", real))
    offsets = ((np.arange(side) + 0.5) / side * 2.0 - 1.0) * half
    return np.stack(np.meshgrid(centre[0] + offsets, (centre[1] + offsets)[::-1]), axis=-1)


def density_picture(log_prob: np.ndarray) -> np.ndarray:
    """A density on `grid_points`, white where it is 0 and darkest where it is highest.

    Args:
      log_prob: [H, W]; what is not finite counts as no density.

    Returns:
      uint8 [H, W, 3]; the square root of the density decides, so that tails are seen too.
    """
    log_prob = np.where(np.isfinite(log_prob), log_prob, -np.inf)
    opacity = np.exp(0.5 * (log_prob - max(log_prob.max(), -1e300)))
    return np.round(_blended(np.full((*log_prob.shape, 3), 255.0), opacity, _SAMPLED)).astype(np.uint8)


def stages_picture(stages: Sequence[np.ndarray], side: int = SIDE) -> np.ndarray:
    """Points on their way, one panel a stage, each on bounds of its own; colours tell where in the first they were.

    Args:
      stages: each [N, 2], the same points in the same order.
      side: pixels of a panel.

    Returns:
      uint8 [side, width, 3].
    """
    first = _points("stages[0]", stages[0])
    sector = ((np.arctan2(first[:, 1], first[:, 0]) / (2.0 * np.pi) + 0.5) * len(_SECTORS)).astype(int) % len(_SECTORS)
    panels = []
    for stage in stages:
        points = _points("stage", stage)
        centre, half = _bounds(points[np.isfinite(points).all(axis=1)])
        picture = np.full((side, side, 3), 255.0)
        for index, colour in enumerate(_SECTORS):
            counts = _dilated(_counts(points[sector == index], centre, half, side) > 0, radius=1)
            picture = _blended(picture, (1.0 - _CLEAR) * counts, colour)
        panels += [picture, np.full((side, 2, 3), 128.0)]
    return np.round(np.concatenate(panels[:-1], axis=1)).astype(np.uint8)


def _bounds(points: np.ndarray) -> tuple[np.ndarray, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    return 0.5 * (low + high), float((0.5 + _MARGIN) * (high - low).max()) or 1.0


def _points(name: str, points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"{name} has shape {points.shape}; points of the plane are [N, 2]")
    return points


def _counts(points: np.ndarray, centre: np.ndarray, half: float, side: int) -> np.ndarray:
    """How many points fall on each pixel, [side, side], the highest row first."""
    places = (points[np.isfinite(points).all(axis=1)] - centre + half) / (2.0 * half) * side
    places = places[((places >= 0.0) & (places < side)).all(axis=1)].astype(int)
    counts = np.zeros((side, side), int)
    np.add.at(counts, (side - 1 - places[:, 1], places[:, 0]), 1)
    return counts


def _dilated(mask: np.ndarray, radius: int = _RADIUS) -> np.ndarray:
    """Every pixel that is set, with its neighbours as far as the radius."""
    side = len(mask)
    padded = np.pad(mask, radius)
    shifts = range(2 * radius + 1)
    return np.logical_or.reduce([padded[i : i + side, j : j + side] for i in shifts for j in shifts])


def _blended(picture: np.ndarray, opacity: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    opacity = opacity[..., np.newaxis]
    return (1.0 - opacity) * picture + opacity * np.array(colour)
