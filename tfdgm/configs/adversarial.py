"""What presets of adversarial models share: fields of both players, schedules on points and on images."""

import dataclasses
from typing import Any

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    TrainingConfig,
    smoke_training,
)
from tfdgm.configs.sample_evaluation import DIGITS_KID_SUBSET_SIZE, IMAGE_METRICS, SampleEvaluation

_MIXTURE_METRICS = ("modes_covered", "high_quality", "sliced_wasserstein")


@dataclasses.dataclass
class AdversarialConfig:
    """Fields of `tfdgm.models.adversarial.AdversarialModel`.

    Attributes:
      model_name: entry of the model registry.
      latent_dim: dimensions of z.
      network: `mlp`, or `dcgan` for images whose sides the strides divide.
      hidden_sizes: `mlp`: units of the hidden layers of both networks.
      num_filters: `dcgan`: filters at each halving of the discriminator; the generator mirrors them.
      dense_sizes: `dcgan`: units of dense layers behind the discriminator's convolutions, before the generator's.
      activation: `mlp`: any Keras activation.
      generator_normalization: `dcgan`: `none`, `batch` or `layer`.
      discriminator_normalization: `none`, `spectral`, and with `dcgan` `batch` or `layer`.
      conditioning: on the label: `none`, `projection` (Miyato & Koyama 2018) or `concatenation` (Mirza & Osindero
        2014).
      penalty: on the discriminator's gradient: `none`, `gradient`, `one_sided_gradient`, `r1` or `dragan`.
      penalty_weight: its weight: lambda, or gamma of R_1.
      augmentations: of what the discriminator sees, real and generated images alike: of `color`, `translation` and
        `cutout`.
    """

    model_name: str = ""
    latent_dim: int = 100
    network: str = "dcgan"
    hidden_sizes: tuple[int, ...] = (128, 128, 128)
    num_filters: tuple[int, ...] = (32, 64)
    dense_sizes: tuple[int, ...] = ()
    activation: str = "relu"
    generator_normalization: str = "batch"
    discriminator_normalization: str = "none"
    conditioning: str = "none"
    penalty: str = "none"
    penalty_weight: float = 0.0
    augmentations: tuple[str, ...] = ()


@dataclasses.dataclass
class GANOptimizers:
    """One optimizer a player; unequal rates are the two time scales of Heusel et al. (2017)."""

    discriminator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    generator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def players(learning_rate: float, beta_1: float, beta_2: float, **fields: Any) -> tuple[OptimizerConfig, ...]:
    """The same optimizer twice, one for each player, with a rate that falls linearly to zero."""
    return tuple(
        OptimizerConfig(learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2, schedule="linear", **fields)
        for _ in range(2)
    )


def mixture(name: str, model: Any, optimizers: Any, num_minibatches: int, num_steps: int) -> ExperimentConfig:
    """Points of the plane, 256 a minibatch, networks of three hidden layers."""
    model.network, model.latent_dim = "mlp", 2
    model.generator_normalization = model.discriminator_normalization = "none"
    return ExperimentConfig(
        model=model,
        optimizers=optimizers,
        data=DataConfig(name=name),
        training=TrainingConfig(
            batch_size=256 * num_minibatches,
            num_steps=num_steps,
            log_every=500,
            evaluate_every=1_000,
            checkpoint_every=1_000,
            sample_every=1_000,
            steps_per_execution=20,
            sample_metrics=("modes_covered", "high_quality"),
        ),
        evaluation=SampleEvaluation(metrics=_MIXTURE_METRICS),
    )


def gan_mixture(name: str, model: Any) -> ExperimentConfig:
    """A GAN of points of the plane, or a kin of it."""
    return mixture(name, model, GANOptimizers(*players(1e-3, 0.5, 0.9)), num_minibatches=1, num_steps=20_000)


def images(name: str, model: Any, optimizers: Any, **training: Any) -> ExperimentConfig:
    """Images of -1 to 1, averaged weights, and all figures of samples."""
    return ExperimentConfig(
        model=model,
        optimizers=optimizers,
        data=DataConfig(name=name, domain="symmetric"),
        training=TrainingConfig(
            log_every=200,
            checkpoint_every=1_000,
            sample_every=1_000,
            steps_per_execution=10,
            ema_decay=0.999,
            **training,
        ),
        evaluation=SampleEvaluation(metrics=(*IMAGE_METRICS, "parzen")),
    )


def image_gan(name: str, model: Any, argument: str = "") -> ExperimentConfig:
    """A GAN of images, or a kin of it whose `model` has the same fields of the discriminator, penalised by R_1.

    `argument` may be `conditional`, on the label by projection.
    """
    model.discriminator_normalization, model.penalty, model.penalty_weight = "none", "r1", 0.2
    config = images(
        name,
        model,
        GANOptimizers(*players(2e-3, 0.5, 0.999)),
        batch_size=64,
        num_steps=24_000,
        evaluate_every=2_000,
        sample_metrics=("fid",),
        best_metric="fid",
        best_mode="min",
    )
    if argument == "conditional":
        model.conditioning = "projection"
        config.evaluation.metrics += ("class_accuracy",)
    return config


def dense_image_gan(name: str, model: Any, argument: str = "") -> ExperimentConfig:
    """`image_gan` with a dense layer between noise and first image, and one between last image and logit.

    The networks are those of Chen et al. (2016), appendix C.1, with a quarter of their units.
    """
    config = image_gan(name, model, argument)
    model.num_filters, model.dense_sizes = (16, 32), (256,)
    config.training.num_steps = 8_000
    return config


def batch_normalized_gan(name: str, model: Any, argument: str = "") -> ExperimentConfig:
    """`dense_image_gan` with batch normalisation in both players and no penalty, and rates, as in Chen et al."""
    config = dense_image_gan(name, model, argument)
    model.discriminator_normalization, model.penalty, model.penalty_weight = "batch", "none", 0.0
    config.optimizers.discriminator.learning_rate = 2e-4
    config.optimizers.generator.learning_rate = 1e-3
    config.training.batch_size = 128
    return config


def digits_gan(model: Any, argument: str = "") -> ExperimentConfig:
    """`image_gan` on the embedded 8x8 digits."""
    config = image_gan("digits", model, argument)
    config.training.num_steps = 8_000
    config.evaluation.kid_subset_size = DIGITS_KID_SUBSET_SIZE
    return config


def smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: small networks, few steps and samples, no extractor."""
    fields = vars(config.model)
    num_minibatches = fields.get("num_critic_steps", fields.get("num_discriminator_steps", 1))
    config.model.latent_dim = 4
    config.model.hidden_sizes = (16,)
    config.model.num_filters = (4, 8)
    if fields.get("dense_sizes"):
        config.model.dense_sizes = (8,)
    config.training = smoke_training(config.training, num_steps=200)
    config.training.batch_size = 20 * num_minibatches
    config.training.sample_metrics, config.training.best_metric = (), ""
    config.evaluation = SampleEvaluation(metrics=("sliced_wasserstein",), num_samples=500)
    return config


def preset(build: Any, summary: str, *arguments: str) -> Preset:
    """A preset whose `smoke` is the one of this module."""
    return Preset(build, smoke, summary, ("smoke", *arguments))
