"""A server of several models: its file of models, reloads, labels, and the statuses of all."""

import shutil
import time

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving.start_error import StartError
from tests.serving.models_file import models_text


@pytest.fixture
def folders(scale_path, export_scale, tmp_path):
    """Base paths of two models: `a` with versions 1 (times 2) and 2 (times 3), `b` with version 1."""
    shutil.copytree(scale_path, tmp_path / "a")
    export_scale(tmp_path / "a", 2, 3.0)
    shutil.copytree(scale_path, tmp_path / "b")
    return tmp_path


@pytest.fixture
def serve_models(serve, tmp_path):
    """Serves the models given as (name, fields of their config)."""

    def start(*models, **flags):
        path = tmp_path / "models.config"
        path.write_text(models_text(tmp_path, *models))
        flags = {"file_system_poll_wait_seconds": 0} | flags
        return serve("", model_config_file=str(path), **flags)

    return start


def _predict(server, model, suffix=""):
    status, reply = server.rest("POST", f"/v1/models/{model}{suffix}:predict", {"instances": [1]})
    return reply["predictions"][0] if status == 200 else (status, reply["error"])


def _reload(server, folder, *models):
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(models_text(folder, *models), request.config)
    return server.models.HandleReloadConfigRequest(request)


def _states(server, model):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    names = get_model_status_pb2.ModelVersionStatus.State.Name
    return {entry.version: names(entry.state) for entry in server.models.GetModelStatus(request).model_version_status}


_ALL = "model_version_policy { all {} }"


def test_models_side_by_side(serve_models, folders):
    with serve_models(("a", _ALL), ("b", "")) as server:
        assert _predict(server, "a") == 3.0
        assert _predict(server, "a", "/versions/1") == 2.0
        assert _predict(server, "b") == 2.0
        assert _states(server, "a") == {2: "AVAILABLE", 1: "AVAILABLE"}
        assert server.server.describe() == (
            f"serving a (versions 2, 1), b (version 1) from {folders / 'models.config'}: "
            f"gRPC at 127.0.0.1:{server.server.grpc_port}, "
            f"REST at http://127.0.0.1:{server.server.rest_port}/v1/models"
        )


def test_labels(serve_models, folders):
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
    with serve_models(("a", f"{_ALL} {labels}")) as server:
        assert _predict(server, "a", "/labels/stable") == 2.0
        assert _predict(server, "a", "/labels/canary") == 3.0
        assert _predict(server, "a", "/labels/x") == (400, "Unrecognized servable version label: x")
        assert server.rest("GET", "/v1/models/a/labels/stable")[1]["model_version_status"][0]["version"] == "1"
        assert server.rest("GET", "/v1/models/a/labels/stable/metadata")[1]["model_spec"]["version"] == "1"


def test_a_label_needs_an_available_version(serve_models, folders):
    label = 'version_labels { key: "stable" value: 1 }'  # only version 2 is served
    message = "Request to assign label to version 1 of model a, which is not currently available for inference"
    with pytest.raises(StartError, match=message):
        serve_models(("a", label)).__enter__()
    with serve_models(("a", label), allow_version_labels_for_unavailable_models=True) as server:
        answer = (404, "Servable not found for request: Specific(a, 1)")
        assert _predict(server, "a", "/labels/stable") == answer
        with pytest.raises(grpc.RpcError) as error:  # a label in use may not move to an unavailable version
            _reload(server, folders, ("a", 'version_labels { key: "stable" value: 9 }'))
        assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert _predict(server, "a", "/labels/stable") == answer


def test_reload_adds_changes_and_removes_models(serve_models, folders):
    with serve_models(("a", "")) as server:
        assert _predict(server, "b") == (404, "Servable not found for request: Latest(b)")
        assert _reload(server, folders, ("a", _ALL), ("b", "")).status.error_code == 0
        assert (_predict(server, "a", "/versions/1"), _predict(server, "b")) == (2.0, 2.0)
        _reload(server, folders, ("b", ""))
        assert _predict(server, "a") == (404, "Servable not found for request: Latest(a)")
        assert _states(server, "a") == {2: "END", 1: "END"}
        _reload(server, folders, ("a", ""))
        assert _states(server, "a") == {2: "AVAILABLE"}


def test_a_model_of_another_folder_is_loaded_anew(serve_models, folders):
    with serve_models(("b", "")) as server:
        assert _predict(server, "b") == 2.0
        shutil.copytree(folders / "a" / "2", folders / "c" / "1")  # version 1 like b's, times 3
        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(models_text(folders, ("b", "")).replace(f'{folders}/b"', f'{folders}/c"'), request.config)
        server.models.HandleReloadConfigRequest(request)
        assert _predict(server, "b") == 3.0


@pytest.mark.parametrize(
    ("models", "code", "message"),
    [
        ([("a", ""), ("a", "")], "INVALID_ARGUMENT", "Illegal to list model a multiple times in config list"),
        (
            [("a", 'version_labels { key: "x" value: 1 }')],
            "FAILED_PRECONDITION",
            "Request to assign label to version 1",
        ),
        ([("a", ""), ("nowhere", "")], "UNKNOWN", "Some models did not become available: {nowhere}"),
    ],
)
def test_reloads_that_are_refused(serve_models, folders, models, code, message):
    with serve_models(("a", ""), ("b", "")) as server:
        with pytest.raises(grpc.RpcError) as error:
            _reload(server, folders, *models)
        assert error.value.code().name == code
        assert message in error.value.details()
        assert _predict(server, "a") == 3.0
        assert (_predict(server, "b") == 2.0) == (code != "UNKNOWN")


def test_a_reload_without_a_list_of_models_is_refused(serve_models, folders):
    with serve_models(("a", "")) as server, pytest.raises(grpc.RpcError, match="Only ModelConfigList is"):
        server.models.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest())


def test_the_file_is_looked_at_again(serve_models, folders, caplog):
    path = folders / "models.config"
    with serve_models(("a", ""), model_config_file_poll_wait_seconds=1) as server:
        path.write_text("model_config_list {")
        _wait_until(lambda: "--model_config_file is not followed: Invalid protobuf file" in caplog.text)
        assert _predict(server, "a") == 3.0
        path.write_text(models_text(folders, ("b", "")))
        _wait_until(lambda: _predict(server, "b") == 2.0)
        _wait_until(lambda: _predict(server, "a") == (404, "Servable not found for request: Latest(a)"))


def _wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
