"""One device, two replicas and two worker processes train the same model from the same global batches.

In float64 every golden trains on replicas, and every exemplar on workers.
"""

import numpy as np
import pytest

from tests.goldens import runs
from tests.goldens.runs import NUM_STEPS, Run
from tests.goldens.table import COSTLY, EXEMPLARS, GOLDENS, REPRESENTATIVES, slow_but


def _assert_same(found: Run, expected: Run, policy: str):
    assert found.keys() == expected.keys()
    assert len(expected["logs/" + _a_log(expected)]) == NUM_STEPS[policy]
    for key, value in expected.items():
        if key == "fault":
            assert found[key] == value
        elif policy == "float64":
            np.testing.assert_allclose(found[key], value, rtol=1e-9, atol=1e-9, err_msg=key)
        elif key.startswith("logs/"):  # means of values of order one may be near zero, and keep their rounding
            np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-5, err_msg=key)


def _a_log(run: Run) -> str:
    return next(key.removeprefix("logs/") for key in run if key.startswith("logs/"))


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_two_replicas_equal_one_device(golden):
    _assert_same(runs.replicated(golden.name, "float64"), runs.single(golden.name, "float64"), "float64")


@pytest.mark.parametrize("name", slow_but(EXEMPLARS, ["biggan"]))
def test_two_replicas_equal_one_device_in_float32(name):
    _assert_same(runs.replicated(name, "float32"), runs.single(name, "float32"), "float32")


@pytest.mark.parametrize("name", slow_but(EXEMPLARS, REPRESENTATIVES))
def test_two_workers_equal_one_device(name, worker_run):
    _assert_same(worker_run(name, "float64"), runs.single(name, "float64"), "float64")


def test_two_workers_equal_one_device_in_float32_where_they_exchange_most(worker_run):
    _assert_same(worker_run("biggan", "float32"), runs.single("biggan", "float32"), "float32")


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_every_trainable_variable_learns(golden):
    model = golden.build()
    run = runs.single(golden.name, "float64")
    start = {variable.path: variable.numpy() for variable in model.weights}
    learning = {v.path for group in model.phase.groups or model.groups() for v in model.groups()[group]}
    for index, variable in enumerate(model.weights):
        if variable.path in learning:
            assert np.abs(run[f"weights/{index:02}"] - start[variable.path]).max() > 1e-4, variable.path


def test_exemplars_are_of_as_many_classes_and_every_class_is_kin_to_one():
    """Else a class of its own would be in no test that takes exemplars alone."""
    exemplars = [type(GOLDENS[name].build()) for name in EXEMPLARS]
    assert len(set(exemplars)) == len(exemplars)
    for name, golden in GOLDENS.items():
        known = type(golden.build())
        assert any(issubclass(known, each) or issubclass(each, known) for each in exemplars), name


@pytest.mark.parametrize("golden", COSTLY, indirect=True)
def test_a_fault_on_one_replica_is_known_to_all(golden):
    """The NaN stands in the last row, which the first replica never sees."""
    model = golden.build()
    group = next(iter(model.phase.groups or model.groups()), "")
    tensor = "the loss" if group else "a statistic"
    for run in (runs.single, runs.replicated):
        fault = str(run(golden.name, "float64")["fault"])
        expected = f"Fault(step=21, group={group!r}, tensor={tensor!r})"
        assert fault == (expected if golden.spec.dtype == "float32" else "None")  # whole levels hold no NaN


@pytest.mark.parametrize("name", ["rbm", "rbm_fast_pcd", "rbm_tempering", "rbm_softmax"])
def test_replicas_keep_whole_chains(name):
    """Binary states for every chain, of this replica and of the other."""
    model = GOLDENS[name].build()
    chains = model.negative_phase.chains
    index = [variable.path for variable in model.weights].index(chains.path)
    found = runs.replicated(name, "float64")[f"weights/{index:02}"]
    assert found.shape == chains.shape
    assert set(np.unique(found)) == {0.0, 1.0}
    for half in np.split(found, 2, axis=-2):
        assert half.any()
