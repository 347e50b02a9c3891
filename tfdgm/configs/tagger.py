"""Tagger with rules: fields and presets.

What a preset's summary says it reaches is of seed 0 on the test split, on two CPU cores; those that state no figure
have not been run to the end.
"""

import dataclasses
import math

from tfdgm.configs.classifier import ClassifierEvaluation
from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    TrainingConfig,
    smoke_training,
)


@dataclasses.dataclass
class TaggerConfig:
    """Fields of `tfdgm.models.tagger.Tagger`.

    Attributes:
      model_name: entry of the model registry.
      embedding_size: dimensions of a word's vector.
      num_byte_filters: of a word's spelling.
      num_filters: of each stage of convolution over words.
      window: words that a stage sees at once, odd.
      dropout_rate: probability of a feature to be dropped in training.
      rules: of `tfdgm.knowledge.tag_rules.TAG_RULES`.
      confidences: lambda, one a rule; infinite rules transitions out.
      regularization: C, which multiplies all confidences.
      imitation_limit: pi is min(limit, 1 - decay^(t / steps)) at step t.
      imitation_decay: in [0, 1].
      imitation_steps: steps in which the share of labels falls by the decay: an epoch, as a rule.
    """

    model_name: str = "tagger"
    embedding_size: int = 64
    num_byte_filters: int = 32
    num_filters: tuple[int, ...] = (128, 128)
    window: int = 3
    dropout_rate: float = 0.5
    rules: tuple[str, ...] = ("inside_continues",)
    confidences: tuple[float, ...] = (math.inf,)
    regularization: float = 1.0
    imitation_limit: float = 0.5
    imitation_decay: float = 0.95
    imitation_steps: int = 100


@dataclasses.dataclass
class TaggerOptimizers:
    """One optimizer: one loss."""

    tagger: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _wnut17(argument: str) -> ExperimentConfig:
    """Thirty epochs of 3,394 sentences; which checkpoint counts, the last decides."""
    del argument
    return ExperimentConfig(
        model=TaggerConfig(),
        optimizers=TaggerOptimizers(OptimizerConfig(learning_rate=1e-3, schedule="cosine")),
        data=DataConfig(name="wnut17", domain="tokens"),
        training=TrainingConfig(
            batch_size=34,
            num_steps=3_000,
            log_every=100,
            evaluate_every=500,
            checkpoint_every=500,
            sample_every=3_000,
            steps_per_execution=10,
            best_metric="",
        ),
        evaluation=ClassifierEvaluation(),
    )


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    config.model.embedding_size, config.model.num_byte_filters, config.model.num_filters = 8, 4, (8,)
    config.training = smoke_training(config.training, num_steps=40)
    return config


PRESETS: dict[str, Preset] = {
    "tagger:wnut17": Preset(
        _wnut17,
        _smoke,
        "entities of WNUT-17 by words and spelling, with transition rules: F1 0.115 (p), 0.119 (q), 5 minutes",
    ),
}
