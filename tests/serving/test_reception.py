"""Places, deadlines and records of requests."""

import asyncio
import concurrent.futures
import logging
import threading

import pytest

from serving.metrics import Metrics
from serving.reception import Reception
from serving.status import Code, ServingError, invalid_argument


@pytest.fixture
def executor():
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        yield executor


def _reception(executor, max_pending=2, **options):
    return Reception("GRPC", executor, max_pending, metrics=Metrics(), is_known=lambda name: name == "m", **options)


def test_so_many_may_be_under_way_and_places_become_free_again(executor):
    release = threading.Event()

    async def run():
        reception = _reception(executor)
        first, second = (asyncio.create_task(reception.run("P", "m", lambda: release.wait(60), None)) for _ in "12")
        await asyncio.sleep(0)
        with pytest.raises(ServingError, match="2 requests are under way") as error:
            await reception.run("P", "m", lambda: None, None)
        assert error.value.code == Code.UNAVAILABLE
        release.set()
        await asyncio.gather(first, second)
        assert await reception.run("P", "m", lambda: 7, None) == 7

    asyncio.run(run())


def test_a_late_request_is_given_up_and_not_run_when_its_turn_comes(executor):
    release, ran = threading.Event(), []

    async def run():
        reception = _reception(executor)
        first = asyncio.create_task(reception.run("P", "m", lambda: release.wait(60), None))
        await asyncio.sleep(0)
        with pytest.raises(ServingError, match=r"not answered within 0.01 seconds") as error:
            await reception.run("P", "m", lambda: ran.append(1), 0.01)
        assert error.value.code == Code.DEADLINE_EXCEEDED
        release.set()
        await first
        await reception.run("P", "m", lambda: None, None)

    asyncio.run(run())
    assert ran == []


def test_a_thread_that_was_given_up_keeps_its_place(executor):
    release = threading.Event()

    async def run():
        reception = _reception(executor, max_pending=1)
        with pytest.raises(ServingError, match="not answered"):
            await reception.run("P", "m", lambda: release.wait(60), 0.01)
        with pytest.raises(ServingError, match="1 requests are under way"):
            await reception.run("P", "m", lambda: None, None)
        release.set()

    asyncio.run(run())


def test_log_and_metrics(executor, caplog):
    caplog.set_level(logging.INFO)

    def fail():
        raise invalid_argument("no")

    async def run():
        reception = _reception(executor, log_requests=True)
        await reception.run("Predict", "m", lambda: None, None)
        await reception.run("Predict", "unknown", lambda: None, None)
        with pytest.raises(ServingError, match="no"):
            await reception.run("Predict", "m", fail, None)
        return reception._metrics.exposition()

    text = asyncio.run(run())
    records = [(record.model, record.api, record.entrypoint, record.status) for record in caplog.records]
    assert records == [
        ("m", "Predict", "GRPC", "OK"),
        ("unknown", "Predict", "GRPC", "OK"),
        ("m", "Predict", "GRPC", "INVALID_ARGUMENT"),
    ]
    assert ':tensorflow:serving:request_count{model_name="m",status="INVALID_ARGUMENT"} 1' in text
    assert "unknown" not in text
