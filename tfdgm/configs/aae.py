"""Adversarial autoencoder: fields and presets."""

import dataclasses

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    Published,
    TrainingConfig,
    smoke_training,
)
from tfdgm.configs.vae import VAEEvaluation


@dataclasses.dataclass
class AAEConfig:
    """Fields of `tfdgm.models.aae.AAE`.

    Attributes:
      model_name: entry of the model registry.
      latent_dim: number of latents.
      network: `mlp` or `conv`.
      hidden_sizes: `mlp`: units of the encoder's hidden layers; the decoder mirrors them.
      num_filters: `conv`: filters of each stride-2 stage of the encoder; the decoder mirrors them.
      activation: any Keras activation.
      likelihood: p(x|z): `bernoulli`, `gaussian` or `discretized_logistic`.
      discriminator_hidden_sizes: units of the hidden layers of the discriminator of latents.
      penalty_weight: gamma of R_1 and R_2, on that discriminator's gradient at latents of the prior and of q.
    """

    model_name: str = "aae"
    latent_dim: int = 8
    network: str = "mlp"
    hidden_sizes: tuple[int, ...] = (500, 500)
    num_filters: tuple[int, ...] = (32, 64)
    activation: str = "relu"
    likelihood: str = "bernoulli"
    discriminator_hidden_sizes: tuple[int, ...] = (500, 500)
    penalty_weight: float = 0.0


@dataclasses.dataclass
class SemiSupervisedAAEConfig(AAEConfig):
    """Fields of `tfdgm.models.semi_supervised_aae.SemiSupervisedAAE`.

    Attributes:
      input_noise: standard deviation of Gaussian noise on the images that labels are learned from: few are soon known
        by heart. The other phases, and whoever asks, see images as they are.
    """

    model_name: str = "saae"
    input_noise: float = 0.0


@dataclasses.dataclass
class AAEOptimizers:
    """One optimizer for the reconstruction phase, one for each player of the regularisation phase."""

    autoencoder: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    discriminator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    encoder: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class SemiSupervisedAAEOptimizers(AAEOptimizers):
    """One more, for classification."""

    classifier: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _experiment(name: str, model: AAEConfig, num_steps: int) -> ExperimentConfig:
    player = OptimizerConfig(learning_rate=2e-4, beta_1=0.5, schedule="linear")
    return ExperimentConfig(
        model=model,
        optimizers=AAEOptimizers(
            autoencoder=OptimizerConfig(learning_rate=5e-4, schedule="linear"),
            discriminator=player,
            encoder=dataclasses.replace(player),
        ),
        data=DataConfig(name=name, domain="binary"),
        training=TrainingConfig(
            batch_size=100,
            num_steps=num_steps,
            log_every=200,
            evaluate_every=1_000,
            checkpoint_every=1_000,
            sample_every=2_000,
            steps_per_execution=20,
        ),
        evaluation=VAEEvaluation(num_iwae_samples=500),
    )


def _mnist(argument: str) -> ExperimentConfig:
    """8 latents, as where the paper has likelihoods; `plane`: 2, which can be looked at.

    A penalty on the discriminator of latents, and rates by which the regularisation phase keeps up with the other.
    """
    config = _experiment("mnist", AAEConfig(latent_dim=2 if argument == "plane" else 8), num_steps=6_000)
    config.model.penalty_weight = 1.0
    config.optimizers.autoencoder.learning_rate = 2e-4
    config.optimizers.discriminator.learning_rate = 5e-4
    return config


def _digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits."""
    model = AAEConfig(
        latent_dim=2 if argument == "plane" else 8, hidden_sizes=(128, 128), discriminator_hidden_sizes=(128, 128)
    )
    return _experiment("digits", model, num_steps=10_000)


def _with_classes(config: ExperimentConfig, num_labels: int) -> ExperimentConfig:
    """Few labels, as many of each class; validation accuracy decides which checkpoint counts."""
    model, optimizers = vars(config.model), vars(config.optimizers)
    config.model = SemiSupervisedAAEConfig(**{**model, "model_name": "saae", "input_noise": 0.3})
    config.optimizers = SemiSupervisedAAEOptimizers(
        **optimizers, classifier=OptimizerConfig(learning_rate=5e-4, schedule="linear")
    )
    config.data.num_labels, config.training.best_metric = num_labels, "accuracy"
    config.training.batch_size = 200
    config.evaluation.num_iwae_samples = 50
    return config


def _mnist_with_classes(argument: str) -> ExperimentConfig:
    """Images in grey: drawn black or white anew each time, they tell less of their class."""
    del argument
    config = _with_classes(_experiment("mnist", AAEConfig(), num_steps=40_000), 1_000)
    config.data.domain, config.model.likelihood = "unit", "gaussian"
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: small networks, few steps, few samples."""
    config.model.latent_dim, config.model.num_filters = 3, (8, 8)
    config.model.hidden_sizes = config.model.discriminator_hidden_sizes = (16,)
    config.training = smoke_training(config.training, num_steps=200)
    config.evaluation = VAEEvaluation(num_elbo_samples=4, num_iwae_samples=50)
    return config


PRESETS: dict[str, Preset] = {
    "aae:digits": Preset(
        _digits,
        _smoke,
        "adversarial autoencoder on the embedded 8x8 digits: codes like the prior, by a test of 5%",
        ("smoke", "plane"),
    ),
    "aae:mnist": Preset(
        _mnist,
        _smoke,
        "adversarial autoencoder on MNIST, 8 latents: codes like the prior, by a test of 5%",
        ("smoke", "plane"),
    ),
    "saae:digits": Preset(
        lambda argument: _with_classes(_digits(argument), 100),
        _smoke,
        "semi-supervised adversarial autoencoder on the embedded 8x8 digits with 100 labels: 86% right",
    ),
    "saae:mnist": Preset(
        _mnist_with_classes,
        _smoke,
        "semi-supervised adversarial autoencoder on MNIST with 1,000 labels: 96.1% right",
        published={"accuracy": Published(0.984, "Makhzani et al. 2016, table 2, 1,000 labels, an error of 1.60%")},
    ),
}
