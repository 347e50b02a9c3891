"""Deep belief net: fields and presets.

What a preset's summary says it reaches is the estimate of the variational bound on the test split in nats, on two CPU
cores, as in `results/<preset>.json`: an estimate because log Z of the top harmonium is one.
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
class DBNConfig:
    """Fields of `tfdgm.models.dbn.DBN`.

    Attributes:
      model_name: entry of the model registry.
      hidden_sizes: binary units of each hidden layer, the data's neighbour first; two layers at least.
      label_units: join a one-hot label to the top harmonium's visibles; the data needs labels.
      tied_start: a layer starts as the one below turned round, where it has as many hidden units as that one has
        visibles; the others start at small random weights.
      mean_field_data: layers above the first learn from p(h = 1 | x) below them instead of states drawn from it, of
        which alone the bound speaks.
      negative_phase: `pcd`, `cd`, `fast_pcd` or `tempering`: see `tfdgm.procedures.negative_phase`. In `up_down`,
        where the sleep phase starts from its states.
      num_gibbs_steps: sweeps of a training step, k of CD-k.
      num_chains: persistent chains of each harmonium; at each temperature for `tempering`.
      fast_rate: `fast_pcd`: learning rate of the fast weights.
      num_temperatures: `tempering`: inverse temperatures from 1 to 0.
      centered: subtract running means of the units in the energy (Montavon & Mueller 2012).
      mean_rate: how fast these means follow the data, a step.
      num_greedy_steps: training steps of each layer's phase; empty takes `training.num_steps` for each.
      num_up_down_steps: training steps of the phase `up_down`; 0 leaves it out.
      num_sampling_steps: Gibbs sweeps of a sample in the top harmonium, from data-free chains.
    """

    model_name: str = "dbn"
    hidden_sizes: tuple[int, ...] = (500, 2000)
    label_units: bool = False
    tied_start: bool = True
    mean_field_data: bool = False
    negative_phase: str = "pcd"
    num_gibbs_steps: int = 1
    num_chains: int = 100
    fast_rate: float = 0.01
    num_temperatures: int = 10
    centered: bool = True
    mean_rate: float = 0.01
    num_greedy_steps: tuple[int, ...] = ()
    num_up_down_steps: int = 10_000
    num_sampling_steps: int = 1000


@dataclasses.dataclass
class DBNOptimizers:
    """Those of the greedy phases, and three for up-down.

    Attributes:
      rbm_1: of the first layer's own phase, which starts from nothing.
      rbm: of the other layers' own phases, which start as good models.
      generative: the directed layers' p(v|h).
      recognition: their q(h|v).
      top: the top harmonium in `up_down`.
    """

    rbm_1: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    rbm: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    generative: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    recognition: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    top: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class DBNEvaluation(PartitionEvaluation):
    """Settings of `trainers.evaluate`.

    Attributes:
      num_elbo_samples: posterior samples an example of the bound.
    """

    num_elbo_samples: int = 20


def _sgd(learning_rate: float) -> OptimizerConfig:
    return OptimizerConfig(name="sgd", learning_rate=learning_rate, schedule="linear")


def _mnist(argument: str) -> ExperimentConfig:
    config = ExperimentConfig(
        model=DBNConfig(num_greedy_steps=(120_000, 40_000), num_up_down_steps=10_000),
        optimizers=DBNOptimizers(
            rbm_1=_sgd(0.05), rbm=_sgd(0.02), generative=_sgd(0.005), recognition=_sgd(0.005), top=_sgd(0.005)
        ),
        data=DataConfig(name="mnist", domain="binary"),
        training=TrainingConfig(
            batch_size=100,
            num_steps=100_000,
            log_every=500,
            evaluate_every=5_000,
            checkpoint_every=5_000,
            sample_every=20_000,
            steps_per_execution=20,
        ),
        evaluation=DBNEvaluation(),
    )
    if argument == "labels":
        config.model = dataclasses.replace(
            config.model,
            hidden_sizes=(500, 500, 2000),
            label_units=True,
            num_greedy_steps=(100_000, 50_000, 60_000),
        )
    return config


def _digits(argument: str) -> ExperimentConfig:
    config = _mnist("")
    config.model = DBNConfig(
        hidden_sizes=(64, 128),
        label_units=argument == "labels",
        num_greedy_steps=(6_000, 4_000),
        num_up_down_steps=2_000,
        num_sampling_steps=500,
    )
    config.data = DataConfig(name="digits", domain="binary")
    config.training = dataclasses.replace(
        config.training,
        batch_size=50,
        num_steps=4_000,
        evaluate_every=1_000,
        checkpoint_every=1_000,
        sample_every=2_000,
    )
    return config


def _smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: every phase, few units, few steps, few temperatures."""
    config.model = dataclasses.replace(
        config.model,
        hidden_sizes=(8,) * (len(config.model.hidden_sizes) - 1) + (64,),
        num_chains=20,
        num_greedy_steps=(100,) * len(config.model.hidden_sizes),
        num_up_down_steps=100,
        num_sampling_steps=20,
    )
    config.training = smoke_training(config.training, num_steps=100)
    config.evaluation = DBNEvaluation(
        num_ais_runs=20, num_ais_temperatures=100, num_burn_in_sweeps=10, num_elbo_samples=4
    )
    return config


PRESETS: dict[str, Preset] = {
    "dbn:digits": Preset(
        _digits,
        _smoke,
        "deep belief net of 64-128 hidden units on the embedded 8x8 digits: bound about -24.1 nats in 1 minute",
        ("smoke", "labels"),
    ),
    "dbn:mnist": Preset(
        _mnist,
        _smoke,
        "deep belief net of 500-2000 hidden units on MNIST: bound about -84.8 nats by annealing, in 40 minutes",
        ("smoke", "labels"),
        {"elbo_ais": Published(-86.22, "Salakhutdinov & Murray 2008, table 2, 500-2000, 60,000 digits")},
    ),
}
