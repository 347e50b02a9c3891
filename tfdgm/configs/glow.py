"""Glow: fields and presets.

What a preset's summary says it reaches is the dequantisation bound on the test split, in bits per dimension, on two CPU
cores, as in `results/<preset>.json`; those that state no figure have not been run.
"""

import dataclasses
from typing import Any

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    Published,
    TrainingConfig,
    smoke_training,
)
from tfdgm.configs.flow import FlowOptimizers
from tfdgm.configs.sample_evaluation import SampleEvaluation


@dataclasses.dataclass
class GlowConfig:
    """Fields of `tfdgm.models.glow.Glow`.

    Attributes:
      model_name: entry of the model registry.
      num_scales: L, the paper's levels; each halves height and width, and after each but the last half of the
        channels leave.
      num_steps: K, steps of flow at each scale.
      num_filters: of the hidden convolutions of a coupling.
      transform: of couplings: `sigmoid_affine` as in the paper's code; `affine`, whose scales are free to either side:
        multiplied over steps they can overflow codes of images that are no digits; or `additive`.
      mixing: the invertible 1x1 convolution: `lu` or `plain`.
      dequantization: noise over the cell of a grey level: `uniform`, or learned, `variational`.
      num_dequantization_filters: `variational`: of its hidden convolutions.
      num_bits: of 8-bit images, so many of the highest; 0 keeps all.
      recompute: work activations out again from outputs, so that memory does not grow with `num_steps`.
    """

    model_name: str = "glow"
    num_scales: int = 2
    num_steps: int = 8
    num_filters: int = 64
    transform: str = "sigmoid_affine"
    mixing: str = "lu"
    dequantization: str = "uniform"
    num_dequantization_filters: int = 32
    num_bits: int = 0
    recompute: bool = False


@dataclasses.dataclass
class GlowEvaluation(SampleEvaluation):
    """Settings of `trainers.evaluate`.

    Attributes:
      num_dequantization_samples: draws of the noise an example, whose mean bound is taken.
    """

    num_dequantization_samples: int = 1


def _experiment(name: str, model: GlowConfig, **training: Any) -> ExperimentConfig:
    return ExperimentConfig(
        model=model,
        optimizers=FlowOptimizers(
            OptimizerConfig(learning_rate=2e-3, schedule="cosine", warmup_steps=200, clip_norm=50.0)
        ),
        data=DataConfig(name=name, domain="uint8"),
        training=TrainingConfig(
            batch_size=64,
            log_every=100,
            steps_per_execution=10,
            ema_decay=0.999,
            best_metric="bits_per_dim",
            best_mode="min",
            **training,
        ),
        evaluation=GlowEvaluation(metrics=("non_finite_samples",), num_samples=10_000),
    )


def _digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits of 17 grey levels."""
    del argument
    model = GlowConfig(num_steps=6, num_filters=48, transform="affine")
    config = _experiment("digits", model, num_steps=2_000, evaluate_every=200, checkpoint_every=200, sample_every=400)
    config.training.ema_decay = 0.99  # so few steps leave a slower average behind
    return config


def _mnist(argument: str) -> ExperimentConfig:
    model = GlowConfig(num_steps=8, num_filters=64, transform="affine", dequantization="variational")
    num_steps = 100_000 if argument == "long" else 10_000
    return _experiment(
        "mnist", model, num_steps=num_steps, evaluate_every=1_000, checkpoint_every=1_000, sample_every=2_000
    )


def _cifar10(argument: str) -> ExperimentConfig:
    """The 4,000 exact images that are at hand: far too few for a figure to be held against the literature's.

    With `affine` the twentieth step had a gradient that was not finite.
    """
    del argument
    model = GlowConfig(num_scales=3, num_steps=8, num_filters=64)
    return _experiment(
        "cifar10_subset", model, num_steps=2_000, evaluate_every=200, checkpoint_every=200, sample_every=400
    )


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: few small steps."""
    config.model.num_steps, config.model.num_filters, config.model.num_dequantization_filters = 1, 4, 4
    config.training = smoke_training(config.training, num_steps=200)
    config.evaluation.num_samples = 500
    return config


PRESETS: dict[str, Preset] = {
    "glow:digits": Preset(_digits, _smoke, "Glow on the embedded 8x8 digits: at most 2.35 bits/dim in 4 minutes"),
    "glow:mnist": Preset(
        _mnist,
        _smoke,
        "Glow on MNIST: at most 1.56 bits/dim in 37 minutes on one core",
        ("smoke", "long"),
        {"bits_per_dim_upper_bound": Published(1.05, "Kingma & Dhariwal 2018, appendix; far larger, trained for long")},
    ),
    "glow:cifar10": Preset(
        _cifar10, _smoke, "Glow on 4,000 images of CIFAR-10: at most 4.16 bits/dim; too few to be compared"
    ),
}
