"""Classifiers: fields and presets.

What a preset's summary says it reaches is the accuracy on the test split, of the checkpoint that was best on the
validation split, on two CPU cores, as in `results/<preset>.json`.
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
class ClassifierConfig:
    """Fields of `tfdgm.models.classifier.Classifier`.

    Attributes:
      model_name: entry of the model registry.
      network: `conv` for images, `mlp` for any numbers, `sentence` for texts (the network of Kim 2014).
      num_filters: `conv`: filters of each stage of a 3x3 convolution and 2x2 pooling.
      hidden_sizes: units of the dense hidden layers; the last are the features.
      activation: any Keras activation.
      dropout_rate: probability of a unit to be dropped in training, before each dense layer but one that sees the data.
      label_smoothing: e; training targets are (1 - e) on the label and e spread over all classes.
      embedding_size: `sentence`: dimensions of a word's vector.
      filter_widths: `sentence`: words in a window of each group of filters.
      num_sentence_filters: `sentence`: filters of each width.
      max_norm: `sentence`: bound on the norm of a class's weights; 0 is none.
      vectors_file: `sentence`: text file of pretrained word vectors; empty begins at random.
    """

    model_name: str = "classifier"
    network: str = "conv"
    num_filters: tuple[int, ...] = (32, 64)
    hidden_sizes: tuple[int, ...] = (128,)
    activation: str = "relu"
    dropout_rate: float = 0.3
    label_smoothing: float = 0.0
    embedding_size: int = 300
    filter_widths: tuple[int, ...] = (3, 4, 5)
    num_sentence_filters: int = 100
    max_norm: float = 3.0
    vectors_file: str = ""


@dataclasses.dataclass
class ClassifierOptimizers:
    """One optimizer: one loss."""

    classifier: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class ClassifierEvaluation:
    """Nothing to set: what is measured is a function of the data alone."""


def _mnist(argument: str) -> ExperimentConfig:
    """Twelve epochs of 50,000 digits."""
    del argument
    return ExperimentConfig(
        model=ClassifierConfig(),
        optimizers=ClassifierOptimizers(
            OptimizerConfig(name="adamw", learning_rate=1e-3, schedule="cosine", weight_decay=1e-2)
        ),
        data=DataConfig(name="mnist", domain="unit"),
        training=TrainingConfig(
            batch_size=100,
            num_steps=6_000,
            log_every=100,
            evaluate_every=500,
            checkpoint_every=500,
            sample_every=6_000,
            steps_per_execution=20,
            best_metric="accuracy",
        ),
        evaluation=ClassifierEvaluation(),
    )


def _fashion_mnist(argument: str) -> ExperimentConfig:
    """The same network on clothing."""
    config = _mnist(argument)
    config.data = DataConfig(name="fashion_mnist", domain="unit")
    return config


def _cifar10_jpeg(argument: str) -> ExperimentConfig:
    """Three stages for colour; a judge of samples, not a contender: no augmentation."""
    config = _mnist(argument)
    config.model.num_filters = (32, 64, 128)
    config.data = DataConfig(name="cifar10_jpeg", domain="unit")
    return config


def digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits: 77 epochs of 1,297."""
    config = _mnist(argument)
    config.data = DataConfig(name="digits", domain="unit")
    config.training = dataclasses.replace(
        config.training,
        batch_size=50,
        num_steps=2_000,
        evaluate_every=100,
        checkpoint_every=500,
        sample_every=2_000,
    )
    return config


def sentences(name: str, num_steps: int, evaluate_every: int) -> ExperimentConfig:
    """The network and the batch size of Kim (2014), section 3.1, with random vectors; Adam where he has Adadelta."""
    return ExperimentConfig(
        model=ClassifierConfig(network="sentence", dropout_rate=0.5),
        optimizers=ClassifierOptimizers(OptimizerConfig(learning_rate=5e-4)),
        data=DataConfig(name=name, domain="tokens"),
        training=TrainingConfig(
            batch_size=50,
            num_steps=num_steps,
            log_every=evaluate_every,
            evaluate_every=evaluate_every,
            checkpoint_every=evaluate_every,
            sample_every=num_steps,
            steps_per_execution=10,
            best_metric="accuracy",
        ),
        evaluation=ClassifierEvaluation(),
    )


def sst2(argument: str) -> ExperimentConfig:
    """Seven epochs of 6,920 sentences."""
    del argument
    return sentences("sst2", num_steps=980, evaluate_every=70)


def sst2_phrases(argument: str) -> ExperimentConfig:
    """Three epochs of 76,961 phrases."""
    del argument
    return sentences("sst2_phrases", num_steps=4_600, evaluate_every=230)


def smoke(config: ExperimentConfig) -> ExperimentConfig:
    """The same path in a minute of CPU: few filters, few units, few steps."""
    config.model = dataclasses.replace(
        config.model, num_filters=(4, 8), hidden_sizes=(16,), embedding_size=16, num_sentence_filters=8
    )
    config.training = smoke_training(config.training, num_steps=200)
    return config


PRESETS: dict[str, Preset] = {
    "classifier:digits": Preset(
        digits, smoke, "classifier of the embedded 8x8 digits: accuracy about 98.4% in 10 seconds"
    ),
    "classifier:cifar10_jpeg": Preset(_cifar10_jpeg, smoke, "classifier of CIFAR-10 from JPEG: accuracy about 74%"),
    "classifier:sst2": Preset(
        sst2, smoke, "SST-2's sentences by the network of Kim (2014), random vectors: 79.9% over five seeds"
    ),
    "classifier:sst2_phrases": Preset(sst2_phrases, smoke, "the same, trained on phrases"),
    "classifier:mnist": Preset(_mnist, smoke, "classifier of MNIST: accuracy about 99.3% in 2 minutes"),
    "classifier:fashion_mnist": Preset(
        _fashion_mnist, smoke, "classifier of Fashion-MNIST: accuracy about 91.7% in 2 minutes"
    ),
}
