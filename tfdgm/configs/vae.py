"""VAE and IWAE: fields and presets."""

import dataclasses
from collections.abc import Callable

from tfdgm.configs import experiment
from tfdgm.configs.experiment import DataConfig, ExperimentConfig, OptimizerConfig, TrainingConfig


@dataclasses.dataclass
class VAEConfig:
    """Fields of `tfdgm.models.vae.VAE`.

    Attributes:
      model_name: entry of the model registry.
      latent_dim: number of latents.
      network: `mlp` or `conv`.
      hidden_sizes: `mlp`: units of the encoder's hidden layers; the decoder mirrors them.
      num_filters: `conv`: filters of each stride-2 stage of the encoder; the decoder mirrors them.
      activation: any Keras activation.
      likelihood: p(x|z): `bernoulli`, `gaussian` or `discretized_logistic`.
      objective: `elbo` (Kingma & Welling 2014) or `iwae` (Burda et al. 2016).
      num_importance_samples: posterior samples an example in training, k of IWAE-k.
      kl_weight: weight of the KL term in the ELBO's training loss (beta-VAE); reported ELBOs never use it.
      kl_warmup_steps: steps over which that weight rises linearly from 0.
    """

    model_name: str = "vae"
    latent_dim: int = 50
    network: str = "mlp"
    hidden_sizes: tuple[int, ...] = (200, 200)
    num_filters: tuple[int, ...] = (32, 64)
    activation: str = "tanh"
    likelihood: str = "bernoulli"
    objective: str = "elbo"
    num_importance_samples: int = 1
    kl_weight: float = 1.0
    kl_warmup_steps: int = 0


@dataclasses.dataclass
class VAEOptimizers:
    """One optimizer for encoder and decoder together."""

    vae: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


@dataclasses.dataclass
class VAEEvaluation:
    """Settings of `trainers.evaluate`.

    Attributes:
      num_elbo_samples: posterior samples an example of the ELBO.
      num_iwae_samples: k of the IWAE-k bound.
    """

    num_elbo_samples: int = 16
    num_iwae_samples: int = 5000


def _base(data: DataConfig, **training: object) -> ExperimentConfig:
    return ExperimentConfig(
        model=VAEConfig(),
        optimizers=VAEOptimizers(vae=OptimizerConfig(learning_rate=1e-3, schedule="cosine")),
        data=data,
        training=TrainingConfig(best_metric="elbo", **training),
        evaluation=VAEEvaluation(),
    )
