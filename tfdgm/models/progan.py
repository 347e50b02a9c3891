"""Progressive GAN (Karras, Aila, Laine & Lehtinen 2018): both players grow from 4x4 pixels to the data's size.

Generative story:  z ~ N(0, I),  x = G(z / |z| sqrt(D))
Critic             max  E f(x) - E f(G(z)) - lambda E (|grad f(x^)| - 1)^2 - epsilon E f(x)^2       (appendix A.1)
Generator          max  E f(G(z))
at a resolution that doubles from phase to phase. In a fade the new layers of both come in with weight alpha, which
goes from 0 to 1 over the phase, and real images show alpha of their finer half                     (section 2)
"""

import dataclasses
from typing import Any, ClassVar

import tensorflow as tf

from tfdgm.core import philox
from tfdgm.core.sizes import num_bytes
from tfdgm.core.types import DataSpec, Phase
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.math.resolution import averaged, faded, repeated
from tfdgm.models.base import Batch, Logs
from tfdgm.models.growth import Growth, Stage
from tfdgm.models.growth_memory import MemoryEstimate, forward_bytes, step_bytes
from tfdgm.models.two_players import Minibatch, TwoPlayers, sum_squares
from tfdgm.networks.progressive import GrowingCritic, GrowingGenerator
from tfdgm.objectives.adversarial import wasserstein_critic, wasserstein_generator

_LIMITS = {"unit": (0.0, 1.0), "symmetric": (-1.0, 1.0), "real": None}


class ProGAN(TwoPlayers):
    """A growing pair of networks; the fields are those of `tfdgm.configs.progan.ProGANConfig`.

    Attributes:
      growth: the plan of levels and phases.
      stage: int64 scalar variable, which of `growth.stages()` the last training step was of.
      fade_steps: int64 scalar variable, how many steps that stage's fade has; 0 where it is none.
    """

    opponent: ClassVar[str] = "critic"

    def __init__(
        self,
        spec: DataSpec,
        *,
        latent_dim: int = 128,
        num_filters: tuple[int, ...] = (128, 128, 64, 32),
        num_stabilize_steps: tuple[int, ...] = (),
        num_fade_steps: tuple[int, ...] = (),
        batch_sizes: tuple[int, ...] = (),
        num_critic_steps: int = 1,
        minibatch_group_size: int = 4,
        penalty: str = "gradient",
        penalty_weight: float = 10.0,
        drift_weight: float = 0.001,
        **kwargs: Any,
    ) -> None:
        """Builds both networks up to the last level.

        Raises:
          ValueError: naming a field with a value that it cannot have.
        """
        super().__init__(spec, penalty=penalty, penalty_weight=penalty_weight, **kwargs)
        require_choice("data.domain", spec.domain, _LIMITS)
        require_at_least(1, latent_dim=latent_dim, num_critic_steps=num_critic_steps)
        require_at_least(1, minibatch_group_size=minibatch_group_size)
        require_at_least(0, drift_weight=drift_weight)
        if self.penalty is None:
            raise ValueError("penalty is 'none'; a critic needs one to keep its slope bounded, such as 'gradient'")
        if not spec.is_image:
            raise ValueError(f"data.shape is {spec.shape}; networks that grow need images [H, W, C] with C 1 or 3")
        require_at_least(1, **{"the least of num_filters": min(num_filters, default=0)})
        for size in batch_sizes:
            _require_groups("batch_sizes", size, num_critic_steps, minibatch_group_size)
        self.growth = Growth(spec.shape, len(num_filters), num_stabilize_steps, num_fade_steps, batch_sizes)
        self.latent_dim, self.num_critic_steps = latent_dim, num_critic_steps
        self.group_size, self.drift_weight = minibatch_group_size, drift_weight
        base, channels = self.growth.base_size, spec.shape[-1]
        self.generator = GrowingGenerator(latent_dim, base, num_filters, channels, name="generator")
        self.critic = GrowingCritic(base, num_filters, channels, minibatch_group_size, name="critic")
        self.stage, self.fade_steps = self._counter("stage"), self._counter("fade_steps")
        self.level_variances = self.add_weight(
            shape=(len(num_filters),), initializer="ones", trainable=False, aggregation="mean", name="level_variances"
        )

    def groups(self) -> dict[str, list[Any]]:
        """The two players, as far as they have grown."""
        stage, _ = self._growing()
        return {
            name: network.active_variables(stage.level, stage.is_fading)
            for name, network in (("critic", self.critic), ("generator", self.generator))
        }

    def phases(self) -> list[Phase]:
        """stabilize_4, fade_8, stabilize_8, ..., by the side of the images."""
        return self.growth.phases()

    def initialize(self, batch: Batch) -> None:
        """Takes down how much the data vary at each level."""
        super().initialize(batch)
        deviation = batch["x"] - self.global_mean(tf.reduce_mean(batch["x"], axis=0))
        factors = [self.growth.factor(level) for level in range(self.growth.num_levels)]
        squares = [f * f * tf.reduce_mean(sum_squares(averaged(deviation, f))) for f in factors]
        self.level_variances.assign(self.global_mean(tf.stack(squares)))

    def train_step(self, batch: Batch) -> Logs:
        """n_critic critic steps, each on a minibatch of its own, then a generator step."""
        stage, num_steps = self._growing()
        self.stage.assign(self.growth.stages().index(stage))
        self.fade_steps.assign(num_steps)
        for minibatch in self.minibatches(batch, self.num_critic_steps, "num_critic_steps"):
            rows = self._at_stage(minibatch)
            loss, logs = self.minimize("critic", self._critic_loss, rows)
        generator_loss = self.minimize("generator", self._generator_loss, self.fresh(rows, 0))
        return {"loss/critic": loss, "loss/generator": generator_loss, **logs, **self.gradient_norms()}

    def test_step(self, batch: Batch) -> Logs:
        """The critic's view of held-out data and fresh samples, and how much samples vary at this resolution."""
        rows = next(self.minibatches(batch, 1, ""))
        logs = self.opponent_logs(self.logits(self.real_images(rows.x)), self.logits(self.generate(rows.seeds)))
        return {**logs, "sample_variance": self.sample_variance(self.sample(rows.seeds), rows)}

    def opponent_logs(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Logs:
        """What the critic takes W_1 for, up to its slope."""
        return {"critic_estimate": -wasserstein_critic(real_logits, fake_logits)}

    def sample(self, seeds: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """Draws x = G(z): seeds int64 [N] to [N, *event_shape], clipped to the domain; row i by `seeds[i]` alone.

        Before the last level, pixels are repeated. A traced function keeps the stage that it was traced at.

        Raises:
          ValueError: for a label; there is none.
        """
        if label is not None:
            raise ValueError(f"label is {label}, but {self.name} has none")
        images, limits = self.generate(seeds), _LIMITS[self.spec.domain]
        images = tf.clip_by_value(images, *limits) if limits else images
        return repeated(images, self.growth.factor(self._growing()[0].level))

    def generate(self, seeds: tf.Tensor) -> tf.Tensor:
        """Images at the stage's resolution as the critic sees them, not clipped."""
        z = philox.row_normal(seeds, (self.latent_dim,), dtype=self.compute_dtype)
        images = self.generator(z, level=self._growing()[0].level, alpha=self._alpha())
        return tf.cast(images, self.variable_dtype)

    def real_images(self, x: tf.Tensor) -> tf.Tensor:
        """Real images [N, *event_shape] at the stage's resolution, faded as the generator's are."""
        images, alpha = averaged(x, self.growth.factor(self._growing()[0].level)), self._alpha()
        return images if alpha is None else faded(images, alpha)

    def logits(self, x: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False) -> tf.Tensor:
        """The critic's values [B] of images at the stage's resolution; larger ones are averaged down to it first."""
        del label, training
        level = self._growing()[0].level
        x = averaged(x, x.shape[1] // self.growth.size(level)[0])
        return tf.cast(self.critic(x, level=level, alpha=self._alpha()), self.variable_dtype)

    def real_variance(self) -> tf.Tensor:
        """Of real images at the stage's resolution, summed over the dimensions of whole ones."""
        level, alpha = self._growing()[0].level, self._alpha()
        variances = tf.unstack(self.level_variances.value)
        if alpha is None:
            return variances[level]
        # What a level adds is orthogonal to the level below.
        return variances[level - 1] + tf.square(alpha) * (variances[level] - variances[level - 1])

    def memory_estimates(self, batch_size: int) -> list[MemoryEstimate]:
        """What a step needs at each resolution while its layers fade in; `batch_size` is for those without their own.

        Not counted are averages of weights, variables of other levels, and what TensorFlow needs for itself.
        """
        return [self._memory_at(level, batch_size) for level in range(self.growth.num_levels)]

    # ---- private ------------------------------------------------------------------------------------------------

    def _growing(self) -> tuple[Stage, int]:
        """The stage, and the steps of its fade: by the run's phase, or in a restored model by its variables."""
        stages = {stage.name: stage for stage in self.growth.stages()}
        if self.phase.name not in stages:
            with tf.init_scope():  # while a function is traced, too
                return list(stages.values())[int(self.stage.numpy())], int(self.fade_steps.numpy())
        stage = stages[self.phase.name]
        if stage.is_fading and not self.phase.steps:
            raise ValueError(f"phase {stage.name} has steps {self.phase.steps}; a fade needs a number, at least 1")
        return stage, self.phase.steps if stage.is_fading else 0

    def _alpha(self) -> tf.Tensor | None:
        """The weight of the newest layers, a scalar; None where none fade in."""
        stage, num_steps = self._growing()
        if not stage.is_fading:
            return None
        done = tf.cast(self.phase_step, self.variable_dtype) / num_steps
        return tf.clip_by_value(done, 0.0, 1.0)

    def _critic_loss(self, rows: Minibatch) -> tuple[tf.Tensor, Logs]:
        fake = tf.stop_gradient(self.generate(rows.seeds))
        real_values, fake_values = self.logit_pair(rows, fake)
        penalty, drift = self.penalty_of(rows, fake), self.drift_weight * tf.square(real_values)
        loss = wasserstein_critic(real_values, fake_values) + penalty + drift
        return loss, {**self.opponent_logs(real_values, fake_values), "penalty": penalty, "drift": drift}

    def _generator_loss(self, rows: Minibatch) -> tf.Tensor:
        return wasserstein_generator(self.logit_pair(rows, self.generate(rows.seeds), needs_real=False)[1])

    def _at_stage(self, rows: Minibatch) -> Minibatch:
        """With real images as the critic is to see them; refuses rows that would leave a group of fewer."""
        num = rows.x.shape[0]
        if num is not None:
            _require_groups("training.batch_size", num * self.num_critic_steps, self.num_critic_steps, self.group_size)
        return dataclasses.replace(rows, x=self.real_images(rows.x))

    def _memory_at(self, level: int, batch_size: int) -> MemoryEstimate:
        sizes, replicas = self.growth.batch_sizes, self.distribute_strategy.num_replicas_in_sync
        num_rows = (sizes[level] if sizes else batch_size) // replicas
        num_each, dtype = num_rows // self.num_critic_steps, self.compute_dtype
        how = {"level": level, "alpha": tf.constant(0.5, dtype) if level else None}
        z = tf.TensorSpec([num_each, self.latent_dim], dtype)
        x = tf.TensorSpec([num_each, *self.growth.size(level), self.spec.shape[-1]], dtype)
        activations = step_bytes(
            forward_bytes(lambda z: self.generator(z, **how), z), forward_bytes(lambda x: self.critic(x, **how), x)
        )
        own = sum(num_bytes(player.active_variables(level, level > 0)) for player in (self.critic, self.generator))
        return MemoryEstimate(self.growth.label(level), num_rows, 2 * own, 2 * own, activations)


def _require_groups(field: str, size: int, num_critic_steps: int, group_size: int) -> None:
    multiple = num_critic_steps * group_size
    if size % multiple:
        below = size // multiple * multiple
        nearest = f"{below} or {below + multiple}" if below else str(multiple)
        raise ValueError(
            f"{field} gives {size} rows; {num_critic_steps} critic steps with groups of minibatch_group_size="
            f"{group_size} rows need a multiple of {multiple} on each replica: {nearest}"
        )
