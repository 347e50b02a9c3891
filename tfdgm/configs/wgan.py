"""WGAN and WGAN-GP: fields and presets.

What a preset's summary says it reaches is on the test split, on two CPU cores, as in `results/<preset>.json`; those
that state no figure have not been run to the end. C-FID and C-IS are FID and Inception Score on the features of this
package's own classifier of the data set: they compare with each other, never with figures on Inception's features.
"""

import dataclasses

from tfdgm.configs.adversarial import AdversarialConfig, images, mixture, players, preset
from tfdgm.configs.experiment import ExperimentConfig, OptimizerConfig, Preset


@dataclasses.dataclass
class WGANConfig(AdversarialConfig):
    """Fields of `tfdgm.models.wgan.WGAN`.

    Attributes:
      num_critic_steps: critic steps for one of the generator. `training.batch_size` is dealt out to them.
      weight_clip: the critic's weights stay within it after each step; 0 clips none.
    """

    model_name: str = "wgan"
    num_critic_steps: int = 5
    weight_clip: float = 0.0


@dataclasses.dataclass
class WGANOptimizers:
    """One optimizer a player."""

    critic: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    generator: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def _wgan_mixture(name: str) -> ExperimentConfig:
    """RMSprop as in the paper; a clipped critic needs far larger steps than the paper's images to reach its bounds.

    At a critic's rate of 2e-3 all its rectifiers died within 18,000 steps, and the generator stood still.
    """
    optimizers = WGANOptimizers(*players(1e-3, 0.0, 0.9, name="rmsprop"))
    model = WGANConfig(weight_clip=0.1)
    return mixture(name, model, optimizers, num_minibatches=5, num_steps=60_000)


def _wgan_gp_mixture(name: str) -> ExperimentConfig:
    """The weight of the penalty is that of the toy figures of Gulrajani et al. (2017), their published code."""
    model = WGANConfig(model_name="wgan_gp", penalty="gradient", penalty_weight=0.1)
    return mixture(name, model, WGANOptimizers(*players(1e-3, 0.5, 0.9)), num_minibatches=5, num_steps=20_000)


def _wgan_gp(name: str) -> ExperimentConfig:
    model = WGANConfig(model_name="wgan_gp", penalty="gradient", penalty_weight=10.0)
    return images(
        name,
        model,
        WGANOptimizers(*players(1e-3, 0.0, 0.9)),
        batch_size=5 * 64,
        num_steps=12_000,
        evaluate_every=1_000,
        sample_metrics=("fid",),
        best_metric="fid",
        best_mode="min",
    )


def _wgan_gp_cifar10(argument: str) -> ExperimentConfig:
    """Three stages for colour."""
    del argument
    config = _wgan_gp("cifar10_jpeg")
    config.model.num_filters = (32, 64, 128)
    config.training.num_steps = 4_000
    return config


PRESETS: dict[str, Preset] = {
    "wgan:mixture25": preset(
        lambda argument: _wgan_mixture("mixture25"),
        "WGAN by clipped weights on a grid of 25 Gaussians: all 25 modes, 77 to 93% of high quality, 20 minutes",
    ),
    "wgan_gp:mixture25": preset(
        lambda argument: _wgan_gp_mixture("mixture25"),
        "WGAN-GP on a grid of 25 Gaussians: all 25 modes, 94% of high quality, in 7 minutes",
    ),
    "wgan_gp:mnist": preset(lambda argument: _wgan_gp("mnist"), "WGAN-GP on MNIST: C-FID 7.5, C-IS 8.5 in 38 minutes"),
    "wgan_gp:cifar10": preset(_wgan_gp_cifar10, "WGAN-GP on CIFAR-10 from JPEG: C-FID 4.6, C-IS 3.1, no collapse"),
}
