"""What sigmoid belief nets cost: a step of each training procedure.

python -m benchmarks.sbn --presets=sbn:mnist:wake_sleep,sbn:mnist:nvil,sbn:mnist:vimco --manual_dir=DIR
"""

from collections.abc import Sequence

from absl import app, flags

from benchmarks import steps
from tfdgm.configs.sbn import PROCEDURES

_PRESETS = flags.DEFINE_list("presets", [f"sbn:digits:{name}" for name in PROCEDURES], "Presets whose steps to time.")


def main(argv: Sequence[str]) -> None:
    """Prints the table."""
    del argv
    print(steps.table(_PRESETS.value, flags.FLAGS.manual_dir))


if __name__ == "__main__":
    app.run(main)
