"""Estimates of steps against counts by hand, and the page that tells them."""

import pytest

from tfdgm.configs import get_config
from tfdgm.core.types import DataSpec
from tfdgm.training.estimate import estimate_step
from tfdgm.training.estimate_report import report

SPEC = DataSpec((8, 8, 1), num_levels=17, num_classes=10)
FLOAT = 4
NUM_PARAMETERS = 64 * 16 + 16 + 16 * 10 + 10


def _config(**model):
    config = get_config("classifier:digits:smoke")
    config.training.batch_size = 64
    for field, value in {"network": "mlp", "hidden_sizes": (16,), "dropout_rate": 0.0, **model}.items():
        setattr(config.model, field, value)
    return config


@pytest.fixture(scope="module")
def dense():
    return estimate_step(_config(), SPEC)


def test_parameters_weights_and_slots(dense):
    assert dense.parameters == {"classifier": NUM_PARAMETERS}
    weights = NUM_PARAMETERS * FLOAT
    assert weights < dense.weights < weights + 200  # counters and means of logs besides
    assert 2 * weights < dense.slots < 2 * weights + 50  # Adam's two moments, and its own counter
    assert dense.averages == 0
    assert dense.variable_bytes == dense.weights + dense.slots


def test_flops_of_a_dense_net(dense):
    # Forward, and back to the kernels of both layers and to the hidden layer.
    assert [dense.flops(rows) for rows in (64, 8, 1)] == [2 * rows * (2 * 64 * 16 + 3 * 16 * 10) for rows in (64, 8, 1)]


def test_flops_of_a_convolutional_net():
    estimate = estimate_step(_config(network="conv", num_filters=(4, 8)), SPEC, [2, 4])
    first, second = 8 * 8 * 9 * 1 * 4, 4 * 4 * 9 * 4 * 8
    layers = 2 * first + 3 * second + 3 * (2 * 2 * 8 * 16) + 3 * 16 * 10
    assert estimate.flops(32) == 2 * 32 * layers


def test_gradients_are_most_of_what_is_sent(dense):
    number, size = dense.sent.gradients["classifier"]
    assert (number, size) == (1, NUM_PARAMETERS * FLOAT)
    assert 0 < dense.sent.rest < 100
    assert dense.sent.gathered == FLOAT  # how many rows there are


def test_few_rows_may_have_other_operations_than_many():
    config = _config(dropout_rate=0.5)
    config.training.batch_size = 20
    few = estimate_step(config, SPEC)
    config.training.batch_size = 2000
    many = estimate_step(config, SPEC)
    assert few.flops(20) == many.flops(20) == 2 * 20 * (2 * 64 * 16 + 3 * 16 * 10)


def test_working_memory_is_of_gradients_and_of_rows(dense):
    gradients, row = NUM_PARAMETERS * FLOAT, (16 + 10) * FLOAT  # what a row keeps at least: hidden layer and logits
    assert dense.working_bytes(0) >= gradients
    assert [dense.activation_bytes(rows) for rows in (0, 64)] == [0, 64 * dense.activation_bytes(1)]
    assert row <= dense.activation_bytes(1) < 4 * row
    many = dense.working_bytes(4096)
    assert dense.activation_bytes(4096) <= many <= dense.working_bytes(0) + dense.activation_bytes(4096)


def test_averages_and_precision_count():
    config = _config()
    config.training.ema_decay, config.training.precision = 0.9, "float64"
    estimate = estimate_step(config, SPEC, [1])
    assert estimate.averages == NUM_PARAMETERS * 8
    assert estimate.sent.gradients["classifier"] == (1, NUM_PARAMETERS * 8)


def test_replicas_are_those_that_can_share_the_batch(dense):
    assert dense.replicas == (1, 8, 32)
    with pytest.raises(ValueError, match="replicas is 3; it must divide the batch of 64 rows"):
        estimate_step(_config(), SPEC, [1, 3])


@pytest.mark.slow
def test_players_and_minibatches():
    config = get_config("biggan:digits:smoke")
    config.training.batch_size = 64
    spec = DataSpec((8, 8, 1), domain="symmetric", num_levels=17, num_classes=10)
    whole = estimate_step(config, spec)
    assert whole.replicas == (1, 8, 32)
    assert {group: number for group, (number, _) in whole.sent.gradients.items()} == {
        "discriminator": config.model.num_discriminator_steps + 1,  # the last one's norm is logged
        "generator": 1 + 1,
    }
    config.model.num_accumulations = 4
    dealt = estimate_step(config, spec)
    assert dealt.replicas == (1, 8)  # 32 would leave 2 rows for 8 minibatches
    assert dealt.sent.gradients == whole.sent.gradients  # summed up before they are sent
    assert dealt.working_bytes(64) < 0.75 * whole.working_bytes(64)
    with pytest.raises(ValueError, match="num_discriminator_steps"):
        estimate_step(config, spec, [32])


@pytest.mark.slow
def test_the_last_phase_of_a_run_that_grows():
    config = get_config("progan:digits:smoke")
    estimate = estimate_step(config, DataSpec((8, 8, 1), domain="symmetric", num_levels=17), [1])
    assert estimate.num_phases > 2
    assert f"phase {estimate.phase.name}, the last of {estimate.num_phases}" in report("progan", estimate)


def test_the_page(dense):
    lines = report("classifier:digits", dense).splitlines()
    assert lines[0] == "classifier:digits: 64 rows a step"
    assert ["classifier", f"{NUM_PARAMETERS:,}"] in [line.split() for line in lines]
    head = next(number for number, line in enumerate(lines) if line.startswith("replicas"))
    rows = [line.split() for line in lines[head + 1 : head + 4]]
    assert [row[:2] for row in rows] == [["1", "64"], ["8", "8"], ["32", "2"]]
    assert [float(row[2]) for row in rows] == pytest.approx([dense.flops(n) / 1e9 for n in (64, 8, 2)], rel=0.01)
    assert [float(row[5]) for row in rows] == pytest.approx(
        [dense.sent.bytes_sent(n) / 2**20 for n in (1, 8, 32)], rel=0.01
    )
    memory = [(dense.variable_bytes + dense.working_bytes(n)) / 2**20 for n in (64, 8, 2)]
    assert [float(row[4]) for row in rows] == pytest.approx(memory, rel=0.01)
    assert lines[head + 5] == "Assumptions"
    assert all(line.startswith("- ") for line in lines[head + 6 :])
