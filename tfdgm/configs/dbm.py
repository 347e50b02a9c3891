"""Deep Boltzmann machine: fields and presets.

What a preset's summary says it reaches is the estimate of the variational bound on the test split in nats, on two CPU
cores, as in `results/<preset>.json`: an estimate because log Z is one. Each pixel is binarised anew every epoch, and
once for the test split. The argument `long` has not been run.
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
class DBMConfig:
    """Fields of `tfdgm.models.dbm.DBM`.

    Attributes:
      model_name: entry of the model registry.
      hidden_sizes: binary units of each hidden layer, the data's neighbour first; two layers at least.
      num_mean_field_steps: sweeps of the fixed-point equations in a training step, after a pass bottom up.
      num_inference_steps: the same of bounds and features, where they should have converged.
      negative_phase: `pcd` or `tempering`: see `tfdgm.procedures.negative_phase`.
      num_gibbs_steps: sweeps of the chains in a training step.
      num_chains: persistent chains; at each temperature for `tempering`.
      num_temperatures: `tempering`: inverse temperatures from 1 to 0.
      centered: subtract running means of the units in the energy (Montavon & Mueller 2012).
      mean_rate: how fast these means follow the data, a step.
      num_pretraining_steps: training steps of each layer's RBM before `joint`; 0 leaves pretraining out.
      num_discriminative_steps: training steps of a classifier after `joint`, which needs labels; 0 leaves it out.
      num_sampling_steps: Gibbs sweeps of a sample, from data-free chains.
    """

    model_name: str = "dbm"
    hidden_sizes: tuple[int, ...] = (500, 500)
    num_mean_field_steps: int = 5
    num_inference_steps: int = 50
    negative_phase: str = "pcd"
    num_gibbs_steps: int = 1
    num_chains: int = 100
    num_temperatures: int = 10
    centered: bool = True
    mean_rate: float = 0.01
    num_pretraining_steps: int = 0
    num_discriminative_steps: int = 0
    num_sampling_steps: int = 1000


@dataclasses.dataclass
class DBMOptimizers:
    """One optimizer for each kind of phase.

    Attributes:
      rbm: of each layer's pretraining.
      dbm: of all layers together.
      classifier: of the discriminative phase.
    """

    rbm: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    dbm: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    classifier: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class DBMEvaluation(PartitionEvaluation):
    """Settings of `trainers.evaluate`.

    Attributes:
      num_elbo_samples: without effect, for the bound of mean field is in closed form.
    """

    num_elbo_samples: int = 1


def _sgd(learning_rate: float, warmup_steps: int = 0) -> OptimizerConfig:
    return OptimizerConfig(name="sgd", learning_rate=learning_rate, schedule="linear", warmup_steps=warmup_steps)


def _mnist(argument: str) -> ExperimentConfig:
    """Pretrained, though centred: mean field draws small weights of the upper layers to exactly zero.

    A factorial q leaves out what h_1's own noise has in common with h_2, which the model's chains have: from small
    weights on, the machine ends as an RBM whose upper layers are coins. With a rate of 0.05, or of 0.02 before the
    chains have come away from the data, all units of the upper layers lock together in one direction and stay there:
    `expected_energy` falls below -2,000, where it is else about -800.
    """
    config = ExperimentConfig(
        model=DBMConfig(num_pretraining_steps=5_000),
        optimizers=DBMOptimizers(
            rbm=_sgd(0.05),
            dbm=_sgd(0.02, warmup_steps=2_000),
            classifier=OptimizerConfig(learning_rate=3e-4, schedule="cosine"),
        ),
        data=DataConfig(name="mnist", domain="binary"),
        training=TrainingConfig(
            batch_size=100,
            num_steps=150_000,
            log_every=500,
            evaluate_every=5_000,
            checkpoint_every=5_000,
            sample_every=25_000,
            steps_per_execution=20,
        ),
        evaluation=DBMEvaluation(),
    )
    if argument == "long":
        config.model.hidden_sizes = (500, 1000)
        config.training.num_steps = 500_000
    if argument == "classifier":
        config.model.num_discriminative_steps = 25_000
    return config


def _digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits, which 64 units explain nearly alone: trained for longer, the upper layer fades."""
    config = _mnist(argument)
    config.model = dataclasses.replace(
        config.model,
        hidden_sizes=(64, 64),
        num_pretraining_steps=4_000,
        num_discriminative_steps=2_000 if argument == "classifier" else 0,
        num_sampling_steps=500,
    )
    config.optimizers.dbm.warmup_steps = 1_000
    config.data = DataConfig(name="digits", domain="binary")
    config.training = dataclasses.replace(
        config.training,
        batch_size=50,
        num_steps=8_000,
        evaluate_every=1_000,
        checkpoint_every=1_000,
        sample_every=4_000,
    )
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """Every phase in a minute of CPU: few units, few steps, few temperatures."""
    config.model = dataclasses.replace(
        config.model,
        hidden_sizes=(24, 24),
        num_chains=20,
        num_pretraining_steps=100,
        num_discriminative_steps=100,
        num_sampling_steps=20,
    )
    config.training = smoke_training(config.training, num_steps=100)
    config.evaluation = DBMEvaluation(num_ais_runs=20, num_ais_temperatures=100, num_burn_in_sweeps=10)
    return config


PRESETS: dict[str, Preset] = {
    "dbm:digits": Preset(
        _digits,
        _smoke,
        "DBM of 64-64 hidden units on the embedded 8x8 digits: bound about -23.9 nats in 2 minutes",
        ("smoke", "classifier"),
    ),
    "dbm:mnist": Preset(
        _mnist,
        _smoke,
        "DBM of 500-500 hidden units on MNIST: bound about -87.5 nats by annealing, in 48 minutes on shared cores",
        ("smoke", "long", "classifier"),
        {"elbo_ais": Published(-84.62, "Salakhutdinov & Hinton 2009, table 1, 500-1000 units, 60,000 digits")},
    ),
}
