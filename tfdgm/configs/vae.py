"""VAE and IWAE: fields and presets.

What a preset's summary says it reaches is the IWAE-5000 bound on the test split, in nats, on two CPU cores, as in
`results/<preset>.json`. The arguments `long` and `paper` have not been run, nor has `planar` on MNIST; figures
of `iaf` are in `docs/vae.md`, figures of `percent1` and `percent10` are in `docs/semi-supervised.md`.
"""

import dataclasses
from typing import Any

from tfdgm.configs.experiment import (
    DataConfig,
    ExperimentConfig,
    OptimizerConfig,
    Preset,
    Published,
    TrainingConfig,
    smoke_training,
)


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
      posterior_flow: what makes q(z|x) more than a Gaussian: `none`; `planar` or `radial`, amortised (Rezende & Mohamed
        2015); `iaf` (Kingma et al. 2016). With a flow the KL is estimated from the posterior samples.
      num_flow_steps: K, steps of the flow.
      flow_hidden_sizes: `iaf`: units of the hidden layers of each step's network.
      flow_context_size: `iaf`: size of what the encoder gives these networks besides.
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
    posterior_flow: str = "none"
    num_flow_steps: int = 10
    flow_hidden_sizes: tuple[int, ...] = (200,)
    flow_context_size: int = 50
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


def _experiment(data: DataConfig, **training: Any) -> ExperimentConfig:
    return ExperimentConfig(
        model=VAEConfig(),
        optimizers=VAEOptimizers(vae=OptimizerConfig(learning_rate=1e-3, schedule="cosine")),
        data=data,
        training=TrainingConfig(best_metric="elbo", **training),
        evaluation=VAEEvaluation(),
    )


_FLOW_STEPS = {"planar": 10, "iaf": 2}


def _with_flow(config: ExperimentConfig, argument: str) -> ExperimentConfig:
    """The flow posterior that `argument` names, if it does; nothing else changes, so that gains are the flow's."""
    if argument in _FLOW_STEPS:
        config.model.posterior_flow = argument
        config.model.num_flow_steps = _FLOW_STEPS[argument]
        config.model.flow_hidden_sizes = config.model.hidden_sizes[:1]
        config.model.flow_context_size = 2 * config.model.latent_dim
    return config


# Shares of MNIST's 60,000 training images, as in Hu et al. (2018), and steps that they are good for.
_PARTS = {"percent1": (600, 2_400), "percent10": (6_000, 18_000)}


def on_a_part(config: ExperimentConfig, argument: str) -> ExperimentConfig:
    """On the share of the training images that `argument` names, if it does: `percent1` or `percent10`.

    The bound on validation images decides which checkpoint counts, before training examples are learned by heart. What
    is published of these parts is the ELBO: 500 samples do for the tighter bound beside it.
    """
    if argument in _PARTS:
        config.evaluation.num_iwae_samples = 500
        config.data.num_train, config.training.num_steps = _PARTS[argument]
        config.training.log_every = config.training.evaluate_every = config.training.checkpoint_every = 100
        config.training.sample_every = 600
    return config


def mnist(argument: str) -> ExperimentConfig:
    """One stochastic layer as in Burda et al. (2016), table 1: 50 latents, 200-200 tanh; 360 epochs of 50,000."""
    config = _experiment(
        DataConfig(name="mnist", domain="binary"),
        batch_size=100,
        num_steps=180_000,
        log_every=600,
        evaluate_every=6_000,
        checkpoint_every=6_000,
        sample_every=30_000,
        steps_per_execution=20,
    )
    if argument == "long":
        config.training.num_steps = 900_000
    if argument == "paper":
        # 3,280 epochs of 59,600 images in batches of 20; Adam's epsilon as in their section 5.
        config.data.num_validation = 400
        config.training.batch_size = 20
        config.training.num_steps = 3_280 * 2_980
        config.optimizers.vae = OptimizerConfig(schedule="burda", learning_rate=1e-3, epsilon=1e-4)
    return on_a_part(_with_flow(config, argument), argument)


def digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits, each pixel binarised anew every epoch."""
    config = _experiment(
        DataConfig(name="digits", domain="binary"),
        batch_size=50,
        num_steps=8_000,
        log_every=200,
        evaluate_every=1_000,
        checkpoint_every=1_000,
        sample_every=4_000,
        steps_per_execution=20,
    )
    config.model.latent_dim = 16
    config.model.hidden_sizes = (128, 128)
    return _with_flow(config, argument)


def _folder(argument: str) -> ExperimentConfig:
    """Images of the user's own: convolutional, discretized-logistic, so that nats count the 8-bit levels."""
    del argument
    config = _experiment(
        DataConfig(name="folder", domain="unit"),
        batch_size=64,
        num_steps=20_000,
        log_every=100,
        evaluate_every=1_000,
        checkpoint_every=1_000,
        sample_every=1_000,
    )
    config.model.network = "conv"
    config.model.activation = "relu"
    config.model.likelihood = "discretized_logistic"
    return config


def _as_iwae(config: ExperimentConfig) -> ExperimentConfig:
    config.model.model_name = "iwae"
    config.model.objective = "iwae"
    config.model.num_importance_samples = 5
    return config


def smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: small networks, few steps, few samples."""
    config.model.latent_dim = 4
    config.model.hidden_sizes = (32,)
    config.model.num_filters = (8, 8)
    config.training = smoke_training(config.training, num_steps=200)
    config.evaluation = VAEEvaluation(num_elbo_samples=4, num_iwae_samples=50)
    return config


PRESETS: dict[str, Preset] = {
    "vae:digits": Preset(
        digits,
        smoke,
        "VAE on the embedded 8x8 digits: NLL <= 23.0 nats in half a minute",
        ("smoke", *_FLOW_STEPS),
    ),
    "vae:mnist": Preset(
        mnist,
        smoke,
        "VAE on MNIST, one layer of Burda et al.: NLL <= 88.2 nats in 18 minutes",
        ("smoke", "long", "paper", *_PARTS, *_FLOW_STEPS),
        {"nll_upper_bound": Published(86.76, "Burda et al. 2016, table 1, 3,280 epochs of 60,000 digits")},
        {
            "percent1": {"elbo": Published(-122.89, "Hu et al. 2018, table of bounds, 1% of 60,000 digits")},
            "percent10": {"elbo": Published(-104.49, "Hu et al. 2018, table of bounds, 10% of 60,000 digits")},
        },
    ),
    "vae:folder": Preset(_folder, smoke, "convolutional VAE on your own images: --config.data.path=DIR"),
    "iwae:digits": Preset(
        lambda argument: _as_iwae(digits(argument)),
        smoke,
        "IWAE (k=5) on the embedded 8x8 digits: NLL <= 22.7 nats in half a minute",
    ),
    "iwae:mnist": Preset(
        lambda argument: _as_iwae(mnist(argument)),
        smoke,
        "IWAE (k=5) on MNIST: NLL <= 87.1 nats in 29 minutes",
        ("smoke", "long", "paper"),
        {"nll_upper_bound": Published(85.54, "Burda et al. 2016, table 1, k=5, 3,280 epochs of 60,000 digits")},
    ),
}
