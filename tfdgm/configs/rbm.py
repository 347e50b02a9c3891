"""RBM: fields and presets.

What a preset's summary says it reaches is log p(x) on the test split in nats, on two CPU cores, as in
`results/<preset>.json`.
"""

import dataclasses

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    Published,
    TrainingConfig,
    smoke_training,
)
from tfdgm.configs.partition import PartitionEvaluation


@dataclasses.dataclass
class RBMConfig:
    """Fields of `tfdgm.models.rbm.RBM`.

    Attributes:
      model_name: entry of the model registry.
      num_hidden: hidden units, all binary.
      visible_units: `bernoulli` (data of domain binary), `gaussian` (unit, symmetric, real) or `softmax` (levels).
      negative_phase: `cd`, `pcd`, `fast_pcd` or `tempering`: see `tfdgm.procedures.negative_phase`.
      num_gibbs_steps: sweeps of a training step, k of CD-k.
      num_chains: persistent chains; at each temperature for `tempering`.
      fast_rate: `fast_pcd`: learning rate of the fast weights.
      num_temperatures: `tempering`: inverse temperatures from 1 to 0.
      centered: subtract running means of the units in the energy (Montavon & Mueller 2012).
      mean_rate: how fast these means follow the data, a step.
      weight_decay: L2 penalty on the kernel, its weight in the loss times two.
      sparsity_target: mean activation that hidden units are pulled to.
      sparsity_weight: how hard; 0 is not at all.
      num_sampling_steps: Gibbs sweeps of a sample, from data-free chains.
    """

    model_name: str = "rbm"
    num_hidden: int = 500
    visible_units: str = "bernoulli"
    negative_phase: str = "pcd"
    num_gibbs_steps: int = 1
    num_chains: int = 100
    fast_rate: float = 0.01
    num_temperatures: int = 10
    centered: bool = True
    mean_rate: float = 0.01
    weight_decay: float = 0.0
    sparsity_target: float = 0.1
    sparsity_weight: float = 0.0
    num_sampling_steps: int = 1000


@dataclasses.dataclass
class RBMOptimizers:
    """One optimizer for weights and biases."""

    rbm: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _mnist(num_hidden: int, num_steps: int, learning_rate: float) -> ExperimentConfig:
    return ExperimentConfig(
        model=RBMConfig(num_hidden=num_hidden),
        optimizers=RBMOptimizers(rbm=OptimizerConfig(name="sgd", learning_rate=learning_rate, schedule="linear")),
        data=DataConfig(name="mnist", domain="binary"),
        training=TrainingConfig(
            batch_size=100,
            num_steps=num_steps,
            log_every=500,
            evaluate_every=5_000,
            checkpoint_every=5_000,
            sample_every=25_000,
            steps_per_execution=20,
        ),
        evaluation=PartitionEvaluation(),
    )


def _mnist_500(argument: str) -> ExperimentConfig:
    del argument
    return _mnist(500, 150_000, 0.05)


def _mnist_20(argument: str) -> ExperimentConfig:
    config = _mnist(20, 50_000, 0.05)
    if argument == "cd1":
        config.model.negative_phase = "cd"
    return config


def _digits(argument: str) -> ExperimentConfig:
    config = _mnist(64, 20_000, 0.05)
    config.data = DataConfig(name="digits", domain="binary")
    config.training = dataclasses.replace(
        config.training, batch_size=50, evaluate_every=2_000, checkpoint_every=2_000, sample_every=10_000
    )
    if argument in ("gaussian", "softmax"):
        config.model.visible_units = argument
        config.data.domain = "unit"
        config.optimizers.rbm.learning_rate = 0.005
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: few units, few steps, few temperatures."""
    config.model.num_hidden = 8
    config.model.num_chains = 20
    config.model.num_sampling_steps = 20
    config.training = smoke_training(config.training, num_steps=200)
    config.evaluation = PartitionEvaluation(num_ais_runs=20, num_ais_temperatures=100, num_burn_in_sweeps=10)
    return config


PRESETS: dict[str, Preset] = {
    "rbm:digits": Preset(
        _digits,
        _smoke,
        "RBM of 64 hidden units on the embedded 8x8 digits: about -23.2 nats in half a minute",
        ("smoke", "gaussian", "softmax"),
    ),
    "rbm:mnist": Preset(
        _mnist_500,
        _smoke,
        "RBM of 500 hidden units on MNIST by centred PCD-1: about -84.9 nats by annealing both ways, in 19 minutes",
        published={"log_prob_ais": Published(-86.34, "Salakhutdinov & Murray 2008, table 1, CD-25, 60,000 digits")},
    ),
    "rbm:mnist20": Preset(
        _mnist_20,
        _smoke,
        "RBM of 20 hidden units on MNIST: -135.6 nats, exact, in 1 minute; by CD-1 -146.1",
        ("smoke", "cd1"),
    ),
}
