"""Normalizing flows of vectors: RealNVP, NSF by couplings and MAF by masked networks, from one row of parts.

x -> K times (activation normalisation -> mixing of dimensions -> coupling or autoregression) -> z ~ N(0, I)
Training: max E log p(x), exact.

RealNVP: affine couplings (Dinh et al. 2017); NSF: rational-quadratic ones (Durkan et al. 2019);
MAF: affine autoregressions (Papamakarios et al. 2017).
"""

from typing import Any

import tensorflow as tf

from tfdgm.bijectors.actnorm import ActNorm
from tfdgm.bijectors.composition import Composition
from tfdgm.bijectors.coupling import Coupling
from tfdgm.bijectors.elementwise import ELEMENTWISE, Elementwise, elementwise
from tfdgm.bijectors.invertible_conv import INVERTIBLE_CONVS, invertible_conv
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

LAYERS = ("coupling", "autoregressive")
MIXINGS = (*INVERTIBLE_CONVS, "reversal", "shuffle")


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
        self.layer, self.mixing = layer, mixing
        self.network = {"hidden_size": hidden_size, "num_blocks": num_blocks, "activation": activation}
        function = elementwise(transform, scale_limit=scale_limit, num_bins=num_bins, bound=bound)
        shape = (spec.num_dims,)
        steps = [
            Composition(
                [ActNorm(shape, name=f"actnorm_{step}"), self._mixed(step), self._moved(function, step)],
                name=f"step_{step}",
            )
            for step in range(num_steps)
        ]
        self.bijector = Composition([*steps, ActNorm(shape, name=f"actnorm_{num_steps}")], name="flow")

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

    # ---- private ------------------------------------------------------------------------------------------------

    def _mixed(self, step: int) -> BijectorLayer:
        num_dims, name = self.latent_dim, f"mixing_{step}"
        if self.mixing in INVERTIBLE_CONVS:
            return invertible_conv(self.mixing, (num_dims,), name=name)
        order = reversal(num_dims) if self.mixing == "reversal" else shuffle(num_dims, self.seed + step)
        return Permutation((num_dims,), order, name=name)

    def _moved(self, function: Elementwise, step: int) -> BijectorLayer:
        num_dims, name = self.latent_dim, f"{self.layer}_{step}"
        if self.layer == "autoregressive":
            network = Made(
                num_dims,
                function.num_params,
                (self.network["hidden_size"],) * (1 + 2 * self.network["num_blocks"]),
                activation=self.network["activation"],
                residual=True,
                name=f"made_{step}",
            )
            return MaskedAutoregressive(network, num_dims, function, name=name)
        mask = ChannelMask((num_dims,), swap=step % 2 == 1)
        (num_inputs,), (num_outputs,) = mask.kept_shape, mask.params_shape(function.num_params)
        network = ResidualMLP(num_inputs, num_outputs, **self.network, name=f"conditioner_{step}")
        return Coupling(network, mask, function, name=name)
