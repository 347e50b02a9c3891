"""Keras optimizers from their configurations, with rates that are functions of the checkpointed phase step."""

import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfdgm.configs import OptimizerConfig
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.models.base import GenerativeModel
from tfdgm.training.fused_adam import FusedAdam

# Fraction of the peak rate, of the fraction of the phase that is done.
SCHEDULES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "constant": tf.ones_like,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1.0 + tf.cos(math.pi * done)),
    "burda": lambda done: tf.pow(10.0, -_burda_stage(done) / 7.0),
}

_ADAM = ("beta_1", "beta_2", "epsilon")
OPTIMIZERS: dict[str, tuple[type[keras.optimizers.Optimizer], tuple[str, ...]]] = {
    "adam": (FusedAdam, _ADAM),
    "adamw": (FusedAdam, _ADAM),  # the same: in Keras weight decay is decoupled in every optimizer
    "adamax": (keras.optimizers.Adamax, _ADAM),
    "rmsprop": (keras.optimizers.RMSprop, ("momentum", "epsilon")),
    "sgd": (keras.optimizers.SGD, ("momentum",)),
    "adagrad": (keras.optimizers.Adagrad, ("epsilon",)),
    "adadelta": (keras.optimizers.Adadelta, ("epsilon",)),
}


class PhaseSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A rate as a function of the model's phase step, however many steps of its own an optimizer takes in it."""

    def __init__(self, config: OptimizerConfig, model: GenerativeModel, num_steps: int) -> None:
        """Args: config: peak, shape and warm-up. model: whose `phase_step` is read. num_steps: of the phase."""
        self.config, self.model, self.num_steps = config, model, num_steps

    def __call__(self, step: Any) -> tf.Tensor:
        """The rate now; the optimizer's own count is not used."""
        del step
        done = tf.cast(self.model.phase_step, tf.float32)
        fraction = SCHEDULES[self.config.schedule](tf.minimum(done / self.num_steps, 1.0))
        if self.config.warmup_steps:
            fraction *= tf.minimum((done + 1.0) / self.config.warmup_steps, 1.0)
        return self.config.learning_rate * fraction

    def get_config(self) -> dict[str, Any]:
        """The schedule's numbers."""
        return {**dataclasses.asdict(self.config), "num_steps": self.num_steps}


def make_optimizers(configs: Any, model: GenerativeModel, num_steps: int) -> dict[str, keras.optimizers.Optimizer]:
    """One optimizer for each variable group of `model`.

    Args:
      configs: the family's optimizers dataclass: a field a group; numbered groups without one of their own, such as
        `rbm_2`, share the field `rbm`.
      model: has the groups.
      num_steps: of the phase that schedules stretch over.
    """
    fields = {group: group if hasattr(configs, group) else re.sub(r"_\d+$", "", group) for group in model.groups()}
    return {
        group: make_optimizer(getattr(configs, field), model, num_steps, group, field)
        for group, field in fields.items()
    }


def make_optimizer(
    config: OptimizerConfig, model: GenerativeModel, num_steps: int, group: str, field: str = ""
) -> keras.optimizers.Optimizer:
    """One Keras optimizer, named after its variable group.

    Args:
      config: its numbers.
      model: whose phase step the rate is a function of.
      num_steps: of the phase.
      group: the variable group.
      field: of the optimizers dataclass, for messages; empty is the group's name.

    Raises:
      ValueError: naming the field with a value it cannot have.
    """
    field = f"optimizers.{field or group}"
    require_choice(f"{field}.name", config.name, OPTIMIZERS)
    require_choice(f"{field}.schedule", config.schedule, SCHEDULES)
    require_at_least(0, **{f"{field}.learning_rate": config.learning_rate})
    constructor, names = OPTIMIZERS[config.name]
    kwargs = {name: getattr(config, name) for name in names}
    if config.name == "rmsprop":
        kwargs["rho"] = config.beta_2
    if config.clip_norm:
        kwargs["global_clipnorm"] = config.clip_norm
    if config.weight_decay:
        kwargs["weight_decay"] = config.weight_decay
    return constructor(PhaseSchedule(config, model, num_steps), name=group, **kwargs)


def set_num_steps(optimizer: keras.optimizers.Optimizer, num_steps: int) -> None:
    """Stretches the optimizer's schedule over a phase of `num_steps`; the step is traced anew in each phase."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # a LossScaleOptimizer has it
    inner._learning_rate.num_steps = num_steps


def _burda_stage(done: tf.Tensor) -> tf.Tensor:
    # Stages i = 0..7 of 3**i parts each, 3280 in all, so that stage i + 1 begins at part (3**(i + 1) - 1) / 2. A
    # thousandth of a part is given away: done * 3280 may round to just below a whole number.
    part = done * 3280.0 + 1e-3
    return sum(tf.cast(part >= (3 ** (i + 1) - 1) / 2, tf.float32) for i in range(7))
