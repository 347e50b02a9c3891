"""Distances between sets that share no point, as one of them draws near: the JSD stays at log 2, W_1 falls.

    lines     real (0, z), fake (t, z), z uniform on [0, 1]:  JSD = log 2, KL infinite, TV = 1 for t != 0;  W_1 = |t|
    noise     real x, fake (1 - t) x + t u, u uniform noise:  W_1 <= t E|x - u|, with equality while t is small
    shift     real x, fake x moved t pixels to the right, black pixels coming in

Each pair is measured exactly, as finite sets, and by a discriminator and a critic trained on other points of the same
kind (`tfdgm.evaluation.opponents`).

References:
  Arjovsky, Chintala & Bottou (2017), Wasserstein GAN, example 1.
  Arjovsky & Bottou (2017), Towards principled methods for training generative adversarial networks, theorem 2.4.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from tfdgm.evaluation import discrete_divergences as divergences
from tfdgm.evaluation.opponents import Opponent, Pair, Verdict
from tfdgm.evaluation.wasserstein import assignment_distance

_NUM_TRAINED_ON = 4096  # of each line


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One pair of sets.

    Attributes:
      t: how far the second has moved.
      jensen_shannon: exact, nats.
      kullback_leibler: KL(real || fake), exact, nats.
      total_variation: exact.
      wasserstein: W_1, exact, in the points' unit.
      identity: mean |real_i - fake_i|, above W_1 where another assignment is cheaper.
      discriminator: its verdict after each stage.
      critic: likewise.
    """

    t: float
    jensen_shannon: float
    kullback_leibler: float
    total_variation: float
    wasserstein: float
    identity: float
    discriminator: list[Verdict]
    critic: list[Verdict]


def line_pair(t: float, num: int = 250, seed: int = 0) -> Pair:
    """Two parallel lines: evenly spaced points to measure, drawn ones to train on.

    Args:
      t: from the first to the second.
      num: points to measure, on either.
      seed: of the points to train on.
    """
    spaced = (np.arange(num) + 0.5) / num
    drawn = np.random.default_rng(seed).random((2, _NUM_TRAINED_ON))

    def line(x: float, z: np.ndarray) -> np.ndarray:
        return np.stack([np.full_like(z, x), z], axis=1).astype(np.float32)

    return Pair(t, line(0.0, drawn[0]), line(t, drawn[1]), line(0.0, spaced), line(t, spaced), line(1.0, 0.0 * spaced))


def noise_pair(t: float, train: np.ndarray, held_out: np.ndarray, seed: int = 0) -> Pair:
    """Images, and the same ones blended with noise.

    Args:
      t: share of the noise, between 0 and 1.
      train: images with values in [0, 1], [M, H, W, C].
      held_out: likewise, to measure, [N, H, W, C].
      seed: of the noise; image i has the same whatever t is.
    """
    random = np.random.default_rng(seed)
    flat, noise = zip(*((_flat(x), random.random(_flat(x).shape, np.float32)) for x in (train, held_out)), strict=True)
    # float32 throughout: at t = 0 these are the images, to the last bit.
    fake = [(np.float32(1.0 - t) * x + np.float32(t) * u) for x, u in zip(flat, noise, strict=True)]
    return Pair(t, flat[0], fake[0], flat[1], fake[1], noise[1] - flat[1])


def shift_pair(t: int, train: np.ndarray, held_out: np.ndarray) -> Pair:
    """Images, and the same ones moved to the right.

    Args:
      t: pixels, 0 to W.
      train: images with 0 for black, [M, H, W, C].
      held_out: likewise, to measure, [N, H, W, C].
    """

    def moved(x: np.ndarray) -> np.ndarray:
        return np.pad(x, ((0, 0), (0, 0), (t, 0), (0, 0)))[:, :, : x.shape[2]]

    return Pair(t, _flat(train), _flat(moved(train)), _flat(held_out), _flat(moved(held_out)))


def measure(pair: Pair, opponents: dict[str, Opponent], stages: Sequence[int]) -> Measurement:
    """Exact distances of the points kept apart, and what opponents trained on the others make of them.

    Args:
      pair: the two sets.
      opponents: a `discriminator` and a `critic`, for points of as many dimensions.
      stages: steps of training, going up, after which to ask them; multiples of `opponents.STEPS_AT_ONCE`.
    """
    p, q = divergences.on_shared_points(pair.real, pair.fake)
    return Measurement(
        t=pair.t,
        jensen_shannon=divergences.jensen_shannon(p, q),
        kullback_leibler=divergences.kullback_leibler(p, q),
        total_variation=divergences.total_variation(p, q),
        wasserstein=assignment_distance(pair.real, pair.fake),
        identity=float(np.linalg.norm(pair.real.astype(np.float64) - pair.fake, axis=1).mean()),
        **{kind: opponent.verdicts(pair, stages) for kind, opponent in opponents.items()},
    )


def measurements(
    make_pair: Callable[[float], Pair], ts: Sequence[float], opponents: dict[str, Opponent], stages: Sequence[int]
) -> list[Measurement]:
    """One for each t."""
    return [measure(make_pair(t), opponents, stages) for t in ts]


def _flat(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.reshape(len(x), -1), np.float32)
