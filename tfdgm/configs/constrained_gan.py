"""GAN with a knowledge constraint: fields and presets.

The argument says which constraint: `none`, `fixed` (the default) or `learned`; all else is that of `dcgan`. What a
preset's summary says it reaches is of seed 0 on the test split, on two CPU cores.
"""

import dataclasses

from tfdgm.configs import adversarial, gan
from tfdgm.configs.experiment import ExperimentConfig, OptimizerConfig, Preset


@dataclasses.dataclass
class ConstrainedGANConfig(gan.GANConfig):
    """Fields of `tfdgm.models.constrained_gan.ConstrainedGAN`.

    Attributes:
      constraint: what is known: `centred` or `full_height`; see `tfdgm.math.image_constraints`.
      constraint_kind: `none`, `fixed`, or `learned`: f is sigmoid(a network of the constraint's statistics).
      constraint_weight: alpha; 0 with `none`.
      constraint_hidden_sizes: units of the hidden layers of a learned f.
    """

    model_name: str = "constrained_gan"
    constraint: str = "centred"
    constraint_kind: str = "fixed"
    constraint_weight: float = 1.0
    constraint_hidden_sizes: tuple[int, ...] = (32, 32)


@dataclasses.dataclass
class ConstrainedGANOptimizers(adversarial.GANOptimizers):
    """One optimizer a player, and one of a learned constraint."""

    constraint: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _constrained(config: ExperimentConfig, constraint: str, fixed_weight: float, argument: str) -> ExperimentConfig:
    """The run of a GAN with one of the three kinds of constraint."""
    kind = argument or "fixed"
    config.model.constraint, config.model.constraint_kind = constraint, kind
    config.model.constraint_weight = {"none": 0.0, "fixed": fixed_weight, "learned": 1.0}[kind]
    players = dataclasses.asdict(config.optimizers)
    config.optimizers = ConstrainedGANOptimizers(
        **{name: OptimizerConfig(**fields) for name, fields in players.items()}
    )
    config.evaluation.metrics += (constraint,)
    config.training.sample_metrics += (constraint,)
    return config


def _mnist(argument: str) -> ExperimentConfig:
    """MNIST; f is decayed where it is learned, or its sigmoid would be 1 on all images, without a slope."""
    config = _constrained(adversarial.batch_normalized_gan("mnist", ConstrainedGANConfig()), "centred", 1.0, argument)
    if argument == "learned":
        config.optimizers.constraint = OptimizerConfig(name="adamw", weight_decay=1.0)
    return config


PRESETS: dict[str, Preset] = {
    "constrained_gan:digits": Preset(
        lambda argument: _constrained(adversarial.digits_gan(ConstrainedGANConfig()), "full_height", 10.0, argument),
        adversarial.smoke,
        "DCGAN on the embedded 8x8 digits that are to be as high as their box: 99.8% are, 98.4% without; C-FID 0.80",
        ("smoke", "none", "fixed", "learned"),
    ),
    "constrained_gan:mnist": Preset(
        _mnist,
        adversarial.smoke,
        "DCGAN on MNIST whose centre of mass is to be in the middle: 92% are, 78% without; C-FID 2.8 and 2.2",
        ("smoke", "none", "fixed", "learned"),
    ),
}
