"""Flags of the server: the names, meanings and defaults of `tensorflow_model_server`, and a few of our own.

Imports no TensorFlow, so that a mistake in a flag is answered at once.
"""

import dataclasses
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from serving.flag_parser import FlagParser, boolean

_MAX_INT32 = 2**31 - 1  # what gRPC counts bytes in, and TensorFlow Serving its flags
_RANGES = {
    "port": (0, 65535),
    "rest_api_port": (-1, 65535),
    "rest_api_timeout_in_ms": (1, _MAX_INT32),
    "rest_api_num_threads": (0, 10_000),
    "grpc_max_threads": (0, 10_000),
    "file_system_poll_wait_seconds": (0, _MAX_INT32),
    "model_config_file_poll_wait_seconds": (0, _MAX_INT32),
    "max_num_load_retries": (0, _MAX_INT32),
    "load_retry_interval_micros": (0, 2**63 - 1),
    "max_pending_requests": (1, _MAX_INT32),
    "max_request_bytes": (1, _MAX_INT32),
    "shutdown_grace_seconds": (0, _MAX_INT32),
}


def _flag(default: Any, help_text: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text})


@dataclasses.dataclass(frozen=True)
class Options:
    """What the server is told; one field a flag, documented by `--help`."""

    port: int = _flag(8500, "gRPC port; 0 takes a free one (ours: there it is an error).")
    rest_api_port: int = _flag(0, "REST port; 0 is no REST; -1 takes a free one (ours).")
    rest_api_timeout_in_ms: int = _flag(30000, "Milliseconds until a REST request is given up.")
    rest_api_num_threads: int = _flag(
        0, "Threads for REST requests; 0 is 4 a core, with batching at least 2 for each row of a full batch."
    )
    grpc_max_threads: int = _flag(0, "Threads for gRPC requests; 0 as for REST.")
    grpc_channel_arguments: str = _flag("", "Settings of gRPC, such as grpc.max_connection_age_ms=2000, with commas.")
    grpc_socket_path: str = _flag("", "Unix socket at which gRPC is spoken too, without TLS.")
    model_name: str = _flag("default", "Name of the model in requests.")
    model_base_path: str = _flag("", "Folder whose sub-folders with a number for a name are the model's versions.")
    model_config_file: str = _flag(
        "", "Text-format ModelServerConfig that lists several models; --model_name and --model_base_path are ignored."
    )
    model_config_file_poll_wait_seconds: int = _flag(
        0, "Seconds between two looks for changes of --model_config_file; 0 looks once."
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "A label not in use before may name a version that is not available yet."
    )
    max_num_load_retries: int = _flag(5, "How often a version that failed to load is tried again, unchanged.")
    load_retry_interval_micros: int = _flag(60 * 10**6, "Microseconds between two such tries.")
    file_system_poll_wait_seconds: int = _flag(1, "Seconds between two looks for new versions; 0 looks once.")
    enable_batching: bool = _flag(False, "Merge concurrent requests.")
    batching_parameters_file: str = _flag("", "Text-format BatchingParameters; needs --enable_batching.")
    enable_model_warmup: bool = _flag(
        True, "Replay assets.extra/tf_serving_warmup_requests before a version is available."
    )
    enable_signature_method_name_check: bool = _flag(
        False, "Classify and Regress take only signatures that name these methods, which TensorFlow 2 does not write."
    )
    monitoring_config_file: str = _flag("", "Text-format MonitoringConfig: metrics for Prometheus at the REST port.")
    ssl_config_file: str = _flag("", "Text-format SSLConfig with PEM text: TLS at the gRPC port.")
    enable_grpc_healthcheck_service: bool = _flag(True, "Answer grpc.health.v1 (there the default is false).")
    host: str = _flag("127.0.0.1", "Address to listen at (ours; there it is 0.0.0.0, every address of the machine).")
    port_file: str = _flag(
        "", 'Written once requests are answered, removed at the end: {"grpc": PORT, "rest": PORT or null} (ours).'
    )
    max_request_bytes: int = _flag(64 * 2**20, "Largest request taken, in bytes (ours).")
    max_pending_requests: int = _flag(
        1000, "Requests under way at most, for each protocol; more are refused as UNAVAILABLE, 503 (ours)."
    )
    log_format: str = _flag("text", "How the log is written: text, or json, one object a line (ours).")
    log_requests: bool = _flag(False, "Write a line of log for each request (ours).")
    shutdown_grace_seconds: int = _flag(30, "Seconds that accepted requests get to finish at SIGTERM (ours).")


def parse_flags(argv: Sequence[str] | None = None) -> Options:
    """The options that a command line gives; `--flag=value` and `--flag value` are the same, `--flag` alone is true.

    Args:
      argv: without the program's name; None takes the process's.

    Raises:
      SystemExit: with code 2 and one line on standard error for a flag that is unknown, naming the nearest, or has
        no right value; with code 0 for `--help`.
    """
    parser = FlagParser(prog="tfdgm-serve", description=__doc__.splitlines()[0])
    for field in dataclasses.fields(Options):
        is_switch = field.type is bool
        parser.add_argument(
            f"--{field.name}",
            type=boolean if is_switch else field.type,
            default=field.default,
            help=f"{field.metadata['help']} Default: {field.default!r}.",
            metavar=field.type.__name__.upper(),
            **({"nargs": "?", "const": True} if is_switch else {}),
        )
    options = Options(**vars(parser.parse_args(argv)))
    for problem in _problems(options):
        parser.error(problem)
    return options


def _problems(options: Options) -> Iterator[str]:
    """What is wrong with `options`, naming flag, value and what would be right."""
    for name, (low, high) in _RANGES.items():
        value = getattr(options, name)
        if not low <= value <= high:
            yield f"--{name} is {value}; it must be from {low} to {high}"
    if options.port > 0 and options.port == options.rest_api_port:
        yield f"--rest_api_port is {options.port}, the same as --port; they must differ"
    yield from _problems_of_channel_arguments(options)
    if options.log_format not in ("text", "json"):
        yield f"--log_format is {options.log_format!r}; it must be 'text' or 'json'"
    if options.monitoring_config_file and not options.rest_api_port:
        yield "--monitoring_config_file is set without --rest_api_port, where metrics would stand"
    if options.model_config_file:
        if not pathlib.Path(options.model_config_file).is_file():
            yield f"--model_config_file is {options.model_config_file!r}, which is no file"
    else:
        yield from _problems_of_one_model(options)
    if options.batching_parameters_file and not options.enable_batching:
        yield "--batching_parameters_file is set without --enable_batching"


def _problems_of_channel_arguments(options: Options) -> Iterator[str]:
    for argument in filter(None, options.grpc_channel_arguments.split(",")):
        if not re.fullmatch(r"[^=]+=[^=]+", argument):
            yield f"--grpc_channel_arguments has {argument!r}; it must be NAME=VALUE, several with commas between"


def _problems_of_one_model(options: Options) -> Iterator[str]:
    if not re.fullmatch(r"[^/:\x00-\x20\x7f]+", options.model_name):
        yield f"--model_name is {options.model_name!r}; it must have no '/', ':', blank or control character"
    if options.model_config_file_poll_wait_seconds:
        yield "--model_config_file_poll_wait_seconds is set without --model_config_file"
    if not options.model_base_path:
        yield "--model_base_path is missing, and so is --model_config_file"
    elif not pathlib.Path(options.model_base_path).is_dir():
        yield f"--model_base_path is {options.model_base_path!r}, which is no folder"
