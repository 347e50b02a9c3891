"""The files for TensorFlow Serving itself parse by the schemas that read them."""

import json
import re
from pathlib import Path

import pytest
import yaml
from tensorflow_serving.config import model_server_config_pb2

import serving
from serving.batching import read_batching_parameters
from serving.flags import parse_flags
from serving.metrics import Metrics, read_prometheus_path
from serving.model_config import read_model_configs
from serving.status import Code
from serving.text_proto import ConfigError, read_text_proto

_FOLDER = Path(serving.__file__).parent


def test_models_config():
    config = read_text_proto(_FOLDER / "models.config", model_server_config_pb2.ModelServerConfig)
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("model", "/models/model", "tensorflow")


def test_batching_config_is_for_both_servers():
    parameters = read_batching_parameters(_FOLDER / "batching.config")
    assert parameters.allowed_batch_sizes == (parameters.max_batch_size,)


def test_monitoring_config():
    assert read_prometheus_path(_FOLDER / "monitoring.config") == "/monitoring/prometheus/metrics"


def test_text_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "models.config"
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"models.config cannot be read"):
        read_text_proto(path, model_server_config_pb2.ModelServerConfig)


def _yaml(name):
    return list(yaml.safe_load_all((_FOLDER / name).read_text()))


def test_compose_file_mounts_the_files_it_names():
    (document,) = _yaml("docker-compose.yml")
    service = document["services"]["tensorflow-serving"]
    mounts = dict(volume.split(":")[:2] for volume in service["volumes"][1:])
    named = {flag.partition("=")[2] for flag in service["command"] if "_file=" in flag}
    assert named == set(mounts.values())
    for one in document["services"].values():
        assert set(one) <= _COMPOSE_FIELDS
        sources = [volume.split(":")[0] for volume in one["volumes"] if volume.startswith("./")]
        assert all((_FOLDER / source).is_file() for source in sources)
        assert all(port.startswith("127.0.0.1:") for port in one["ports"])
        assert set(one.get("depends_on", ())) <= set(document["services"])


_COMPOSE_FIELDS = {
    "image", "entrypoint", "command", "ports", "volumes", "read_only", "tmpfs", "restart", "stop_grace_period",
    "depends_on", "environment",
}  # fmt: skip


@pytest.mark.parametrize("flags", ["compose", "kubernetes"])
def test_flags_of_the_real_server_are_flags_of_the_embedded_one(flags, tmp_path):
    given = (
        _yaml("docker-compose.yml")[0]["services"]["tensorflow-serving"]["command"]
        if flags == "compose"
        else _container()["args"]
    )
    # The files are where they lie here; their names in the container do not exist.
    options = parse_flags([flag.replace("/config/", f"{_FOLDER}/") for flag in given])
    assert (options.port, options.rest_api_port, options.enable_batching) == (8500, 8501, True)


def test_prometheus_asks_where_metrics_stand():
    (document,) = _yaml("prometheus.yml")
    (job,) = document["scrape_configs"]
    assert job["metrics_path"] == read_prometheus_path(_FOLDER / "monitoring.config")
    assert job["static_configs"] == [{"targets": ["tensorflow-serving:8501"]}]


def test_grafana_finds_prometheus_and_the_dashboard():
    (source,) = _yaml("grafana-datasource.yml")[0]["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = _yaml("grafana-provider.yml")[0]["providers"]
    volumes = _yaml("docker-compose.yml")[0]["services"]["grafana"]["volumes"]
    assert any(f"{provider['options']['path']}/" in volume for volume in volumes)
    dashboard = _dashboard()
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}


def _dashboard():
    return json.loads((_FOLDER / "grafana-dashboard.json").read_text())


def test_dashboard_asks_for_metrics_and_labels_that_there_are():
    metrics = Metrics()
    metrics.add_request("m", "Predict", "REST", Code.OK, 0.1)
    with metrics.runtime("m", "Predict"):
        pass
    metrics.add_batch("m", "sample", 4, 1.0, 0.0)
    there = dict(re.findall(r"^([a-z_:]+)(\{.*\})? ", metrics.exposition(), re.MULTILINE))
    expressions = [target["expr"] for panel in _dashboard()["panels"] for target in panel["targets"]]
    for expression in [*expressions, _dashboard()["templating"]["list"][0]["query"]]:
        names = re.findall(r"(?:process_|:tensorflow:)[a-z_:]+", expression)
        assert names
        for name in names:
            assert name in there, expression
            for label in re.findall(rf"{name}\{{([^}}]*)\}}", expression):
                assert set(re.findall(r"([a-z_]+)[!=~]+", label)) <= set(re.findall(r"([a-zA-Z_]+)=", there[name]))


def test_panels_of_the_dashboard_do_not_overlap():
    boxes = [panel["gridPos"] for panel in _dashboard()["panels"]]
    cells = [
        (x, y)
        for box in boxes
        for x in range(box["x"], box["x"] + box["w"])
        for y in range(box["y"], box["y"] + box["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in _dashboard()["panels"]}) == len(boxes)


def _kubernetes():
    return {document["kind"]: document for document in _yaml("kubernetes.yml")}


def _container():
    (container,) = _kubernetes()["Deployment"]["spec"]["template"]["spec"]["containers"]
    return container


def test_kubernetes_files_are_those_of_this_folder(tmp_path):
    files = _kubernetes()["ConfigMap"]["data"]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert read_model_configs(tmp_path / "models.config") == read_model_configs(_FOLDER / "models.config")
    for read, name in ((read_batching_parameters, "batching.config"), (read_prometheus_path, "monitoring.config")):
        assert read(tmp_path / name) == read(_FOLDER / name)
    named = {flag.partition("=")[2] for flag in _container()["args"] if "_file=" in flag}
    assert named == {f"/config/{name}" for name in files}


def test_kubernetes_parts_name_each_other():
    kinds = _kubernetes()
    assert list(kinds) == ["ConfigMap", "Deployment", "Service"]
    template = kinds["Deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert kinds["Deployment"]["spec"]["selector"]["matchLabels"] == labels == kinds["Service"]["spec"]["selector"]
    ports = {port["name"]: port["containerPort"] for port in _container()["ports"]}
    assert {port["targetPort"]: port["port"] for port in kinds["Service"]["spec"]["ports"]} == ports
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    assert {mount["name"] for mount in _container()["volumeMounts"]} == set(volumes)
    assert volumes["config"]["configMap"]["name"] == kinds["ConfigMap"]["metadata"]["name"]
    path = read_prometheus_path(_FOLDER / "monitoring.config")
    assert template["metadata"]["annotations"]["prometheus.io/path"] == path
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(ports["rest"])


def test_kubernetes_probes_are_answered_by_a_served_model(sampler):
    names = [_container()[probe] for probe in ("startupProbe", "readinessProbe")]
    for probe in names:
        path = probe["httpGet"]["path"]
        assert path.startswith("/v1/models/model")
        assert sampler.rest("GET", path.replace("/models/model", "/models/m"))[0] == 200
        assert probe["httpGet"]["port"] == "rest"
    spec = _kubernetes()["Deployment"]["spec"]["template"]["spec"]
    (_, seconds) = _container()["lifecycle"]["preStop"]["exec"]["command"]
    assert spec["terminationGracePeriodSeconds"] > int(seconds) + 30
