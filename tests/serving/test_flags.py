"""Flags carry TensorFlow Serving's names and defaults, and mistakes are answered in one line."""

import subprocess
import sys

import pytest

from serving.flags import Options, parse_flags


def test_defaults_are_those_of_tensorflow_model_server(tmp_path):
    options = parse_flags([f"--model_base_path={tmp_path}"])
    assert (options.port, options.rest_api_port, options.rest_api_timeout_in_ms) == (8500, 0, 30000)
    assert (options.model_name, options.file_system_poll_wait_seconds) == ("default", 1)
    assert options.enable_model_warmup
    assert not options.enable_batching
    assert options.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--enable_batching"], True),
        (["--enable_batching=true"], True),
        (["--enable_batching", "1"], True),
        (["--enable_batching=False"], False),
    ],
)
def test_switches_in_every_form(tmp_path, arguments, expected):
    assert parse_flags([f"--model_base_path={tmp_path}", *arguments]).enable_batching is expected


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--rest_port=8501", "--rest_port is unknown; did you mean '--rest_api_port'?"),
        ("--model_nam=x", "--model_nam is unknown; did you mean '--model_name'?"),
        ("--port=x", "argument --port: invalid int value: 'x'"),
        ("--port=70000", "--port is 70000; it must be from 0 to 65535"),
        ("--rest_api_port=-2", "--rest_api_port is -2; it must be from -1 to 65535"),
        ("--rest_api_port=8500", "--rest_api_port is 8500, the same as --port; they must differ"),
        ("--enable_batching=maybe", "'maybe' is neither true nor false"),
        ("--model_name=a/b", "--model_name is 'a/b'; it must have no '/'"),
        ("--model_base_path=", "--model_base_path is missing"),
        ("--model_base_path=/nowhere", "--model_base_path is '/nowhere', which is no folder"),
        ("--batching_parameters_file=f", "--batching_parameters_file is set without --enable_batching"),
        ("--max_request_bytes=0", "--max_request_bytes is 0; it must be from 1"),
    ],
)
def test_mistake_exits_with_2_and_one_line(tmp_path, capsys, argument, message):
    with pytest.raises(SystemExit) as error:
        parse_flags([f"--model_base_path={tmp_path}", argument])
    assert error.value.code == 2
    text = capsys.readouterr().err
    assert message in text
    assert text.count("\n") == 1


def test_help_lists_every_flag(capsys):
    with pytest.raises(SystemExit) as error:
        parse_flags(["--help"])
    assert error.value.code == 0
    text = capsys.readouterr().out
    assert all(f"--{name}" in text for name in Options.__dataclass_fields__)


def test_flags_and_rest_client_start_without_tensorflow():
    code = "import sys, serving.server, serving.client; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_of_models_needs_no_base_path(tmp_path):
    path = tmp_path / "models.config"
    path.touch()
    assert parse_flags([f"--model_config_file={path}"]).model_config_file == str(path)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--model_config_file=/nowhere", "--model_config_file is '/nowhere', which is no file"),
        ("--model_config_file_poll_wait_seconds=3", "is set without --model_config_file"),
        ("--monitoring_config_file=f", "--monitoring_config_file is set without --rest_api_port"),
        ("--log_format=xml", "--log_format is 'xml'; it must be 'text' or 'json'"),
        ("--max_pending_requests=0", "--max_pending_requests is 0; it must be from 1"),
        ("--max_num_load_retries=-1", "--max_num_load_retries is -1; it must be from 0"),
    ],
)
def test_mistakes_of_several_models_and_monitoring(tmp_path, capsys, argument, message):
    with pytest.raises(SystemExit):
        parse_flags([f"--model_base_path={tmp_path}", argument])
    assert message in capsys.readouterr().err
