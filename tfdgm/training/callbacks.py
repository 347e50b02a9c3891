"""What happens around each interval of `log_every` steps, as Keras callbacks.

They run in the order in which the loop lists them: averages after every execution; then, at the interval's end, the
guard against non-finite values, validation, the log, pictures, the bar, and the checkpoint last, so that a
checkpoint never holds what the guard refuses and the log never lacks what a checkpoint holds.
"""

import contextlib
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
import tqdm

from tfdgm.models import pictures
from tfdgm.models.ema import WeightAverages
from tfdgm.training.metrics_log import MetricsLog
from tfdgm.training.validation import Validation
from tfdgm.workdir.checkpoints import Checkpoints, State

Logs = dict[str, float]


class NonFiniteError(ArithmeticError):
    """A loss or gradient that is not finite; the message names step, group and tensor."""


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops the run at the first interval in which a loss or gradient was not finite."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Raises NonFiniteError with the model's first fault."""
        fault = self.model.fault()
        if fault:
            raise NonFiniteError(f"step {fault.step}, group {fault.group!r}: {fault.tensor} is not finite")


class Averaging(keras.callbacks.Callback):
    """Moves the averaged weights after every execution."""

    def __init__(self, averages: WeightAverages) -> None:
        """Args: averages: of the model that trains."""
        super().__init__()
        self._averages = averages

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """One update for the execution's steps."""
        self._averages.update(self.model.steps_per_execution)


class Log(keras.callbacks.Callback):
    """Writes the interval's line of `metrics.jsonl`."""

    def __init__(self, log: MetricsLog, phase: str) -> None:
        """Args: log: of the run. phase: its name stands in every line."""
        super().__init__()
        self._log, self._phase = log, phase
        self._start = time.monotonic() - log.seconds

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts the interval's clock."""
        self._interval_start, self._last_step = time.monotonic(), int(self.model.step.numpy())

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """One line: step, phase, means, seconds."""
        now, step = time.monotonic(), int(self.model.step.numpy())
        self._log.write(
            {
                "step": step,
                "phase": self._phase,
                **{name: float(value) for name, value in (logs or {}).items()},
                **self.model.interval_logs(),
                "seconds": round(now - self._start, 3),
                "steps_per_second": round((step - self._last_step) / (now - self._interval_start), 3),
            }
        )
        self._interval_start, self._last_step = now, step


class Pictures(keras.callbacks.Callback):
    """Grids of samples, reconstructions and latent traversals, of whatever the model can."""

    def __init__(
        self, log: MetricsLog, due: Callable[[int], bool], x: np.ndarray, averages: WeightAverages | None
    ) -> None:
        """Args: x: validation examples to reconstruct, [N, *event_shape]."""
        super().__init__()
        self._log, self._due, self._x, self._averages = log, due, x, averages

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draws them where the step is due."""
        if not self._due(int(self.model.phase_step.numpy())):
            return
        step = int(self.model.step.numpy())
        with self._averages.in_place() if self._averages else contextlib.nullcontext():
            for kind, pixels in pictures.all_grids(self.model, tf.range(64, dtype=tf.int64), self._x).items():
                self._log.write_picture(kind, step, pixels)


class CheckpointSaver(keras.callbacks.Callback):
    """Saves where the step is due, and the best so far whenever it comes; on every worker: values are of all."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        checkpoint: tf.train.Checkpoint,
        due: Callable[[int], bool],
        *,
        phase: str,
        validation: Validation,
        is_chief: bool,
    ) -> None:
        """Args: validation: knows the best so far."""
        super().__init__()
        self._checkpoints, self._checkpoint, self._due = checkpoints, checkpoint, due
        self._phase, self._validation, self._is_chief = phase, validation, is_chief

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """One checkpoint."""
        step, best = int(self.model.step.numpy()), self._validation.best
        if self._due(int(self.model.phase_step.numpy())) or (best and best.step == step):
            state = State(step, self._phase, best)
            self._checkpoints.save(self._checkpoint, state, is_chief=self._is_chief)


class Progress(keras.callbacks.Callback):
    """A bar with speed and remaining time on a terminal; elsewhere a line an interval."""

    def __init__(self, phase: str, num_steps: int) -> None:
        """Args: phase: its name. num_steps: of the phase."""
        super().__init__()
        self._phase, self._num_steps = phase, num_steps
        self._bar: tqdm.tqdm | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Shows the bar from where the phase stands."""
        done = int(self.model.phase_step.numpy())
        self._bar = tqdm.tqdm(
            total=self._num_steps, initial=done, desc=self._phase, unit="step", disable=None, dynamic_ncols=True
        )
        self._start, self._first = time.monotonic(), done

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Moves the bar."""
        self._bar.update(self.model.steps_per_execution)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Shows the interval's means."""
        shown = {name: f"{value:.4g}" for name, value in (logs or {}).items()}
        self._bar.set_postfix(shown, refresh=False)
        if self._bar.disable:
            done = int(self.model.phase_step.numpy())
            rate = (done - self._first) / (time.monotonic() - self._start)
            remaining = tqdm.tqdm.format_interval((self._num_steps - done) / rate)
            values = " ".join(f"{name} {value}" for name, value in shown.items())
            print(f"{self._phase} {done}/{self._num_steps} {rate:.1f} steps/s {remaining} left: {values}", flush=True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the bar."""
        self._bar.close()
