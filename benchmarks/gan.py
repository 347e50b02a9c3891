"""What adversarial models cost: a step of each, and their samples.

python -m benchmarks.gan --presets=dcgan:mnist,wgan_gp:mnist --manual_dir=DIR
"""

from collections.abc import Sequence

from absl import app, flags

from benchmarks import steps

_PRESETS = flags.DEFINE_list(
    "presets", ["gan:mixture8", "wgan:mixture25", "wgan_gp:mixture25", "dcgan:digits"], "Presets whose steps to time."
)


def main(argv: Sequence[str]) -> None:
    """Prints the table."""
    del argv
    print(steps.table(_PRESETS.value, flags.FLAGS.manual_dir))


if __name__ == "__main__":
    app.run(main)
