"""The base of all bijectors: a Keras layer owns the weights, a TFP bijector made from it is used for one step.

    x = f(z),   log p(x) = log p(z) + log |det dz/dx|        forward: z to x, inverse: x to z

Value and log-determinant come from ONE computation, so a coupling evaluates its conditioner once for both; TFP's own
bijectors are asked for them apart.
"""

import abc
import dataclasses
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf
import tensorflow_probability as tfp

tfb = tfp.bijectors

Context = tf.Tensor | None
Mean = Callable[[tf.Tensor], tf.Tensor]


class BijectorLayer(keras.layers.Layer, abc.ABC):
    """An invertible function with weights, between latents z [B, *latent_shape] and data x [B, *event_shape].

    Attributes:
      latent_shape: shape of one latent.
      event_shape: shape of one event.
    """

    def __init__(self, latent_shape: Sequence[int], event_shape: Sequence[int], *, name: str) -> None:
        """Args: latent_shape, event_shape: as above. name: of the layer, and the start of its variables' paths."""
        super().__init__(name=name)
        self.latent_shape = tuple(latent_shape)
        self.event_shape = tuple(event_shape)
        self.built = True  # variables are built by constructors, never by a first call

    @abc.abstractmethod
    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """x = f(z) and log |det dx/dz|.

        Args:
          z: [B, *latent_shape] of the layer's variable dtype.
          context: what the function is conditioned on, [B, ...], or None.

        Returns:
          x [B, *event_shape] and the log-determinant, nats, [B] or a scalar where it is the same for all rows.
        """

    @abc.abstractmethod
    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """z = f^-1(x) and log |det dz/dx|: as `forward_and_log_det`, the other way."""

    def start_at(self, x: tf.Tensor, mean: Mean, context: Context = None) -> None:
        """Sets what depends on the data from a first batch x [B, *event_shape]; `mean` averages over replicas."""

    def bijector(self, context: Context = None) -> tfb.Bijector:
        """The function as a TFP bijector, for one step: weights are read when it is used, results are kept.

        Args:
          context: [B, ...] for the rows it is used on, or None.
        """
        return LayerBijector(self, context)


@dataclasses.dataclass(frozen=True, eq=False)
class _Pair:
    """A point and its image, known together; `log_det` is that of forward."""

    z: tf.Tensor
    x: tf.Tensor
    log_det: tf.Tensor


class LayerBijector(tfb.Bijector):
    """A `BijectorLayer` in TFP's interface; the last pair of z and x is kept, with its log-determinant."""

    def __init__(self, layer: BijectorLayer, context: Context = None) -> None:
        """Args: layer: gives the function. context: what it is conditioned on."""
        super().__init__(
            dtype=tf.as_dtype(layer.variable_dtype),
            forward_min_event_ndims=len(layer.latent_shape),
            inverse_min_event_ndims=len(layer.event_shape),
            name=layer.name,
        )
        # A function in place of the layer: tf.Module would look for variables in it.
        self._get_layer = lambda: layer
        self._context = context
        self._pair: _Pair | None = None

    def _forward(self, x: tf.Tensor) -> tf.Tensor:
        return self._pair_of_latents(x).x

    def _inverse(self, y: tf.Tensor) -> tf.Tensor:
        return self._pair_of_events(y).z

    def _forward_log_det_jacobian(self, x: tf.Tensor) -> tf.Tensor:
        return self._pair_of_latents(x).log_det

    def _inverse_log_det_jacobian(self, y: tf.Tensor) -> tf.Tensor:
        return -self._pair_of_events(y).log_det

    def _pair_of_latents(self, z: tf.Tensor) -> _Pair:
        if self._pair is None or self._pair.z is not z:
            x, log_det = self._get_layer().forward_and_log_det(z, self._context)
            self._pair = _Pair(z, x, self._by_row(log_det, z, self._get_layer().latent_shape))
        return self._pair

    def _pair_of_events(self, x: tf.Tensor) -> _Pair:
        if self._pair is None or self._pair.x is not x:
            z, log_det = self._get_layer().inverse_and_log_det(x, self._context)
            self._pair = _Pair(z, x, self._by_row(-log_det, x, self._get_layer().event_shape))
        return self._pair

    @staticmethod
    def _by_row(log_det: tf.Tensor, point: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
        return tf.broadcast_to(log_det, tf.shape(point)[: point.shape.rank - len(shape)])

    def _forward_event_shape(self, input_shape: tf.TensorShape) -> tf.TensorShape:
        del input_shape
        return tf.TensorShape(self._get_layer().event_shape)

    def _inverse_event_shape(self, output_shape: tf.TensorShape) -> tf.TensorShape:
        del output_shape
        return tf.TensorShape(self._get_layer().latent_shape)

    def _forward_event_shape_tensor(self, input_shape: tf.Tensor) -> tf.Tensor:
        del input_shape
        return tf.constant(self._get_layer().event_shape, tf.int32)

    def _inverse_event_shape_tensor(self, output_shape: tf.Tensor) -> tf.Tensor:
        del output_shape
        return tf.constant(self._get_layer().latent_shape, tf.int32)


def event_axes(shape: Sequence[int]) -> list[int]:
    """The axes of an event in a batch, from the last: [-3, -2, -1] for an image."""
    return list(range(-len(shape), 0))


def require_channels(event_shape: Sequence[int]) -> None:
    """Raises ValueError unless the shape is that of a vector [D] or an image [H, W, C]."""
    if len(event_shape) not in (1, 3) or min(event_shape) < 1:
        raise ValueError(f"event_shape is {tuple(event_shape)}; it must be a vector's [D] or an image's [H, W, C]")


def require_own_paths(layer: keras.layers.Layer) -> None:
    """Raises ValueError when two of a layer's variables have one path: checkpoints could not tell them apart."""
    paths: dict[str, keras.Variable] = {}
    for variable in layer.variables:
        if paths.setdefault(variable.path, variable) is not variable:
            raise ValueError(
                f"two variables of {layer.name} have the path {variable.path!r}; give the parts their own names"
            )
