"""VAE with classes, few or all of them shown: fields and presets.

`svae` learns from labelled and unlabelled examples (M2 of Kingma et al. 2014), `cvae` from labelled ones alone.
Presets of MNIST that state no figure have not been run; those of `percent10` are in `docs/semi-supervised.md`.
"""

import dataclasses

from tfdgm.configs.experiment import DataConfig, ExperimentConfig, OptimizerConfig, Preset, Published, TrainingConfig
from tfdgm.configs.vae import VAEConfig, VAEEvaluation, VAEOptimizers, on_a_part
from tfdgm.configs.vae import smoke as vae_smoke


@dataclasses.dataclass
class SemiSupervisedVAEConfig(VAEConfig):
    """Fields of `tfdgm.models.semi_supervised_vae.SemiSupervisedVAE`.

    Attributes:
      classification_weight: alpha, of log q(y|x) where the label is known (Kingma et al. 2014, eq. 9).
      classifier_hidden_sizes: units of the hidden layers of q(y|x).
    """

    model_name: str = "svae"
    classification_weight: float = 50.0
    classifier_hidden_sizes: tuple[int, ...] = (400,)


# Shares of MNIST's 60,000 labels, as in Hu et al. (2018).
_LABELS = {"percent1": 600, "percent10": 6_000}
_PUBLISHED = "Hu et al. 2018, table of accuracies, 60,000 training images"


def _mnist(num_steps: int) -> ExperimentConfig:
    return ExperimentConfig(
        model=SemiSupervisedVAEConfig(hidden_sizes=(400,), activation="relu"),
        optimizers=VAEOptimizers(vae=OptimizerConfig(learning_rate=1e-3, schedule="cosine")),
        data=DataConfig(name="mnist", domain="binary"),
        training=TrainingConfig(
            batch_size=200,
            num_steps=num_steps,
            log_every=200,
            evaluate_every=1_000,
            checkpoint_every=1_000,
            sample_every=5_000,
            steps_per_execution=20,
            best_metric="accuracy",
        ),
        evaluation=VAEEvaluation(num_iwae_samples=100),
    )


def svae_mnist(argument: str) -> ExperimentConfig:
    """1% of the labels unless `argument` says otherwise; the rest of the images without."""
    config = _mnist(num_steps=20_000)
    config.data.num_labels = _LABELS[argument or "percent1"]
    return config


def svae_digits(argument: str) -> ExperimentConfig:
    """The embedded 8x8 digits with 100 labels."""
    del argument
    config = _mnist(num_steps=4_000)
    config.model.latent_dim, config.model.hidden_sizes = 16, (128,)
    config.data = DataConfig(name="digits", domain="binary", num_labels=100)
    config.training.batch_size = 100
    return config


def cvae_mnist(argument: str) -> ExperimentConfig:
    """Every label, on a part of the images where `argument` says so; which checkpoint counts, the bound decides."""
    config = _mnist(num_steps=60_000)
    config.model.model_name = "cvae"
    config.training.best_metric = "conditional_elbo"
    return on_a_part(config, argument)


def smoke(config: ExperimentConfig) -> ExperimentConfig:
    """A preset's own path in a minute of CPU: small networks, few steps, few samples."""
    config = vae_smoke(config)
    config.model.classifier_hidden_sizes = (16,)
    return config


PRESETS: dict[str, Preset] = {
    "svae:digits": Preset(
        svae_digits,
        smoke,
        "semi-supervised VAE on the embedded 8x8 digits with 100 labels: 84% right, NLL <= 23.2 nats",
    ),
    "svae:mnist": Preset(
        svae_mnist,
        smoke,
        "semi-supervised VAE on MNIST with 1% of the labels: 93.0% right in 34 minutes on one core",
        ("smoke", "percent10"),
        {"accuracy": Published(0.9412, f"{_PUBLISHED}, 1% labelled")},
        {"percent10": {"accuracy": Published(0.9768, f"{_PUBLISHED}, 10% labelled")}},
    ),
    "cvae:mnist": Preset(
        cvae_mnist, smoke, "VAE on MNIST conditioned on the label", ("smoke", "percent1", "percent10")
    ),
}
