"""Where the model's own states come from when an energy model learns. One table, `NEGATIVE_PHASES`.

cd         k Gibbs sweeps from the data                                     (Hinton 2002)
pcd        chains that go on from step to step                              (Tieleman 2008)
fast_pcd   such chains under weights with a fast-learning overlay           (Tieleman & Hinton 2009)
tempering  such chains at several temperatures that swap states             (Salakhutdinov 2009; Cho et al. 2010)
"""

import abc
import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdgm.core.step_rows import running_rows
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math import gibbs
from tfdgm.math.harmonium import Harmonium

_STREAM = 1 << 16  # clear of the streams that models use themselves


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the kinds can be told; each reads what it has.

    Attributes:
      num_gibbs_steps: sweeps a training step, at least 1.
      num_chains: persistent chains (at each temperature), at least 1 and a multiple of the number of replicas.
      fast_rate: `fast_pcd`: learning rate of the overlay.
      num_temperatures: `tempering`: inverse temperatures evenly from 1 to 0, at least 2.
    """

    num_gibbs_steps: int = 1
    num_chains: int = 100
    fast_rate: float = 0.01
    num_temperatures: int = 10


class NegativePhase(keras.layers.Layer, abc.ABC):
    """Draws states of a harmonium within a training step."""

    def __init__(
        self, num_visible: int, num_hidden: int, settings: Settings, *, stream: int = 0, name: str = "negative_phase"
    ) -> None:
        """Args: stream: keeps the noise of two phases of one model apart."""
        super().__init__(name=name)
        require_at_least(1, num_gibbs_steps=settings.num_gibbs_steps)
        self.num_visible, self.num_hidden, self.settings = num_visible, num_hidden, settings
        self._stream = _STREAM + 2 * stream
        self.built = True

    @abc.abstractmethod
    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """States v_model [C, V] of this replica, given its data [B, V]."""

    def start_at(self, v_data: tf.Tensor, now: tf.Tensor) -> None:
        """Puts persistent chains at the data [B, V] where `now`, a bool scalar, holds; by default there are none."""

    def learn(self, harmonium: Harmonium, v_data: tf.Tensor, v_model: tf.Tensor) -> None:
        """What the phase itself learns from a step; by default nothing."""

    def states(self) -> tf.Tensor | None:
        """The persistent states [num_chains, V] at the model's own temperature, or None."""
        return None

    def _variable(self, shape: tuple[int, ...], name: str, aggregation: str) -> keras.Variable:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, aggregation=aggregation, name=name)


class ContrastiveDivergence(NegativePhase):
    """`num_gibbs_steps` sweeps from the data: cheap, and biased towards it; as many states as examples."""

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The data after `num_gibbs_steps` sweeps."""
        shape = (self.settings.num_gibbs_steps, self.num_hidden + self.num_visible)
        return gibbs.run_with_noise(harmonium, v_data, running_rows().noise(shape, self._stream, v_data.dtype.name))


class Persistent(NegativePhase):
    """Chains that go on from step to step: the learning rate must be small against their mixing.

    Attributes:
      chains: their states, [num_chains, V], dealt out to the replicas in order.
    """

    def __init__(self, num_visible: int, num_hidden: int, settings: Settings, **kwargs: Any) -> None:
        """Chains start at zero."""
        super().__init__(num_visible, num_hidden, settings, **kwargs)
        require_at_least(1, num_chains=settings.num_chains)
        # Each replica assigns its own rows and zeros elsewhere: the sum over replicas is the whole.
        self.chains = self._variable((settings.num_chains, num_visible), "chains", "sum")

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The chains after `num_gibbs_steps` sweeps more."""
        rows = running_rows().of(self.settings.num_chains, "num_chains")
        shape = (self.settings.num_gibbs_steps, self.num_hidden + self.num_visible)
        noise = rows.noise(shape, self._stream, v_data.dtype.name)
        v = gibbs.run_with_noise(harmonium, rows.gather_mine(self.states()), noise)
        self.chains.assign(rows.pad_others(v))
        return v

    def start_at(self, v_data: tf.Tensor, now: tf.Tensor) -> None:
        """Each chain at an example, in order, several at one where there are more chains."""
        _start(self.chains, self.settings.num_chains, v_data, now, axis=0)

    def states(self) -> tf.Tensor:
        """The chains."""
        return tf.convert_to_tensor(self.chains.value)


class FastPersistent(Persistent):
    """Chains under kernel + overlay; the overlay learns and decays fast, which drives the chains on.

    References:
      Tieleman & Hinton (2009), Using fast weights to improve persistent contrastive divergence, section 3.
    """

    DECAY = 0.95  # what is left of the overlay a step later: 19/20 there

    def __init__(self, num_visible: int, num_hidden: int, settings: Settings, **kwargs: Any) -> None:
        """The overlay starts at zero."""
        super().__init__(num_visible, num_hidden, settings, **kwargs)
        require_at_least(0, fast_rate=settings.fast_rate)
        self.overlay = self._variable((num_visible, num_hidden), "overlay", "mean")

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The chains after sweeps under the driven weights."""
        driven = dataclasses.replace(harmonium, kernel=harmonium.kernel + self.overlay.value)
        return super().draw(driven, v_data)

    def learn(self, harmonium: Harmonium, v_data: tf.Tensor, v_model: tf.Tensor) -> None:
        """One fast step along the log-likelihood's gradient by the kernel, <v h>_data - <v h>_model."""

        def correlation(v: tf.Tensor) -> tf.Tensor:
            num_rows = tf.cast(tf.shape(v)[0], v.dtype)
            return tf.matmul(v, tf.sigmoid(harmonium.hidden_field(v)), transpose_a=True) / num_rows

        step = self.settings.fast_rate * (correlation(v_data) - correlation(v_model))
        self.overlay.assign(self.DECAY * self.overlay.value + step)


class Tempering(NegativePhase):
    """Chains at inverse temperatures from 1 down to 0 that swap states with their neighbours, so that modes are left.

    Attributes:
      betas: inverse temperatures, [T].
      chains: their states, [T, num_chains, V], dealt out to the replicas in order.

    References:
      Cho, Raiko & Ilin (2010), Parallel tempering is efficient for learning restricted Boltzmann machines.
    """

    def __init__(self, num_visible: int, num_hidden: int, settings: Settings, **kwargs: Any) -> None:
        """Chains start at zero."""
        super().__init__(num_visible, num_hidden, settings, **kwargs)
        require_at_least(1, num_chains=settings.num_chains)
        require_at_least(2, num_temperatures=settings.num_temperatures)
        self.betas = np.linspace(1.0, 0.0, settings.num_temperatures)
        self.chains = self._variable((settings.num_temperatures, settings.num_chains, num_visible), "chains", "sum")

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The chains at beta = 1 after sweeps at every temperature and one round of swaps."""
        rows = running_rows().of(self.settings.num_chains, "num_chains")
        v = rows.gather_mine(tf.convert_to_tensor(self.chains.value), axis=1)
        shape = (self.settings.num_gibbs_steps, len(self.betas), self.num_hidden + self.num_visible)
        noise = tf.transpose(rows.noise(shape, self._stream, v.dtype.name), [1, 2, 0, 3])
        for index in range(self.settings.num_gibbs_steps):
            v = gibbs.tempered(harmonium, self.betas).sweep(v, noise[index])
        noise = tf.transpose(rows.noise((len(self.betas),), self._stream + 1, v.dtype.name))
        for first in (0, 1):
            v = gibbs.swap_neighbours(harmonium, self.betas, v, noise, first)
        self.chains.assign(rows.pad_others(v, axis=1))
        return v[0]

    def start_at(self, v_data: tf.Tensor, now: tf.Tensor) -> None:
        """As persistent chains, at every temperature alike."""
        _start(self.chains, self.settings.num_chains, v_data, now, axis=1)

    def states(self) -> tf.Tensor:
        """The chains at beta = 1."""
        return tf.convert_to_tensor(self.chains.value)[0]


def _start(chains: keras.Variable, num_chains: int, v_data: tf.Tensor, now: tf.Tensor, axis: int) -> None:
    rows = running_rows().of(num_chains, "num_chains")
    # In proportion, so that replicas together take the examples that one would.
    v = tf.gather(v_data, tf.range(rows.num_rows) * tf.shape(v_data)[0] // rows.num_rows)
    mine = rows.gather_mine(tf.convert_to_tensor(chains.value), axis=axis)
    chains.assign(rows.pad_others(tf.where(now, v, mine), axis=axis))


NEGATIVE_PHASES: dict[str, type[NegativePhase]] = {
    "cd": ContrastiveDivergence,
    "pcd": Persistent,
    "fast_pcd": FastPersistent,
    "tempering": Tempering,
}


def negative_phase(
    kind: str, num_visible: int, num_hidden: int, *, stream: int = 0, name: str = "negative_phase", **settings: Any
) -> NegativePhase:
    """A negative phase by its name in `NEGATIVE_PHASES`.

    Args:
      kind: the name.
      num_visible: V.
      num_hidden: H.
      stream: keeps the noise of two phases of one model apart.
      name: of the layer.
      **settings: those of `Settings`; a kind leaves alone what it does not have.

    Raises:
      ValueError: naming the field with a value that it cannot have.
    """
    require_choice("negative_phase", kind, NEGATIVE_PHASES)
    return NEGATIVE_PHASES[kind](num_visible, num_hidden, Settings(**settings), stream=stream, name=name)
