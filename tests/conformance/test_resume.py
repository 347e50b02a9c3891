"""A checkpoint of model and optimizers, read by a new process's model, continues the run bit for bit."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdgm.training.determinism import deterministic_operations

NUM_STEPS, SAVED_AT = 6, 3


def _fit(model, dataset, *callbacks):
    model.fit(dataset, shuffle=False, verbose=0, callbacks=list(callbacks))


class Saver(keras.callbacks.Callback):
    """Writes a checkpoint in the midst of a run that goes on."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.step) == SAVED_AT:
            tf.train.Checkpoint(model=self.model).write(self.path)


def _state(model):
    slots = [variable for optimizer in model.optimizers.values() for variable in optimizer.variables]
    return {variable.path: variable.numpy() for variable in [*model.weights, *slots]}


@pytest.fixture(scope="module", autouse=True)
def _as_in_a_run():
    """What goes on bit for bit is a run, whose operations are deterministic."""
    with deterministic_operations(True):
        yield


def test_resumed_training_is_uninterrupted_training(golden, tmp_path):
    dataset, path = golden.dataset(NUM_STEPS), str(tmp_path / "checkpoint")
    model = golden.build_compiled()
    _fit(model, dataset, Saver(path))

    resumed = golden.build_compiled()
    for variable in resumed.trainable_variables:
        variable.assign(variable + 1.0)  # nothing may survive from before the checkpoint
    tf.train.Checkpoint(model=resumed).read(path).assert_consumed()
    assert int(resumed.step) == SAVED_AT
    # Data-dependent initialisation never runs again, though these batches are new to the model.
    _fit(resumed, dataset.skip(SAVED_AT))

    expected, found = _state(model), _state(resumed)
    assert len(expected) == len(found)
    for (path, value), other in zip(expected.items(), found.values(), strict=True):
        np.testing.assert_array_equal(other, value, err_msg=path)
    # Every optimizer of the phase has taken steps of its own, and they were restored.
    groups = resumed.phase.groups or resumed.groups()
    assert all(int(resumed.optimizers[group].iterations) >= NUM_STEPS for group in groups)
