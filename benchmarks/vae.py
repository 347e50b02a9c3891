"""What variational autoencoders cost: steps of the presets.

python -m benchmarks.vae --presets=vae:mnist,iwae:mnist --manual_dir=DIR
"""

from collections.abc import Sequence

from absl import app, flags

from benchmarks import steps

_PRESETS = flags.DEFINE_list("presets", ["vae:digits", "iwae:digits"], "Presets whose steps to time.")


def main(argv: Sequence[str]) -> None:
    """Prints the table."""
    del argv
    print(steps.table(_PRESETS.value, flags.FLAGS.manual_dir))


if __name__ == "__main__":
    app.run(main)
