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


class NegativePhase(keras.layers.Layer, abc.ABC):
    """Draws states of a harmonium within a training step.

    Attributes:
      num_gibbs_steps: sweeps a step.
      num_chains: persistent chains of the whole run, dealt out to the replicas in order; 0 where none persist.
    """

    def __init__(self, num_gibbs_steps: int, num_chains: int, *, stream: int = 0, name: str) -> None:
        """Args: stream: keeps the noise of two phases of one model apart."""
        super().__init__(name=name)
        self.num_gibbs_steps, self.num_chains = num_gibbs_steps, num_chains
        self._stream = _STREAM + 2 * stream
        self.built = True

    @abc.abstractmethod
    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """States v_model [C, V] of this replica, given its data [B, V]."""

    def learn(self, harmonium: Harmonium, v_data: tf.Tensor, v_model: tf.Tensor) -> None:
        """What the phase itself learns from a step; by default nothing."""

    def states(self) -> tf.Tensor | None:
        """The persistent states [num_chains, V] at the model's own temperature, or None."""
        return None

    def _variable(self, shape: tuple[int, ...], name: str, aggregation: str) -> keras.Variable:
        return self.add_weight(shape=shape, initializer="zeros", trainable=False, aggregation=aggregation, name=name)


class ContrastiveDivergence(NegativePhase):
    """`num_gibbs_steps` sweeps from the data: cheap, and biased towards it."""

    def __init__(self, num_visible: int, num_hidden: int, *, num_gibbs_steps: int = 1, **kwargs: Any) -> None:
        """There are as many chains as examples."""
        del num_visible, num_hidden
        super().__init__(num_gibbs_steps, 0, **kwargs)

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The data after `num_gibbs_steps` sweeps."""
        width = harmonium.num_hidden + harmonium.num_visible
        noise = running_rows().noise((self.num_gibbs_steps, width), self._stream, v_data.dtype.name)
        return gibbs.run_with_noise(harmonium, v_data, noise)


class Persistent(NegativePhase):
    """Chains that go on from step to step: the learning rate must be small against their mixing."""

    def __init__(
        self, num_visible: int, num_hidden: int, *, num_gibbs_steps: int = 1, num_chains: int = 100, **kwargs: Any
    ) -> None:
        """Args: num_chains: a multiple of the number of replicas."""
        del num_hidden
        super().__init__(num_gibbs_steps, num_chains, **kwargs)
        # Each replica assigns its own rows and zeros elsewhere: the sum over replicas is the whole.
        self.chains = self._variable((num_chains, num_visible), "chains", "sum")

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The chains after `num_gibbs_steps` sweeps more."""
        rows = running_rows().of(self.num_chains, "num_chains")
        width = harmonium.num_hidden + harmonium.num_visible
        noise = rows.noise((self.num_gibbs_steps, width), self._stream, v_data.dtype.name)
        v = gibbs.run_with_noise(harmonium, rows.gather_mine(tf.convert_to_tensor(self.chains.value)), noise)
        self.chains.assign(rows.pad_others(v))
        return v

    def states(self) -> tf.Tensor:
        """The chains."""
        return tf.convert_to_tensor(self.chains.value)


class FastPersistent(Persistent):
    """Chains under kernel + overlay; the overlay learns and decays fast, which drives the chains on.

    References:
      Tieleman & Hinton (2009), Using fast weights to improve persistent contrastive divergence, section 3.
    """

    def __init__(
        self, num_visible: int, num_hidden: int, *, fast_rate: float = 0.01, fast_decay: float = 0.95, **kwargs: Any
    ) -> None:
        """Args: fast_rate: learning rate of the overlay. fast_decay: what is left of it a step later, 19/20 there."""
        super().__init__(num_visible, num_hidden, **kwargs)
        self.fast_rate, self.fast_decay = fast_rate, fast_decay
        self.overlay = self._variable((num_visible, num_hidden), "overlay", "mean")

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The chains after sweeps under the driven weights."""
        driven = dataclasses.replace(harmonium, kernel=harmonium.kernel + self.overlay.value)
        return super().draw(driven, v_data)

    def learn(self, harmonium: Harmonium, v_data: tf.Tensor, v_model: tf.Tensor) -> None:
        """One fast step along the gradient that the weights themselves take."""

        def correlation(v: tf.Tensor) -> tf.Tensor:
            num_rows = tf.cast(tf.shape(v)[0], v.dtype)
            return tf.matmul(v, tf.sigmoid(harmonium.hidden_field(v)), transpose_a=True) / num_rows

        step = self.fast_rate * (correlation(v_data) - correlation(v_model))
        self.overlay.assign(self.fast_decay * self.overlay.value + step)


class Tempering(NegativePhase):
    """Chains at inverse temperatures from 1 down to 0 that swap states with their neighbours, so that modes are left.

    References:
      Cho, Raiko & Ilin (2010), Parallel tempering is efficient for learning restricted Boltzmann machines.
    """

    def __init__(
        self,
        num_visible: int,
        num_hidden: int,
        *,
        num_gibbs_steps: int = 1,
        num_chains: int = 100,
        num_temperatures: int = 10,
        **kwargs: Any,
    ) -> None:
        """Args: num_temperatures: at least 2, evenly from beta = 1 to 0. num_chains: at each of them."""
        del num_hidden
        super().__init__(num_gibbs_steps, num_chains, **kwargs)
        require_at_least(2, num_temperatures=num_temperatures)
        self.betas = np.linspace(1.0, 0.0, num_temperatures)
        self.chains = self._variable((num_temperatures, num_chains, num_visible), "chains", "sum")

    def draw(self, harmonium: Harmonium, v_data: tf.Tensor) -> tf.Tensor:
        """The chains at beta = 1 after sweeps at every temperature and one round of swaps."""
        rows = running_rows().of(self.num_chains, "num_chains")
        v = rows.gather_mine(tf.convert_to_tensor(self.chains.value), axis=1)
        num_temperatures, width = len(self.betas), harmonium.num_hidden + harmonium.num_visible
        noise = rows.noise((self.num_gibbs_steps, num_temperatures, width), self._stream, v.dtype.name)
        for index in range(self.num_gibbs_steps):
            v = self._tempered(harmonium, slice(None)).sweep(v, tf.transpose(noise[:, index], [1, 0, 2]))
        swap_noise = tf.transpose(rows.noise((num_temperatures,), self._stream + 1, v.dtype.name))
        for first in (0, 1):
            v = self._swap(harmonium, v, swap_noise, first)
        self.chains.assign(rows.pad_others(v, axis=1))
        return v[0]

    def states(self) -> tf.Tensor:
        """The chains at beta = 1."""
        return tf.convert_to_tensor(self.chains.value)[0]

    def _tempered(self, harmonium: Harmonium, which: slice) -> Harmonium:
        return harmonium.at(tf.constant(self.betas[which, np.newaxis, np.newaxis], harmonium.kernel.dtype))

    def _swap(self, harmonium: Harmonium, v: tf.Tensor, noise: tf.Tensor, first: int) -> tf.Tensor:
        """Offers to swap the states of temperatures (first, first + 1), (first + 2, first + 3), ..."""
        num_pairs = (len(self.betas) - first) // 2
        if not num_pairs:
            return v
        end = first + 2 * num_pairs
        cold, hot = slice(first, end, 2), slice(first + 1, end, 2)
        at_cold, at_hot = self._tempered(harmonium, cold), self._tempered(harmonium, hot)
        stay = at_cold.free_energy(v[cold]) + at_hot.free_energy(v[hot])
        swap = at_cold.free_energy(v[hot]) + at_hot.free_energy(v[cold])
        accepted = (tf.math.log(noise[cold]) < stay - swap)[..., tf.newaxis]
        pairs = tf.stack([tf.where(accepted, v[hot], v[cold]), tf.where(accepted, v[cold], v[hot])], axis=1)
        swapped = tf.reshape(pairs, tf.shape(v[first:end]))
        return tf.concat([v[:first], swapped, v[end:]], axis=0)


NEGATIVE_PHASES: dict[str, type[NegativePhase]] = {
    "cd": ContrastiveDivergence,
    "pcd": Persistent,
    "fast_pcd": FastPersistent,
    "tempering": Tempering,
}

_OWN_SETTINGS = {"cd": (), "pcd": (), "fast_pcd": ("fast_rate",), "tempering": ("num_temperatures",)}


def negative_phase(
    kind: str, num_visible: int, num_hidden: int, *, num_gibbs_steps: int, num_chains: int, name: str, **settings: Any
) -> NegativePhase:
    """A negative phase by its name in `NEGATIVE_PHASES`.

    Args:
      kind: the name.
      num_visible: V.
      num_hidden: H.
      num_gibbs_steps: sweeps a step, at least 1.
      num_chains: persistent chains, at least 1 where the kind has them.
      name: of the layer.
      **settings: `stream`; `fast_rate` and `num_temperatures`, which go to the kind that has them.

    Raises:
      ValueError: naming the field with a value that it cannot have.
    """
    require_choice("negative_phase", kind, NEGATIVE_PHASES)
    require_at_least(1, num_gibbs_steps=num_gibbs_steps)
    kwargs: dict[str, Any] = {"num_gibbs_steps": num_gibbs_steps, "name": name, "stream": settings.pop("stream", 0)}
    if kind != "cd":
        require_at_least(1, num_chains=num_chains)
        kwargs["num_chains"] = num_chains
    kwargs |= {key: settings[key] for key in _OWN_SETTINGS[kind] if key in settings}
    return NEGATIVE_PHASES[kind](num_visible, num_hidden, **kwargs)
