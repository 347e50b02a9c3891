"""One result, as reports and `evaluation.json` have it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Figure:
    """One metric's result; the fields are those of `evaluation.json`.

    Attributes:
      name: the metric's label.
      value: None where an example's value was not finite.
      unit: such as nats.
      kind: `exact`, `bound`, `stochastic_bound` or `estimate`.
      standard_error: of the mean over the examples, and of log Z where that is estimated, the squares added; of figures
        of samples as `docs/metrics.md` says; None where the figure has none.
      num_examples: how many were measured; 0 where the figure needs no data.
      num_non_finite: how many of them, or of the samples, gave infinity or NaN.
      split: which split; empty where the figure needs no data.
      seed: of the noise.
      note: how log Z came about, where the figure depends on one; of samples, which extractor and how many of what;
        else what the metric is to be held against.
      num_samples: how many of the model's samples it is worked out of; 0 where it needs none.
    """

    name: str
    value: float | None
    unit: str
    kind: str
    standard_error: float | None
    num_examples: int
    num_non_finite: int
    split: str
    seed: int
    note: str = ""
    num_samples: int = 0
