"""The client, over both protocols, in a program and at the command line."""

import socket

import numpy as np
import pytest
from PIL import Image

from serving.client import SamplerClient, main
from serving.transport import ClientError


@pytest.fixture(params=["http", "grpc"])
def url(request, sampler):
    return sampler.rest_url if request.param == "http" else sampler.grpc_url


@pytest.fixture
def client(url):
    with SamplerClient(url, "m") as client:
        yield client


def test_predict_converts_and_keeps_types(client):
    outputs = client.predict(
        {"x": [[1, 2.5], [np.nan, -np.inf]], "flag": [True, False], "level": [0, 255], "text": ["é", b"\xc3\xa9"]},
        signature_name="echo",
    )
    np.testing.assert_array_equal(outputs["x"], np.float32([[1, 2.5], [np.nan, -np.inf]]))
    np.testing.assert_array_equal(outputs["flag"], [True, False])
    np.testing.assert_array_equal(outputs["level"], np.uint8([0, 255]))
    assert {name: array.dtype for name, array in outputs.items()} == {
        "x": np.float32, "flag": np.bool_, "level": np.uint8, "text": object, "text_bytes": object
    }  # fmt: skip
    assert list(outputs["text"]) == list(outputs["text_bytes"]) == ["é".encode()] * 2


def test_single_output_has_its_name(client):
    np.testing.assert_array_equal(client.predict({"x": [2.0]}, "reciprocal")["y"], np.float32([0.5]))


def test_samples_do_not_depend_on_the_size_of_requests(client, expected_samples):
    outputs = client.sample(7, seed=40, rows_per_request=3)
    np.testing.assert_array_equal(outputs["seed"], np.arange(40, 47))
    np.testing.assert_array_equal(outputs["rows_in_call"], [3, 3, 3, 3, 3, 3, 1])
    np.testing.assert_array_equal(outputs["samples"], expected_samples(list(range(40, 47))))


def test_replies_may_be_larger_than_grpc_takes_by_default(client):
    assert client.predict({"seed": [0]}, "wide")["samples"].nbytes > 2**22


def test_negative_seed_draws_and_tells(client, expected_samples):
    outputs = client.sample(3, seed=-1)
    assert len(set(outputs["seed"])) == 3
    np.testing.assert_array_equal(outputs["samples"], expected_samples(outputs["seed"].tolist()))


def test_labels_one_for_all_or_one_each(client, expected_samples):
    one = client.sample(3, label=2, signature_name="sample_class", rows_per_request=2)
    np.testing.assert_array_equal(one["samples"], expected_samples([2000, 2001, 2002]))
    each = client.sample(3, label=[0, 1, 2], signature_name="sample_class", rows_per_request=2)
    np.testing.assert_array_equal(each["samples"], expected_samples([0, 1001, 2002]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda client: client.sample(1, signature_name="nope"), "model 'm' has no signature 'nope'; it has below_ten"),
        (lambda client: client.sample(1, label=1), "signature 'sample' takes seed; given were label, seed"),
        (
            lambda client: client.sample(1, signature_name="sample_class"),
            "'sample_class' takes label, seed; given were",
        ),
        (lambda client: client.sample(3, label=[1, 2]), r"label has shape \(2,\); it must be one number or 3"),
        (lambda client: client.sample(0), "num is 0"),
        (lambda client: client.sample(2, seed=2**63 - 1), "seeds are int64"),
        (lambda client: client.predict({"seed": [1.5]}), "input 'seed' has values that are no int64"),
        (lambda client: client.predict({"seed": ["a"]}), "input 'seed' is <U1; it must be int64"),
        (lambda client: client.predict({"x": [11.0]}, "below_ten"), "x must be below 10"),
    ],
)
def test_errors_in_one_line(client, call, message):
    with pytest.raises(ClientError, match=message) as error:
        call(client)
    assert "\n" not in str(error.value)


def test_unknown_model(url):
    with (
        SamplerClient(url, "foo") as client,
        pytest.raises(ClientError, match=r"Servable not found for request: Latest\(foo"),
    ):
        client.sample(1)


def test_no_server():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening, so nobody else answers there
        for scheme in ("http", "grpc"):
            url = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
            with SamplerClient(url, "m") as client, pytest.raises(ClientError, match="Connection refused") as error:
                client.sample(1)
            assert url in str(error.value)


def test_a_server_that_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme, message in (("http", "did not answer in time"), ("grpc", "DEADLINE_EXCEEDED")):
            url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
            with SamplerClient(url, "m", timeout_seconds=0.2) as client, pytest.raises(ClientError, match=message):
                client.sample(1)


def test_a_server_that_is_none(sampler):
    with pytest.raises(ClientError, match="answered 404"), SamplerClient(sampler.rest_url, "a/../../b") as client:
        client.sample(1)


@pytest.mark.parametrize("url", ["ftp://h:1", "127.0.0.1:8501", "http://", "http://h:1/v1", "grpc://h:1?x=1"])
def test_urls(url):
    with pytest.raises(ValueError, match="it must be http://HOST:PORT or grpc://HOST:PORT"):
        SamplerClient(url, "m")


def test_signatures_are_asked_for_again_after_a_failure(serve, scale_copy, sampler_path):
    with serve(scale_copy, file_system_poll_wait_seconds=0) as server, SamplerClient(server.rest_url, "m") as client:
        np.testing.assert_array_equal(client.predict({"x": [1.0]})["y"], np.float32([2]))
        (scale_copy / "2").symlink_to(sampler_path / "1")
        server.server.catalog.refresh()
        with pytest.raises(ClientError, match="Missing named input: seed"):
            client.predict({"x": [1.0]})
        np.testing.assert_array_equal(client.predict({"seed": [7]})["seed"], [7])


def test_command_line_writes_pictures(url, tmp_path, capsys):
    path = tmp_path / "grid.png"
    assert main([f"--url={url}", "--model_name=m", "--num=5", f"--out={path}"]) == 0
    assert capsys.readouterr().out == f"wrote 5 samples to {path}\n"
    with Image.open(path) as image:
        assert image.size == (3 * 64 + 4, 2 * 64 + 2)


def test_command_line_writes_arrays(url, tmp_path, expected_samples):
    path = tmp_path / "samples.npz"
    assert main([f"--url={url}", "--model_name=m", "--num=5", "--seed=9", f"--out={path}"]) == 0
    with np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["seed"], np.arange(9, 14))
        np.testing.assert_array_equal(arrays["samples"], expected_samples(list(range(9, 14))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model_name=foo", "--out=x.npz"], "Servable not found for request: Latest(foo)"),
        (["--model_name=m", "--out=/nowhere/x.npz"], "No such file or directory"),
        (["--model_name=m", "--out=x.png", "--signature_name=sample"], "a .png needs 'image_bytes'"),
        (["--model_name=m", "--out=x.npz", "--signature_name=sample_png"], "write a .png"),
        (["--model_name=m", "--out=x.npz", "--url=ftp://x"], "url is 'ftp://x'"),
    ],
)
def test_command_line_failures_exit_with_1_and_one_line(sampler, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main([f"--url={sampler.rest_url}", *arguments]) == 1
    text = capsys.readouterr().err
    assert message in text
    assert text.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out=x.jpg"], "--out is 'x.jpg'; it must end in .png or .npz, or be a folder"),
        (["--out=x.png", "--number=3"], "--number is unknown; did you mean '--num'?"),
        ([], "the following arguments are required: --out"),
    ],
)
def test_command_line_mistakes_exit_with_2(capsys, arguments, message):
    with pytest.raises(SystemExit) as error:
        main(["--url=http://h:1", "--model_name=m", *arguments])
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_command_line_writes_a_picture_a_sample(url, tmp_path, capsys):
    path = tmp_path / "pictures"
    assert main([f"--url={url}", "--model_name=m", "--num=5", "--rows_per_request=2", f"--out={path}"]) == 0
    assert capsys.readouterr().out == f"wrote 5 samples to {path}\n"
    assert sorted(file.name for file in path.iterdir()) == [f"00000{number}.png" for number in range(5)]
    with Image.open(path / "000003.png") as image:
        assert image.size == (4, 4)


def test_command_line_gives_conditions(url, tmp_path, capsys):
    arguments = [f"--url={url}", "--model_name=m", "--num=2", f"--out={tmp_path / 'x.npz'}", "--truncation=0.5"]
    assert main(arguments) == 1
    assert "signature 'sample' takes seed; given were seed, truncation" in capsys.readouterr().err
