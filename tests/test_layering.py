"""The floors of the package, held by import-linter; each contract is shown to catch a violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("tfdgm", "trainers", "serving")


def _lint_imports(root: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_contracts_are_kept():
    result = _lint_imports(_ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("tfdgm/math/planted.py", "import tfdgm.models", "tfdgm.math is not allowed to import tfdgm.models"),
        ("tfdgm/evaluation/planted.py", "import tfdgm.training", "tfdgm.evaluation is not allowed to import"),
        ("serving/planted.py", "import trainers.train", "serving is not allowed to import trainers"),
        ("tfdgm/models/planted.py", "import tf_keras", "tfdgm is not allowed to import tf_keras"),
        ("tfdgm/configs/planted.py", "import tensorflow", "tfdgm.configs is not allowed to import tensorflow"),
    ],
)
def test_violation_is_caught(tmp_path, module, statement, contract):
    for package in _PACKAGES:
        shutil.copytree(_ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    (tmp_path / module).write_text(f"{statement}\n")
    result = _lint_imports(tmp_path)
    assert result.returncode == 1
    assert contract in result.stdout
