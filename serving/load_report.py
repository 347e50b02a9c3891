"""What a load test found: figures by round, a table, a plot."""

import dataclasses
import os
import pathlib
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np


@dataclasses.dataclass
class Run:
    """One stretch of requests.

    Attributes:
      name: what was asked, and how.
      seconds: how long it took.
      latencies: of each request, in seconds.
      statuses: number of requests by status.
      num_batches: how many batches the server ran meanwhile.
      resident: memory of the server in bytes, by the number of requests answered until then.
      rows_per_request: samples that each request asked for.
    """

    name: str
    seconds: float
    latencies: list[float]
    statuses: dict[str, int]
    num_batches: int
    resident: list[tuple[int, int]]
    rows_per_request: int = 1

    @property
    def per_second(self) -> float:
        """Samples in the requests answered well, a second."""
        return self.statuses.get("OK", 0) * self.rows_per_request / self.seconds

    @property
    def rows_per_batch(self) -> float:
        """Samples that the server drew at once, in the mean."""
        return len(self.latencies) * self.rows_per_request / max(self.num_batches, 1)

    def percentile(self, percent: float) -> float:
        """A percentile of the latencies, in milliseconds."""
        return 1e3 * float(np.percentile(self.latencies, percent))


Figures = dict[str, "Run | float"]
"""One round: by what was asked and how, a run, or samples a second of the raw call."""


def table(rounds: Sequence[Figures], soak: Sequence[Run], num_clients: int) -> str:
    """Medians over the rounds, a row a way to ask, as Markdown."""
    rows_per_request = served(rounds)[0].rows_per_request
    lines = [
        f"| {num_clients} clients, samples a request: {rows_per_request} | samples/s | of raw, same round "
        "| p50 ms | p95 ms | p99 ms | p99/p50 | rows a batch | errors |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in rounds[0]:
        if isinstance(rounds[0][name], float):
            rate = statistics.median(one[name] for one in rounds)
            lines.append(f"| {name} | {rate:.0f} | | | | | | {num_clients * rows_per_request} | |")
    for name in [name for name, value in rounds[0].items() if isinstance(value, Run)]:
        runs = [one[name] for one in rounds]
        ratio = statistics.median(one[name].per_second / one[_raw_of(name)] for one in rounds)
        cells = [statistics.median(run.per_second for run in runs), 100 * ratio]
        percentiles = [statistics.median(run.percentile(percent) for run in runs) for percent in (50, 95, 99)]
        rows = statistics.median(run.rows_per_batch for run in runs)
        errors = sum(number for run in runs for status, number in run.statuses.items() if status != "OK")
        lines.append(
            f"| {name} | {cells[0]:.0f} | {cells[1]:.0f}% | "
            + " | ".join(f"{value:.1f}" for value in percentiles)
            + f" | {percentiles[2] / percentiles[0]:.1f} | {rows:.1f} | {errors} |"
        )
    lines += [f"\n{_memory(run)}" for run in soak]
    return "\n".join(lines)


def plot(rounds: Sequence[Figures], soak: Sequence[Run], path: pathlib.Path) -> None:
    """Latencies of the last round as distributions, and the server's memory over the requests of the soak."""
    from matplotlib.figure import Figure  # which nothing else here needs
    from matplotlib.ticker import StrMethodFormatter

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    latency, memory = figure.subplots(1, 2)
    for run in (value for value in rounds[-1].values() if isinstance(value, Run)):
        milliseconds = 1e3 * np.sort(run.latencies)
        latency.plot(milliseconds, np.arange(1, len(milliseconds) + 1) / len(milliseconds), label=run.name)
    latency.set(xlabel="latency, ms", ylabel="share of requests", title="latency", xlim=(0, None))
    latency.legend(loc="lower right")
    for run in soak:
        memory.plot(*zip(*((count, size / 2**20) for count, size in run.resident), strict=True), label=run.name)
    highest = max((size for run in soak for _, size in run.resident), default=0) / 2**20
    memory.set(xlabel="requests answered", ylabel="MiB", title="resident memory of the server")
    memory.set_ylim(0, max(1.2 * highest, 1))
    memory.locator_params(axis="x", nbins=5)
    memory.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    memory.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def _raw_of(name: str) -> str:
    return f"raw call, {name.partition(', ')[2]}"


def served(rounds: Sequence[Figures]) -> list[Run]:
    """The runs of all rounds."""
    return [value for one in rounds for value in one.values() if isinstance(value, Run)]


def _memory(run: Run) -> str:
    sizes = [size / 2**20 for _, size in run.resident]
    warm = len(sizes) // 10
    return (
        f"{run.name}, {len(run.latencies)} requests in {run.seconds:.0f} s: resident memory of the server "
        f"{sizes[0]:.0f} MiB at the start, {sizes[warm]:.0f} after a tenth, {max(sizes[warm:]):.0f} at most "
        f"after that, {sizes[-1]:.0f} at the end"
    )


def figures(rounds: Sequence[Figures], soak: Sequence[Run], num_clients: int) -> dict[str, Any]:
    """All of it, for JSON."""

    def described(value: Any) -> Any:
        if not isinstance(value, Run):
            return {"samples_per_second": value}
        percentiles = {f"p{percent}_ms": value.percentile(percent) for percent in (50, 95, 99)}
        return {
            "samples_per_second": value.per_second,
            **percentiles,
            "rows_per_request": value.rows_per_request,
            "rows_per_batch": value.rows_per_batch,
            "statuses": value.statuses,
            "resident_bytes": value.resident[-1][1],
        }

    return {
        "num_clients": num_clients,
        "num_cores": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg(),
        "rounds": [{name: described(value) for name, value in one.items()} for one in rounds],
        "soak": [{"name": run.name, **described(run), "resident": run.resident} for run in soak],
    }
