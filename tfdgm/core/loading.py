"""TensorFlow as programs that people run have it: with its quick kernels, without its greetings."""

import importlib
import os
import sys
import tempfile


def load_tensorflow() -> None:
    """Imports TensorFlow and keeps what its C++ side writes meanwhile off the terminal, unless the import fails.

    `TF_CPP_MIN_LOG_LEVEL` in the environment, 3 where unset, says what of its log is shown later; 0 shows all of it.
    `TF_ENABLE_ONEDNN_OPTS`, 1 where unset, chooses oneDNN's kernels: TensorFlow alone would on some CPUs only, and is
    slower by half for convolutions on the others (BUILD_NOTES.md, decision 99).
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # read once, while TensorFlow is imported
    # Some of those lines come before TensorFlow has read the level, hence the redirected descriptor.
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        importlib.import_module("tensorflow")
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            importlib.import_module("tensorflow")
        except BaseException:
            captured.seek(0)
            os.write(terminal, captured.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
