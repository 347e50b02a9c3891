"""Gaussian of full covariance, the anchor of densities: fields and presets.

What a preset's summary says it reaches is log p(x) on the test split, exact, in nats, on two CPU cores, as in
`results/<preset>.json`. Steps are whole epochs of batches of equal size: there the likelihood is at its maximum.
"""

import dataclasses

from tfdgm.configs.experiment import DataConfig, ExperimentConfig, Preset, Published, TrainingConfig, smoke_training
from tfdgm.configs.sample_evaluation import SampleEvaluation


@dataclasses.dataclass
class GaussianConfig:
    """Fields of `tfdgm.models.gaussian.Gaussian`.

    Attributes:
      model_name: entry of the model registry.
    """

    model_name: str = "gaussian"


@dataclasses.dataclass
class GaussianOptimizers:
    """None: the maximum is had in closed form."""


def _experiment(data: DataConfig, *, batch_size: int, num_steps: int) -> ExperimentConfig:
    return ExperimentConfig(
        model=GaussianConfig(),
        optimizers=GaussianOptimizers(),
        data=data,
        training=TrainingConfig(
            batch_size=batch_size,
            num_steps=num_steps,
            log_every=num_steps,
            evaluate_every=num_steps,
            checkpoint_every=num_steps,
            sample_every=num_steps,
        ),
        evaluation=SampleEvaluation(metrics=("non_finite_samples",), num_samples=10_000),
    )


def _bsds300(argument: str) -> ExperimentConfig:
    """One epoch of 1,000,000 patches."""
    del argument
    return _experiment(DataConfig(name="bsds300"), batch_size=1_000, num_steps=1_000)


def _mnist_logit(argument: str) -> ExperimentConfig:
    """One epoch of 50,000 digits, as Papamakarios et al. (2017) spread them once."""
    del argument
    return _experiment(DataConfig(name="mnist", domain="logit"), batch_size=50, num_steps=1_000)


def _digits(argument: str) -> ExperimentConfig:
    """100 epochs of the 1,297 digits, each with noise of its own between the levels."""
    del argument
    return _experiment(DataConfig(name="digits", domain="logit"), batch_size=100, num_steps=1_297)


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: few small batches, yet more examples than dimensions."""
    config.training = smoke_training(config.training, num_steps=200)
    config.evaluation.num_samples = 500
    return config


PRESETS: dict[str, Preset] = {
    "gaussian:digits": Preset(
        _digits, _smoke, "full Gaussian on the embedded 8x8 digits, logit: -113.8 nats in 11 seconds"
    ),
    "gaussian:bsds300": Preset(
        _bsds300,
        _smoke,
        "full Gaussian on patches of BSDS300, 63 dimensions: 96.3 nats in 16 seconds",
        published={"log_prob": Published(96.67, "Papamakarios et al. 2017, table 1, on a cut of their own")},
    ),
    "gaussian:mnist_logit": Preset(
        _mnist_logit,
        _smoke,
        "full Gaussian on MNIST, logit: -1366.2 nats in 17 seconds",
        published={"log_prob": Published(-1366.9, "Papamakarios et al. 2017, table 2, unconditional")},
    ),
}
