"""The estimate of a training step in words and tables."""

from tfdgm.training.estimate import StepEstimate

_MIB = 2.0**20

_ASSUMPTIONS = (
    "FLOPs are those of products of matrices and of convolutions, forward and back, a multiplication and an addition "
    "counted as two; of all else nothing.",
    "Memory is of tensors: every operation runs as soon as what it needs is there, one at a time, and a tensor goes "
    "when nothing needs it any more.",
    "Activations are the most that tensors that grow with the rows have at once. Gradients and all else without rows "
    "may have their most at another moment, so that memory can be less than the sum.",
    "Not counted in memory: what an allocator cannot give out again, workspace inside operations, TensorFlow itself "
    "and its graphs, batches read ahead, evaluation.",
    "Every replica holds all weights, slots and averages; rows are shared out evenly, and each tensor's size is linear "
    "in them.",
    "Sums over replicas go round a ring: each replica sends 2 (n - 1) / n of what it sums, in the type of the "
    "variables. A group's gradients are summed once an update, and once more where their norm is logged.",
)


def report(name: str, estimate: StepEstimate) -> str:
    """The whole page.

    Args:
      name: of the configuration.
      estimate: of its step.
    """
    sections = [
        [_title(name, estimate)],
        _parameters(estimate),
        _fixed_memory(estimate),
        _sums(estimate),
        _table(estimate),
        ["Assumptions", *(f"- {line}" for line in (*_ASSUMPTIONS, *_caveats(estimate)))],
    ]
    return "\n\n".join("\n".join(section) for section in sections)


def _title(name: str, estimate: StepEstimate) -> str:
    phase = f"phase {estimate.phase.name}, the last of {estimate.num_phases}; " if estimate.num_phases > 1 else ""
    return f"{name}: {phase}{estimate.phase.batch_size:,} rows a step"


def _parameters(estimate: StepEstimate) -> list[str]:
    rows = [*estimate.parameters.items(), ("all", sum(estimate.parameters.values()))]
    return ["Parameters", *(f"  {group:<34}{number:>15,}" for group, number in rows)]


def _fixed_memory(estimate: StepEstimate) -> list[str]:
    parts = {
        "weights and other variables": estimate.weights,
        "optimizers' slots": estimate.slots,
        "averages of weights": estimate.averages,
        "gradients and all else without rows": estimate.working_bytes(0),
    }
    return ["Memory of a replica, whatever its rows, MiB", *(_line(part, size) for part, size in parts.items())]


def _sums(estimate: StepEstimate) -> list[str]:
    lines = [_line(f"{number} x gradients of {group}", number * size)
             for group, (number, size) in estimate.sent.gradients.items()]  # fmt: skip
    rest = estimate.sent.rest + estimate.sent.gathered
    return ["Summed over replicas in a step, MiB", *lines, _line("statistics, losses, counts", rest)]


def _line(name: str, size: float) -> str:
    return f"  {name:<34}{_number(size / _MIB):>15}"


def _table(estimate: StepEstimate) -> list[str]:
    head = (
        "replicas",
        "rows of each",
        "GFLOPs of each",
        "activations, MiB",
        "memory of each, MiB",
        "sent by each, MiB",
    )
    rows = [head, *(_row(estimate, number) for number in estimate.replicas)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _row(estimate: StepEstimate, num_replicas: int) -> tuple[str, ...]:
    num_rows = estimate.phase.batch_size // num_replicas
    return (
        str(num_replicas),
        f"{num_rows:,}",
        _number(estimate.flops(num_rows) / 1e9),
        _number(estimate.activation_bytes(num_rows) / _MIB),
        _number((estimate.variable_bytes + estimate.working_bytes(num_rows)) / _MIB),
        _number(estimate.sent.bytes_sent(num_replicas) / _MIB),
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _caveats(estimate: StepEstimate) -> list[str]:
    lines = []
    if estimate.num_open_loops:
        lines.append(
            f"FLOPs of {estimate.num_open_loops} loops are those of one pass: the graph does not say how many."
        )
    if estimate.num_unknown:
        lines.append(f"{estimate.num_unknown} tensors are left out: the graph does not say how large they are.")
    return lines
