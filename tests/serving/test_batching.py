"""Concurrent requests share a call, and none can tell from its rows."""

import concurrent.futures

import numpy as np
import pytest

from serving.batching import BatchingParameters, is_batchable, read_batching_parameters
from serving.servable import Servable
from serving.status import Code, ServingError
from serving.text_proto import ConfigError

# Long enough that a batch is run because it is full, never because a slow machine ran out of time.
_FULL_ONLY = BatchingParameters(max_batch_size=4, batch_timeout_micros=60_000_000, num_batch_threads=2)


@pytest.fixture(scope="module")
def servable(sampler_path):
    return Servable(sampler_path / "1", 1, _FULL_ONLY)


def _predict_at_once(servable: Servable, requests: list[tuple[str, list[int]]]) -> list[dict[str, np.ndarray]]:
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as executor:
        return list(
            executor.map(lambda request: servable.predict(request[0], {"seed": np.int64(request[1])}), requests)
        )


def test_requests_merge_and_rows_stay_the_same(servable, expected_samples):
    requests = [("sample", [5]), ("sample", [1, 2]), ("sample", [9])]
    for (_, seeds), outputs in zip(requests, _predict_at_once(servable, requests), strict=True):
        np.testing.assert_array_equal(outputs["rows_in_call"], [4] * len(seeds))
        np.testing.assert_array_equal(outputs["seed"], seeds)
        np.testing.assert_array_equal(outputs["samples"], expected_samples(seeds))


def test_signatures_and_versions_never_share_a_batch(sampler_path, servable):
    other = Servable(sampler_path / "1", 2, _FULL_ONLY)
    requests = [("sample", [seed]) for seed in range(4)] + [("sample_png", [seed]) for seed in range(4)]
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        replies = list(executor.map(lambda one: _predict_at_once(one, requests), (servable, other)))
    for outputs in replies:
        assert all("samples" in one for one in outputs[:4])
        assert all("image_bytes" in one for one in outputs[4:])
        assert [int(one["seed"][0]) for one in outputs] == [0, 1, 2, 3] * 2


def test_batches_are_padded_to_an_allowed_size(sampler_path, expected_samples):
    parameters = BatchingParameters(max_batch_size=8, allowed_batch_sizes=(2, 8), num_batch_threads=1)
    outputs = Servable(sampler_path / "1", 1, parameters).predict("sample", {"seed": np.int64([7, 8, 9])})
    np.testing.assert_array_equal(outputs["rows_in_call"], [8, 8, 8])
    np.testing.assert_array_equal(outputs["samples"], expected_samples([7, 8, 9]))


def test_a_request_larger_than_a_batch_is_refused(servable):
    with pytest.raises(ServingError) as error:
        servable.predict("sample", {"seed": np.arange(5)})
    assert error.value.code == Code.INVALID_ARGUMENT
    assert error.value.message == "Task size 5 is larger than maximum input batch size 4"


def test_signatures_that_are_no_batches_run_by_themselves(servable):
    assert not is_batchable(servable.signatures["total"])
    assert is_batchable(servable.signatures["sample"])
    assert servable.predict("total", {"x": np.float32([1, 2])})["total"] == 3


def test_parameters_file(tmp_path):
    path = tmp_path / "batching.config"
    path.write_text(
        "# comment\nmax_batch_size { value: 8 }\nbatch_timeout_micros { value: 0 }\nmax_enqueued_batches { value: 3 }\n"
        "num_batch_threads { value: 2 }\nallowed_batch_sizes: 4\nallowed_batch_sizes: 8\n"
    )
    assert read_batching_parameters(path) == BatchingParameters(8, 0, 3, 2, (4, 8))
    path.write_text("")
    assert read_batching_parameters(path) == BatchingParameters()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "max_batch { value: 8 }",
            'text-format tensorflow.serving.BatchingParameters: 1:1 .*no field named "max_batch"',
        ),
        ("max_batch_size: 8", "text-format tensorflow.serving.BatchingParameters: 1:"),
        ("max_batch_size { value: 0 }", "max_batch_size is 0; it must be at least 1"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros is -1; it must be at least 0"),
        ("max_batch_size { value: 8 } allowed_batch_sizes: 4", r"allowed_batch_sizes is \[4\]; it must increase"),
        ("max_batch_size { value: 8 } allowed_batch_sizes: [8, 4]", r"allowed_batch_sizes is \[8, 4\]"),
        ("max_batch_size { value: 8 } allowed_batch_sizes: [0, 8]", r"allowed_batch_sizes is \[0, 8\]"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path, text, message):
    path = tmp_path / "batching.config"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        read_batching_parameters(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nope.config cannot be read"):
        read_batching_parameters(tmp_path / "nope.config")
