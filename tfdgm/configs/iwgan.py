"""Importance-weighted GAN: fields and presets. That of the ring has not been run.

A preset differs from that of the GAN it goes with in the generator's loss alone: `gan:mixture8`, `dcgan:digits` and
`dcgan:mnist:r1`. One importance sample makes it the GAN.
"""

import dataclasses

from tfdgm.configs import adversarial
from tfdgm.configs.adversarial import AdversarialConfig
from tfdgm.configs.experiment import ExperimentConfig, Preset, Published


@dataclasses.dataclass
class IWGANConfig(AdversarialConfig):
    """Fields of `tfdgm.models.iwgan.IWGAN`; its losses are the logistic ones.

    Attributes:
      num_importance_samples: K, generated examples that share a row's weight in a generator step.
      num_discriminator_steps: as in `GANConfig`.
      num_generator_steps: as in `GANConfig`.
    """

    model_name: str = "iwgan"
    num_importance_samples: int = 5
    num_discriminator_steps: int = 1
    num_generator_steps: int = 1


def _mixture8(argument: str) -> ExperimentConfig:
    """The run of `gan:mixture8`."""
    del argument
    return adversarial.gan_mixture("mixture8", IWGANConfig())


PRESETS: dict[str, Preset] = {
    "iwgan:mixture8": Preset(
        _mixture8,
        adversarial.smoke,
        "importance-weighted GAN on a ring of 8 Gaussians",
    ),
    "iwgan:digits": Preset(
        lambda argument: adversarial.digits_gan(IWGANConfig(), argument),
        adversarial.smoke,
        "importance-weighted DCGAN on the embedded 8x8 digits: C-FID 0.8 in 5 minutes",
        ("smoke", "conditional"),
    ),
    "iwgan:mnist": Preset(
        lambda argument: adversarial.dense_image_gan("mnist", IWGANConfig(), argument),
        adversarial.smoke,
        "importance-weighted DCGAN on MNIST: C-IS 9.13, 8.98 by `dcgan:mnist:r1` (five seeds); 9 minutes on one core",
        ("smoke", "conditional"),
        {"c_inception_score": Published(8.45, "Hu et al. 2018, their own classifier; a GAN 8.34")},
    ),
}
