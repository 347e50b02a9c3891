"""What predictability minimization costs: steps of the presets.

python -m benchmarks.predictability_minimization
"""

from collections.abc import Sequence

from absl import app, flags

from benchmarks import steps

_PRESETS = flags.DEFINE_list(
    "presets",
    ["predictability_minimization:patterns", "predictability_minimization:digits"],
    "Presets whose steps to time.",
)


def main(argv: Sequence[str]) -> None:
    """Prints the table."""
    del argv
    print(steps.table(_PRESETS.value, flags.FLAGS.manual_dir))


if __name__ == "__main__":
    app.run(main)
