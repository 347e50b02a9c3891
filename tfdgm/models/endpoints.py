"""What a model publishes, read off its capabilities: flat dicts of tensors, each with a leading batch dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import Endpoint
from tfdgm.math import images

if TYPE_CHECKING:
    from tfdgm.models.base import GenerativeModel

Tensors = dict[str, tf.Tensor]


def default_endpoints(model: GenerativeModel) -> dict[str, Endpoint]:
    """An endpoint for each capability of `model`; `sample` is the first, which serving takes as its default.

    `sample`, `sample_mean` and `sample_png` take `seed` int64 [B] and return it: a negative seed is replaced by
    a fresh one first, so any answer can be replayed. `encode`, `reconstruct`, `log_prob`, `predict`,
    `predict_teacher` and `features` take `x`; `decode` takes `z`.
    """
    found: dict[str, Endpoint] = {}
    seed = {"seed": tf.TensorSpec([None], tf.int64, name="seed")}
    x = {"x": tf.TensorSpec([None, *model.event_shape], model.spec.dtype, name="x")}
    if hasattr(model, "sample"):
        found["sample"] = Endpoint(lambda seed: _seeded(model.sample, "samples", seed), seed)
    if hasattr(model, "sample_mean"):
        found["sample_mean"] = Endpoint(lambda seed: _seeded(model.sample_mean, "means", seed), seed)
    if "sample" in found and model.spec.is_image:
        found["sample_png"] = Endpoint(lambda seed: _png(model, seed), seed)
    if hasattr(model, "encode"):
        found["encode"] = Endpoint(model.encode, x)
    if hasattr(model, "decode"):
        z = {"z": tf.TensorSpec([None, model.latent_dim], tf.float32, name="z")}
        found["decode"] = Endpoint(lambda z: {"means": model.decode(z)}, z)
    for name, output, capability in _OF_X:
        if hasattr(model, capability):
            found[name] = Endpoint(_answering(output, getattr(model, capability)), x)
    return found


_OF_X = (
    ("reconstruct", "means", "reconstruct"),
    ("log_prob", "log_prob", "log_prob"),
    ("predict", "probabilities", "predict_probabilities"),
    ("predict_teacher", "probabilities", "predict_teacher"),
    ("features", "features", "features"),
)
"""Endpoints that answer `x` with one tensor: their name, the answer's, and the model's method."""


def _answering(output: str, answer: Callable[[tf.Tensor], tf.Tensor]) -> Callable[..., Tensors]:
    return lambda x: {output: answer(x)}


def sample_class_endpoint(model: GenerativeModel) -> Endpoint:
    """Samples of a class, and their means where the model has such: `seed` int64 [B] and `label` int32 [B]."""
    inputs = {
        "seed": tf.TensorSpec([None], tf.int64, name="seed"),
        "label": tf.TensorSpec([None], tf.int32, name="label"),
    }
    draws = {"samples": model.sample}
    if hasattr(model, "sample_mean"):
        draws["means"] = model.sample_mean

    def drawn(seed: tf.Tensor, label: tf.Tensor) -> Tensors:
        seed = philox.fresh_where_negative(seed)
        return {**{name: tf.cast(draw(seed, label), tf.float32) for name, draw in draws.items()}, "seed": seed}

    return Endpoint(drawn, inputs)


def _seeded(draw: object, output: str, seed: tf.Tensor) -> Tensors:
    seed = philox.fresh_where_negative(seed)
    return {output: tf.cast(draw(seed), tf.float32), "seed": seed}


def _png(model: GenerativeModel, seed: tf.Tensor) -> Tensors:
    seed = philox.fresh_where_negative(seed)
    draw = getattr(model, "sample_mean", model.sample)
    return {"image_bytes": images.encode_png(images.to_uint8(draw(seed), model.spec)), "seed": seed}
