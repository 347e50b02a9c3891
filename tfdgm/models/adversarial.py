"""What adversarial models share: a generator x = G(z, y), and a discriminator or critic of (x, y).

Their own files hold the algorithms. There is no likelihood; what can be watched is logged: what the discriminator tells
apart, the norms of both gradients, and how much samples vary, as a share of how much the data do.
"""

from typing import Any

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.types import DataSpec, Endpoint
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math.domains import INTO_DOMAIN
from tfdgm.models.endpoints import sample_class_endpoint
from tfdgm.models.two_players import TwoPlayers
from tfdgm.networks.discriminator import Discriminator
from tfdgm.networks.generator import generator_network
from tfdgm.networks.labels import with_label

_DOMAINS = ("unit", "symmetric", "real")


class AdversarialModel(TwoPlayers):
    """Generator and discriminator; the fields are those of `tfdgm.configs.adversarial.AdversarialConfig`."""

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 100,
        network: str = "dcgan",
        hidden_sizes: tuple[int, ...] = (128, 128, 128),
        num_filters: tuple[int, ...] = (32, 64),
        dense_sizes: tuple[int, ...] = (),
        activation: str = "relu",
        generator_normalization: str = "batch",
        discriminator_normalization: str = "batch",
        conditioning: str = "none",
        penalty: str = "none",
        has_origin: bool = True,
        code_size: int = 0,
        **kwargs: Any,
    ) -> None:
        """Builds both networks for `spec`.

        `has_origin` says whether a constant added to all logits changes the loss, `code_size` how much the generator
        sees besides noise and label.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        num_labels = spec.num_classes if conditioning != "none" else 0
        super().__init__(spec, num_labels=num_labels, penalty=penalty, **kwargs)
        _require_fields(
            spec,
            latent_dim=latent_dim,
            network=network,
            dense_sizes=dense_sizes,
            discriminator_normalization=discriminator_normalization,
            conditioning=conditioning,
            penalty=penalty,
        )
        self.latent_dim = latent_dim
        shared: dict[str, Any] = {
            "network": network,
            "hidden_sizes": hidden_sizes,
            "num_filters": num_filters,
            "dense_sizes": dense_sizes,
            "activation": activation,
        }
        size = latent_dim + num_labels + code_size
        self.generator = generator_network(size, spec.shape, normalization=generator_normalization, **shared)
        self.discriminator = Discriminator(
            spec.shape,
            normalization=discriminator_normalization,
            conditioning=conditioning,
            num_classes=num_labels,
            use_bias=has_origin,
            name=self.opponent,
            **shared,
        )

    def groups(self) -> dict[str, list[Any]]:
        """The two players."""
        return {
            self.opponent: self.discriminator.trainable_variables,
            "generator": self.generator.trainable_variables,
        }

    def sample(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """Draws x = G(z, y), z ~ N(0, I): seeds int64 [N] to [N, *event_shape].

        Args:
          seeds: row i depends on `seeds[i]` (and `label[i]`) alone.
          label: int32 [N]; None draws it uniformly. Of conditional models only.

        Raises:
          ValueError: for a label where the model has none.
        """
        if label is not None and not self.num_labels:
            label = self._refused(label)
        return self.generate(seeds, label)

    def generate(self, seeds: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """`sample`, in training by the statistics of the batch itself where the generator is batch-normalised."""
        z = philox.row_normal(seeds, (self.latent_dim,), dtype=self.compute_dtype)
        if self.num_labels:
            z = with_label(z, self.drawn_label(seeds) if label is None else label, self.num_labels)
        return self.generate_from(z, training=training)

    def generate_from(self, z: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """G of all that the generator sees, latents and what stands behind them: [N, D] to [N, *event_shape]."""
        outputs = tf.cast(self.generator(z, training=training), self.variable_dtype)
        return INTO_DOMAIN[self.spec.domain](outputs)

    def logits(self, x: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The discriminator's logits, or the critic's values, [B]."""
        return tf.cast(self.discriminator(x, label=label, training=training), self.variable_dtype)

    def endpoints(self) -> dict[str, Endpoint]:
        """The default ones, and samples of a class where there are classes."""
        found = super().endpoints()
        if self.num_labels:
            found["sample_class"] = sample_class_endpoint(self)
        return found

    # ---- private ------------------------------------------------------------------------------------------------

    def _refused(self, label: tf.Tensor) -> tf.Tensor:
        raise ValueError(f"label is {label}, but {self.name} has none; it was built with conditioning='none'")


def _require_fields(
    spec: DataSpec,
    *,
    latent_dim: int,
    network: str,
    dense_sizes: tuple[int, ...],
    discriminator_normalization: str,
    conditioning: str,
    penalty: str,
) -> None:
    """What no single network could refuse."""
    require_choice("data.domain", spec.domain, _DOMAINS)
    require_choice("network", network, ("mlp", "dcgan"))
    require_at_least(1, latent_dim=latent_dim, dense_sizes=min(dense_sizes, default=1))
    if dense_sizes and network != "dcgan":
        raise ValueError(
            f"dense_sizes is {tuple(dense_sizes)} and network {network!r}; they are layers of 'dcgan': take "
            "hidden_sizes for those of 'mlp'"
        )
    if penalty != "none" and discriminator_normalization == "batch":
        raise ValueError(
            f"penalty is {penalty!r} and discriminator_normalization 'batch'; a penalty needs each row's own "
            "gradient: take 'none', 'layer' or 'spectral'"
        )
    if conditioning != "none" and spec.num_classes < 2:
        raise ValueError(
            f"conditioning is {conditioning!r}, but the data has {spec.num_classes} classes; "
            "take data with two or more, or 'none'"
        )
