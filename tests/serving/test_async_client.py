"""The asyncio client: what the blocking one gives, several requests at a time, and both when the server is away."""

import asyncio
import socket
import threading
import time

import numpy as np
import pytest

from serving.async_client import AsyncSamplerClient
from serving.client import SamplerClient
from serving.sampling import Retries, sample_requests
from serving.servable import Servable
from serving.transport import ClientError

_AT_ONCE = Retries(max_num=20, first_seconds=0.05, max_seconds=0.2)


@pytest.fixture(params=["http", "grpc"])
def url(request, sampler):
    return sampler.rest_url if request.param == "http" else sampler.grpc_url


def _run(url, work, **options):
    async def run():
        async with AsyncSamplerClient(url, "m", **options) as client:
            return await work(client)

    return asyncio.run(run())


def test_samples_are_those_of_the_blocking_client(url, expected_samples):
    outputs = _run(url, lambda client: client.sample(7, seed=40, rows_per_request=2, max_under_way=3))
    with SamplerClient(url, "m") as client:
        expected = client.sample(7, seed=40, rows_per_request=2)
    assert outputs.keys() == expected.keys()
    np.testing.assert_array_equal(outputs["seed"], np.arange(40, 47))
    np.testing.assert_array_equal(outputs["samples"], expected_samples(list(range(40, 47))))


def test_replies_come_in_order_and_not_all_are_asked_for_at_once(sampler, monkeypatch):
    asked = []
    predict = Servable.predict
    monkeypatch.setattr(Servable, "predict", lambda self, *args: asked.append(1) or predict(self, *args))

    async def run(client):
        stream = client.stream(100, rows_per_request=1, max_under_way=4)
        first = [(await anext(stream))["seed"][0] for _ in range(3)]
        await stream.aclose()
        return first

    assert _run(sampler.grpc_url, run) == [0, 1, 2]
    assert len(asked) <= 6


def test_the_blocking_client_streams_too(url):
    with SamplerClient(url, "m") as client:
        stream = client.stream(10**9, seed=5, rows_per_request=2)  # never in memory at once
        assert [next(stream)["seed"].tolist() for _ in range(3)] == [[5, 6], [7, 8], [9, 10]]


def test_errors(url):
    with pytest.raises(ClientError, match="has no signature 'nope'"):
        _run(url, lambda client: client.sample(1, signature_name="nope"))
    with pytest.raises(ClientError, match="x must be below 10"):
        _run(url, lambda client: client.predict({"x": [11.0]}, "below_ten"))
    with pytest.raises(ClientError, match="max_under_way is 0"):
        _run(url, lambda client: client.sample(1, max_under_way=0))


def test_a_server_that_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme, message in (("http", "did not answer in time"), ("grpc", "DEADLINE_EXCEEDED")):
            url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(ClientError, match=message):
                _run(url, lambda client: client.sample(1), timeout_seconds=0.2)


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_no_server(scheme):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClientError) as error:
            _run(url, lambda client: client.sample(1), retries=Retries(max_num=0))
    assert error.value.is_unavailable
    assert url in str(error.value)


@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("is_blocking", [True, False])
def test_a_server_that_has_no_place_is_asked_again(serve, scale_path, monkeypatch, scheme, is_blocking):
    release, entered = threading.Event(), threading.Event()
    predict = Servable.predict

    def held(*args):
        entered.set()
        assert release.wait(60)
        return predict(*args)

    with serve(scale_path, max_pending_requests=1) as server:
        url = server.rest_url if scheme == "http" else server.grpc_url
        monkeypatch.setattr(Servable, "predict", held)
        occupant = threading.Thread(target=lambda: SamplerClient(url, "m").predict({"x": [1.0]}))
        occupant.start()
        assert entered.wait(60)
        impatient = SamplerClient(url, "m", retries=Retries(max_num=0))
        with impatient, pytest.raises(ClientError, match="1 requests are under way") as error:
            impatient.predict({"x": [1.0]})
        assert error.value.is_unavailable
        threading.Timer(0.3, release.set).start()
        if is_blocking:
            with SamplerClient(url, "m", retries=_AT_ONCE) as client:
                answer = client.predict({"x": [2.0]})
        else:
            answer = _run(url, lambda client: client.predict({"x": [2.0]}), retries=_AT_ONCE)
        assert answer["y"].tolist() == [4.0]
        occupant.join()


def test_a_refusal_is_not_repeated(sampler, monkeypatch):
    with SamplerClient(sampler.rest_url, "m") as client:
        client.predict({"x": [1.0]}, "below_ten")
        calls = []
        predict = client._transport.predict
        monkeypatch.setattr(client._transport, "predict", lambda *args: calls.append(1) or predict(*args))
        with pytest.raises(ClientError, match="x must be below 10"):
            client.predict({"x": [11.0]}, "below_ten")
    assert len(calls) == 1


def test_waits_double_up_to_the_longest():
    waits = list(Retries(max_num=5, first_seconds=1.0, max_seconds=5.0).waits())
    for wait, longest in zip(waits, (1.0, 2.0, 4.0, 5.0, 5.0), strict=True):
        assert longest / 2 <= wait <= longest


def test_conditions_of_each_row():
    requests = list(sample_requests(3, 10, 2, {"label": None, "truncation": 0.5, "alpha": [1, 2, 3]}))
    assert [list(one) for one in requests] == [["seed", "truncation", "alpha"]] * 2
    assert [one["truncation"].tolist() for one in requests] == [[0.5, 0.5], [0.5]]
    assert [one["alpha"].tolist() for one in requests] == [[1, 2], [3]]
    with pytest.raises(ClientError, match="alpha has shape"):
        next(sample_requests(3, 0, 2, {"alpha": [1, 2]}))


def test_a_version_swap_loses_no_request(serve, scale_copy, export_scale):
    async def ask(client, answers, done):
        while not done.is_set():
            answers.append((await client.predict({"x": [1.0]}))["y"].tolist()[0])

    async def run(server):
        answers, done = [], threading.Event()
        async with AsyncSamplerClient(server.grpc_url, "m", retries=Retries(max_num=0)) as client:
            asking = [asyncio.create_task(ask(client, answers, done)) for _ in range(4)]
            await asyncio.to_thread(export_scale, scale_copy, 2, 3.0)
            deadline = time.monotonic() + 60
            while 3.0 not in answers and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            done.set()
            await asyncio.gather(*asking)
        return answers

    with serve(scale_copy) as server:
        assert set(asyncio.run(run(server))) == {2.0, 3.0}
