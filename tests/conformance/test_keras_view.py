"""What a Keras user expects of `fit`, `evaluate`, callbacks and checkpoints, of every golden."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.goldens.precision import dtype_policy
from tests.goldens.runs import BatchLogs
from tests.goldens.table import BATCH_SIZE, COSTLY, EXEMPLARS, GOLDENS, REPRESENTATIVES, slow_but
from tfdgm.training.determinism import deterministic_operations

NUM_STEPS, SAVED_AT = 4, 3


def _partial(golden):
    """Batches of 5, 5 and 3."""
    return golden.dataset(2).unbatch().take(13).batch(5)


@dataclasses.dataclass
class Trained:
    """Two epochs of a golden; tests train its model further and further, for it is traced already.

    Attributes:
      state: of weights and optimizers after the two epochs, by path.
      checkpoint: written in the midst of them.
    """

    model: keras.Model
    history: dict
    logs: BatchLogs
    state: dict[str, np.ndarray]
    checkpoint: str


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
    """What no bit may change in is a run, whose operations are deterministic."""
    with deterministic_operations(True):
        yield


@pytest.fixture(scope="module")
def trained(golden, tmp_path_factory):
    model, logs, path = golden.build_compiled(), BatchLogs(), str(tmp_path_factory.mktemp("run") / "checkpoint")
    callbacks = [logs, Saver(path)]
    history = model.fit(golden.dataset(NUM_STEPS), epochs=2, shuffle=False, verbose=0, callbacks=callbacks).history
    return Trained(model, history, logs, _state(model), path)


@pytest.fixture
def model(trained):
    return trained.model


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_history_holds_means_over_the_epoch(trained):
    history, logs = trained.history, trained.logs
    assert len(logs.steps) == 2 * NUM_STEPS
    assert set(history) == set(logs.steps[0])
    for name, values in history.items():
        assert all(isinstance(value, float) for value in values)
        steps = np.reshape([step[name] for step in logs.steps], (2, NUM_STEPS))
        np.testing.assert_allclose(values, steps.mean(1), rtol=1e-5)


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_evaluate_is_the_mean_over_examples_and_repeats(golden, model):
    logs = BatchLogs()
    found = model.evaluate(_partial(golden), return_dict=True, verbose=0, callbacks=[logs])
    assert len(logs.steps) == 3
    for name, value in found.items():
        expected = np.average([step[name] for step in logs.steps], weights=[5, 5, 3])
        assert value == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert model.evaluate(_partial(golden), return_dict=True, verbose=0) == found


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_a_checkpoint_of_model_and_optimizers_resumes_bit_for_bit(golden, trained):
    resumed = golden.build_compiled()
    for variable in resumed.trainable_variables:
        variable.assign(variable + 1.0)  # nothing may survive from before the checkpoint
    tf.train.Checkpoint(model=resumed).read(trained.checkpoint).assert_consumed()
    assert int(resumed.step) == SAVED_AT
    # Data-dependent initialisation never runs again, though these batches are new to the model.
    resumed.fit(golden.dataset(NUM_STEPS).repeat(2).skip(SAVED_AT), shuffle=False, verbose=0)
    found = _state(resumed)
    assert len(trained.state) == len(found)
    for (path, value), other in zip(trained.state.items(), found.values(), strict=True):
        np.testing.assert_array_equal(other, value, err_msg=path)
    # Every optimizer of the phase has taken steps of its own, and they were restored.
    groups = resumed.phase.groups or resumed.groups()
    assert all(int(resumed.optimizers[group].iterations) >= 2 * NUM_STEPS for group in groups)


@pytest.mark.parametrize("golden", slow_but(EXEMPLARS, REPRESENTATIVES, GOLDENS.__getitem__), indirect=True)
def test_validation_and_several_steps_an_execution_change_no_bit(golden, trained):
    model = golden.build_compiled(steps_per_execution=3)  # which does not divide the 4 steps of an epoch
    fit = model.fit(golden.dataset(NUM_STEPS), epochs=2, shuffle=False, verbose=0, validation_data=_partial(golden))
    assert int(model.step) == 2 * NUM_STEPS
    found = _state(model)
    assert len(trained.state) == len(found)
    for (path, value), other in zip(trained.state.items(), found.values(), strict=True):
        if not path.endswith("test_steps"):  # evaluation counts its own
            np.testing.assert_array_equal(other, value, err_msg=path)
    evaluated = model.evaluate(_partial(golden), return_dict=True, verbose=0)
    for name, value in evaluated.items():
        assert fit.history[f"val_{name}"][-1] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_weights_can_be_saved_and_loaded(golden, model, tmp_path):
    path = str(tmp_path / "last.weights.h5")
    saver = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    model.fit(golden.dataset(NUM_STEPS), shuffle=False, verbose=0, callbacks=[saver])
    fresh = golden.build_compiled()
    fresh.load_weights(path)
    for saved, loaded in zip(model.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, saved)


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_early_stopping_stops(golden, model):
    name = next(iter(model.evaluate(_partial(golden), return_dict=True, verbose=0)))
    stopping = keras.callbacks.EarlyStopping(monitor=f"val_{name}", mode="min", min_delta=1e9, patience=1)
    history = model.fit(
        golden.dataset(NUM_STEPS),
        epochs=9,
        shuffle=False,
        verbose=0,
        validation_data=_partial(golden),
        callbacks=[stopping],
    )
    assert len(history.epoch) == 2


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_float16_trains(golden):
    """Of narrow range, so that losses are scaled."""
    _assert_trains(golden, "mixed_float16")


@pytest.mark.parametrize("name", slow_but(EXEMPLARS, ["biggan"]))
def test_bfloat16_trains(name):
    _assert_trains(GOLDENS[name], "mixed_bfloat16")


def _assert_trains(golden, policy):
    with dtype_policy(policy):
        model = golden.build_compiled()
    history = model.fit(golden.dataset(NUM_STEPS), shuffle=False, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert model.fault() is None
    assert all(model.optimizers[group].iterations.numpy() > 0 for group in model.phase.groups or model.groups())
    answers = golden.answers(model, 4)
    assert answers
    assert all(np.isfinite(tf.cast(value, tf.float32)).all() for value in answers.values())


class Interruption(keras.callbacks.Callback):
    """Ends the first run within its third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_backup_and_restore_brings_back_every_optimizer(tmp_path):
    golden = GOLDENS["gan"]

    def fit(model, *callbacks):
        model.fit(golden.dataset(NUM_STEPS), epochs=4, shuffle=False, verbose=0, callbacks=list(callbacks))
        return model

    expected = fit(golden.build_compiled())
    with pytest.raises(KeyboardInterrupt):
        fit(golden.build_compiled(), keras.callbacks.BackupAndRestore(str(tmp_path)), Interruption())
    found = fit(golden.build_compiled(), keras.callbacks.BackupAndRestore(str(tmp_path)))
    assert int(found.step) == 4 * NUM_STEPS
    for one, other in zip(expected.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_array_equal(other, one)
    for group, optimizer in expected.optimizers.items():
        for one, other in zip(optimizer.variables, found.optimizers[group].variables, strict=True):
            np.testing.assert_array_equal(other.numpy(), one.numpy())


def test_a_last_batch_of_another_size_is_trained_on():
    golden = GOLDENS["vae"]
    model = golden.build_compiled()
    dataset = golden.dataset(2).unbatch().take(BATCH_SIZE + 3).batch(BATCH_SIZE)
    model.fit(dataset, shuffle=False, verbose=0)
    assert int(model.step) == 2
    assert model.fault() is None


def test_xla_trains_as_the_graph_does():
    golden, losses = GOLDENS["gan"], []
    for jit_compile in (False, True):
        history = golden.build_compiled(jit_compile=jit_compile).fit(golden.dataset(1), shuffle=False, verbose=0)
        losses.append(history.history)
    for name, values in losses[0].items():
        np.testing.assert_allclose(losses[1][name], values, rtol=1e-5, atol=1e-6)
