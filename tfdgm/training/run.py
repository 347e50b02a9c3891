"""One training run, from a configuration to a folder; run again after any end, it goes on from its last checkpoint."""

import contextlib
import dataclasses
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf

import tfdgm
from tfdgm.configs import ExperimentConfig, TrainingConfig
from tfdgm.core.types import Phase
from tfdgm.core.validation import require_at_least, require_choice
from tfdgm.data import Data, open_data
from tfdgm.data.pipelines import eval_batches, train_batches
from tfdgm.models.ema import WeightAverages
from tfdgm.models.registry import build_from_config
from tfdgm.training import callbacks as at_interval
from tfdgm.training.callbacks import NonFiniteError
from tfdgm.training.determinism import deterministic_operations
from tfdgm.training.diagnosis import CollapseWatch
from tfdgm.training.lost_workers import LostWorkerError, lost_workers_named
from tfdgm.training.metrics_log import MetricsLog
from tfdgm.training.optimizers import make_optimizers, set_num_steps
from tfdgm.training.strategy import Strategy, chiefs_number, distribute, is_chief, make_strategy
from tfdgm.training.validation import Measure, SampleMetrics, Validation
from tfdgm.workdir.checkpoints import Checkpoints, State
from tfdgm.workdir.files import WorkdirError, claim, sole_writer

__all__ = ["LostWorkerError", "NonFiniteError", "WorkdirError", "train"]


def train(
    config: ExperimentConfig,
    workdir: str | os.PathLike[str],
    *,
    strategy: str = "default",
    cluster: str = "tf_config",
    tpu: str = "",
    manual_dir: str = "",
    make_measure: Callable[[ExperimentConfig, Data], Measure] | None = None,
) -> None:
    """Trains what `config` describes, in `workdir`.

    Run with the same arguments after an interruption, it ends with the same weights, optimizer slots, averages
    and metrics as a run without one, bit for bit, on the same machine and with `training.deterministic`.

    Args:
      config: from `tfdgm.get_config`, maybe changed.
      workdir: made if absent; workers on several hosts need one that all of them share.
      strategy: `default`, `mirrored`, `multi_worker` or `tpu`.
      cluster: where `multi_worker` learns who its workers are: `tf_config`, `slurm` or `kubernetes`.
      tpu: name or address of a TPU, for strategy `tpu`.
      manual_dir: folder of raw data files; default: the environment's TFDGM_MANUAL_DIR.
      make_measure: makes what `training.sample_metrics` are worked out by; needed where there are any. See
        `tfdgm.evaluation.training_metrics`.

    Raises:
      ValueError: for a field with a value that it cannot have.
      WorkdirError: when the folder holds a run of another configuration, or is in use.
      NonFiniteError: for a loss or gradient that is not finite; the last good checkpoint stays.
      LostWorkerError: when another worker ended. All that are left must start again, each as a new process.
    """
    check(config.training)
    if config.training.sample_metrics and make_measure is None:
        names = ", ".join(config.training.sample_metrics)
        raise ValueError(f"training.sample_metrics is {names}, but train() got no make_measure to work them out")
    distribution = make_strategy(strategy, cluster=cluster, tpu=tpu)
    data = open_data(config.data, manual_dir=manual_dir)
    measure = make_measure(config, data) if make_measure and config.training.sample_metrics else None
    keras.config.set_dtype_policy(config.training.precision)  # after that: it may have trained an extractor
    with contextlib.ExitStack() as stack:
        stack.enter_context(lost_workers_named(distribution.cluster_resolver))
        stack.enter_context(deterministic_operations(config.training.deterministic))
        if is_chief(distribution):
            stack.enter_context(sole_writer(workdir))
            claim(workdir, config, data.spec, tfdgm.__version__)
        _Run(config, workdir, distribution, data, measure).phases()


def check(training: TrainingConfig) -> None:
    """Raises ValueError for intervals that do not fit each other or numbers out of range."""
    require_choice("training.best_mode", training.best_mode, ("max", "min"))
    for field in ("num_steps", "batch_size", "eval_batch_size", "log_every", "steps_per_execution", "keep_checkpoints"):
        require_at_least(1, **{f"training.{field}": getattr(training, field)})
    for field in ("evaluate_every", "checkpoint_every", "sample_every"):
        every = getattr(training, field)
        if every < 1 or every % training.log_every:
            raise ValueError(
                f"training.{field} is {every}; it must be a multiple of training.log_every, {training.log_every}"
            )


class _Run:
    """The parts of one run, and the loop over its phases."""

    def __init__(
        self,
        config: ExperimentConfig,
        workdir: str | os.PathLike[str],
        strategy: Strategy,
        data: Data,
        measure: Measure | None,
    ) -> None:
        self.workdir, self.measure = workdir, measure
        self.config, self.training, self.strategy, self.data = config, config.training, strategy, data
        self.is_chief = is_chief(strategy)
        self.checkpoints = Checkpoints(workdir, self.training.keep_checkpoints)
        self.state = self._newest_state()
        keras.utils.set_random_seed(config.seed)  # here: preparing data may draw from the same generators
        with strategy.scope():
            self.model = build_from_config(config.model, data.spec, seed=config.seed)
            if config.data.num_labels and not self.model.takes_unlabeled:
                raise ValueError(
                    f"data.num_labels is {config.data.num_labels}, but {self.model.name} does not learn from examples "
                    "without a label; leave it 0"
                )
            decay = self.training.ema_decay
            self.averages = WeightAverages(self.model, decay) if decay else None
        self.plan = [completed(phase, self.training) for phase in self.model.phases()]
        self.index = next((i for i, phase in enumerate(self.plan) if phase.name == self.state.phase), 0)
        self.model.phase = self.plan[self.index]  # groups may depend on it
        self._compile(self.model.phase)
        parts = {"model": self.model, **({"averages": self.averages} if self.averages else {})}
        self.checkpoint = tf.train.Checkpoint(**parts)
        if self.state.step:
            self.checkpoint.read(self.checkpoints.weights(self.state.step)).assert_consumed()
            print(f"going on from step {self.state.step} of {workdir}", flush=True)
        if self.is_chief:
            estimates = getattr(self.model, "memory_estimates", None)
            for estimate in estimates(self.training.batch_size) if estimates else ():
                print(estimate, flush=True)
            self.checkpoints.clean()
            self.log = MetricsLog(workdir, first_step=self.state.step)

    def _newest_state(self) -> State:
        # The chief's word: of two workers that start at different times, one might find a newer checkpoint.
        newest = self.checkpoints.latest()
        step = chiefs_number(self.strategy, newest.step if newest else 0)
        if step and step not in self.checkpoints.steps():
            raise WorkdirError(
                f"{self.checkpoints.folder} has no checkpoint of step {step}, from which the chief goes on; "
                "--workdir must be a folder that all workers share"
            )
        return self.checkpoints.state(step) if step else State(step=0, phase="")

    def phases(self) -> None:
        """Trains what is left of the run."""
        try:
            for index, phase in enumerate(self.plan[self.index :], self.index):
                self.model.phase = phase
                if index > self.index:
                    self._enter(phase)
                self._train(phase, seed=self.config.seed + (index << 32))
        except NonFiniteError as error:
            last = self.checkpoints.latest()
            kept = f"the last good checkpoint is of step {last.step}" if last else "there is no checkpoint yet"
            raise NonFiniteError(f"{error}; {kept}") from None

    def _enter(self, phase: Phase) -> None:
        self.model.phase_step.assign(0)
        if phase.reset_optimizers:
            self._compile(phase)
        for optimizer in self.model.optimizers.values():
            set_num_steps(optimizer, phase.steps)

    def _compile(self, phase: Phase) -> None:
        with self.strategy.scope():
            optimizers = make_optimizers(self.config.optimizers, self.model, phase.steps)
            self.model.compile(optimizers, jit_compile=self.training.jit_compile)

    def _train(self, phase: Phase, seed: int) -> None:
        interval = min(self.training.log_every, phase.steps)
        num_whole, rest = divmod(phase.steps, interval)
        done = int(self.model.phase_step.numpy())
        if done == phase.steps:
            print(f"phase {phase.name} is done: {done} steps", flush=True)
            return
        one_replica = self.strategy.num_replicas_in_sync == 1  # Keras can't loop on device over several
        together = self.training.steps_per_execution if one_replica else 1
        self.model.steps_per_execution = math.gcd(together, interval, rest)
        self.model.make_train_function(force=True)
        self.model.make_test_function(force=True)
        batches = self._train_batches(phase, done, seed)
        validation_batches = self._validation_batches()
        self.model.ensure_initialized(batches)
        callbacks = self._callbacks(phase, validation_batches)
        intervals = {"verbose": 0, "callbacks": callbacks, "shuffle": False}
        if done < num_whole * interval:
            self.model.fit(
                batches, initial_epoch=done // interval, epochs=num_whole, steps_per_epoch=interval, **intervals
            )
        if rest:
            batches = self._train_batches(phase, num_whole * interval, seed)
            self.model.fit(batches, initial_epoch=num_whole, epochs=num_whole + 1, steps_per_epoch=rest, **intervals)

    def _train_batches(self, phase: Phase, done: int, seed: int) -> Iterable[Any]:
        return distribute(
            self.strategy,
            lambda shard: train_batches(
                self.data,
                batch_size=phase.batch_size,
                seed=seed,
                first_step=done,
                num_steps=phase.steps - done,
                shard=shard,
            ),
        )

    def _validation_batches(self) -> Iterable[Any]:
        return distribute(
            self.strategy,
            lambda shard: eval_batches(
                self.data,
                "validation",
                batch_size=self.training.eval_batch_size,
                seed=self.config.seed,
                shard=shard,
            ),
        )

    def _num_validation_batches(self) -> int:
        # As `eval_batches` deals them out. Keras would count a batch a replica.
        batch_size = self.training.eval_batch_size
        num_examples = self.data.splits["validation"].num_examples
        return math.ceil((num_examples - num_examples % batch_size % self.strategy.num_replicas_in_sync) / batch_size)

    def _callbacks(self, phase: Phase, validation_batches: Iterable[Any]) -> list[keras.callbacks.Callback]:
        def due(every: int) -> Callable[[int], bool]:
            return lambda phase_step: phase_step % every == 0 or phase_step == phase.steps

        training = self.training
        validation = Validation(
            validation_batches,
            self._num_validation_batches(),
            due(training.evaluate_every),
            metric=training.best_metric,
            mode=training.best_mode,
            best=self.state.best if phase.name == self.state.phase else None,  # each phase has a best of its own
            averages=self.averages,
            sample_metrics=SampleMetrics(self.model, self.measure, training.num_metric_samples)
            if self.measure
            else None,
        )
        saver = at_interval.CheckpointSaver(
            self.checkpoints,
            self.checkpoint,
            due(training.checkpoint_every),
            phase=phase.name,
            validation=validation,
            is_chief=self.is_chief,
        )
        averaging = [at_interval.Averaging(self.averages)] if self.averages else []
        chief_only = []
        if self.is_chief:
            num_shown = 30 if self.data.spec.is_image else 1000
            first = next(iter(eval_batches(self.data, "validation", batch_size=num_shown, seed=self.config.seed)))
            pictures = at_interval.Pictures(self.log, due(training.sample_every), first["x"], self.averages)
            chief_only = [at_interval.Log(self.log, phase.name), CollapseWatch(self.workdir), pictures]
            chief_only += [at_interval.Progress(phase.name, phase.steps)]
        return [*averaging, at_interval.NonFiniteGuard(), validation, *chief_only, saver]


def completed(phase: Phase, training: TrainingConfig) -> Phase:
    """A phase with the run's steps and batch size where it has none of its own."""
    return dataclasses.replace(
        phase, steps=phase.steps or training.num_steps, batch_size=phase.batch_size or training.batch_size
    )
