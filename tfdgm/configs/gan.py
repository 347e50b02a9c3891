"""GAN and DCGAN: fields and presets.

What a preset's summary says it reaches is on the test split, on two CPU cores, as in `results/<preset>.json`; those
that state no figure have not been run to the end. C-FID and C-IS are FID and Inception Score on the features of this
package's own classifier of the data set: they compare with each other, never with figures on Inception's features.
"""

import dataclasses

from tfdgm.configs.adversarial import (
    AdversarialConfig,
    batch_normalized_gan,
    dense_image_gan,
    digits_gan,
    gan_mixture,
    image_gan,
    preset,
)
from tfdgm.configs.experiment import ExperimentConfig, Preset
from tfdgm.configs.sample_evaluation import PIXEL_METRICS


@dataclasses.dataclass
class GANConfig(AdversarialConfig):
    """Fields of `tfdgm.models.gan.GAN`.

    Attributes:
      loss: `minimax`, `non_saturating`, `least_squares`, `hinge`, `wasserstein`, `relativistic` or
        `relativistic_average`.
      num_discriminator_steps: discriminator steps for one of the generator. `training.batch_size` is dealt out to them.
      num_generator_steps: generator steps, each on noise of its own.
    """

    model_name: str = "gan"
    discriminator_normalization: str = "batch"
    loss: str = "non_saturating"
    num_discriminator_steps: int = 1
    num_generator_steps: int = 1


def _dcgan(name: str, argument: str = "") -> ExperimentConfig:
    """Batch-normalised, or with the argument `r1` penalised: what an IWGAN is held against."""
    build = dense_image_gan if argument == "r1" else batch_normalized_gan
    return build(name, GANConfig(model_name="dcgan"), argument)


def _folder(argument: str) -> ExperimentConfig:
    """Images of the user's own, of which no classifier is known: figures of pixels alone, and the last checkpoint."""
    config = image_gan("folder", GANConfig(model_name="dcgan"), argument)
    config.training.sample_metrics, config.training.best_metric = (), ""
    config.evaluation.metrics = (*PIXEL_METRICS, "parzen")
    return config


PRESETS: dict[str, Preset] = {
    "gan:mixture8": preset(
        lambda argument: gan_mixture("mixture8", GANConfig()), "GAN on a ring of 8 Gaussians: 6 or 7 modes in a minute"
    ),
    "gan:mixture25": preset(
        lambda argument: gan_mixture("mixture25", GANConfig()),
        "GAN on a grid of 25 Gaussians: 9 to 14 modes in a minute",
    ),
    "dcgan:digits": preset(
        lambda argument: digits_gan(GANConfig(model_name="dcgan"), argument),
        "DCGAN with R1 on the embedded 8x8 digits: C-FID 0.9 in 3 minutes",
        "conditional",
    ),
    "dcgan:mnist": preset(
        lambda argument: _dcgan("mnist", argument),
        "DCGAN on MNIST: C-FID 2.2, C-IS 9.2 in 6 minutes on one core",
        "conditional",
        "r1",
    ),
    "dcgan:fashion_mnist": preset(
        lambda argument: _dcgan("fashion_mnist", argument),
        "DCGAN on Fashion-MNIST: C-FID 2.3, C-IS 7.2 in 6 minutes on one core",
        "conditional",
    ),
    "dcgan:folder": preset(_folder, "DCGAN on your own images: --config.data.path=DIR"),
}
