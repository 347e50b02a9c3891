"""Normalizing flows of vectors: RealNVP, NSF by couplings and MAF by masked networks, from one row of parts.

x -> K times (activation normalisation -> mixing of dimensions -> coupling or autoregression) -> z ~ N(0, I)
Training: max E log p(x), exact.

RealNVP: affine couplings (Dinh et al. 2017); NSF: rational-quadratic ones (Durkan et al. 2019);
MAF: affine autoregressions (Papamakarios et al. 2017).
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfdgm.bijectors.actnorm import ActNorm
from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.coupling import Coupling
from tfdgm.bijectors.elementwise import ELEMENTWISE, Elementwise, elementwise
from tfdgm.bijectors.invertible_conv import LUInvertibleConv, PlainInvertibleConv
from tfdgm.bijectors.layer import BijectorLayer
from tfdgm.bijectors.masked_autoregressive import MaskedAutoregressive
from tfdgm.bijectors.masks import ChannelMask
from tfdgm.bijectors.permutation import Permutation, reversal, shuffle
from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.models.base import Batch, Logs
from tfdgm.models.normalizing_flow import NormalizingFlow
from tfdgm.networks.made import Made
from tfdgm.networks.residual_mlp import ResidualMLP


class Flow(NormalizingFlow):
    """RealNVP, NSF and MAF; the fields are those of `tfdgm.configs.flow.FlowConfig`."""

    def __init__(
        self,
        spec: DataSpec,
        *,
        layer: str = "coupling",
        transform: str = "affine",
        mixing: str = "lu",
        num_steps: int = 8,
        hidden_size: int = 128,
        num_blocks: int = 2,
        activation: str = "relu",
        scale_limit: float = 2.0,
        num_bins: int = 8,
        bound: float = 3.0,
        **kwargs: Any,
    ) -> None:
        """Builds the bijector for `spec`; see `FlowConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have, or for data that are not continuous.
        """
        super().__init__(spec, **kwargs)
        if spec.num_levels or spec.num_dims < 2:
            raise ValueError(
                f"the data have {spec.num_levels} levels and {spec.num_dims} dimensions; a flow needs continuous data"
                " (data.domain 'real', or 'logit' for images) of at least 2"
            )
        require_choice("layer", layer, LAYERS)
        require_choice("transform", transform, ELEMENTWISE)
        require_choice("mixing", mixing, MIXINGS)
        require_at_least(1, num_steps=num_steps, hidden_size=hidden_size)
        network = {"hidden_size": hidden_size, "num_blocks": num_blocks, "activation": activation}
        function = elementwise(transform, scale_limit=scale_limit, num_bins=num_bins, bound=bound)
        num_dims = spec.num_dims
        steps = [
            Composition(
                [
                    ActNorm((num_dims,), name=f"actnorm_{step}"),
                    MIXINGS[mixing](num_dims, self.seed + step, f"mixing_{step}"),
                    LAYERS[layer](num_dims, function, network, step),
                ],
                name=f"step_{step}",
            )
            for step in range(num_steps)
        ]
        self.bijector = Composition([*steps, ActNorm((num_dims,), name=f"actnorm_{num_steps}")], name="flow")

    def initialize(self, batch: Batch) -> None:
        """Activation normalisations, by the first global batch."""
        self.bijector.start_at(tf.reshape(batch["x"], [-1, self.latent_dim]), self.global_mean)

    def train_step(self, batch: Batch) -> Logs:
        """One step of maximum likelihood."""
        return {"loss/flow": self.minimize("flow", lambda x: -self.log_prob(x), batch["x"])}

    def test_step(self, batch: Batch) -> Logs:
        """log p(x), exact."""
        return {"log_prob": self.log_prob(batch["x"])}

    def stages(self, z: tf.Tensor) -> list[tf.Tensor]:
        """z [N, D] on its way: itself, and what it is after each part of the flow; the last is the data's, [N, D]."""
        stages = [z]
        for part in reversed(self.bijector.parts):
            stages.append(part.forward_and_log_det(stages[-1])[0])
        return stages


def _coupling(num_dims: int, function: Elementwise, network: dict[str, Any], step: int) -> BijectorLayer:
    """Steps in turn move the one half of the dimensions and the other."""
    mask = ChannelMask((num_dims,), swap=step % 2 == 1)
    (num_inputs,), (num_outputs,) = mask.kept_shape, mask.params_shape(function.num_params)
    conditioner = ResidualMLP(num_inputs, num_outputs, **network, name=f"conditioner_{step}")
    return Coupling(conditioner, mask, function, name=f"coupling_{step}")


def _autoregressive(num_dims: int, function: Elementwise, network: dict[str, Any], step: int) -> BijectorLayer:
    conditioner = Made(
        num_dims,
        function.num_params,
        (network["hidden_size"],) * (1 + 2 * network["num_blocks"]),
        activation=network["activation"],
        residual=True,
        name=f"made_{step}",
    )
    return MaskedAutoregressive(conditioner, num_dims, function, name=f"autoregressive_{step}")


LAYERS: dict[str, Callable[[int, Elementwise, dict[str, Any], int], BijectorLayer]] = {
    "coupling": _coupling,
    "autoregressive": _autoregressive,
}

# Of the number of dimensions, a seed and a name.
MIXINGS: dict[str, Callable[[int, int, str], BijectorLayer]] = {
    "lu": lambda num_dims, seed, name: LUInvertibleConv((num_dims,), name=name),
    "lu_shuffle": lambda num_dims, seed, name: LUInvertibleConv((num_dims,), order=shuffle(num_dims, seed), name=name),
    "plain": lambda num_dims, seed, name: PlainInvertibleConv((num_dims,), name=name),
    "reversal": lambda num_dims, seed, name: Permutation((num_dims,), reversal(num_dims), name=name),
    "shuffle": lambda num_dims, seed, name: Permutation((num_dims,), shuffle(num_dims, seed), name=name),
}
