"""VAE/GAN: fields and presets. That of MNIST has not been run."""

import dataclasses

from tfdgm.configs import adversarial
from tfdgm.configs.adversarial import AdversarialConfig
from tfdgm.configs.experiment import ExperimentConfig, OptimizerConfig, Preset


@dataclasses.dataclass
class VAEGANConfig(AdversarialConfig):
    """Fields of `tfdgm.models.vae_gan.VAEGAN`.

    Attributes:
      loss: of the generator: `minimax` as in the paper's algorithm, or `non_saturating`.
      reconstruction_weight: gamma, of the likelihood of features in the generator's loss.
    """

    model_name: str = "vae_gan"
    latent_dim: int = 64
    loss: str = "non_saturating"
    reconstruction_weight: float = 1e-2


@dataclasses.dataclass
class VAEGANOptimizers:
    """One optimizer each."""

    encoder: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    generator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    discriminator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _encoded(config: ExperimentConfig) -> ExperimentConfig:
    """With an encoder that learns at the generator's rate."""
    players = config.optimizers
    config.optimizers = VAEGANOptimizers(
        encoder=dataclasses.replace(players.generator, beta_1=0.9),
        generator=players.generator,
        discriminator=players.discriminator,
    )
    return config


PRESETS: dict[str, Preset] = {
    "vae_gan:digits": Preset(
        lambda argument: _encoded(adversarial.digits_gan(VAEGANConfig(latent_dim=16))),
        adversarial.smoke,
        "VAE/GAN on the embedded 8x8 digits: C-FID 1.8 in 5 minutes",
    ),
    "vae_gan:mnist": Preset(
        lambda argument: _encoded(adversarial.image_gan("mnist", VAEGANConfig(latent_dim=32))),
        adversarial.smoke,
        "VAE/GAN on MNIST",
    ),
}
