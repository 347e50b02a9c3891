"""Malformed requests by the thousand: each is refused or answered, none is a fault of the server, none hangs."""

import contextlib
import logging

import numpy as np
import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_serving.config import model_server_config_pb2

from serving.model_config import parse_model_configs
from serving.text_proto import ConfigError
from tests.serving import fuzzing

_ROWS = 10  # requests in one example: drawing them costs more than answering them


class _Fuzzer:
    """Sends what it is given to one server; keeps count."""

    def __init__(self, server) -> None:
        self.server, self.num_requests = server, 0
        self._pool = urllib3.PoolManager(timeout=60, retries=False)

    def run(self, max_examples: int) -> None:
        quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
        options = settings(
            max_examples=max_examples, deadline=None, derandomize=True, database=None, suppress_health_check=quiet
        )
        lists = {"min_size": _ROWS, "max_size": _ROWS}
        self._all(options, st.lists(fuzzing.rest_requests, **lists), self._rest)
        self._all(options, st.lists(fuzzing.grpc_requests, **lists), self._grpc)
        self._all(options, st.lists(fuzzing.raw_requests, min_size=2, max_size=2), self._raw)

    def _all(self, options, strategy, send) -> None:
        @options
        @given(strategy)
        def run(requests):
            for request in requests:
                send(request)
                self.num_requests += 1

        run()

    def _rest(self, request) -> None:
        fuzzing.answer_rest(self._pool, self.server.rest_url, request)

    def _grpc(self, request) -> None:
        fuzzing.answer_grpc(self.server.channel, request)

    def _raw(self, request) -> None:
        fuzzing.answer_raw(self.server.server.rest_port, request)


@contextlib.contextmanager
def _no_faults(server, caplog):
    """The server logs no fault of its own meanwhile, and answers afterwards as before."""
    before = server.grpc_predict("sample", {"seed": np.int64([7])}).outputs
    caplog.set_level(logging.WARNING)
    yield
    assert [record.getMessage() for record in caplog.records if record.name.startswith("serving")] == []
    assert server.grpc_predict("sample", {"seed": np.int64([7])}).outputs == before
    assert server.rest_predict({"instances": [7]})[0] == 200


def test_some_malformed_requests(sampler, caplog):
    fuzzer = _Fuzzer(sampler)
    with _no_faults(sampler, caplog):
        fuzzer.run(max_examples=40)
    assert fuzzer.num_requests >= 40 * (2 * _ROWS + 2)


@pytest.mark.slow
@pytest.mark.parametrize("enable_batching", [False, True])
def test_twenty_thousand_malformed_requests(serve, sampler_path, caplog, enable_batching):
    with serve(sampler_path, max_request_bytes=100_000, enable_batching=enable_batching) as server:
        fuzzer = _Fuzzer(server)
        with _no_faults(server, caplog):
            fuzzer.run(max_examples=1_000)
    assert fuzzer.num_requests >= 20_000


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=60))
def test_configs_that_parse_are_models_or_refused(payload):
    config = model_server_config_pb2.ModelServerConfig()
    with contextlib.suppress(Exception):
        config.ParseFromString(payload)
    with contextlib.suppress(ConfigError):
        assert isinstance(parse_model_configs(config), dict)
