"""What the training procedures of sigmoid belief nets have in common: one step, on whatever net there is."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least, require_between
from tfdgm.networks.belief_network import BeliefNetwork

States = tuple[tf.Tensor, ...]
Logs = dict[str, tf.Tensor]

WAKE_STREAM, SLEEP_STREAM = 0, 1


class Learner(Protocol):
    """The model that learns: see `tfdgm.models.base.GenerativeModel`."""

    network: BeliefNetwork

    def minimize(self, group: str, loss_fn: Callable[..., Any], *args: Any) -> Any:
        """One optimizer step of a variable group."""

    def row_noise(self, shape: tuple[int, ...], stream: int = 0) -> tf.Tensor:
        """Uniforms [B, *shape] of this step's rows."""

    def global_mean(self, value: tf.Tensor) -> tf.Tensor:
        """Mean over replicas."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What procedures can be told; each takes what it knows. `tfdgm.configs.sbn.SBNConfig` explains the fields."""

    num_importance_samples: int = 5
    recognition_phases: str = "both"
    baseline_sizes: tuple[int, ...] = (100,)
    moment_decay: float = 0.8
    num_gibbs_sweeps: int = 10
    num_persistent_examples: int = 0
    num_mean_field_steps: int = 20

    def __post_init__(self) -> None:
        """Refuses numbers out of range, by name."""
        require_at_least(1, num_importance_samples=self.num_importance_samples, num_gibbs_sweeps=self.num_gibbs_sweeps)
        require_at_least(1, num_mean_field_steps=self.num_mean_field_steps)
        require_at_least(1, baseline_sizes=min(self.baseline_sizes, default=1))
        require_at_least(0, num_persistent_examples=self.num_persistent_examples)
        require_between(0, 1, moment_decay=self.moment_decay)


class BeliefProcedure(keras.layers.Layer, abc.ABC):
    """One way to train a belief net; a layer, for some keep variables of their own.

    Trainable variables, where there are any, are the group `baseline`.

    Attributes:
      has_recognition: whether it trains a recognition net q beside p.
    """

    has_recognition: ClassVar[bool]

    def __init__(self, sizes: tuple[int, ...], settings: Settings, *, name: str = "procedure") -> None:
        """Args: sizes: units of x, h_1, ..., h_L. settings: see `Settings`."""
        super().__init__(name=name)
        self.sizes, self.settings = sizes, settings
        self.built = True

    @abc.abstractmethod
    def step(self, learner: Learner, x: tf.Tensor, index: tf.Tensor | None) -> Logs:
        """One training step.

        Args:
          learner: the model, with the groups `generative` and, where they belong to the procedure, `recognition` and
            `baseline`.
          x: [B, D_0].
          index: of each example in the data set, int64 [B]; None where the batch does not tell.
        """


def posterior_samples(learner: Learner, x: tf.Tensor, num_samples: int) -> States:
    """x [B, 1, D_0] and h_1, ..., h_L from q(h|x), [B, num_samples, D_l]."""
    noise = learner.row_noise((num_samples, learner.network.num_latents), WAKE_STREAM)
    return learner.network.recognition().draw_all(noise, top=x[:, tf.newaxis])


def dreams(learner: Learner) -> States:
    """x, h_1, ..., h_L from p, [B, D_l]."""
    noise = learner.row_noise((sum(learner.network.sizes),), SLEEP_STREAM)
    return learner.network.generative().draw_all(noise)[::-1]
