"""ALI and BiGAN: fields and presets.

What a preset's summary says it reaches is of seed 0 on the test split, on two CPU cores; those that state no figure
have not been run to the end.
"""

import dataclasses

from tfdgm.configs import adversarial
from tfdgm.configs.experiment import ExperimentConfig, Preset


@dataclasses.dataclass
class ALIConfig:
    """Fields of `tfdgm.models.ali.ALI`.

    Attributes:
      model_name: entry of the model registry.
      latent_dim: dimensions of z.
      network: `mlp`, or `dcgan` for images whose sides the strides divide.
      hidden_sizes: `mlp`: units of the hidden layers of encoder and discriminator; the generator mirrors them.
      num_filters: `dcgan`: filters at each halving, likewise.
      activation: `mlp`: any Keras activation.
      normalization: `dcgan`: of generator and encoder: `none`, `batch` or `layer`.
      discriminator_normalization: `none`, `spectral`, and with `dcgan` `layer`.
      joint_size: units of the discriminator's layer of z, and of its layer of x and z.
      has_noise: whether q(z|x) is a Gaussian (ALI); else z is a function of x (BiGAN).
      loss: of generator and encoder: `non_saturating` or `minimax`.
      penalty: on the discriminator's gradient by the pair (x, z): `none`, `r1`, `gradient` or `one_sided_gradient`.
      penalty_weight: its weight: lambda, or gamma of R_1.
    """

    model_name: str = "ali"
    latent_dim: int = 16
    network: str = "dcgan"
    hidden_sizes: tuple[int, ...] = (128, 128)
    num_filters: tuple[int, ...] = (32, 64)
    activation: str = "relu"
    normalization: str = "batch"
    discriminator_normalization: str = "none"
    joint_size: int = 256
    has_noise: bool = True
    loss: str = "non_saturating"
    penalty: str = "none"
    penalty_weight: float = 0.0


def _with_encoder(config: ExperimentConfig, argument: str) -> ExperimentConfig:
    config.model.has_noise = argument != "bigan"
    return config


def _mnist(argument: str) -> ExperimentConfig:
    """Codes of 32 dimensions, in the networks of the digits."""
    return _with_encoder(adversarial.image_gan("mnist", ALIConfig(latent_dim=32)), argument)


def _digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits."""
    return _with_encoder(adversarial.digits_gan(ALIConfig()), argument)


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    config = adversarial.smoke(config)
    config.model.joint_size = 8
    return config


PRESETS: dict[str, Preset] = {
    "ali:digits": Preset(
        _digits,
        _smoke,
        "ALI on the embedded 8x8 digits: 96% by the nearest code, C-FID 0.9 in 8 minutes",
        ("smoke", "bigan"),
    ),
    "ali:mnist": Preset(_mnist, _smoke, "ALI on MNIST: 94% by the nearest code, C-FID 5.7", ("smoke", "bigan")),
}
