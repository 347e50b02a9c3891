"""`load_tensorflow`, against a stand-in for TensorFlow that writes to the descriptor as its C++ side does."""

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import os, sys
from tfdgm.core.loading import load_tensorflow
load_tensorflow()
assert "tensorflow" in sys.modules
os.write(2, f"after, level {os.environ['TF_CPP_MIN_LOG_LEVEL']}".encode())
"""


@pytest.mark.parametrize(
    ("level", "body", "stderr"),
    [
        (None, "", "after, level 3"),
        ("2", "", "after, level 2"),
        ("0", "", "greetings\nafter, level 0"),
    ],
)
def test_greetings_are_kept_off_unless_asked_for(tmp_path, level, body, stderr):
    assert _stderr(tmp_path, level, body) == stderr


def test_failed_import_shows_everything(tmp_path):
    stderr = _stderr(tmp_path, None, "raise ImportError('no such library')")
    assert stderr.startswith("greetings\n")
    assert stderr.rstrip().endswith("ImportError: no such library")


@pytest.mark.parametrize("given", [None, "0"])
def test_onednn_is_chosen_unless_refused(given):
    program = (
        "from tfdgm.core.loading import load_tensorflow; load_tensorflow();"
        "from tensorflow.python.util import _pywrap_util_port; print(_pywrap_util_port.IsMklEnabled())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    if given is not None:
        environment["TF_ENABLE_ONEDNN_OPTS"] = given
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert printed == f"{given is None}\n"


def _stderr(tmp_path, level, body):
    (tmp_path / "tensorflow.py").write_text(f"import os\nos.write(2, b'greetings\\n')\n{body}\n")
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", ""), os.getcwd()])
    if level is not None:
        environment["TF_CPP_MIN_LOG_LEVEL"] = level
    command = [sys.executable, "-c", _PROGRAM]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stderr
