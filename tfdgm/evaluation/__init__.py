"""Figures with a unit, a kind and a standard error: `run.evaluate` for a run, `measure.measure` for a model."""
