"""How the partition functions of energy models are evaluated."""

import dataclasses


@dataclasses.dataclass
class PartitionEvaluation:
    """How `trainers.evaluate` finds log Z: by enumeration where one side has at most 20 units, else by annealing.

    Attributes:
      num_ais_runs: annealed chains in each direction, at least 2.
      num_ais_temperatures: inverse temperatures from 0 to 1, at least 2, spaced as in Salakhutdinov & Murray (2008).
      num_burn_in_sweeps: Gibbs sweeps of the reverse runs' first states.
    """

    num_ais_runs: int = 100
    num_ais_temperatures: int = 14_500
    num_burn_in_sweeps: int = 1000
