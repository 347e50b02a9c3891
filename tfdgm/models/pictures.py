"""What a model of images or of points does, as pictures: uint8 arrays [height, width, C] for PNG file or summary."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfdgm.core.validation import require_choice
from tfdgm.math import images
from tfdgm.math.scatter import point_picture
from tfdgm.models import class_pictures, code_pictures, flow_pictures
from tfdgm.models.base import GenerativeModel

_NUM_POINTS = 2500


def all_grids(model: GenerativeModel, seeds: Any, x: Any) -> dict[str, np.ndarray]:
    """Every picture that the model can give, by kind; none where its data are neither images nor points of the plane.

    Args:
      model: any.
      seeds: int64 [N], of the samples.
      x: examples [M, H, W, C], to reconstruct; or [M, 2], to be seen beneath the samples.
    """
    return {kind: picture(model, seeds, x) for kind, picture in _possible(model).items()}


def seeded_grid(model: GenerativeModel, kind: str, seeds: Any) -> np.ndarray:
    """One of the pictures, besides samples, that need no examples.

    Args:
      model: any.
      kind: such as `temperatures`.
      seeds: int64 [N].

    Raises:
      ValueError: for a kind that the model can't give, or not without examples, naming those that it can.
    """
    possible = {name: picture for name, picture in _possible(model).items() if name not in _OF_EXAMPLES}
    if not possible:
        raise ValueError(f"kind of picture is {kind!r}, but {model.name} gives samples alone")
    require_choice(f"kind of picture by {model.name}", kind, possible)
    return possible[kind](model, seeds, None)


def sample_grid(model: GenerativeModel, seeds: Any, num_columns: int = 0, **conditions: Any) -> np.ndarray:
    """Samples, row by row: their means given the latents where the model has such, which show more than pixel noise.

    Args:
      model: has `sample`.
      seeds: int64 [N]; picture i depends on `seeds[i]` alone.
      num_columns: images a row; 0 makes a square.
      **conditions: what `sample` takes besides, each [N].
    """
    draw = getattr(model, "sample_mean", None) or model.sample
    return images.contact_sheet(draw(tf.constant(seeds, tf.int64), **conditions), model.spec, num_columns)


def point_samples(model: GenerativeModel, seeds: Any, x: Any, num: int = _NUM_POINTS) -> np.ndarray:
    """Samples of a model of points of the plane, over examples x [M, 2], which also decide the bounds.

    Args:
      model: has `sample`.
      seeds: int64 [N]; the first is that of the first point, the others follow it.
      x: examples, at least 1.
      num: points to draw.
    """
    seeds = tf.cast(seeds, tf.int64)[0] + tf.range(num, dtype=tf.int64)
    return point_picture(np.asarray(x), np.asarray(model.sample(seeds)))


def reconstruction_grid(model: GenerativeModel, x: Any, num_columns: int = 10) -> np.ndarray:
    """Rows of examples x [N, H, W, C], each above the row of their reconstructions."""
    x = tf.convert_to_tensor(x, model.variable_dtype)
    num_columns = min(num_columns, x.shape[0])
    num_rows = -(-x.shape[0] // num_columns)
    pairs = tf.stack([x, tf.cast(model.reconstruct(x), x.dtype)])
    padded = tf.pad(pairs, [[0, 0], [0, num_rows * num_columns - x.shape[0]], [0, 0], [0, 0], [0, 0]])
    rows = tf.reshape(padded, [2, num_rows, num_columns, *model.event_shape])
    interleaved = tf.reshape(tf.transpose(rows, [1, 0, 2, 3, 4, 5]), [-1, *model.event_shape])
    return images.contact_sheet(interleaved, model.spec, num_columns)


def traversal_grid(
    model: GenerativeModel, x: Any = None, *, num_latents: int = 10, num_values: int = 11, limit: float = 3.0
) -> np.ndarray:
    """One latent a row, moved from -limit to limit while the others stay.

    Args:
      model: has `decode` of latents that are N(0, I), and `posterior_mean` where `x` is given.
      x: examples [N, H, W, C]: the rows are the latents whose posterior means vary most over them, most first, and
        the others stay at the first example's. None: the first latents, about the prior's mean.
      num_latents: rows, at most `latent_dim`.
      num_values: columns.
      limit: in standard deviations of the prior.
    """
    dims, centre = np.arange(model.latent_dim), np.zeros(model.latent_dim, np.float32)
    if x is not None:
        z_mean = model.posterior_mean(tf.convert_to_tensor(x, model.variable_dtype)).numpy()
        dims, centre = np.argsort(-z_mean.var(axis=0), kind="stable"), z_mean[0]
    dims = dims[:num_latents]
    z = np.tile(centre, [len(dims), num_values, 1])
    for row, dim in enumerate(dims):
        z[row, :, dim] = np.linspace(-limit, limit, num_values)
    means = model.decode(tf.constant(z.reshape(-1, model.latent_dim), model.variable_dtype))
    return images.contact_sheet(means, model.spec, num_values)


def interpolation_grid(model: GenerativeModel, z_a: Any, z_b: Any, num_points: int = 11) -> np.ndarray:
    """Row i goes from `z_a[i]` to `z_b[i]`, each [N, latent_dim], ends included."""
    z_a, z_b = (tf.convert_to_tensor(z, model.variable_dtype) for z in (z_a, z_b))
    means = model.interpolate(z_a, z_b, num_points)
    return images.contact_sheet(tf.reshape(means, [-1, *model.event_shape]), model.spec, num_points)


def filter_grid(model: GenerativeModel, num_filters: int = 100) -> np.ndarray:
    """The weights of the hidden units with the largest ones, most first: grey is zero, each unit on a scale of its own.

    Args:
      model: has `filters`, the weights of its first hidden units, [num_hidden, H, W, C].
      num_filters: at most so many.
    """
    weights = model.filters().numpy()
    norms = np.sqrt(np.sum(np.square(weights), axis=(1, 2, 3)))
    weights = weights[np.argsort(-norms, kind="stable")[:num_filters]]
    scale = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) + 1e-12
    spec = dataclasses.replace(model.spec, domain="unit", dtype="float32")
    return images.contact_sheet(tf.constant(0.5 + 0.5 * weights / scale), spec)


def fantasy_grid(model: GenerativeModel, seeds: Any, num_chains: int = 10) -> np.ndarray:
    """Chains on their way from independent visibles: a column a chain, a row for 1, 3, 10, 30, ... sweeps.

    Args:
      model: has `fantasies`, and `num_sampling_steps`, the last row.
      seeds: int64 [N], of which the first `num_chains` are used.
      num_chains: columns.
    """
    total = model.num_sampling_steps
    steps = [step for step in (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000) if step < total] + [total]
    x = model.fantasies(tf.constant(seeds, tf.int64)[:num_chains], tuple(steps))
    return images.contact_sheet(tf.reshape(x, [-1, *model.event_shape]), model.spec, x.shape[1])


def inpainting_grid(model: GenerativeModel, x: Any, seeds: Any, num_columns: int = 10) -> np.ndarray:
    """Three rows: examples, what is kept of them (their upper half; the rest grey), what the model makes of it.

    Args:
      model: has `inpaint`.
      x: examples [N, H, W, C], of which the first `num_columns` are used.
      seeds: int64 [N], as many at least.
      num_columns: columns.
    """
    x = tf.convert_to_tensor(x, model.variable_dtype)[:num_columns]
    height = model.event_shape[0]
    is_upper = tf.reshape(tf.range(height) < height // 2, [1, height, 1, 1])
    mask = tf.cast(tf.broadcast_to(is_upper, tf.shape(x)), x.dtype)
    grey = {"symmetric": 0.0, "logit": 0.0, "uint8": (model.spec.num_levels - 1) / 2.0}.get(model.spec.domain, 0.5)
    filled = model.inpaint(x, mask, tf.constant(seeds, tf.int64)[: x.shape[0]])
    rows = [x, tf.where(mask > 0.5, x, tf.cast(grey, x.dtype)), tf.cast(filled, x.dtype)]
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, x.shape[0])


def generative_pass_grid(model: GenerativeModel, seeds: Any, num_columns: int = 10) -> np.ndarray:
    """Passes down, a column each: E[x | h_l] for every layer from the top to h_1, last the x that was drawn.

    Args:
      model: has `generative_pass` and `layer_mean`.
      seeds: int64 [N], of which the first `num_columns` are used.
      num_columns: columns.
    """
    *latents, x = model.generative_pass(tf.constant(seeds, tf.int64)[:num_columns])
    return _pass_sheet(model, [*_layer_means(model, latents[::-1])[::-1], x])


def inference_pass_grid(model: GenerativeModel, x: Any, seeds: Any, num_columns: int = 10) -> np.ndarray:
    """Passes up, a column each: the example, then E[x | h_l] for every layer from h_1 to the top, what it kept of x.

    Args:
      model: has `inference_pass` and `layer_mean`.
      x: examples [N, H, W, C], of which the first `num_columns` are used.
      seeds: int64 [N], as many at least.
      num_columns: columns.
    """
    x = tf.convert_to_tensor(x, model.variable_dtype)[:num_columns]
    x, *latents = model.inference_pass(x, tf.constant(seeds, tf.int64)[: x.shape[0]])
    return _pass_sheet(model, [x, *_layer_means(model, latents)])


def _possible(model: GenerativeModel) -> dict[str, "_Picture"]:
    is_plane = model.spec.shape == (2,) and model.spec.domain == "real"
    known = _OF_IMAGES if model.spec.is_image else _OF_POINTS if is_plane else {}
    return {
        kind: picture
        for kind, (capabilities, picture) in known.items()
        if all(getattr(model, capability, None) for capability in capabilities)
    }


def _layer_means(model: GenerativeModel, latents: Any) -> list[tf.Tensor]:
    return [model.layer_mean(layer, h) for layer, h in enumerate(latents, 1)]


def _pass_sheet(model: GenerativeModel, rows: list[tf.Tensor]) -> np.ndarray:
    rows = [tf.cast(row, model.variable_dtype) for row in rows]
    return images.contact_sheet(tf.concat(rows, axis=0), model.spec, rows[0].shape[0])


# By kind: the capabilities that a model needs, and the picture of it, seeds and examples.
_Picture = Callable[[GenerativeModel, Any, Any], np.ndarray]
_OF_IMAGES: dict[str, tuple[tuple[str, ...], _Picture]] = {
    "samples": (("sample",), lambda model, seeds, x: sample_grid(model, seeds)),
    "reconstructions": (("reconstruct",), lambda model, seeds, x: reconstruction_grid(model, x)),
    "traversals": (("posterior_mean", "decode", "interpolate"), lambda model, seeds, x: traversal_grid(model, x)),
    "filters": (("filters",), lambda model, seeds, x: filter_grid(model)),
    "fantasies": (("fantasies",), lambda model, seeds, x: fantasy_grid(model, seeds)),
    "inpaintings": (("inpaint",), lambda model, seeds, x: inpainting_grid(model, x, seeds)),
    "generative_passes": (("generative_pass",), lambda model, seeds, x: generative_pass_grid(model, seeds)),
    "inference_passes": (("inference_pass",), lambda model, seeds, x: inference_pass_grid(model, x, seeds)),
    "temperatures": (("bijector",), lambda model, seeds, x: flow_pictures.temperature_grid(model, seeds)),
    "interpolations": (("bijector",), lambda model, seeds, x: flow_pictures.example_path_grid(model, x)),
    "scales": (("redrawn",), lambda model, seeds, x: flow_pictures.scale_grid(model, seeds)),
    "classes": (("num_labels",), lambda model, seeds, x: class_pictures.class_grid(model, seeds)),
    "codes": (("sample_category",), lambda model, seeds, x: code_pictures.category_grid(model, seeds)),
    "code_sweeps": (("sample_continuous",), lambda model, seeds, x: code_pictures.sweep_grid(model, seeds)),
    "class_interpolations": (("sample_between",), lambda model, seeds, x: class_pictures.class_path_grid(model, seeds)),
}
_OF_POINTS: dict[str, tuple[tuple[str, ...], _Picture]] = {
    "samples": (("sample",), point_samples),
    "density": (("log_prob",), lambda model, seeds, x: flow_pictures.density_grid(model, x)),
    "stages": (("stages",), lambda model, seeds, x: flow_pictures.stage_row(model, seeds)),
}
# Those that need examples, and samples, which may.
_OF_EXAMPLES = ("samples", "reconstructions", "inpaintings", "inference_passes", "interpolations", "density")
