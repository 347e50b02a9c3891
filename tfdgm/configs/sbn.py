"""Sigmoid belief nets: fields and presets, one argument a training procedure.

What a summary says is reached is an importance-weighted bound on the test split, in nats, on two CPU cores: of 500
samples of the recognition net on MNIST, of 5,000 samples of mean field on the small digits; `results/<preset>.json` has
all of them.
"""

import dataclasses
from collections.abc import Callable

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    TrainingConfig,
    smoke_training,
)


@dataclasses.dataclass
class SBNConfig:
    """Fields of `tfdgm.models.sbn.SigmoidBeliefNet`.

    Attributes:
      model_name: entry of the model registry.
      hidden_sizes: binary units of each hidden layer, the data's neighbour first.
      autoregressive_prior: let each unit of the top layer depend on those before it.
      procedure: `gibbs_em`, `mean_field`, `wake_sleep`, `reweighted_wake_sleep`, `reinforce`, `nvil` or `vimco`.
      num_importance_samples: `reweighted_wake_sleep`, `vimco`: samples of q an example.
      recognition_phases: `reweighted_wake_sleep`: `wake` (weighted samples), `sleep` (dreams) or `both` train q.
      baseline_sizes: `nvil`: hidden units of the network that predicts each layer's learning signal.
      moment_decay: `nvil`: decay a step of the running mean and variance of the signal.
      num_gibbs_sweeps: `gibbs_em`: sweeps of an E step; all burn-in where latents start anew in each batch.
      num_persistent_examples: `gibbs_em`: as many as the training split has, to keep each one's latents from
        epoch to epoch; 0 starts them anew.
      num_mean_field_steps: `mean_field`: steps of an E step.
      num_inference_steps: steps of a mean-field fit to each example, the q of `mean_field_iwae` and of whatever has no
        recognition net; 0 leaves it out.
      num_validation_samples: samples of q an example of the validation split's `iwae_bound`.
    """

    model_name: str = "sbn"
    hidden_sizes: tuple[int, ...] = (200,)
    autoregressive_prior: bool = False
    procedure: str = "nvil"
    num_importance_samples: int = 5
    recognition_phases: str = "both"
    baseline_sizes: tuple[int, ...] = (100,)
    moment_decay: float = 0.8
    num_gibbs_sweeps: int = 10
    num_persistent_examples: int = 0
    num_mean_field_steps: int = 20
    num_inference_steps: int = 0
    num_validation_samples: int = 20


@dataclasses.dataclass
class SBNOptimizers:
    """One optimizer for each group that the procedure has.

    Attributes:
      generative: of p.
      recognition: of q; without effect for `gibbs_em` and `mean_field`.
      baseline: of the networks that predict learning signals; `nvil` alone has them.
    """

    generative: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    recognition: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    baseline: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class SBNEvaluation:
    """Settings of `trainers.evaluate`.

    Attributes:
      num_elbo_samples: samples of q an example of the ELBO.
      num_iwae_samples: K of the importance-weighted bounds.
    """

    num_elbo_samples: int = 16
    num_iwae_samples: int = 500


# Of Adam, the best of 1e-3, 3e-3 and 1e-2 on validation data: see docs/sigmoid-belief-nets.md.
_MNIST_RATES = {
    "gibbs_em": 1e-2,  # of the digits; on MNIST not run
    "mean_field": 1e-2,  # likewise
    "wake_sleep": 1e-2,
    "reweighted_wake_sleep": 1e-2,
    "reinforce": 1e-3,
    "nvil": 3e-3,
    "vimco": 1e-2,
}
_DIGITS_RATES = dict.fromkeys(_MNIST_RATES, 1e-2)
PROCEDURES = tuple(_MNIST_RATES)


def _optimizers(learning_rate: float) -> SBNOptimizers:
    def adam() -> OptimizerConfig:
        return OptimizerConfig(learning_rate=learning_rate, schedule="cosine")

    return SBNOptimizers(generative=adam(), recognition=adam(), baseline=adam())


def _sbn_mnist(argument: str) -> ExperimentConfig:
    """200 units and 30 epochs of 50,000 digits; `long` is reweighted wake-sleep for 120 epochs."""
    procedure = "reweighted_wake_sleep" if argument == "long" else argument or "nvil"
    return ExperimentConfig(
        model=SBNConfig(procedure=procedure),
        optimizers=_optimizers(_MNIST_RATES[procedure]),
        data=DataConfig(name="mnist", domain="binary"),
        training=TrainingConfig(
            batch_size=100,
            num_steps=60_000 if argument == "long" else 15_000,
            log_every=500,
            evaluate_every=1_500,
            checkpoint_every=1_500,
            sample_every=7_500,
            steps_per_execution=20,
            best_metric="iwae_bound",
        ),
        evaluation=SBNEvaluation(),
    )


def _sbn_digits(argument: str) -> ExperimentConfig:
    """50 units; the yardstick of all procedures is `mean_field_iwae`, which asks for no recognition net."""
    config = _sbn_mnist(argument)
    config.model = dataclasses.replace(config.model, hidden_sizes=(50,), num_inference_steps=50)
    config.evaluation.num_iwae_samples = 5_000
    config.optimizers = _optimizers(_DIGITS_RATES[config.model.procedure])
    config.data = DataConfig(name="digits", domain="binary")
    config.training = dataclasses.replace(
        config.training,
        batch_size=50,
        num_steps=8_000,
        log_every=200,
        evaluate_every=1_000,
        checkpoint_every=1_000,
        sample_every=4_000,
    )
    return config


def _named(
    model_name: str, procedure: str, build: Callable[[str], ExperimentConfig], argument: str
) -> ExperimentConfig:
    """The instance of a net by its own name; `two_layers` and `three_layers` are of 200 units each."""
    config = build(procedure)
    config.model.model_name = model_name
    if argument:
        config.model.hidden_sizes = (200,) * {"two_layers": 2, "three_layers": 3}[argument]
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: few units, few steps, few samples."""
    config.model = dataclasses.replace(
        config.model,
        hidden_sizes=tuple(8 for _ in config.model.hidden_sizes),
        baseline_sizes=(8,),
        num_gibbs_sweeps=2,
        num_mean_field_steps=3,
        num_inference_steps=min(config.model.num_inference_steps, 5),
        num_validation_samples=5,
    )
    config.training = smoke_training(config.training, num_steps=200)
    config.evaluation = SBNEvaluation(num_elbo_samples=4, num_iwae_samples=50)
    return config


def _instances(model_name: str, procedure: str, description: str) -> dict[str, Preset]:
    def build(of: Callable[[str], ExperimentConfig]) -> Callable[[str], ExperimentConfig]:
        return lambda argument: _named(model_name, procedure, of, argument)

    deeper = ("smoke", "two_layers", "three_layers")
    return {
        f"{model_name}:digits": Preset(
            build(_sbn_digits), _smoke, f"{description}, 50 units, on the embedded 8x8 digits"
        ),
        f"{model_name}:mnist": Preset(
            build(_sbn_mnist), _smoke, f"{description}, layers of 200 units, on MNIST", deeper
        ),
    }


PRESETS: dict[str, Preset] = {
    "sbn:digits": Preset(
        _sbn_digits,
        _smoke,
        "sigmoid belief net of 50 units on the embedded 8x8 digits: NLL 23.6 to 24.6 nats by procedure",
        ("smoke", *PROCEDURES),
    ),
    "sbn:mnist": Preset(
        _sbn_mnist,
        _smoke,
        "sigmoid belief net of 200 units on MNIST: NLL 107.5 to 126.6 nats by procedure, in 2 to 14 minutes",
        ("smoke", *PROCEDURES, "long"),
    ),
    **_instances("helmholtz", "wake_sleep", "Helmholtz machine"),
    **_instances("nvil", "nvil", "belief net by NVIL"),
}
