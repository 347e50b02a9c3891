"""Points of the plane as pixels: real ones beneath, samples above them."""

import numpy as np

SIDE = 256  # pixels
_MARGIN = 0.2  # of the real points' extent, on each side: samples go astray
_RADIUS = 2  # pixels, of the square that marks a real point
_CLEAR = 0.4  # of what lies beneath a sample shows through it
_REAL, _SAMPLED = (255, 187, 120), (31, 119, 180)


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
    low, high = real.min(axis=0), real.max(axis=0)
    centre = 0.5 * (low + high)
    half = float((0.5 + _MARGIN) * (high - low).max()) or 1.0
    picture = np.full((side, side, 3), 255.0)
    marks = _dilated(_counts(real, centre, half, side) > 0)
    picture = _blended(picture, marks.astype(float), _REAL)
    picture = _blended(picture, 1.0 - _CLEAR ** _counts(sampled, centre, half, side), _SAMPLED)
    return np.round(picture).astype(np.uint8)


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


def _dilated(mask: np.ndarray) -> np.ndarray:
    """Every pixel that is set, with its neighbours as far as the radius."""
    side = len(mask)
    padded = np.pad(mask, _RADIUS)
    shifts = range(2 * _RADIUS + 1)
    return np.logical_or.reduce([padded[i : i + side, j : j + side] for i in shifts for j in shifts])


def _blended(picture: np.ndarray, opacity: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    opacity = opacity[..., np.newaxis]
    return (1.0 - opacity) * picture + opacity * np.array(colour)
