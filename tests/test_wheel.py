"""The wheel: what it holds, what it needs, and that it works where there is no checkout."""

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("tfdgm", "trainers", "serving")
_DATA = {".config", ".css", ".html", ".js", ".json", ".yml"}
_SOURCES = (*_PACKAGES, "setup.py", "pyproject.toml", "LICENSE", "README.md")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy so that the checkout gets no build folders."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in _SOURCES:
        if (_ROOT / name).is_dir():
            shutil.copytree(_ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (_ROOT / name).exists():
            shutil.copy(_ROOT / name, source)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", f"--outdir={out}", str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder with the wheel installed, its dependencies being those of this environment."""
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", f"--target={target}"]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True, text=True)
    return target


def _run(installed: Path, cwd: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_wheel_holds_every_module_and_data_file_and_nothing_else(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {file for package in _PACKAGES for file in (_ROOT / package).rglob("*.py")}
    there |= {file for file in (_ROOT / "serving").iterdir() if file.suffix in _DATA}
    assert held == {file.relative_to(_ROOT).as_posix() for file in there}
    assert any(name.endswith(".config") for name in held)


def test_wheel_states_version_licence_and_commands(wheel):
    archive = zipfile.ZipFile(wheel)
    info = {name.split(".dist-info/")[1]: name for name in archive.namelist() if ".dist-info/" in name}
    version = re.search(r'__version__ = "(.+)"', (_ROOT / "tfdgm/__init__.py").read_text())[1]
    described = archive.read(info["METADATA"]).decode()
    assert f"\nVersion: {version}\n" in described
    assert "\nLicense-Expression: Apache-2.0\n" in described
    assert any(name.endswith("LICENSE") for name in info)
    commands = configparser.ConfigParser()
    commands.read_string(archive.read(info["entry_points.txt"]).decode())
    assert set(commands["console_scripts"]) == {
        "tfdgm-train",
        "tfdgm-evaluate",
        "tfdgm-sample",
        "tfdgm-export",
        "tfdgm-demo",
        "tfdgm-explaining-away",
        "tfdgm-infinite-depth",
        "tfdgm-compare-estimators",
        "tfdgm-learning-curves",
        "tfdgm-wake-sleep-convergence",
        "tfdgm-reference-scores",
        "tfdgm-animate",
        "tfdgm-compare-distances",
        "tfdgm-attribute-direction",
        "tfdgm-truncation-sweep",
        "tfdgm-critic-against-exact",
        "tfdgm-estimate",
        "tfdgm-verify-unified",
        "tfdgm-across-seeds",
        "tfdgm-latent-plot",
        "tfdgm-rule-cases",
        "tfdgm-mode-study",
        "tfdgm-constraint-gradients",
        "tfdgm-launch-local",
        "tfdgm-serve",
        "tfdgm-sample-client",
    }


def test_wheel_works_outside_the_checkout(installed, tmp_path):
    program = "import tfdgm, trainers, serving; print(tfdgm.__file__, trainers.__file__, serving.__file__)"
    files = _run(installed, tmp_path, sys.executable, "-c", program).split()
    assert all(Path(file).is_relative_to(installed) for file in files)
    for script in (installed / "bin").iterdir():
        assert "usage" in _run(installed, tmp_path, str(script), "--help").lower()
    assert "vae:digits" in _run(installed, tmp_path, str(installed / "bin/tfdgm-train"), "--list")


@pytest.mark.slow
def test_wheel_trains_and_samples_outside_the_checkout(installed, tmp_path):
    scripts = installed / "bin"
    arguments = ["--config=vae:digits:smoke", "--config.training.num_steps=40", "--workdir=run"]
    _run(installed, tmp_path, str(scripts / "tfdgm-train"), *arguments)
    _run(installed, tmp_path, str(scripts / "tfdgm-sample"), "--workdir=run", "--out=samples.png")
    assert (tmp_path / "samples.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("packages", "extras"), [(("tfdgm", "trainers"), [""]), (("serving",), ["", 'extra == "serving"'])]
)
def test_every_distribution_imported_is_declared(wheel, packages, extras):
    described = zipfile.ZipFile(wheel).read(f"{wheel.name.rsplit('-', 3)[0]}.dist-info/METADATA").decode()
    needs = [line.partition(": ")[2] for line in described.splitlines() if line.startswith("Requires-Dist: ")]
    declared = {
        re.match(r"[\w-]+", need)[0].lower().replace("_", "-")
        for need in needs
        if any((need.partition("; ")[2] or "") == extra for extra in extras)
    }
    providers = metadata.packages_distributions()
    for module in _imported(packages) - {*_PACKAGES, *sys.stdlib_module_names}:
        names = {name.lower().replace("_", "-") for name in providers[module]}
        assert names & declared, f"{module} is imported, and none of {sorted(names)} is in setup.py"


def _imported(packages: tuple[str, ...]) -> set[str]:
    modules = set()
    for file in (file for package in packages for file in (_ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module.split(".")[0])
    return modules
