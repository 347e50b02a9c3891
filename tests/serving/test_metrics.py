"""Metrics in Prometheus's text format, under the names that dashboards of TensorFlow Serving know."""

import re

import grpc
import numpy as np
import pytest

from serving.metrics import Counter, Histogram, Metrics, read_prometheus_path
from serving.status import Code
from serving.text_proto import ConfigError

_LINE = re.compile(r'(# TYPE [a-z_:]+ (counter|gauge|histogram))|([a-z_:]+(\{([a-zA-Z_]+="[^"]*",?)*\})? [0-9.e+-]+)')


def test_counter():
    counter = Counter("request_count", ("model_name", "status"))
    counter.add("a", "OK")
    counter.add("a", "OK", value=2)
    counter.add('b"\\', "OK")
    assert list(counter.lines()) == [
        "# TYPE :tensorflow:serving:request_count counter",
        ':tensorflow:serving:request_count{model_name="a",status="OK"} 3',
        ':tensorflow:serving:request_count{model_name="b\\"\\\\",status="OK"} 1',
    ]


def test_histogram_buckets_are_cumulative_and_hold_their_limits():
    histogram = Histogram("h", ("model",), [1.0, 2.0])
    for value in (0.5, 1.0, 1.5, 7.0):
        histogram.add("a", value=value)
    name = ":tensorflow:serving:h"
    assert list(histogram.lines()) == [
        f"# TYPE {name} histogram",
        f'{name}_bucket{{model="a",le="1"}} 2',
        f'{name}_bucket{{model="a",le="2"}} 3',
        f'{name}_bucket{{model="a",le="+Inf"}} 4',
        f'{name}_sum{{model="a"}} 10',
        f'{name}_count{{model="a"}} 4',
    ]
    assert histogram.totals() == (4, 10.0)


def test_requests_of_one_batch_are_one_batch():
    metrics = Metrics()
    for started in (1.0, 1.0, 2.0):
        metrics.add_batch("m", "sample", 4, started, 0.001)
    metrics.add_batch("m", "other", 2, 1.0, 0.0)
    assert metrics.batches.totals() == (3, 10.0)


def test_latencies_are_microseconds_in_33_buckets():
    metrics = Metrics()
    metrics.add_request("m", "Predict", "REST", Code.OK, 0.25)
    text = metrics.exposition()
    labels = 'model_name="m",API="Predict",entrypoint="REST"'
    assert f":tensorflow:serving:request_latency_sum{{{labels}}} 250000" in text
    buckets = re.findall(rf"request_latency_bucket{{{labels},le=\"([^\"]+)\"}}", text)
    assert buckets[:3] == ["10", "18", "32.4"]
    assert len(buckets) == 34
    assert buckets[-1] == "+Inf"


@pytest.fixture(scope="module")
def server(serve, sampler_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitoring")
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    (folder / "batching.config").write_text("max_batch_size { value: 4 } num_batch_threads { value: 1 }")
    flags = {"monitoring_config_file": str(folder / "monitoring.config"), "enable_batching": True}
    with serve(sampler_path, batching_parameters_file=str(folder / "batching.config"), **flags) as running:
        yield running


def _value(server, series):
    status, body = server.http("GET", "/monitoring/prometheus/metrics")
    assert status == 200
    found = re.search(rf"^{re.escape(series)} (.*)$", body.decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_every_request_is_counted_with_its_status(server):
    name = ":tensorflow:serving:request_count"
    series = [f'{name}{{model_name="m",status="{status}"}}' for status in ("OK", "INVALID_ARGUMENT")]
    before = [_value(server, one) for one in series]
    server.rest_predict({"instances": [1]})
    server.grpc_predict("", {"seed": np.int64([1, 2])})
    server.rest_predict({"instances": ["x"]})
    with pytest.raises(grpc.RpcError):
        server.grpc_predict("", {"seed": np.float32([1])})
    assert [_value(server, one) for one in series] == [before[0] + 2, before[1] + 2]
    for entrypoint in ("REST", "GRPC"):
        labels = f'model_name="m",API="Predict",entrypoint="{entrypoint}"'
        assert _value(server, f":tensorflow:serving:request_latency_count{{{labels}}}") >= 2
    assert _value(server, ':tensorflow:serving:runtime_latency_count{model_name="m",API="Predict",runtime="TF2"}') >= 2


def test_batches_and_the_wait_for_them(server):
    labels = 'model_name="m",op_name="sample"'
    name = ":tensorflow:serving:batching:processed_batch_size"
    before = _value(server, f"{name}_count{{{labels}}}"), _value(server, f"{name}_sum{{{labels}}}")
    server.grpc_predict("sample", {"seed": np.int64([1, 2, 3])})
    assert _value(server, f"{name}_count{{{labels}}}") == before[0] + 1
    assert _value(server, f"{name}_sum{{{labels}}}") == before[1] + 3
    waits = ':tensorflow:serving:batching_session:queuing_latency_count{thread_pool_name="m/sample"}'
    assert _value(server, waits) >= 1


def test_names_that_clients_invent_are_not_kept(server):
    server.rest("POST", "/v1/models/invented:predict", {"instances": [1]})
    assert "invented" not in server.http("GET", "/monitoring/prometheus/metrics")[1].decode()


def test_every_line_is_prometheus_text(server):
    server.rest_predict({"instances": [1]})
    lines = server.http("GET", "/monitoring/prometheus/metrics")[1].decode().splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert _value(server, "process_resident_memory_bytes") > 2**20


def test_metrics_are_off_by_default(sampler):
    assert sampler.http("GET", "/monitoring/prometheus/metrics") == (404, b"")


def test_monitoring_file(tmp_path):
    path = tmp_path / "monitoring.config"
    for text, expected in (
        ('prometheus_config { enable: true, path: "/m" }', "/m"),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { path: "/m" }', None),
        ("", None),
    ):
        path.write_text(text)
        assert read_prometheus_path(path) == expected
    path.write_text("prometheus { enable: true }")
    with pytest.raises(ConfigError, match="Error parsing text-format tensorflow.serving.MonitoringConfig"):
        read_prometheus_path(path)
