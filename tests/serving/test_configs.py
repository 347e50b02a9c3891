"""The files for TensorFlow Serving itself parse by the schemas that read them."""

from pathlib import Path

import pytest
import yaml
from tensorflow_serving.config import model_server_config_pb2

import serving
from serving.batching import read_batching_parameters
from serving.text_proto import ConfigError, define_message, read_text_proto

_FOLDER = Path(serving.__file__).parent


def test_models_config():
    config = read_text_proto(_FOLDER / "models.config", model_server_config_pb2.ModelServerConfig)
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("model", "/models/model", "tensorflow")


def test_batching_config_is_for_both_servers():
    parameters = read_batching_parameters(_FOLDER / "batching.config")
    assert parameters.allowed_batch_sizes == (parameters.max_batch_size,)


def test_monitoring_config():
    define_message("tensorflow.serving.PrometheusConfig", {"enable": "bool", "path": "string"})
    schema = define_message(
        "tensorflow.serving.MonitoringConfig", {"prometheus_config": "tensorflow.serving.PrometheusConfig"}
    )
    config = read_text_proto(_FOLDER / "monitoring.config", schema)
    assert config.prometheus_config.enable
    assert config.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_text_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "models.config"
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"models.config cannot be read"):
        read_text_proto(path, model_server_config_pb2.ModelServerConfig)


def test_compose_file_mounts_the_files_it_names():
    service = yaml.safe_load((_FOLDER / "docker-compose.yml").read_text())["services"]["tensorflow-serving"]
    mounts = dict(volume.split(":")[:2] for volume in service["volumes"][1:])
    named = {flag.partition("=")[2] for flag in service["command"] if "_file=" in flag}
    assert named == set(mounts.values())
    assert all((_FOLDER / source).is_file() for source in mounts)
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
