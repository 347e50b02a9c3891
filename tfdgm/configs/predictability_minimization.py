"""Predictability minimization: fields and presets.

What a preset's summary says it reaches is of seed 0 on the test split, on two CPU cores, as in `results/<preset>.json`;
what other seeds reach is in docs/predictability-minimization.md.
"""

import dataclasses

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    TrainingConfig,
    smoke_training,
)


@dataclasses.dataclass
class PredictabilityMinimizationConfig:
    """Fields of `tfdgm.models.predictability_minimization.PredictabilityMinimization`.

    Attributes:
      model_name: entry of the model registry.
      latent_dim: number of code units, at least 2.
      hidden_sizes: units of the encoder's hidden layers; the decoder, where there is one, mirrors them.
      activation: of encoder and decoder, any Keras activation.
      num_predictor_units: hidden units of each predictor.
      num_predictor_steps: steps of the predictors to one of the encoder.
      reconstruction_weight: weight of the squared error of a decoder beside that of the predictors; 0: no decoder.
    """

    model_name: str = "predictability_minimization"
    latent_dim: int = 16
    hidden_sizes: tuple[int, ...] = (128,)
    activation: str = "tanh"
    num_predictor_units: int = 32
    num_predictor_steps: int = 3
    reconstruction_weight: float = 0.0


@dataclasses.dataclass
class PredictabilityMinimizationOptimizers:
    """One optimizer for each side; a decoder is on the encoder's."""

    predictors: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    encoder: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class PredictabilityMinimizationEvaluation:
    """Nothing to set: what is measured is a function of the code alone."""


def _patterns(argument: str) -> ExperimentConfig:
    """The toy task of 1992 by V_C alone: 16 patterns, 4 code units, every step on all patterns."""
    del argument
    return ExperimentConfig(
        model=PredictabilityMinimizationConfig(latent_dim=4, hidden_sizes=(16,)),
        optimizers=PredictabilityMinimizationOptimizers(
            # Two patterns of one code part only while their units are short of 0 and 1: the decay sees to that.
            predictors=OptimizerConfig(name="adamw", learning_rate=0.02, weight_decay=0.1),
            encoder=OptimizerConfig(name="adamw", learning_rate=0.02, weight_decay=1.0),
        ),
        data=DataConfig(name="patterns", domain="binary"),
        training=TrainingConfig(
            batch_size=16,
            num_steps=8_000,
            log_every=1_000,
            evaluate_every=4_000,
            checkpoint_every=4_000,
            sample_every=8_000,
            steps_per_execution=100,
        ),
        evaluation=PredictabilityMinimizationEvaluation(),
    )


def _digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits as grey levels, with a decoder, for 10 units can't tell all of them apart."""
    del argument
    return ExperimentConfig(
        model=PredictabilityMinimizationConfig(latent_dim=10, reconstruction_weight=1.0),
        optimizers=PredictabilityMinimizationOptimizers(
            predictors=OptimizerConfig(learning_rate=3e-3, schedule="cosine"),
            encoder=OptimizerConfig(learning_rate=1e-3, schedule="cosine"),
        ),
        data=DataConfig(name="digits", domain="unit"),
        training=TrainingConfig(
            batch_size=100,
            num_steps=10_000,
            log_every=200,
            evaluate_every=1_000,
            checkpoint_every=1_000,
            sample_every=5_000,
            steps_per_execution=20,
        ),
        evaluation=PredictabilityMinimizationEvaluation(),
    )


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: few units, few steps."""
    config.model.latent_dim = 4
    config.model.hidden_sizes = (16,)
    config.model.num_predictor_units = 8
    config.training = smoke_training(config.training, num_steps=200)
    return config


PRESETS: dict[str, Preset] = {
    "predictability_minimization:patterns": Preset(
        _patterns,
        _smoke,
        "16 one-hot patterns to 4 independent bits, by predictability: no bit shared, none lost, in half a minute",
    ),
    "predictability_minimization:digits": Preset(
        _digits,
        _smoke,
        "codes of 10 units for the embedded 8x8 digits: mean |r| 0.058 where chance gives 0.051, in half a minute",
    ),
}
