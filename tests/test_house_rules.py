"""Rules of the code that no linter knows; each is shown to catch a violation and to let its allowed places be."""

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("tfdgm", "trainers", "serving")

# What Keras's training loop is made of; base.py arranges it once for every model.
_MECHANICS = re.compile(
    r"__call__|compile(_from_config)?|(stateless_)?compute_loss|compute_metrics|evaluate|fit|get_metrics_result"
    r"|make_(predict|test|train)_function|minimize|predict|reset_metrics|row_noise|row_seeds|(test|train)_on_batch"
)

# Gradients and noise have few homes: a model draws by `row_seeds` and updates by `minimize`, so that one device and
# many replicas give the same run.
_ALGORITHM_HOMES = ("tfdgm/models/base.py", "tfdgm/core/", "tfdgm/math/", "tfdgm/objectives/penalties.py")

# What runs a step, what chooses where it runs, and what counts what it would exchange.
_DISTRIBUTION_HOMES = (
    "tfdgm/models/stepped_model.py",
    "tfdgm/training/strategy.py",
    "tfdgm/training/counted_replica.py",
)

# Order, binarisation and dequantisation are functions of (seed, epoch, position): stateless draws, keyed by those.
_DATA_DRAWS = ("tensorflow.random.stateless_", "tensorflow.random.experimental.index_shuffle")


def _is_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or (place.endswith("/") and path.startswith(place)) for place in places)


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each use of an imported name, in full: (line, `tensorflow.random.normal`)."""
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                aliases[name.asname or name.name.split(".")[0]] = name.name if name.asname else name.name.split(".")[0]
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                aliases[name.asname or name.name] = f"{node.module}.{name.name}"
                yield node.lineno, f"{node.module}.{name.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            if first in aliases:
                yield node.lineno, ".".join([aliases[first], *rest])


def _gradient_tape(path: str, tree: ast.Module) -> Iterator[str]:
    if not _is_in(path, _ALGORITHM_HOMES):
        for line, name in _names(tree):
            if re.match(r"tensorflow\.(compat\.v[12]\.)?(GradientTape|gradients)\b", name):
                yield f"{path}:{line} {name}"


def _optimizer_apply(path: str, tree: ast.Module) -> Iterator[str]:
    if _is_in(path, (*_ALGORITHM_HOMES, "tfdgm/data/")):  # a tf.data.Dataset has an `apply` of its own
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("apply", "apply_gradients"):
            yield f"{path}:{node.lineno} {ast.unparse(node)}"


def _noise(path: str, tree: ast.Module) -> Iterator[str]:
    if _is_in(path, _ALGORITHM_HOMES):
        return
    for line, name in _names(tree):
        allowed = path.startswith("tfdgm/data/") and name.startswith(_DATA_DRAWS)
        is_module = path.startswith("tfdgm/data/") and name in ("tensorflow.random", "tensorflow.random.experimental")
        if re.match(r"(tensorflow|keras|tensorflow\.keras)\.random\b", name) and not allowed and not is_module:
            yield f"{path}:{line} {name}"


def _mechanics(path: str, tree: ast.Module) -> Iterator[str]:
    if not path.startswith("tfdgm/models/") or path in ("tfdgm/models/base.py", "tfdgm/models/stepped_model.py"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if _MECHANICS.fullmatch(getattr(item, "name", "")):
                    yield f"{path}:{item.lineno} {node.name}.{item.name}"


def _distribution(path: str, tree: ast.Module) -> Iterator[str]:
    if not _is_in(path, _DISTRIBUTION_HOMES):
        for line, name in _names(tree):
            if re.match(r"(tensorflow|keras)\.distribut", name):
                yield f"{path}:{line} {name}"


def _command_line_flags(path: str, tree: ast.Module) -> Iterator[str]:
    if not _is_in(path, ("trainers/", "serving/")):
        for line, name in _names(tree):
            if re.match(r"(absl\.(flags|app)|argparse|click|ml_collections\.config_flags|sys\.argv)\b", name):
                yield f"{path}:{line} {name}"


def _file_name(path: str, tree: ast.Module) -> Iterator[str]:
    if re.search(r"(^|_)(utils?|helpers?|common|misc|managers?)(_|$)", PurePosixPath(path).stem):
        yield f"{path}: a room without a name of its own"


Rule = Callable[[str, ast.Module], Iterator[str]]

_RULES = (_gradient_tape, _optimizer_apply, _noise, _mechanics, _distribution, _command_line_flags, _file_name)

_FIT = "class Model(Base):\n    def fit(self, x): ..."
_VIOLATIONS = [
    (_gradient_tape, "tfdgm/models/planted.py", "import tensorflow as tf\nwith tf.GradientTape() as tape: ..."),
    (_gradient_tape, "tfdgm/training/planted.py", "from tensorflow import GradientTape as Tape"),
    (_gradient_tape, "tfdgm/objectives/elbo.py", "import tensorflow\ntensorflow.gradients(y, x)"),
    (_optimizer_apply, "tfdgm/models/planted.py", "self.optimizers['critic'].apply(gradients, variables)"),
    (_optimizer_apply, "trainers/planted.py", "optimizer.apply_gradients(pairs)"),
    (_noise, "tfdgm/models/planted.py", "import tensorflow as tf\ntf.random.normal([3])"),
    (_noise, "tfdgm/networks/planted.py", "import keras\nkeras.random.dropout(x, 0.5)"),
    (_noise, "tfdgm/models/planted.py", "from keras import random as noise\nnoise.normal([3])"),
    (_noise, "tfdgm/models/planted.py", "from tensorflow.random import stateless_uniform"),
    (_noise, "tfdgm/data/planted.py", "import tensorflow as tf\ntf.random.uniform([3])"),
    (_mechanics, "tfdgm/models/planted.py", _FIT),
    (_mechanics, "tfdgm/models/planted.py", _FIT.replace("fit", "__call__")),
    (_mechanics, "tfdgm/models/planted.py", _FIT.replace("fit", "make_train_function")),
    (_distribution, "tfdgm/models/planted.py", "import tensorflow as tf\ntf.distribute.get_replica_context()"),
    (_distribution, "tfdgm/data/planted.py", "from tensorflow.distribute import MirroredStrategy"),
    (_command_line_flags, "tfdgm/training/planted.py", "from absl import flags"),
    (_command_line_flags, "tfdgm/data/planted.py", "import argparse"),
    (_command_line_flags, "tfdgm/data/planted.py", "import sys\nprint(sys.argv)"),
    (_file_name, "tfdgm/models/image_utils.py", ""),
    (_file_name, "tests/helpers.py", ""),
    (_file_name, "serving/manager.py", ""),
]
_ALLOWED = [
    (_gradient_tape, "tfdgm/models/base.py", "import tensorflow as tf\ntf.GradientTape()"),
    (_gradient_tape, "tfdgm/objectives/penalties.py", "import tensorflow as tf\ntf.GradientTape()"),
    (_optimizer_apply, "tfdgm/models/base.py", "optimizer.apply(gradients, variables)"),
    (_optimizer_apply, "tfdgm/data/planted.py", "dataset.apply(transform)"),
    (_noise, "tfdgm/core/planted.py", "import tensorflow as tf\ntf.random.stateless_uniform([3], [0, 1])"),
    (_noise, "tfdgm/data/planted.py", "import tensorflow as tf\ntf.random.stateless_uniform([3], [0, 1])"),
    (_noise, "tfdgm/data/planted.py", "import tensorflow as tf\ntf.random.experimental.index_shuffle(0, s, 9)"),
    (_noise, "tfdgm/models/planted.py", "import numpy as np\nnp.random.default_rng(0)"),
    (_mechanics, "tfdgm/models/stepped_model.py", _FIT),
    (_mechanics, "tfdgm/models/planted.py", _FIT.replace("fit", "train_step")),
    (_distribution, "tfdgm/training/strategy.py", "import tensorflow as tf\ntf.distribute.MirroredStrategy()"),
    (_command_line_flags, "trainers/planted.py", "from absl import flags"),
    (_file_name, "tfdgm/data/manual_files.py", ""),
]


@functools.cache
def _sources(packages: tuple[str, ...]) -> list[tuple[str, ast.Module]]:
    files = [file for package in packages for file in sorted((_ROOT / package).rglob("*.py"))]
    return [(file.relative_to(_ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: rule.__name__.strip("_"))
def test_rule_is_kept(rule: Rule):
    sources = _sources((*_PACKAGES, "tests") if rule is _file_name else _PACKAGES)
    assert len(sources) > len(_PACKAGES)
    assert [offence for path, tree in sources for offence in rule(path, tree)] == []


@pytest.mark.parametrize(("rule", "path", "source"), _VIOLATIONS)
def test_violation_is_caught(rule: Rule, path, source):
    assert list(rule(path, ast.parse(source)))


@pytest.mark.parametrize(("rule", "path", "source"), _ALLOWED)
def test_allowed_place_is_let_be(rule: Rule, path, source):
    assert not list(rule(path, ast.parse(source)))
