"""Determinism within its block alone, and a step whose bits do not depend on how often it ran before."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config as tf_config

from tests.goldens.table import GOLDENS
from tfdgm.training.determinism import deterministic_operations

NUM_RUNS = 120  # the executor takes an operation for a cheap one after some 90, and from then on orders them otherwise


def _state():
    options = tf.config.optimizer.get_experimental_options()
    return tf_config.is_op_determinism_enabled(), options.get("arithmetic_optimization", True)


@pytest.mark.parametrize(("wanted", "within"), [(True, (True, False)), (False, (False, True))])
def test_the_process_is_left_as_it_was(wanted, within):
    assert _state() == (False, True)
    with contextlib.suppress(KeyError), deterministic_operations(wanted):
        assert _state() == within
        raise KeyError
    assert _state() == (False, True)


def test_blocks_may_stand_within_one_another():
    with deterministic_operations(True):
        with deterministic_operations(True):
            pass
        assert _state() == (True, False)


@pytest.mark.parametrize("name", ["nsf"])
def test_a_step_has_the_same_bits_however_often_it_ran(name):
    golden = GOLDENS[name]
    model = golden.build_compiled()
    dataset = golden.dataset(1)
    model.ensure_initialized(dataset)
    slots = [variable for optimizer in model.optimizers.values() for variable in optimizer.variables]
    variables = [*model.variables, *slots]
    start = [variable.numpy() for variable in variables]
    found = set()
    with deterministic_operations(True):
        step = model.make_train_function()
        for _ in range(NUM_RUNS):
            for variable, value in zip(variables, start, strict=True):
                variable.assign(value)
            step(iter(dataset))
            found.add(b"".join(np.asarray(weight).tobytes() for weight in model.get_weights()))
    assert len(found) == 1
