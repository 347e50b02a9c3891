"""The typed configuration of one run: dataclasses without TensorFlow, so that a mistake is answered at once."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any


@dataclasses.dataclass
class DataConfig:
    """Which data, and what of it the model sees.

    Attributes:
      name: data set: see `tfdgm.data.list_datasets()`; `folder` is a folder of your own images.
      path: the folder, for `folder`.
      domain: values the model gets: `binary`, `unit`, `symmetric`, `uint8`, `real` or `logit`. Empty: the data set's
        own.
      binarization: for domain `binary`: `dynamic` draws each pixel anew every epoch with its grey level as
        probability; `threshold` cuts at one half; `none` where the data is binary already.
      logit_alpha: for domain `logit`: alpha of x = logit(alpha + (1 - 2 alpha) (level + u) / num_levels), u uniform and
        drawn anew every epoch; at least 0 and below 1/2.
      image_height: resize to this height in pixels, 0 keeps the data's own.
      image_width: likewise.
      num_channels: 1 or 3; 0 keeps the data's own.
      sequence_length: tokens of a text, of which longer ones lose the end; 0 is the longest training text.
      num_validation: examples at the end of the training split held out for validation, where the data set has no
        validation split; 0 takes the number in `tfdgm.data.catalog`.
      num_train: training examples used, the first so many; 0 is all.
      num_labels: training examples whose label is shown, as many of each class; the rest have -1, and every other row
        of a training batch is one whose label is shown. 0 is all. For models that learn from both.
    """

    name: str = "digits"
    path: str = ""
    domain: str = ""
    binarization: str = "dynamic"
    logit_alpha: float = 1e-6
    image_height: int = 0
    image_width: int = 0
    num_channels: int = 0
    sequence_length: int = 0
    num_validation: int = 0
    num_train: int = 0
    num_labels: int = 0


@dataclasses.dataclass
class OptimizerConfig:
    """One optimizer.

    Attributes:
      name: `adam`, `adamw`, `adamax`, `rmsprop`, `sgd`, `adagrad` or `adadelta`.
      learning_rate: the peak rate.
      schedule: `constant`, `cosine` (to zero at the end of the phase), `linear` (likewise) or `burda` (the
        eight stages of 3^i parts of Burda et al. 2016, rate falling tenfold in equal ratios).
      warmup_steps: steps of linear rise from zero.
      beta_1: Adam family: decay of the first moment.
      beta_2: Adam family: decay of the second moment; RMSprop: its decay.
      epsilon: added to the denominator.
      momentum: SGD and RMSprop.
      weight_decay: decoupled, as in AdamW; 0 is none.
      clip_norm: global gradient norm above which gradients are scaled down; 0 is none.
    """

    name: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup_steps: int = 0
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    momentum: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0


@dataclasses.dataclass
class TrainingConfig:
    """How long, how large, how often.

    Attributes:
      num_steps: training steps of a phase that does not state its own.
      batch_size: global batch size, over all replicas and workers.
      eval_batch_size: batch size on held-out data.
      log_every: steps between two lines of metrics.jsonl; each line holds means over these steps.
      evaluate_every: steps between two passes over the validation split; a multiple of `log_every`.
      checkpoint_every: steps between two checkpoints; a multiple of `log_every`.
      sample_every: steps between two sample grids; a multiple of `log_every`.
      steps_per_execution: steps in one call into the graph; `log_every` must be a multiple of it.
      keep_checkpoints: how many of the newest to keep; the best is kept besides.
      best_metric: the validation log whose best value marks the best checkpoint; empty: none is marked.
      best_mode: `max` or `min`.
      sample_metrics: figures of samples, worked out at each pass over the validation split and logged beside its own;
        `best_metric` may be one: `fid`, `kid`, `modes_covered` and others of `tfdgm.evaluation.training_metrics`.
      num_metric_samples: how many samples they take.
      ema_decay: decay a step of the averaged weights that sampling, evaluation and export use; 0 is none.
      precision: Keras dtype policy: `float32`, `mixed_bfloat16`, `mixed_float16` or `float64`.
      deterministic: make every operation deterministic, as exact resume requires.
      jit_compile: compile the step with XLA.
    """

    num_steps: int = 1000
    batch_size: int = 100
    eval_batch_size: int = 500
    log_every: int = 100
    evaluate_every: int = 1000
    checkpoint_every: int = 1000
    sample_every: int = 1000
    steps_per_execution: int = 1
    keep_checkpoints: int = 2
    best_metric: str = ""
    best_mode: str = "max"
    sample_metrics: tuple[str, ...] = ()
    num_metric_samples: int = 2500
    ema_decay: float = 0.0
    precision: str = "float32"
    deterministic: bool = True
    jit_compile: bool = False


@dataclasses.dataclass
class ExperimentConfig:
    """Everything that decides a run's numbers; stored as `config.json` and never repeated by flags.

    Attributes:
      preset: the packaged preset this came from, `<model>:<dataset>[:<argument>]`.
      seed: the one seed of the run: weights, order of the data, and every draw.
      model: the family's own dataclass; `model_name` in it names the entry of the model registry.
      optimizers: a dataclass with one `OptimizerConfig` a variable group of the model.
      data: see `DataConfig`.
      training: see `TrainingConfig`.
      evaluation: the family's own dataclass of evaluation settings.
    """

    preset: str = ""
    seed: int = 0
    model: Any = None
    optimizers: Any = None
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    evaluation: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionaries, as written to `config.json`, which has no infinity: it is the word `inf`."""
        return dataclasses.asdict(self, dict_factory=lambda items: {name: _in_json(value) for name, value in items})


def _in_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_in_json, value))
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def from_json(value: Any) -> Any:
    """What `ExperimentConfig.to_dict` has for a field, as it was."""
    if isinstance(value, list | tuple):
        return tuple(map(from_json, value))
    return float(value) if value in ("inf", "-inf") else value


@dataclasses.dataclass(frozen=True)
class Published:
    """A figure from the literature.

    Attributes:
      value: in the metric's unit.
      source: author, year, table, and in what the protocol differs.
    """

    value: float
    source: str


@dataclasses.dataclass(frozen=True)
class Preset:
    """A packaged configuration.

    Attributes:
      build: takes one of `arguments` but `smoke`, or "", and returns a fresh `ExperimentConfig`.
      smoke: shrinks what `build` made to a minute of CPU, of every phase.
      summary: one line: what it is and what it reaches, in which unit, in how long on two cores.
      arguments: the arguments it takes; every preset takes `smoke`.
      published: figures from the literature to hold the preset's own against, by metric.
      published_of: the same of arguments that make it another experiment, by argument.
    """

    build: Callable[[str], ExperimentConfig]
    smoke: Callable[[ExperimentConfig], ExperimentConfig]
    summary: str
    arguments: tuple[str, ...] = ("smoke",)
    published: Mapping[str, Published] = dataclasses.field(default_factory=dict)
    published_of: Mapping[str, Mapping[str, Published]] = dataclasses.field(default_factory=dict)

    def config(self, argument: str) -> ExperimentConfig:
        """A fresh configuration by one of `arguments`, or ""."""
        return self.smoke(self.build("")) if argument == "smoke" else self.build(argument)


def smoke_training(training: TrainingConfig, *, num_steps: int) -> TrainingConfig:
    """`training` with phases of `num_steps` small batches, and everything that happens between steps often."""
    return dataclasses.replace(
        training,
        num_steps=num_steps,
        batch_size=20,
        log_every=20,
        evaluate_every=100,
        checkpoint_every=40,
        sample_every=100,
        steps_per_execution=20,
    )
