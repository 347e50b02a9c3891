"""What tells pairs (x, z) of an encoder from those of a generator: features of both, joined, and one logit."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfdgm.core.validation import require_at_least
from tfdgm.networks.discriminator import discriminator_features, mlp_features
from tfdgm.networks.spectral_norm import SpectralDense

_ACTIVATION = "leaky_relu"


class JointDiscriminator(keras.layers.Layer):
    """x [B, *event_shape] and z [B, latent_dim] to a logit [B]: w' psi(phi(x), chi(z)) + b.

    References:
      Dumoulin et al. (2017), Adversarially learned inference, figure 1 and appendix A.
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        latent_dim: int,
        *,
        network: str,
        hidden_sizes: Sequence[int],
        num_filters: Sequence[int],
        activation: str,
        normalization: str,
        joint_size: int,
        name: str,
    ) -> None:
        """Builds phi, chi and psi, the latter two of one layer each; the fields are those of `ALIConfig`."""
        super().__init__(name=name)
        require_at_least(1, joint_size=joint_size)
        self.features = discriminator_features(
            event_shape,
            network=network,
            hidden_sizes=hidden_sizes,
            num_filters=num_filters,
            activation=activation,
            normalization=normalization,
        )
        kind = "spectral" if normalization == "spectral" else "none"
        self.code_features = mlp_features((latent_dim,), (joint_size,), _ACTIVATION, kind, name="code_features")
        size = self.features.output_shape[-1] + joint_size
        self.joint = mlp_features((size,), (joint_size,), _ACTIVATION, kind, name="joint")
        dense = SpectralDense if normalization == "spectral" else keras.layers.Dense
        self.outputs = dense(1, name="outputs")
        self.outputs.build((None, joint_size))
        self.built = True

    def call(self, x: tf.Tensor, z: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Logits [B]."""
        both = [self.features(x, training=training), self.code_features(z, training=training)]
        joined = self.joint(tf.concat(both, axis=1), training=training)
        return self.outputs(joined, training=training)[:, 0]
