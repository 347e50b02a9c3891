"""The few types that every floor above shares."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

Domain = Literal["binary", "unit", "symmetric", "uint8", "real", "logit", "tokens"]
DOMAINS: tuple[str, ...] = ("binary", "unit", "symmetric", "uint8", "real", "logit", "tokens")


@dataclasses.dataclass(frozen=True)
class DataSpec:
    """What one example is. Built by the data pipeline, stored in `config.json`, given to every model.

    Attributes:
      shape: event shape of `x`; images are `[H, W, C]`, vectors `[D]`.
      dtype: dtype of `x` as the pipeline delivers it.
      domain: the values of `x`: `binary` {0, 1}; `unit` [0, 1]; `symmetric` [-1, 1]; `uint8` the whole
        numbers 0 to 255; `real` any; `logit` any, grey levels spread by `tfdgm.math.logit`; `tokens` indices into
        `vocabulary`.
      num_levels: how many equally spaced values a scalar takes over its domain (256 for 8-bit images, 2 for
        binary ones, 17 for the 8x8 digits); 0 where it is continuous.
      num_classes: number of labels, 0 where the data has none.
      class_names: of the labels, where they are words, as rules speak of them; empty: their numbers.
      vocabulary: the tokens, for domain `tokens`: padding and the unknown first.
      logit_alpha: margin of domain `logit`, at least 0 and below 1/2; 0 for all others.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    domain: Domain = "unit"
    num_levels: int = 256
    num_classes: int = 0
    class_names: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    logit_alpha: float = 0.0

    def __post_init__(self) -> None:
        """Normalises lists read from JSON; refuses an unknown domain, an empty shape, a margin out of place."""
        object.__setattr__(self, "shape", tuple(int(size) for size in self.shape))
        object.__setattr__(self, "class_names", tuple(self.class_names))
        object.__setattr__(self, "vocabulary", tuple(self.vocabulary))
        if self.domain not in DOMAINS:
            raise ValueError(f"domain is {self.domain!r}; it must be one of {', '.join(DOMAINS)}")
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"shape is {self.shape}; it needs at least one dimension, each at least 1")
        if self.class_names and len(self.class_names) != self.num_classes:
            raise ValueError(f"class_names are {self.class_names}; num_classes is {self.num_classes}")
        if not 0.0 <= self.logit_alpha < 0.5:
            raise ValueError(f"logit_alpha is {self.logit_alpha}; it must be at least 0 and below 0.5")
        if self.logit_alpha and self.domain != "logit":
            raise ValueError(f"logit_alpha is {self.logit_alpha}, but domain is {self.domain!r}; it goes with 'logit'")

    @property
    def is_image(self) -> bool:
        """True for `[H, W, C]` with 1 or 3 channels."""
        return len(self.shape) == 3 and self.shape[-1] in (1, 3)

    @property
    def num_dims(self) -> int:
        """Number of scalars in one example."""
        return int(np.prod(self.shape))


@dataclasses.dataclass(frozen=True)
class Phase:
    """One stretch of training with fixed shapes and groups; a run is a list of them.

    Attributes:
      name: unique in the run; it stands in logs and checkpoints.
      steps: training steps; None takes the run's `training.num_steps`.
      batch_size: global batch size; None takes the run's.
      event_shape: shape of `x` in this phase; None is the data's own.
      groups: the variable groups that train; None means all.
      reset_optimizers: begin the phase with fresh optimizer slots and iteration counts.
    """

    name: str = "train"
    steps: int | None = None
    batch_size: int | None = None
    event_shape: tuple[int, ...] | None = None
    groups: tuple[str, ...] | None = None
    reset_optimizers: bool = False


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """One published function of a model.

    Attributes:
      fn: takes the inputs by name, returns a flat dict of tensors, each `[B, ...]`.
      inputs: one `tf.TensorSpec` an input, by name, each with leading dimension None.
    """

    fn: Callable[..., dict[str, Any]]
    inputs: dict[str, Any]
