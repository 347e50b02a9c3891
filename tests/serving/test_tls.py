"""TLS at the gRPC port: who is let in, and files that are refused."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.start_error import StartError
from serving.text_proto import ConfigError
from serving.tls import read_server_credentials
from tests.serving import certificates


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    ca = certificates.authority(folder)
    return {
        "ca": ca,
        "server": certificates.signed(folder, "server", ca),
        "client": certificates.signed(folder, "client", ca),
    }


def _ssl_config(path, pairs, **fields):
    texts = {"server_key": pairs["server"].key.read_text(), "server_cert": pairs["server"].certificate.read_text()}
    texts |= {name: text for name, text in fields.items() if isinstance(text, str)}
    lines = [f'{name}: "{text.encode("unicode_escape").decode()}"' for name, text in texts.items() if text]
    lines += [f"{name}: true" for name, value in fields.items() if value is True]
    path.write_text("\n".join(lines))
    return str(path)


def _ask(port, credentials):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32([1])))
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        return prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=20)


def test_clients_that_know_the_authority_are_answered(serve, scale_path, pairs, tmp_path):
    ca = pairs["ca"].certificate.read_bytes()
    path = _ssl_config(tmp_path / "ssl.config", pairs)
    with serve(scale_path, ssl_config_file=path) as server:
        answer = _ask(server.server.grpc_port, grpc.ssl_channel_credentials(ca))
        assert list(answer.outputs["y"].float_val) == [2.0]
        with pytest.raises(grpc.RpcError) as error:
            server.grpc_predict("", {"x": np.float32([1])})  # without TLS
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_clients_may_have_to_show_a_certificate(serve, scale_path, pairs, tmp_path):
    ca = pairs["ca"].certificate.read_bytes()
    path = _ssl_config(tmp_path / "ssl.config", pairs, custom_ca=ca.decode(), client_verify=True)
    client = pairs["client"]
    with serve(scale_path, ssl_config_file=path) as server:
        credentials = grpc.ssl_channel_credentials(ca, client.key.read_bytes(), client.certificate.read_bytes())
        assert list(_ask(server.server.grpc_port, credentials).outputs["y"].float_val) == [2.0]
        with pytest.raises(grpc.RpcError) as error:
            _ask(server.server.grpc_port, grpc.ssl_channel_credentials(ca))
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"server_key": ""}, "server_key is no PEM text"),
        ({"server_cert": "/etc/ssl/server.crt"}, "server_cert is no PEM text"),
        ({"custom_ca": "x"}, "custom_ca is no PEM text"),
        ({"client_verify": True}, "client_verify is set without custom_ca"),
    ],
)
def test_files_that_are_refused(pairs, tmp_path, fields, message):
    path = tmp_path / "ssl.config"
    _ssl_config(path, pairs, **fields)
    with pytest.raises(ConfigError, match=message) as error:
        read_server_credentials(path)
    assert "PRIVATE KEY" not in str(error.value)


def test_a_broken_key_does_not_start(serve, scale_path, pairs, tmp_path):
    path = _ssl_config(tmp_path / "ssl.config", pairs, server_key="-----BEGIN PRIVATE KEY-----\nAAAA\n")
    with pytest.raises(StartError, match="or the key or certificate broken"):
        serve(scale_path, ssl_config_file=path).__enter__()
