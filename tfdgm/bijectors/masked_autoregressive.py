"""Autoregressive flows: dimension d is moved by a function whose parameters the dimensions before it give.

MAF:  x_d = f(z_d; conditioner(x_1 ... x_{d-1})): the density in one pass, a sample in D    (Papamakarios et al. 2017)
IAF:  x_d = f(z_d; conditioner(z_1 ... z_{d-1})): a sample in one pass, the density in D    (Kingma et al. 2016)
log |det dx/dz| = sum_d log f'(z_d)
"""

from collections.abc import Callable

import tensorflow as tf

from tfdgm.bijectors.conditioned import Conditioned, Conditioner
from tfdgm.bijectors.elementwise import Elementwise
from tfdgm.bijectors.layer import Context

_Function = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


class _Autoregressive(Conditioned):
    """Of vectors; see the two subclasses."""

    def __init__(
        self,
        conditioner: Conditioner,
        num_dims: int,
        transform: Elementwise,
        *,
        uses_context: bool = False,
        name: str = "autoregressive",
    ) -> None:
        """Takes its parts.

        Args:
          conditioner: of [B, D], and of the context where it uses one, gives [B, P D], P blocks of D, whose values for
            dimension d depend on the dimensions before d alone; `tfdgm.networks.made.Made` is one.
          num_dims: D.
          transform: f, of P parameters.
          uses_context: whether the conditioner is called with the context too.
          name: of the layer.
        """
        super().__init__((num_dims,), conditioner, transform, uses_context=uses_context, name=name)

    def _one_pass(self, function: _Function, value: tf.Tensor, context: Context) -> tuple[tf.Tensor, tf.Tensor]:
        """The parameters from what is moved."""
        result, log_slope = function(value, self._params(value, context))
        return result, tf.reduce_sum(log_slope, axis=-1)

    def _in_turn(self, function: _Function, value: tf.Tensor, context: Context) -> tuple[tf.Tensor, tf.Tensor]:
        """The parameters from what comes out: each dimension waits for those before it."""
        num_dims = self.event_shape[0]

        def moved(index: tf.Tensor, result: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            now, _ = function(value, self._params(result, context))
            # Only the dimension in turn: what later ones would be meanwhile could overflow and spoil the sums.
            return index + 1, tf.where(tf.range(num_dims) == index, now, result)

        first = (tf.zeros([], tf.int32), tf.zeros_like(value))
        _, known = tf.while_loop(
            lambda index, result: index < num_dims - 1,
            moved,
            first,
            maximum_iterations=num_dims - 1,
            parallel_iterations=1,
        )
        # The last dimension, and all slopes: every parameter is now of the dimensions before it as they are.
        result, log_slope = function(value, self._params(known, context))
        return result, tf.reduce_sum(log_slope, axis=-1)

    def _params(self, value: tf.Tensor, context: Context) -> tf.Tensor:
        return self.params(value, context, (self.transform.num_params * self.event_shape[0],))


class MaskedAutoregressive(_Autoregressive):
    """MAF: density and gradient of x take one evaluation of the conditioner, sampling takes D.

    References:
      Papamakarios, Pavlakou & Murray (2017), Masked autoregressive flow for density estimation, section 3.
    """

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """D evaluations of the conditioner."""
        return self._in_turn(self.transform.forward, z, context)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """One evaluation of the conditioner."""
        return self._one_pass(self.transform.inverse, x, context)


class InverseAutoregressive(_Autoregressive):
    """IAF: sampling, and the density of its own samples, take one evaluation of the conditioner; any other density D.

    References:
      Kingma et al. (2016), Improved variational inference with inverse autoregressive flow, section 3.
    """

    def forward_and_log_det(self, z: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """One evaluation of the conditioner."""
        return self._one_pass(self.transform.forward, z, context)

    def inverse_and_log_det(self, x: tf.Tensor, context: Context = None) -> tuple[tf.Tensor, tf.Tensor]:
        """D evaluations of the conditioner."""
        return self._in_turn(self.transform.inverse, x, context)
