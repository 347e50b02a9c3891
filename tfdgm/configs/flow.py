"""Normalizing flows of vectors (RealNVP, MAF, NSF): fields and presets.

What a preset's summary says it reaches is log p(x) on the test split, exact, in nats, on two CPU cores, as in
`results/<preset>.json`; those that state no figure have not been run.
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
from tfdgm.configs.sample_evaluation import SampleEvaluation


@dataclasses.dataclass
class FlowConfig:
    """Fields of `tfdgm.models.flow.Flow`.

    Attributes:
      model_name: entry of the model registry.
      layer: `coupling`, or `autoregressive` by a masked network, whose samples take a pass a dimension.
      transform: of each dimension that is moved: `additive`, `affine`, `sigmoid_affine` or `rational_quadratic`.
      mixing: of the dimensions before each: a learned matrix that starts as a rotation, `lu` or `plain`, or as an order
        by chance, `lu_shuffle` (Durkan et al. 2019); or an order that stays, `reversal` or `shuffle`.
      num_steps: layers, each after an activation normalisation and a mixing.
      hidden_size: units of each hidden layer of a conditioner.
      num_blocks: residual blocks of two hidden layers in a conditioner.
      activation: any Keras activation.
      scale_limit: `affine`: log scales stay within it to either side.
      num_bins: `rational_quadratic`: bins of the spline.
      bound: `rational_quadratic`: the spline is the identity outside [-bound, bound].
    """

    model_name: str = "flow"
    layer: str = "coupling"
    transform: str = "affine"
    mixing: str = "lu"
    num_steps: int = 8
    hidden_size: int = 128
    num_blocks: int = 2
    activation: str = "relu"
    scale_limit: float = 2.0
    num_bins: int = 8
    bound: float = 3.0


@dataclasses.dataclass
class FlowOptimizers:
    """One optimizer: one likelihood."""

    flow: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _experiment(data: DataConfig, model: FlowConfig, learning_rate: float, **training: Any) -> ExperimentConfig:
    return ExperimentConfig(
        model=model,
        optimizers=FlowOptimizers(OptimizerConfig(learning_rate=learning_rate, schedule="cosine", clip_norm=5.0)),
        data=data,
        training=TrainingConfig(best_metric="log_prob", ema_decay=0.999, **training),
        evaluation=SampleEvaluation(metrics=("non_finite_samples",), num_samples=10_000),
    )


_REAL_NVP = FlowConfig(model_name="real_nvp")
_NSF = FlowConfig(model_name="nsf", transform="rational_quadratic")
_MAF = FlowConfig(model_name="maf", layer="autoregressive")


def _bsds300(kind: FlowConfig, num_training_steps: int, batch_size: int = 256, **fields: Any) -> ExperimentConfig:
    """63 dimensions of natural image patches (Papamakarios et al. 2017, section 4.2)."""
    return _experiment(
        DataConfig(name="bsds300"),
        dataclasses.replace(kind, hidden_size=256, mixing="lu_shuffle", **fields),
        learning_rate=1e-3,
        batch_size=batch_size,
        num_steps=num_training_steps,
        log_every=200,
        evaluate_every=4_000,
        checkpoint_every=4_000,
        sample_every=20_000,
        steps_per_execution=20,
    )


def _nsf_bsds300(argument: str) -> ExperimentConfig:
    if argument == "long":
        return _bsds300(_NSF, 400_000, num_steps=10)
    return _bsds300(_NSF, 24_000, num_steps=6)


def _mixture(name: str, kind: FlowConfig) -> ExperimentConfig:
    """Points of the plane, whose density can be seen."""
    return _experiment(
        DataConfig(name=name),
        dataclasses.replace(kind, hidden_size=64, num_bins=16, bound=4.0),
        2e-3,
        batch_size=256,
        num_steps=5_000,
        log_every=100,
        evaluate_every=1_000,
        checkpoint_every=1_000,
        sample_every=1_000,
        steps_per_execution=20,
    )


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: few small steps."""
    config.model.num_steps, config.model.hidden_size, config.model.num_blocks = 2, 8, 1
    config.training = smoke_training(config.training, num_steps=200)
    config.evaluation.num_samples = 500
    return config


def _published(value: float, source: str) -> dict[str, Published]:
    return {"log_prob": Published(value, source)}


PRESETS: dict[str, Preset] = {
    "real_nvp:mixture8": Preset(
        lambda argument: _mixture("mixture8", _REAL_NVP),
        _smoke,
        "RealNVP on a ring of 8 Gaussians: 1.41 nats in 3 minutes",
    ),
    "maf:mixture8": Preset(
        lambda argument: _mixture("mixture8", _MAF), _smoke, "MAF on a ring of 8 Gaussians: 1.43 nats in 2 minutes"
    ),
    "nsf:mixture8": Preset(
        lambda argument: _mixture("mixture8", _NSF), _smoke, "splines on a ring of 8 Gaussians: 2.85 nats in 2 minutes"
    ),
    "nsf:mixture25": Preset(
        lambda argument: _mixture("mixture25", _NSF),
        _smoke,
        "splines on a grid of 25 Gaussians: -0.48 nats in 3 minutes",
    ),
    "real_nvp:bsds300": Preset(
        lambda argument: _bsds300(_REAL_NVP, 40_000),
        _smoke,
        "RealNVP on patches of BSDS300, 63 dimensions: 155.4 nats in 67 minutes of one core",
        published=_published(153.28, "Papamakarios et al. 2017, table 1, RealNVP (10), on a cut of their own"),
    ),
    "maf:bsds300": Preset(
        lambda argument: _bsds300(_MAF, 48_000, batch_size=128, num_steps=5),
        _smoke,
        "MAF on patches of BSDS300, 63 dimensions: 154.9 nats in 17 minutes of one core",
        published=_published(155.69, "Papamakarios et al. 2017, table 1, MAF (5), on a cut of their own"),
    ),
    "nsf:bsds300": Preset(
        _nsf_bsds300,
        _smoke,
        "spline couplings on patches of BSDS300, 63 dimensions: 155.8 nats in 45 minutes beside other work",
        ("smoke", "long"),
        _published(157.54, "Durkan et al. 2019, table 1, RQ-NSF (C), on the cut of Papamakarios et al."),
    ),
}
