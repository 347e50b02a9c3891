"""GAN, DCGAN, WGAN and WGAN-GP: fields and presets.

What a preset's summary says it reaches is on the test split, on two CPU cores, as in `results/<preset>.json`; those
that state no figure have not been run to the end. C-FID and C-IS are FID and Inception Score on the features of this
package's own classifier of the data set: they compare with each other, never with figures on Inception's features.
"""

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
from tfdgm.configs.sample_evaluation import DIGITS_KID_SUBSET_SIZE, IMAGE_METRICS, PIXEL_METRICS, SampleEvaluation


@dataclasses.dataclass
class AdversarialConfig:
    """Fields of `tfdgm.models.adversarial.AdversarialModel`.

    Attributes:
      model_name: entry of the model registry.
      latent_dim: dimensions of z.
      network: `mlp`, or `dcgan` for images whose sides the strides divide.
      hidden_sizes: `mlp`: units of the hidden layers of both networks.
      num_filters: `dcgan`: filters at each halving of the discriminator; the generator mirrors them.
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
    activation: str = "relu"
    generator_normalization: str = "batch"
    discriminator_normalization: str = "none"
    conditioning: str = "none"
    penalty: str = "none"
    penalty_weight: float = 0.0
    augmentations: tuple[str, ...] = ()


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


@dataclasses.dataclass
class GANOptimizers:
    """One optimizer a player; unequal rates are the two time scales of Heusel et al. (2017)."""

    discriminator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    generator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class WGANConfig(AdversarialConfig):
    """Fields of `tfdgm.models.wgan.WGAN`.

    Attributes:
      num_critic_steps: critic steps for one of the generator. `training.batch_size` is dealt out to them.
      weight_clip: the critic's weights stay within it after each step; 0 clips none.
    """

    model_name: str = "wgan"
    num_critic_steps: int = 5
    weight_clip: float = 0.0


@dataclasses.dataclass
class WGANOptimizers:
    """One optimizer a player."""

    critic: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    generator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


_MIXTURE_METRICS = ("modes_covered", "high_quality", "sliced_wasserstein")


def _players(learning_rate: float, beta_1: float, beta_2: float, **fields: Any) -> tuple[OptimizerConfig, ...]:
    """The same optimizer twice, with a rate that falls linearly to zero."""
    return tuple(
        OptimizerConfig(learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2, schedule="linear", **fields)
        for _ in range(2)
    )


def _mixture(name: str, model: Any, optimizers: Any, num_minibatches: int, num_steps: int) -> ExperimentConfig:
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
    return _mixture(name, model, GANOptimizers(*_players(1e-3, 0.5, 0.9)), num_minibatches=1, num_steps=20_000)


def _wgan_mixture(name: str) -> ExperimentConfig:
    """RMSprop as in the paper; a clipped critic needs far larger steps than the paper's images to reach its bounds.

    At a critic's rate of 2e-3 all its rectifiers died within 18,000 steps, and the generator stood still.
    """
    optimizers = WGANOptimizers(*_players(1e-3, 0.0, 0.9, name="rmsprop"))
    model = WGANConfig(weight_clip=0.1)
    return _mixture(name, model, optimizers, num_minibatches=5, num_steps=60_000)


def _wgan_gp_mixture(name: str) -> ExperimentConfig:
    """The weight of the penalty is that of the toy figures of Gulrajani et al. (2017), their published code."""
    model = WGANConfig(model_name="wgan_gp", penalty="gradient", penalty_weight=0.1)
    return _mixture(name, model, WGANOptimizers(*_players(1e-3, 0.5, 0.9)), num_minibatches=5, num_steps=20_000)


def _images(name: str, model: Any, optimizers: Any, **training: Any) -> ExperimentConfig:
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
    config = _images(
        name,
        model,
        GANOptimizers(*_players(2e-3, 0.5, 0.999)),
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


def digits_gan(model: Any, argument: str = "") -> ExperimentConfig:
    """`image_gan` on the embedded 8x8 digits."""
    config = image_gan("digits", model, argument)
    config.training.num_steps = 8_000
    config.evaluation.kid_subset_size = DIGITS_KID_SUBSET_SIZE
    return config


def _dcgan(name: str, argument: str = "") -> ExperimentConfig:
    return image_gan(name, GANConfig(model_name="dcgan"), argument)


def _dcgan_fashion_mnist(argument: str) -> ExperimentConfig:
    """As many steps as half an hour holds at 50 ms each: shapes and cloths vary more than digits."""
    config = _dcgan("fashion_mnist", argument)
    config.training.num_steps = 36_000
    return config


def _folder(argument: str) -> ExperimentConfig:
    """Images of the user's own, of which no classifier is known: figures of pixels alone, and the last checkpoint."""
    config = _dcgan("folder", argument)
    config.training.sample_metrics, config.training.best_metric = (), ""
    config.evaluation.metrics = (*PIXEL_METRICS, "parzen")
    return config


def _wgan_gp(name: str) -> ExperimentConfig:
    model = WGANConfig(model_name="wgan_gp", penalty="gradient", penalty_weight=10.0)
    return _images(
        name,
        model,
        WGANOptimizers(*_players(1e-3, 0.0, 0.9)),
        batch_size=5 * 64,
        num_steps=12_000,
        evaluate_every=1_000,
        sample_metrics=("fid",),
        best_metric="fid",
        best_mode="min",
    )


def _wgan_gp_cifar10(argument: str) -> ExperimentConfig:
    """Three stages for colour."""
    del argument
    config = _wgan_gp("cifar10_jpeg")
    config.model.num_filters = (32, 64, 128)
    config.training.num_steps = 4_000
    return config


def smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: small networks, few steps and samples, no extractor."""
    num_minibatches = config.training.batch_size // (256 if config.model.network == "mlp" else 64)
    config.model.latent_dim = 4
    config.model.hidden_sizes = (16,)
    config.model.num_filters = (4, 8)
    config.training = smoke_training(config.training, num_steps=200)
    config.training.batch_size = 20 * num_minibatches
    config.training.sample_metrics, config.training.best_metric = (), ""
    config.evaluation = SampleEvaluation(metrics=("sliced_wasserstein",), num_samples=500)
    return config


def _preset(build: Any, summary: str, *arguments: str) -> Preset:
    return Preset(build, smoke, summary, ("smoke", *arguments))


PRESETS: dict[str, Preset] = {
    "gan:mixture8": _preset(
        lambda argument: gan_mixture("mixture8", GANConfig()), "GAN on a ring of 8 Gaussians: 6 or 7 modes in a minute"
    ),
    "gan:mixture25": _preset(
        lambda argument: gan_mixture("mixture25", GANConfig()),
        "GAN on a grid of 25 Gaussians: 9 to 14 modes in a minute",
    ),
    "wgan:mixture25": _preset(
        lambda argument: _wgan_mixture("mixture25"),
        "WGAN by clipped weights on a grid of 25 Gaussians: all 25 modes, 77 to 93% of high quality, 20 minutes",
    ),
    "wgan_gp:mixture25": _preset(
        lambda argument: _wgan_gp_mixture("mixture25"),
        "WGAN-GP on a grid of 25 Gaussians: all 25 modes, 94% of high quality, in 7 minutes",
    ),
    "dcgan:digits": _preset(
        lambda argument: digits_gan(GANConfig(model_name="dcgan"), argument),
        "DCGAN with R1 on the embedded 8x8 digits: C-FID 0.9 in 3 minutes",
        "conditional",
    ),
    "dcgan:mnist": _preset(
        lambda argument: _dcgan("mnist", argument),
        "DCGAN with R1 on MNIST: C-FID 8.9, C-IS 8.5 in 27 minutes",
        "conditional",
    ),
    "dcgan:fashion_mnist": _preset(
        _dcgan_fashion_mnist,
        "DCGAN with R1 on Fashion-MNIST: C-FID 3.9, C-IS 6.6",
        "conditional",
    ),
    "dcgan:folder": _preset(_folder, "DCGAN on your own images: --config.data.path=DIR"),
    "wgan_gp:mnist": _preset(lambda argument: _wgan_gp("mnist"), "WGAN-GP on MNIST: C-FID 7.5, C-IS 8.5 in 38 minutes"),
    "wgan_gp:cifar10": _preset(_wgan_gp_cifar10, "WGAN-GP on CIFAR-10 from JPEG: C-FID 4.6, C-IS 3.1, no collapse"),
}
