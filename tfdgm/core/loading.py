"""TensorFlow without its greetings, for programs that people run."""

import importlib
import os
import sys
import tempfile


def load_tensorflow() -> None:
    """Imports TensorFlow and keeps what its C++ side writes meanwhile off the terminal, unless the import fails.

    `TF_CPP_MIN_LOG_LEVEL` in the environment, 3 where unset, says what of its log is shown later; 0 shows all of it.
    """
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
