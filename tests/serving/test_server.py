"""The command as a process: it starts, says what it serves, and ends cleanly in the middle of a request."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from serving import server
from serving.client import SamplerClient


@pytest.fixture(scope="module")
def process(scale_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("process")
    log = folder / "log"
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=-1", "--model_name=scale"]
    command += [f"--model_base_path={scale_path}", f"--port_file={folder / 'ports'}"]
    with log.open("w") as stream:
        running = subprocess.Popen(command, stderr=stream, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    try:
        deadline = time.monotonic() + 120
        while not (folder / "ports").exists():
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        running.ports, running.log = json.loads((folder / "ports").read_text()), log
        yield running
    finally:
        running.kill()
        running.wait()


def test_it_says_what_is_served_where(process, scale_path):
    line = (
        f"serving scale (version 1) from {scale_path}: gRPC at 127.0.0.1:{process.ports['grpc']}, "
        f"REST at http://127.0.0.1:{process.ports['rest']}/v1/models/scale"
    )
    deadline = time.monotonic() + 60
    while line not in process.log.read_text():
        assert time.monotonic() < deadline, process.log.read_text()
        time.sleep(0.05)


def test_it_answers_both_protocols(process):
    for url in (f"http://127.0.0.1:{process.ports['rest']}", f"grpc://127.0.0.1:{process.ports['grpc']}"):
        with SamplerClient(url, "scale") as client:
            assert client.predict({"x": [1.5]})["y"].tolist() == [3.0]


def _refuses(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) != 0


def test_sigterm_in_the_middle_of_a_request(process):
    body = b'{"instances": [1.5]}'
    with socket.create_connection(("127.0.0.1", process.ports["rest"]), timeout=60) as connection:
        connection.sendall(
            b"POST /v1/models/scale:predict HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        # The server asks for the body, so it has taken the request.
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 60
        while not _refuses(process.ports["rest"]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        connection.sendall(body)
        reply = b""
        while chunk := connection.recv(1000):
            reply += chunk
    assert reply.startswith(b"HTTP/1.1 200")
    assert reply.endswith(b'{"predictions":[3.0]}')
    assert process.wait(60) == 0
    assert "Traceback" not in process.log.read_text()
    assert not process.log.with_name("ports").exists()


def test_a_server_that_cannot_start_exits_with_1_and_one_line(scale_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert server.main([f"--model_base_path={scale_path}", f"--port={port}"]) == 1
    assert capsys.readouterr().err.endswith(f"tfdgm-serve: gRPC cannot listen at 127.0.0.1:{port}; is it taken?\n")
