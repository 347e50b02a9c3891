"""Adversary-activated VAEs, without classes and with: fields and presets.

A preset differs from that of the VAE it goes with (`vae`, `svae` or `cvae`) in the discriminator alone. Those of
MNIST that state no figure have not been run; figures of `percent1` and `percent10` are in `docs/semi-supervised.md`.
"""

import dataclasses

from tfdgm.configs import semi_supervised, vae
from tfdgm.configs.experiment import ExperimentConfig, OptimizerConfig, Preset, Published
from tfdgm.configs.semi_supervised import SemiSupervisedVAEConfig
from tfdgm.configs.vae import VAEConfig


@dataclasses.dataclass
class AAVAEConfig(VAEConfig):
    """Fields of `tfdgm.models.adversary_activated.AAVAE`.

    Attributes:
      discriminator_hidden_sizes: `mlp`: units of the discriminator's hidden layers.
      discriminator_num_filters: `conv`: filters at each of its halvings.
      discriminator_normalization: `none` or `spectral`; `conv`: `batch` or `layer` besides.
    """

    model_name: str = "aavae"
    discriminator_hidden_sizes: tuple[int, ...] = (200, 200)
    discriminator_num_filters: tuple[int, ...] = (32, 64)
    discriminator_normalization: str = "none"


@dataclasses.dataclass
class AASVAEConfig(SemiSupervisedVAEConfig):
    """Fields of `tfdgm.models.adversary_activated.AASVAE`.

    Attributes:
      discriminator_hidden_sizes: as in `AAVAEConfig`.
      discriminator_num_filters: likewise.
      discriminator_normalization: likewise.
    """

    model_name: str = "aasvae"
    discriminator_hidden_sizes: tuple[int, ...] = (200, 200)
    discriminator_num_filters: tuple[int, ...] = (32, 64)
    discriminator_normalization: str = "none"


@dataclasses.dataclass
class AAVAEOptimizers:
    """One optimizer for the discriminator, one for encoder and decoder together."""

    discriminator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    vae: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _activated(config: ExperimentConfig, model_name: str = "") -> ExperimentConfig:
    """The same run with a discriminator, which learns at the VAE's own rate."""
    fields = {**dataclasses.asdict(config.model)}
    kind = AASVAEConfig if isinstance(config.model, SemiSupervisedVAEConfig) else AAVAEConfig
    fields["model_name"] = model_name or kind.model_name
    config.model = kind(**fields)
    rate = config.optimizers.vae
    config.optimizers = AAVAEOptimizers(discriminator=dataclasses.replace(rate), vae=rate)
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    config.model.discriminator_hidden_sizes, config.model.discriminator_num_filters = (16,), (8, 8)
    return config


_ACCURACIES = "Hu et al. 2018, table of accuracies, 60,000 training images"
_BOUNDS = "Hu et al. 2018, table of bounds"

PRESETS: dict[str, Preset] = {
    "aavae:digits": Preset(
        lambda argument: _activated(vae.digits(argument)),
        lambda config: _smoke(vae.smoke(config)),
        "adversary-activated VAE on the embedded 8x8 digits: NLL <= 23.1 nats",
    ),
    "aavae:mnist": Preset(
        lambda argument: _activated(vae.mnist(argument)),
        lambda config: _smoke(vae.smoke(config)),
        "adversary-activated VAE on MNIST: NLL <= 88.2 nats in 44 minutes on one core",
        ("smoke", "percent1", "percent10"),
        {"elbo": Published(-92.42, f"{_BOUNDS}, 60,000 digits")},
        {
            "percent1": {"elbo": Published(-122.15, f"{_BOUNDS}, 1% of 60,000 digits")},
            "percent10": {"elbo": Published(-103.05, f"{_BOUNDS}, 10% of 60,000 digits")},
        },
    ),
    "aasvae:digits": Preset(
        lambda argument: _activated(semi_supervised.svae_digits(argument)),
        lambda config: _smoke(semi_supervised.smoke(config)),
        "adversary-activated semi-supervised VAE on the embedded 8x8 digits with 100 labels: 84% right",
    ),
    "aasvae:mnist": Preset(
        lambda argument: _activated(semi_supervised.svae_mnist(argument)),
        lambda config: _smoke(semi_supervised.smoke(config)),
        "adversary-activated semi-supervised VAE on MNIST with 1% of the labels: 91.2% right",
        ("smoke", "percent10"),
        {"accuracy": Published(0.9425, f"{_ACCURACIES}, 1% labelled")},
        {"percent10": {"accuracy": Published(0.9797, f"{_ACCURACIES}, 10% labelled")}},
    ),
    "aacvae:mnist": Preset(
        lambda argument: _activated(semi_supervised.cvae_mnist(argument), "aacvae"),
        lambda config: _smoke(semi_supervised.smoke(config)),
        "adversary-activated VAE on MNIST conditioned on the label",
        ("smoke", "percent1", "percent10"),
    ),
}
