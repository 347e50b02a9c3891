"""TLS of the gRPC port, by an SSLConfig file as TensorFlow Serving reads it."""

import pathlib

import grpc

from serving.text_proto import ConfigError, define_message, read_text_proto

_MESSAGE = define_message(
    "tensorflow.serving.SSLConfig",
    {"server_key": "string", "server_cert": "string", "custom_ca": "string", "client_verify": "bool"},
)
_PEM_START = "-----BEGIN "


def read_server_credentials(path: pathlib.Path) -> grpc.ServerCredentials:
    """Credentials by a text-format `SSLConfig`, whose fields hold PEM text, not names of files.

    Raises:
      ConfigError: naming the file and what is wrong with it, never what stands in it.
    """
    config = read_text_proto(path, _MESSAGE)
    for field in ("server_key", "server_cert"):
        if not getattr(config, field).startswith(_PEM_START):
            raise ConfigError(f"{path}: {field} is no PEM text; it must begin with {_PEM_START!r}")
    if config.custom_ca and not config.custom_ca.startswith(_PEM_START):
        raise ConfigError(f"{path}: custom_ca is no PEM text; it must begin with {_PEM_START!r}")
    if config.client_verify and not config.custom_ca:
        raise ConfigError(f"{path}: client_verify is set without custom_ca, which clients would be checked by")
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
