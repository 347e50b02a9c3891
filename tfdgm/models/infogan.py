"""InfoGAN (Chen et al. 2016): codes that samples keep, found without labels.

Generative story:  z ~ N(0, I),  c ~ p(c): categories, equally likely, and numbers, uniform on (-1, 1);  x = G(z, c)
Inference model:   Q(c|x), a softmax for each category and a Gaussian for each number, on D's features of x
Value              min_{G, Q} max_D  V(D, G) - lambda L_I(G, Q)                     (eq. 6), with V that of a GAN
                   L_I(G, Q) = E_{c, x = G(z, c)} log Q(c|x) + H(c) <= I(c; G(z, c))                       (eq. 5)
D's step is that of a GAN. G and Q take one together: G's loss - lambda L_I. The features belong to D, and V alone moves
them: Q is a head on them, so that it costs next to nothing.

In the unified view L_I is a sleep phase, E_{p(c) p(x|c)} log Q(c|x): Q climbs it, down KL(p(c|x) || Q(c|x)), and G with
it, while p(x) goes to the data by the divergence of V.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.unified_form import UnifiedForm
from tfdgm.core.validation import require_at_least
from tfdgm.models.base import Batch, Logs
from tfdgm.models.gan import GAN
from tfdgm.models.latent_codes import Codes, LatentCodes, Recognized
from tfdgm.models.two_players import Minibatch
from tfdgm.networks.mlp import mlp


class InfoGAN(GAN):
    """InfoGAN; the fields are those of `tfdgm.configs.infogan.InfoGANConfig`."""

    unified: ClassVar[UnifiedForm] = dataclasses.replace(
        GAN.unified,
        z="noise and a code c",
        p="x = G(z, c), for 0; p_data(x) for 1",
        inference="Q(c|x), learned; of generated examples alone",
        minimizes="phi: as a GAN; theta, eta: KL(p_theta(x|y) || q^r(x|c, y)) - JSD, with Q(c|x) q^r(y|x) for q^r(y|x)",
        source="Chen et al. 2016",
    )

    def __init__(
        self,
        spec: DataSpec,
        *,
        num_categories: tuple[int, ...] = (10,),
        num_continuous: int = 2,
        recognition_size: int = 128,
        has_learned_variance: bool = False,
        information_weight: float = 1.0,
        continuous_information_weight: float = 0.1,
        conditioning: str = "none",
        **kwargs: Any,
    ) -> None:
        """Builds all networks; see `GAN` for the rest.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        require_at_least(1, recognition_size=recognition_size)
        require_at_least(
            0, information_weight=information_weight, continuous_information_weight=continuous_information_weight
        )
        if conditioning != "none":
            raise ValueError(f"conditioning is {conditioning!r}; codes stand in the place of labels: take 'none'")
        codes = LatentCodes(num_categories, num_continuous, has_learned_variance=has_learned_variance)
        super().__init__(spec, code_size=codes.size, **kwargs)
        self.codes = codes
        self.information_weight = information_weight
        self.continuous_information_weight = continuous_information_weight
        num_features = self.discriminator.features.output_shape[-1]
        self.recognition = mlp(
            [num_features], [recognition_size], [codes.num_outputs], activation="leaky_relu", name="recognition"
        )

    def groups(self) -> dict[str, list[Any]]:
        """D against G and Q."""
        groups = super().groups()
        return {**groups, "generator": [*groups["generator"], *self.recognition.trainable_variables]}

    def test_step(self, batch: Batch) -> Logs:
        """As of any two players, and L_I of fresh samples."""
        seeds = self.row_seeds(1)
        codes = self._drawn(seeds)
        information = self._information(self._recognized(self._made(seeds, codes)), codes)
        return {**super().test_step(batch), **information}

    def generate(self, seeds: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """x = G(z, c) with codes drawn by the same seeds."""
        del label  # there are none
        return self._made(seeds, self._drawn(seeds), training=training)

    def sample_code(
        self, seeds: tf.Tensor, categories: tf.Tensor | None = None, continuous: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Draws x = G(z, c) of given codes, z ~ N(0, I): [N, *event_shape].

        Args:
          seeds: int64 [N].
          categories: int32 [N, number of categorical codes]; None, or a negative one, is drawn as by `sample`.
          continuous: [N, num_continuous]; None is drawn as by `sample`.
        """
        drawn = self._drawn(seeds)
        if categories is None:
            categories = drawn.categories
        categories = tf.where(categories < 0, drawn.categories, categories)
        return self._made(seeds, Codes(categories, drawn.continuous if continuous is None else continuous))

    @property
    def sample_category(self) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """Samples of a category int32 [N] of the first categorical code, all else as the seeds int64 [N] draw it.

        Raises:
          AttributeError: without categorical codes, so that `hasattr` tells who has one; so does `category`.
        """
        return self._with_codes("num_categories", len(self.codes.num_categories), self._sample_category)

    @property
    def sample_continuous(self) -> Callable[[tf.Tensor, int, tf.Tensor], tf.Tensor]:
        """Samples of a value [N] of one continuous code, by its index; all else as the seeds int64 [N] draw it.

        Raises:
          AttributeError: without continuous codes.
        """
        return self._with_codes("num_continuous", self.codes.num_continuous, self._sample_continuous)

    @property
    def category(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """The most probable category of the first categorical code: x [B, *event_shape] to int32 [B]."""
        return self._with_codes("num_categories", len(self.codes.num_categories), self._category)

    def encode(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Q(c|x): `probabilities_0` [B, K] and so on, one a categorical code; `continuous_mean` [B, num_continuous]."""
        q = self._recognized(x)
        found = {f"probabilities_{i}": tf.nn.softmax(logits) for i, logits in enumerate(q.logits)}
        return {**found, "continuous_mean": q.mean} if self.codes.num_continuous else found

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones, and samples of given codes."""
        inputs = {
            "seed": tf.TensorSpec([None], tf.int64, name="seed"),
            "categories": tf.TensorSpec([None, len(self.codes.num_categories)], tf.int32, name="categories"),
            "continuous": tf.TensorSpec([None, self.codes.num_continuous], tf.float32, name="continuous"),
        }
        inputs = {name: given for name, given in inputs.items() if 0 not in given.shape}
        return {**super().endpoints(), "sample_code": Endpoint(self._sample_code_endpoint, inputs)}

    # ---- private ------------------------------------------------------------------------------------------------

    def _generator_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        codes = self._drawn(rows.seeds)
        real, fake = self.views(rows, self._made(rows.seeds, codes, training=True))
        features = self.discriminator.features(fake, training=True)  # for D and Q alike
        fake_logits = tf.cast(self.discriminator.of_features(features, training=True), self.variable_dtype)
        needs_real = self.adversarial_loss.needs_real
        real_logits = self.logits(real, training=True) if needs_real else tf.zeros_like(fake_logits)
        information = self._information(self._head(features), codes)
        weighted = self.information_weight * information["information/categorical"]
        weighted += self.continuous_information_weight * information["information/continuous"]
        return self.adversarial_loss.generator(real_logits, fake_logits, self.batch_mean) - weighted, information

    def _drawn(self, seeds: tf.Tensor) -> Codes:
        return self.codes.drawn(seeds, self.variable_dtype)

    def _made(self, seeds: tf.Tensor, codes: Codes, *, training: bool = False) -> tf.Tensor:
        z = philox.row_normal(seeds, (self.latent_dim,), dtype=self.compute_dtype)
        return self.generate_from(tf.concat([z, self.codes.seen(codes, z.dtype)], axis=1), training=training)

    def _head(self, features: tf.Tensor) -> Recognized:
        return self.codes.recognized(tf.cast(self.recognition(features), self.variable_dtype))

    def _recognized(self, x: tf.Tensor) -> Recognized:
        return self._head(self.discriminator.features(x))

    def _information(self, q: Recognized, codes: Codes) -> Logs:
        categorical, continuous = self.codes.information(q, codes)
        return {"information/categorical": categorical, "information/continuous": continuous}

    def _with_codes(self, field: str, num: int, function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
        if not num:
            raise AttributeError(f"{field} is empty or 0; {self.name} has no such codes")
        return function

    def _sample_category(self, seeds: tf.Tensor, category: tf.Tensor) -> tf.Tensor:
        drawn = self._drawn(seeds)
        categories = tf.concat([category[:, tf.newaxis], drawn.categories[:, 1:]], axis=1)
        return self._made(seeds, Codes(categories, drawn.continuous))

    def _sample_continuous(self, seeds: tf.Tensor, index: int, value: tf.Tensor) -> tf.Tensor:
        drawn = self._drawn(seeds)
        before, after = drawn.continuous[:, :index], drawn.continuous[:, index + 1 :]
        value = tf.cast(value, before.dtype)[:, tf.newaxis]
        return self._made(seeds, Codes(drawn.categories, tf.concat([before, value, after], axis=1)))

    def _category(self, x: tf.Tensor) -> tf.Tensor:
        return tf.argmax(self._recognized(x).logits[0], axis=-1, output_type=tf.int32)

    def _sample_code_endpoint(self, seed: tf.Tensor, **codes: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = philox.fresh_where_negative(seed)
        return {"samples": tf.cast(self.sample_code(seed, **codes), tf.float32), "seed": seed}
