"""Predictability minimization (Schmidhuber 1992): an encoder against predictors of each code unit from the others.

Code:              y = sigmoid(encoder(x)), m units in (0, 1); p_i a function of y without its unit i
Predictors         min  sum_i (p_i - y_i)^2                                   (eq. 1), so that p_i -> E[y_i | y_-i]
Encoder            max  sum_i (p_i - y_i)^2 - weight |x - decoder(y)|^2       (eq. 5 and 6; the last term: section 4)
At the optimum of the first, the second is sum_i Var(y_i | y_-i) = sum_i Var(y_i) - E (E[y_i | y_-i] - E[y_i])^2: it
wants binary units, on half of the time, of which none says anything about another. There is no p(x), and so no sampler.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfdgm.core.types import DataSpec
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math.domains import INTO_DOMAIN
from tfdgm.models.base import Batch, GenerativeModel, Logs
from tfdgm.networks.mlp import mlp
from tfdgm.networks.unit_predictors import UnitPredictors
from tfdgm.objectives import predictability


class PredictabilityMinimization(GenerativeModel):
    """Encoder, predictors and, where reconstruction counts, a decoder.

    The fields are those of `tfdgm.configs.predictability_minimization.PredictabilityMinimizationConfig`.
    """

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 16,
        hidden_sizes: tuple[int, ...] = (128,),
        activation: str = "tanh",
        num_predictor_units: int = 32,
        num_predictor_steps: int = 3,
        reconstruction_weight: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Builds the networks for `spec`; see `PredictabilityMinimizationConfig` for the fields.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, **kwargs)
        require_choice("data.domain", spec.domain, INTO_DOMAIN)
        require_at_least(2, latent_dim=latent_dim)  # of one unit there is nothing to predict it from
        require_at_least(1, hidden_sizes=min(hidden_sizes, default=1), num_predictor_units=num_predictor_units)
        require_at_least(1, num_predictor_steps=num_predictor_steps)
        require_at_least(0, reconstruction_weight=reconstruction_weight)
        self.latent_dim, self.num_predictor_steps = latent_dim, num_predictor_steps
        self.reconstruction_weight = reconstruction_weight
        self.encoder = mlp(spec.shape, hidden_sizes, [latent_dim], activation=activation, name="encoder")
        self.predictors = UnitPredictors(latent_dim, num_predictor_units, name="predictors")
        self.decoder = None
        if reconstruction_weight:
            self.decoder = mlp([latent_dim], hidden_sizes[::-1], spec.shape, activation=activation, name="decoder")

    def groups(self) -> dict[str, list[Any]]:
        """The two players; a decoder is on the encoder's side."""
        decoder = self.decoder.trainable_variables if self.decoder else []
        return {
            "predictors": self.predictors.trainable_variables,
            "encoder": [*self.encoder.trainable_variables, *decoder],
        }

    def train_step(self, batch: Batch) -> Logs:
        """The predictors' steps on the code as it is, then one step of the encoder."""
        x = batch["x"]
        code = self.code(x)
        for _ in range(self.num_predictor_steps):
            error = self.minimize("predictors", self._predictor_loss, code)
        loss, terms = self.minimize("encoder", self._encoder_loss, x)
        return {"loss/predictors": error, "loss/encoder": loss, **terms}

    def test_step(self, batch: Batch) -> Logs:
        """The encoder's terms, and how far its units are from 0 or 1, whichever is nearer."""
        _, terms = self._encoder_loss(batch["x"])
        code = self.code(batch["x"])
        return {**terms, "distance_from_binary": tf.reduce_mean(tf.minimum(code, 1.0 - code), axis=-1)}

    def code(self, x: tf.Tensor) -> tf.Tensor:
        """y, the units' probabilities, [B, latent_dim] in (0, 1)."""
        return tf.sigmoid(tf.cast(self.encoder(x), self.variable_dtype))

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """`code`, [B, latent_dim] in (0, 1)."""
        return {"code": self.code(x)}

    @property
    def decode(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """The decoder's means: a function of a code z [B, latent_dim] to [B, *event_shape].

        Raises:
          AttributeError: without a decoder, so that `hasattr` tells who has one; so do those below.
        """
        return self._with_decoder(self._means)

    @property
    def reconstruct(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """The decoder's means at the code of x: a function of x [B, *event_shape] to [B, *event_shape]."""
        return self._with_decoder(lambda x: self._means(self.code(x)))

    @property
    def reconstruction_error(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """Squared error summed over the dimensions: a function of x [B, *event_shape] to [B]."""
        return self._with_decoder(lambda x: predictability.squared_error(x, self._means(self.code(x))))

    def _with_decoder(self, function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
        if self.decoder is None:
            raise AttributeError(f"reconstruction_weight is 0; {self.name} has no decoder")
        return function

    def _means(self, z: tf.Tensor) -> tf.Tensor:
        return INTO_DOMAIN[self.spec.domain](tf.cast(self.decoder(z), self.variable_dtype))

    def _predictor_loss(self, code: tf.Tensor) -> tf.Tensor:
        return predictability.prediction_error(self.predictors(code), code)

    def _encoder_loss(self, x: tf.Tensor) -> tuple[tf.Tensor, Logs]:
        code = self.code(x)
        predictions = self.predictors(code)
        terms = {"prediction_error": predictability.prediction_error(predictions, code)}
        if self.decoder is None:
            return predictability.encoder_loss(predictions, code), terms
        error = predictability.squared_error(x, self._means(code))
        loss = predictability.encoder_loss(predictions, code, error, self.reconstruction_weight)
        return loss, {**terms, "reconstruction_error": error}
