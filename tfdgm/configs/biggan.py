"""BigGAN and BigGAN-deep: fields and presets.

What a preset's summary says it reaches is on the test split, on two CPU cores, as in `results/<preset>.json`; those
that state no figure have not been run to the end. C-FID and C-IS are FID and Inception Score on the features of this
package's own classifier of the data set.
"""

import dataclasses

from tfdgm.configs.adversarial import GANOptimizers
from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    TrainingConfig,
    smoke_training,
)
from tfdgm.configs.sample_evaluation import DIGITS_KID_SUBSET_SIZE, IMAGE_METRICS, SampleEvaluation


@dataclasses.dataclass
class BigGANConfig:
    """Fields of `tfdgm.models.biggan.BigGAN`.

    Attributes:
      model_name: entry of the model registry.
      width: channels are multiples of it (`ch` of the paper's tables); the lecture's scaling multiplies it by 2 to 4.
      latent_dim: dimensions of z; without `deep` a multiple of the shares: one more than the generator's blocks.
      embedding_size: of the class embedding that all conditional normalisations share.
      attention_size: side in pixels at which both players have self-attention; 0 is none.
      deep: BigGAN-deep: twice the blocks, each with a bottleneck, latents whole in each.
      num_discriminator_steps: discriminator steps for one of the generator. `training.batch_size` is dealt out to them.
      num_accumulations: minibatches whose gradients one step sums up, in the memory of one; batch normalisation is of
        each by itself. `training.batch_size` is dealt out to them too; the lecture's scaling multiplies it by 8.
      orthogonal_weight: beta of the off-diagonal penalty on the generator's kernels; 0 is none.
      num_standing_batches: batches that statistics for sampling are averaged over; 0 keeps those of training.
      standing_batch_size: samples in each.
      penalty: on the discriminator's gradient: `none`, `r1` and others as in `GANConfig`.
      penalty_weight: its weight.
      augmentations: of what the discriminator sees: of `color`, `translation` and `cutout`.
    """

    model_name: str = "biggan"
    width: int = 64
    latent_dim: int = 120
    embedding_size: int = 128
    attention_size: int = 0
    deep: bool = False
    num_discriminator_steps: int = 2
    num_accumulations: int = 1
    orthogonal_weight: float = 1e-4
    num_standing_batches: int = 16
    standing_batch_size: int = 100
    penalty: str = "none"
    penalty_weight: float = 0.0
    augmentations: tuple[str, ...] = ()


def _experiment(name: str, model: BigGANConfig, *, side: int, num_steps: int, batch_size: int) -> ExperimentConfig:
    """Two time scales as in the paper, at rates for small batches."""
    adam = {"beta_1": 0.0, "beta_2": 0.999, "schedule": "linear"}
    return ExperimentConfig(
        model=model,
        optimizers=GANOptimizers(
            discriminator=OptimizerConfig(learning_rate=8e-4, **adam),
            generator=OptimizerConfig(learning_rate=4e-4, **adam),
        ),
        data=DataConfig(name=name, domain="symmetric", image_height=side, image_width=side),
        training=TrainingConfig(
            batch_size=batch_size * model.num_discriminator_steps * model.num_accumulations,
            num_steps=num_steps,
            log_every=200,
            evaluate_every=1_000,
            checkpoint_every=1_000,
            sample_every=1_000,
            steps_per_execution=10,
            ema_decay=0.999,
            sample_metrics=("fid",),
            best_metric="fid",
            best_mode="min",
        ),
        evaluation=SampleEvaluation(metrics=("class_accuracy", *IMAGE_METRICS)),
    )


def _small(name: str, argument: str) -> ExperimentConfig:
    """Grey images in 32 pixels."""
    model = BigGANConfig(width=8, latent_dim=80, embedding_size=32, attention_size=16, deep=argument == "deep")
    return _experiment(name, model, side=32, num_steps=5_000, batch_size=64)


def _cifar10(argument: str) -> ExperimentConfig:
    """Half an hour of two workers, a core each, at 1.7 steps a second; 53 minutes beside a third process."""
    model = BigGANConfig(width=8, latent_dim=80, embedding_size=64, attention_size=16, deep=argument == "deep")
    return _experiment("cifar10_jpeg", model, side=32, num_steps=3_000, batch_size=64)


def _digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits."""
    model = BigGANConfig(width=8, latent_dim=32, embedding_size=16, deep=argument == "deep")
    config = _experiment("digits", model, side=8, num_steps=6_000, batch_size=64)
    config.evaluation.kid_subset_size = DIGITS_KID_SUBSET_SIZE
    return config


def _imagenet128(argument: str) -> ExperimentConfig:
    """As published (section 3, appendix C and table 1), with as many steps as there until training collapsed."""
    sizes = {"width": 128, "latent_dim": 128} if argument == "deep" else {"width": 96, "latent_dim": 120}
    model = BigGANConfig(attention_size=64, deep=argument == "deep", **sizes)
    config = _experiment("imagenet2012", model, side=128, num_steps=165_000, batch_size=2048)
    for player, rate in ((config.optimizers.discriminator, 2e-4), (config.optimizers.generator, 5e-5)):
        player.learning_rate, player.schedule = rate, "constant"
    # There is no classifier of this package's to make features: --config.evaluation.extractor=inception_v3:FILE.
    config.training = dataclasses.replace(
        config.training, steps_per_execution=1, ema_decay=0.9999, sample_metrics=(), best_metric=""
    )
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: small networks, few steps and samples, no extractor."""
    config.model.width, config.model.embedding_size = 2, 4
    config.model.latent_dim = 4 if config.model.latent_dim == 32 else 8
    config.model.num_standing_batches, config.model.standing_batch_size = 2, 10
    config.training = smoke_training(config.training, num_steps=200)
    config.training.sample_metrics, config.training.best_metric = (), ""
    config.evaluation = SampleEvaluation(metrics=("sliced_wasserstein",), num_samples=500)
    return config


def _smoke_imagenet128(config: ExperimentConfig) -> ExperimentConfig:
    """Six shares of latents, and channels enough for attention."""
    config = _smoke(config)
    config.model.width, config.model.latent_dim = 8, 6
    return config


PRESETS: dict[str, Preset] = {
    "biggan:digits": Preset(_digits, _smoke, "BigGAN on the embedded 8x8 digits", ("smoke", "deep")),
    "biggan:mnist": Preset(
        lambda argument: _small("mnist", argument),
        _smoke,
        "BigGAN on MNIST in 32 pixels: 99.6% of the class asked for, C-FID 2.5",
        ("smoke", "deep"),
    ),
    "biggan:fashion_mnist": Preset(
        lambda argument: _small("fashion_mnist", argument),
        _smoke,
        "BigGAN on Fashion-MNIST in 32 pixels: 88.0% of the class asked for, C-FID 2.8",
        ("smoke", "deep"),
    ),
    "biggan:cifar10": Preset(
        _cifar10,
        _smoke,
        "BigGAN on CIFAR-10 from JPEG: outlines of things, 42% of the class asked for",
        ("smoke", "deep"),
    ),
    "biggan:imagenet128": Preset(
        _imagenet128,
        _smoke_imagenet128,
        "BigGAN on ImageNet in 128 pixels, the paper's own; never run here: see trainers.estimate",
        ("smoke", "deep"),
    ),
}
