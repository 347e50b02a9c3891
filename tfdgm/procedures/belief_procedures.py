"""The one table of ways to train a sigmoid belief net."""

from collections.abc import Callable
from typing import Any

from tfdgm.core.validation import require_choice
from tfdgm.procedures.belief_procedure import BeliefProcedure, Settings
from tfdgm.procedures.expectation_maximization import GibbsEM, MeanFieldEM
from tfdgm.procedures.score_function import VIMCO, ControlVariates, ScoreFunction
from tfdgm.procedures.wake_sleep import ReweightedWakeSleep, WakeSleep

_NONE = ControlVariates(centered=False, input_dependent=False, normalized=False, local=False)

BELIEF_PROCEDURES: dict[str, Callable[[tuple[int, ...], Settings], BeliefProcedure]] = {
    "gibbs_em": GibbsEM,
    "mean_field": MeanFieldEM,
    "wake_sleep": WakeSleep,
    "reweighted_wake_sleep": ReweightedWakeSleep,
    "reinforce": lambda sizes, settings: ScoreFunction(sizes, settings, variates=_NONE),
    "nvil": lambda sizes, settings: ScoreFunction(sizes, settings, variates=ControlVariates()),
    "vimco": VIMCO,
}


def belief_procedure(name: str, sizes: tuple[int, ...], **settings: Any) -> BeliefProcedure:
    """A procedure by its name in `BELIEF_PROCEDURES`.

    Args:
      name: the name.
      sizes: units of x, h_1, ..., h_L.
      **settings: those of `Settings`; a procedure leaves alone what it does not have.

    Raises:
      ValueError: naming the field with a value that it cannot have.
    """
    require_choice("procedure", name, BELIEF_PROCEDURES)
    return BELIEF_PROCEDURES[name](sizes, Settings(**settings))
