"""Progressive GAN: fields and presets.

What a preset's summary says it reaches is on the test split, on two CPU cores, as in `results/<preset>.json`; those
that state no figure have not been run to the end. The paper has 512 latents, min(512, 8192 / 2^l) filters
with l = 1 at 4x4, and 600,000 real images in a fade and as many after it; the presets are sized for two cores.
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
from tfdgm.configs.wgan import WGANOptimizers


@dataclasses.dataclass
class ProGANConfig:
    """Fields of `tfdgm.models.progan.ProGAN`.

    Attributes:
      model_name: entry of the model registry.
      latent_dim: dimensions of z.
      num_filters: of both networks, a number a resolution, from 4 pixels upwards. The shorter side of images must be
        4, 8, 16, ...
      num_stabilize_steps: steps of each resolution once it stands; empty takes `training.num_steps` for all.
      num_fade_steps: steps in which each resolution but the first fades in; empty takes `training.num_steps` for all.
      batch_sizes: of each resolution; empty takes `training.batch_size` for all.
      num_critic_steps: critic steps for one of the generator. The batch is dealt out to them.
      minibatch_group_size: rows whose standard deviation the critic sees; a minibatch must hold whole groups.
      penalty: on the critic's gradient: `gradient`, `one_sided_gradient`, `r1` or `dragan`.
      penalty_weight: its weight, lambda.
      drift_weight: weight of E f(x)^2, which holds the critic's values near zero.
      augmentations: of what the critic sees, real and generated images alike: of `color`, `translation` and `cutout`.
    """

    model_name: str = "progan"
    latent_dim: int = 128
    num_filters: tuple[int, ...] = (128, 128, 64, 32)
    num_stabilize_steps: tuple[int, ...] = ()
    num_fade_steps: tuple[int, ...] = ()
    batch_sizes: tuple[int, ...] = ()
    num_critic_steps: int = 1
    minibatch_group_size: int = 4
    penalty: str = "gradient"
    penalty_weight: float = 10.0
    drift_weight: float = 0.001
    augmentations: tuple[str, ...] = ()


def _adam() -> OptimizerConfig:
    """The paper's, appendix A.1."""
    return OptimizerConfig(learning_rate=1e-3, beta_1=0.0, beta_2=0.99, epsilon=1e-8)


def _images(data: DataConfig, model: ProGANConfig, **training: Any) -> ExperimentConfig:
    return ExperimentConfig(
        model=model,
        optimizers=WGANOptimizers(critic=_adam(), generator=_adam()),
        data=dataclasses.replace(data, domain="symmetric"),
        training=TrainingConfig(
            **{
                "num_steps": 1_000,
                "batch_size": 16,
                "log_every": 100,
                "evaluate_every": 1_000,
                "checkpoint_every": 500,
                "sample_every": 500,
                "steps_per_execution": 10,
                "ema_decay": 0.999,
                **training,
            }
        ),
        evaluation=SampleEvaluation(metrics=PIXEL_METRICS),
    )


def _with_best_fid(config: ExperimentConfig) -> ExperimentConfig:
    """Where this package has a classifier of the data set: the checkpoint of least FID, of the last phase."""
    training = config.training
    training.sample_metrics, training.best_metric, training.best_mode = ("fid",), "fid", "min"
    config.evaluation.metrics = IMAGE_METRICS
    return config


def _short(data: DataConfig, model: ProGANConfig) -> ExperimentConfig:
    """Phases too short for averages over a thousand steps, which would keep a part of what new layers start at."""
    return _images(data, model, ema_decay=0.995, checkpoint_every=100, sample_every=100)


def _digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits."""
    del argument
    model = ProGANConfig(
        latent_dim=64, num_filters=(64, 32), num_stabilize_steps=(2_000, 6_000), num_fade_steps=(2_000,)
    )
    config = _with_best_fid(_images(DataConfig(name="digits"), model, batch_size=32))
    config.evaluation.kid_subset_size = DIGITS_KID_SUBSET_SIZE
    return config


def _mnist(argument: str) -> ExperimentConfig:
    """Enlarged from 28 to 32 pixels a side."""
    del argument
    model = ProGANConfig(
        latent_dim=64,
        num_filters=(64, 64, 32, 16),
        num_stabilize_steps=(1_000, 1_000, 2_000, 10_000),
        num_fade_steps=(1_000, 2_000, 3_000),
        batch_sizes=(32, 32, 32, 16),
    )
    data = DataConfig(name="mnist", image_height=32, image_width=32)
    return _with_best_fid(_images(data, model, checkpoint_every=1_000, sample_every=1_000))


def _olivetti(argument: str) -> ExperimentConfig:
    """Five resolutions for 320 faces."""
    del argument
    model = ProGANConfig(
        num_filters=(64, 64, 32, 16, 8),
        num_stabilize_steps=(300, 300, 300, 400, 900),
        num_fade_steps=(300, 300, 400, 500),
    )
    return _short(DataConfig(name="olivetti_faces"), model)


def _cifar10(argument: str) -> ExperimentConfig:
    """From JPEG."""
    del argument
    model = ProGANConfig(
        num_filters=(64, 64, 32, 16),
        num_stabilize_steps=(500, 500, 600, 1_500),
        num_fade_steps=(500, 600, 800),
        batch_sizes=(32, 32, 32, 16),
    )
    config = _short(DataConfig(name="cifar10_jpeg"), model)
    config.evaluation.metrics = IMAGE_METRICS
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: 8x8 pixels, so three phases, small networks, no extractor."""
    config.data.image_height = config.data.image_width = 8
    config.model = dataclasses.replace(
        config.model, latent_dim=4, num_filters=(8, 4), num_stabilize_steps=(), num_fade_steps=(), batch_sizes=()
    )
    config.training = smoke_training(config.training, num_steps=80)
    config.training.sample_metrics, config.training.best_metric = (), ""
    config.evaluation = SampleEvaluation(metrics=("sliced_wasserstein",), num_samples=500)
    return config


PRESETS: dict[str, Preset] = {
    "progan:digits": Preset(_digits, _smoke, "Progressive GAN on the embedded 8x8 digits, from 4x4"),
    "progan:mnist": Preset(_mnist, _smoke, "Progressive GAN on MNIST, 4x4 to 32x32 in seven phases: C-FID 4.9"),
    "progan:olivetti": Preset(
        _olivetti,
        _smoke,
        "Progressive GAN on the Olivetti faces, 4x4 to 64x64: likenesses after nine phases in half an hour",
    ),
    "progan:cifar10": Preset(
        _cifar10, _smoke, "Progressive GAN on CIFAR-10 from JPEG, 4x4 to 32x32 in seven phases: colours and outlines"
    ),
}
