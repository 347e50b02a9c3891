"""One neural spline flow here and in normflows (PyTorch), with the same weights: densities, and what a step costs.

    pip install torch normflows
    python -m benchmarks.normflows

Activation normalisations, matrices and spline couplings on residual networks; weights by chance.
"""

import importlib.metadata
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import normflows
import numpy as np
import tensorflow as tf
import torch
from absl import app, flags
from normflows.flows.neural_spline.coupling import PiecewiseRationalQuadraticCoupling
from normflows.nets.resnet import ResidualNet

from tfdgm.bijectors.coupling import Coupling
from tfdgm.core.types import DataSpec
from tfdgm.models.flow import Flow

_NUM_DIMS = flags.DEFINE_integer("num_dims", 63, "Dimensions of a vector.")
_NUM_STEPS = flags.DEFINE_integer("num_steps", 6, "Steps of the flow.")
_HIDDEN_SIZE = flags.DEFINE_integer("hidden_size", 256, "Units of a hidden layer.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 512, "Vectors in a batch.")
_NUM_BINS, _BOUND, _LEAST_SLOPE = 8, 3.0, 1e-3
_TOLERANCE = 1e-4  # of log p(x), relative above 1
_NUM_ROUNDS = 5


def main(argv: Sequence[str]) -> None:
    """Prints the table; an error where densities differ."""
    del argv
    ours, rng = _model(), np.random.default_rng(0)
    x = rng.normal(size=(_BATCH_SIZE.value, _NUM_DIMS.value)).astype("float32")
    ours.compile(keras.optimizers.Adam(1e-4))
    ours.ensure_initialized(tf.data.Dataset.from_tensors({"x": x}))
    for variable in ours.trainable_variables:
        variable.assign_add(0.02 * rng.normal(size=variable.shape))
    theirs = _peer(ours)
    found = ours.log_prob(x).numpy()
    with torch.no_grad():
        expected = theirs.log_prob(torch.from_numpy(x)).numpy()
    difference = np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected)))
    print(f"log p(x) of {len(x)} vectors, mean {found.mean():.4f}; largest relative difference {difference:.1e}")
    if not difference <= _TOLERANCE:
        raise SystemExit(f"densities differ by {difference:.3g}; {_TOLERANCE:g} is allowed")
    print("| | ms a training step |\n| --- | ---: |")
    print(f"| tfdgm | {_milliseconds(_our_step(ours, x)):.0f} |")
    print(f"| normflows {importlib.metadata.version('normflows')} | {_milliseconds(_their_step(theirs, x)):.0f} |")


def _model() -> Flow:
    keras.utils.set_random_seed(0)
    return Flow(
        DataSpec((_NUM_DIMS.value,), domain="real", num_levels=0),
        transform="rational_quadratic",
        num_steps=_NUM_STEPS.value,
        hidden_size=_HIDDEN_SIZE.value,
        num_bins=_NUM_BINS,
        bound=_BOUND,
    )


class _Linear(normflows.flows.Flow):
    """z = W x, as in an invertible convolution of one pixel."""

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.matrix = torch.nn.Parameter(torch.from_numpy(matrix))

    def inverse(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        log_det = torch.linalg.slogdet(self.matrix)[1]
        return z @ self.matrix.T, log_det.expand(len(z))


class _Spline(normflows.flows.Flow):
    """normflows's coupling, whose spline's inverse leads from data to latents, as here."""

    def __init__(self, coupling: PiecewiseRationalQuadraticCoupling) -> None:
        super().__init__()
        self.coupling = coupling

    def inverse(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.coupling.inverse(z)


def _peer(ours: Flow) -> Any:
    """The same flow; normflows lists parts from latents to data."""
    parts = []
    *steps, last = ours.bijector.parts
    for actnorm, matrix, coupling in (step.parts for step in steps):
        parts += [_affine(actnorm), _Linear(matrix.matrix().numpy()), _spline(coupling)]
    parts += [_affine(last)]
    base = normflows.distributions.DiagGaussian(_NUM_DIMS.value, trainable=False)
    return normflows.NormalizingFlow(base, parts[::-1])


def _affine(actnorm: Any) -> Any:
    flow = normflows.flows.AffineConstFlow((_NUM_DIMS.value,))
    flow.s.data = torch.from_numpy(actnorm.log_scale.numpy())[None]
    flow.t.data = torch.from_numpy(actnorm.shift.numpy())[None]
    return flow


def _spline(coupling: Coupling) -> _Spline:
    mask = coupling.mask
    columns = tf.range(_NUM_DIMS.value)[tf.newaxis]
    is_moved = torch.zeros(_NUM_DIMS.value)
    is_moved[torch.from_numpy(mask.moved(columns)[0].numpy()).long()] = 1

    def network(num_inputs: int, num_outputs: int) -> ResidualNet:
        net = ResidualNet(num_inputs, num_outputs, _HIDDEN_SIZE.value, num_blocks=2)
        ours = coupling.conditioner
        _copy(net.initial_layer, ours.first.kernel.numpy(), ours.first.bias.numpy())
        for block, inner, outer in zip(net.blocks, ours.inner, ours.outer, strict=True):
            _copy(block.linear_layers[0], inner.kernel.numpy(), inner.bias.numpy())
            _copy(block.linear_layers[1], outer.kernel.numpy(), outer.bias.numpy())
        _copy(net.final_layer, *_their_outputs(ours.last.kernel.numpy(), ours.last.bias.numpy()))
        return net

    return _Spline(
        PiecewiseRationalQuadraticCoupling(is_moved, network, num_bins=_NUM_BINS, tails="linear", tail_bound=_BOUND)
    )


def _their_outputs(kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dimension by dimension; sizes of bins are divided by sqrt(hidden units) there, and slopes have no offset."""
    num_params = 3 * _NUM_BINS - 1
    scale = np.ones(num_params)
    scale[: 2 * _NUM_BINS] = np.sqrt(_HIDDEN_SIZE.value)
    offset = np.zeros(num_params)
    offset[2 * _NUM_BINS :] = np.log(np.expm1(1.0 - _LEAST_SLOPE))
    by_dim = kernel.reshape(len(kernel), num_params, -1).transpose(0, 2, 1) * scale
    biases = bias.reshape(num_params, -1).T * scale + offset
    return by_dim.reshape(len(kernel), -1), biases.reshape(-1)


def _copy(layer: torch.nn.Linear, kernel: np.ndarray, bias: np.ndarray) -> None:
    layer.weight.data = torch.from_numpy(np.ascontiguousarray(kernel.T, np.float32))
    layer.bias.data = torch.from_numpy(np.ascontiguousarray(bias, np.float32))


def _our_step(model: Flow, x: np.ndarray) -> Callable[[], Any]:
    step, batches = model.make_train_function(), iter(tf.data.Dataset.from_tensors({"x": x}).repeat())
    return lambda: [value.numpy() for value in step(batches).values()]


def _their_step(model: Any, x: np.ndarray) -> Callable[[], Any]:
    optimizer, batch = torch.optim.Adam(model.parameters(), lr=1e-4), torch.from_numpy(x)

    def step() -> None:
        optimizer.zero_grad()
        model.forward_kld(batch).backward()
        optimizer.step()

    return step


def _milliseconds(step: Callable[[], Any]) -> float:
    step()
    times = []
    for _ in range(_NUM_ROUNDS):
        start = time.perf_counter()
        for _ in range(5):
            step()
        times.append((time.perf_counter() - start) / 5)
    return 1e3 * float(np.median(times))


if __name__ == "__main__":
    app.run(main)
