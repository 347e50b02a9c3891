"""Tiny SavedModels, and servers in this process on free ports."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.running_server import RunningServer, running_server

_SEED = tf.TensorSpec([None], tf.int64, name="seed")
_LABEL = tf.TensorSpec([None], tf.int32, name="label")
_EXAMPLES = tf.TensorSpec([None], tf.string, name="inputs")


class Sampler(tf.Module):
    """What an exported model publishes: rows that depend on their own seed alone."""

    def __init__(self) -> None:
        super().__init__()
        self.frequency = tf.Variable(tf.reshape(tf.linspace(0.1, 1.7, 16), [1, 4, 4, 1]))

    def _images(self, seed: tf.Tensor) -> tf.Tensor:
        return 0.5 + 0.5 * tf.sin(tf.cast(seed, tf.float32)[:, None, None, None] * self.frequency + 1.0)

    @staticmethod
    def _drawn(seed: tf.Tensor) -> tf.Tensor:
        fresh = tf.raw_ops.RandomUniformInt(
            shape=tf.shape(seed), minval=tf.constant(0, tf.int64), maxval=tf.constant(2**31, tf.int64)
        )
        return tf.where(seed < 0, fresh, seed)

    @tf.function(input_signature=[_SEED])
    def sample(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = self._drawn(seed)
        rows = tf.shape(seed)
        return {"samples": self._images(seed), "seed": seed, "rows_in_call": tf.fill(rows, rows[0])}

    @tf.function(input_signature=[_SEED])
    def sample_png(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = self._drawn(seed)
        pixels = tf.cast(self._images(seed) * 255.0, tf.uint8)
        return {"image_bytes": tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string), "seed": seed}

    @tf.function(input_signature=[_SEED, _LABEL])
    def sample_class(self, seed: tf.Tensor, label: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"samples": self._images(seed + 1000 * tf.cast(label, tf.int64)), "seed": seed}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, name="x"),
            tf.TensorSpec([None], tf.bool, name="flag"),
            tf.TensorSpec([None], tf.uint8, name="level"),
            tf.TensorSpec([None], tf.string, name="text"),
        ]
    )
    def echo(self, x: tf.Tensor, flag: tf.Tensor, level: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = {"x": x, "flag": flag, "level": level, "text": text, "text_bytes": text}
        return {name: tf.identity(value) for name, value in outputs.items()}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def reciprocal(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": 1.0 / x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"total": tf.reduce_sum(x), "half": tf.cast(x, tf.float16)}

    @tf.function(input_signature=[_SEED])
    def wide(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"samples": tf.zeros([tf.shape(seed)[0], 1_100_000])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def below_ten(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([tf.debugging.assert_less(x, 10.0, message="x must be below 10")]):
            return {"y": tf.identity(x)}


class Scale(tf.Module):
    """One number; versions differ in it."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": self.factor * x}


class HalfPlusTwo(tf.Module):
    """y = x / 2 + 2 and y2 = x / 2 + 3, of tensors and of examples: what TensorFlow Serving tests itself with."""

    def __init__(self) -> None:
        super().__init__()
        self.half = tf.Variable(0.5)

    def _half(self, inputs: tf.Tensor) -> tf.Tensor:
        features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
        return self.half * tf.io.parse_example(inputs, features)["x"]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def predict(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": self.half * x + 2.0}

    @tf.function(input_signature=[_EXAMPLES])
    def classify_x_to_y(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": self._half(inputs) + 2.0}

    @tf.function(input_signature=[_EXAMPLES])
    def classify_with_names(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        half = self._half(inputs)
        return {"scores": tf.concat([half + 2.0, half + 3.0], 1), "classes": tf.tile([["y", "y2"]], [tf.size(half), 1])}

    @tf.function(input_signature=[_EXAMPLES])
    def classify_names_only(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"classes": tf.strings.as_string(self._half(inputs), precision=1)}

    @tf.function(input_signature=[_EXAMPLES])
    def classify_uneven(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        half = self._half(inputs)
        return {"scores": half, "classes": tf.tile([["y", "y2"]], [tf.size(half), 1])}

    @tf.function(input_signature=[_EXAMPLES])
    def regress_x_to_y(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": self._half(inputs) + 2.0}

    @tf.function(input_signature=[_EXAMPLES])
    def regress_x_to_y2(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": tf.squeeze(self._half(inputs) + 3.0, 1)}

    @tf.function(input_signature=[_EXAMPLES])
    def regress_pairs(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": tf.tile(self._half(inputs), [1, 2])}

    @tf.function(input_signature=[_EXAMPLES])
    def regress_total(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": tf.reduce_sum(self._half(inputs), 0)}


@pytest.fixture(scope="session")
def export_scale() -> Callable[[Path, int, float], Path]:
    """Exports a version that answers `y = factor * x`; appears at once, as exports do."""

    def export(base_path: Path, version: int, factor: float) -> Path:
        base_path.mkdir(parents=True, exist_ok=True)
        temporary = base_path / f"tmp-{version}"
        module = Scale(factor)
        tf.saved_model.save(module, str(temporary), signatures=module.__call__)
        return temporary.rename(base_path / str(version))

    return export


@pytest.fixture(scope="session")
def sampler_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base path of the sampler, its one version 1."""
    base_path = tmp_path_factory.mktemp("sampler")
    module = Sampler()
    names = ("sample", "sample_png", "sample_class", "echo", "reciprocal", "total", "wide", "below_ten")
    signatures = {name: getattr(module, name) for name in names}
    tf.saved_model.save(module, str(base_path / "1"), signatures={**signatures, "serving_default": module.sample})
    return base_path


@pytest.fixture(scope="session")
def half_plus_two_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base path of half plus two, its one version 123."""
    base_path = tmp_path_factory.mktemp("half_plus_two")
    module = HalfPlusTwo()
    names = [name for name in dir(HalfPlusTwo) if name.startswith(("classify_", "regress_"))]
    signatures = {name: getattr(module, name) for name in names} | {"serving_default": module.predict}
    tf.saved_model.save(module, str(base_path / "123"), signatures=signatures)
    return base_path


@pytest.fixture(scope="session")
def half_plus_two(half_plus_two_path: Path, serve: Callable) -> Iterator[RunningServer]:
    """A server of it that all tests share."""
    with serve(half_plus_two_path, file_system_poll_wait_seconds=0) as running:
        yield running


@pytest.fixture(scope="session")
def scale_path(tmp_path_factory: pytest.TempPathFactory, export_scale: Callable) -> Path:
    """Base path of a scale by 2, its one version 1. To be copied where a test adds to it."""
    base_path = tmp_path_factory.mktemp("scale")
    export_scale(base_path, 1, 2.0)
    return base_path


@pytest.fixture
def scale_copy(scale_path: Path, tmp_path: Path) -> Path:
    """A copy of `scale_path` to change."""
    return shutil.copytree(scale_path, tmp_path / "model")


@pytest.fixture(scope="session")
def serve() -> Callable[..., contextlib.AbstractContextManager[RunningServer]]:
    """Runs a server on free ports for the length of a `with`; keywords are flags."""
    return running_server


@pytest.fixture(scope="session")
def sampler(sampler_path: Path, serve: Callable) -> Iterator[RunningServer]:
    """A server of the sampler that all tests share; it takes requests of at most 100 kB."""
    with serve(sampler_path, max_request_bytes=100_000, file_system_poll_wait_seconds=0) as running:
        yield running


@pytest.fixture(scope="session")
def expected_samples() -> Callable[[list[int]], np.ndarray]:
    """What the sampler's rows must be, by its own module and no server."""
    module = Sampler()
    return lambda seeds: module.sample(tf.constant(seeds, tf.int64))["samples"].numpy()
