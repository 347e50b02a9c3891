"""Batches are pure functions of the step: resuming and sharding change no bit."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfdgm.core.types import DataSpec
from tfdgm.data import Data, Shard, eval_batches, train_batches


def _grey_data(num_examples: int = 23, domain: str = "binary", num_levels: int = 256) -> Data:
    random = np.random.RandomState(0)
    images = random.randint(0, num_levels, (num_examples, 3, 2, 1)).astype(np.uint8)
    labels = random.randint(0, 4, num_examples)
    spec = DataSpec(shape=(3, 2, 1), domain=domain, num_levels=2, num_classes=4)
    splits = {"label_train": labels, "label_test": labels}
    return Data.from_arrays(images, x_test=images, spec=spec, num_levels=num_levels, **splits)


def _batches(dataset: tf.data.Dataset) -> list[dict[str, np.ndarray]]:
    return list(dataset.as_numpy_iterator())


def _assert_equal(left: list[dict[str, np.ndarray]], right: list[dict[str, np.ndarray]]) -> None:
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert a.keys() == b.keys() == {"x", "label", "index"}
        for name in a:
            np.testing.assert_array_equal(a[name], b[name], strict=True)


def _join(pipelines: list[list[dict[str, np.ndarray]]], num_replicas: int) -> list[dict[str, np.ndarray]]:
    """Global batches out of the elements of all pipelines."""
    joined = []
    for step in range(len(pipelines[0]) // num_replicas):
        parts = [elements[step * num_replicas + r] for elements in pipelines for r in range(num_replicas)]
        joined.append({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    return joined


@settings(max_examples=6, deadline=None)
@given(
    num_examples=st.integers(1, 30),
    batch_size=st.integers(1, 40),
    first_step=st.integers(0, 9),
    seed=st.integers(0, 2**40),
)
def test_train_batches_continue_bitwise(num_examples: int, batch_size: int, first_step: int, seed: int) -> None:
    data = _grey_data(num_examples)
    whole = _batches(train_batches(data, batch_size=batch_size, seed=seed, num_steps=first_step + 3))
    tail = train_batches(data, batch_size=batch_size, seed=seed, first_step=first_step, num_steps=3)
    _assert_equal(whole[first_step:], _batches(tail))


@settings(max_examples=6, deadline=None)
@given(
    num_examples=st.integers(1, 30),
    num_pipelines=st.integers(1, 3),
    num_replicas=st.integers(1, 3),
    per_replica=st.integers(1, 4),
    first_step=st.integers(0, 5),
)
def test_train_shards_join_to_the_global_batch(
    num_examples: int, num_pipelines: int, num_replicas: int, per_replica: int, first_step: int
) -> None:
    data = _grey_data(num_examples)
    settings_ = {"batch_size": num_pipelines * num_replicas * per_replica, "seed": 5, "first_step": first_step}
    shards = [Shard(num_pipelines, p, num_replicas) for p in range(num_pipelines)]
    pipelines = [_batches(train_batches(data, num_steps=2, shard=shard, **settings_)) for shard in shards]
    assert all(len(element["index"]) == per_replica for elements in pipelines for element in elements)
    _assert_equal(_join(pipelines, num_replicas), _batches(train_batches(data, num_steps=2, **settings_)))


@settings(max_examples=6, deadline=None)
@given(
    num_examples=st.integers(0, 30),
    num_pipelines=st.integers(1, 3),
    num_replicas=st.integers(1, 3),
    per_replica=st.integers(1, 4),
)
def test_eval_shards_join_to_the_split(
    num_examples: int, num_pipelines: int, num_replicas: int, per_replica: int
) -> None:
    data = _grey_data(30)
    total_replicas = num_pipelines * num_replicas
    settings_ = {"batch_size": total_replicas * per_replica, "seed": 5, "num_examples": num_examples}
    shards = [Shard(num_pipelines, p, num_replicas) for p in range(num_pipelines)]
    pipelines = [_batches(eval_batches(data, "test", shard=shard, **settings_)) for shard in shards]
    joined = _join(pipelines, num_replicas)
    index = np.concatenate([np.zeros(0, np.int64), *[batch["index"] for batch in joined]])
    np.testing.assert_array_equal(index, np.arange(len(index)))
    assert num_examples - total_replicas < len(index) <= num_examples
    whole = _batches(eval_batches(data, "test", **{**settings_, "num_examples": len(index)}))
    _assert_equal(joined, whole)


def test_every_example_comes_once_an_epoch_in_a_new_order() -> None:
    data = _grey_data(20)
    batches = _batches(train_batches(data, batch_size=8, seed=1, num_steps=10))
    epochs = np.concatenate([batch["index"] for batch in batches]).reshape(4, 20)
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(20))
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_labels_and_raw_values_belong_to_the_index() -> None:
    data = _grey_data(23, domain="unit")
    raw = data.splits["train"].gather(tf.range(23, dtype=tf.int64))
    for batch in _batches(train_batches(data, batch_size=7, seed=3, num_steps=4)):
        np.testing.assert_array_equal(batch["label"], raw["label"].numpy()[batch["index"]])
        np.testing.assert_array_equal(batch["x"], raw["x"].numpy()[batch["index"]].astype(np.float32) / 255)


def test_eval_noise_depends_on_the_example_alone() -> None:
    data = _grey_data(23)
    by_five = _batches(eval_batches(data, "test", batch_size=5, seed=2))
    assert [len(batch["index"]) for batch in by_five] == [5, 5, 5, 5, 3]
    (at_once,) = _batches(eval_batches(data, "test", batch_size=100, seed=2))
    np.testing.assert_array_equal(np.concatenate([batch["x"] for batch in by_five]), at_once["x"])
    (other,) = _batches(eval_batches(data, "test", batch_size=100, seed=3))
    assert (other["x"] != at_once["x"]).any()


def _assert_bernoulli(counts: np.ndarray, num_draws: int, probability: np.ndarray) -> None:
    error = np.sqrt(np.maximum(probability * (1 - probability) * num_draws, 1e-12))
    np.testing.assert_array_less(np.abs(counts - num_draws * probability), 5 * error + 1e-6)


def test_dynamic_binarization_draws_each_level_with_its_probability() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    spec = DataSpec(shape=(16, 16, 1), domain="binary", num_levels=2)
    grey = np.repeat(levels, 4000, axis=0)
    data = Data.from_arrays(grey, x_test=grey, spec=spec, num_levels=256)
    probability = levels[0] / 255
    (train,) = _batches(train_batches(data, batch_size=4000, seed=0, num_steps=1))
    _assert_bernoulli(train["x"].sum(axis=0), 4000, probability)
    (test,) = _batches(eval_batches(data, "test", batch_size=4000, seed=0))
    _assert_bernoulli(test["x"].sum(axis=0), 4000, probability)
    assert (train["x"] != test["x"]).any()


def test_dynamic_binarization_is_drawn_anew_every_step(digits: Data) -> None:
    first, second = _batches(train_batches(digits, batch_size=1297, seed=0, num_steps=2))
    assert set(np.unique(first["x"])) == {0.0, 1.0}
    assert (first["x"][np.argsort(first["index"])] != second["x"][np.argsort(second["index"])]).any()


def test_elements_have_static_shapes_and_the_declared_dtypes(digits: Data) -> None:
    train = train_batches(digits, batch_size=6, seed=0, num_steps=1, shard=Shard(1, 0, 2)).element_spec
    assert train["x"] == tf.TensorSpec((3, 8, 8, 1), tf.float32)
    assert train["label"] == tf.TensorSpec((3,), tf.int32)
    assert train["index"] == tf.TensorSpec((3,), tf.int64)
    evaluation = eval_batches(digits, "test", batch_size=6, seed=0).element_spec
    assert evaluation["x"] == tf.TensorSpec((None, 8, 8, 1), tf.float32)


def test_batch_size_that_cannot_be_dealt_out_is_refused(digits: Data) -> None:
    with pytest.raises(ValueError, match="batch_size is 10; it must be a positive multiple of the 4 replicas"):
        train_batches(digits, batch_size=10, seed=0, num_steps=1, shard=Shard(2, 0, 2))
    with pytest.raises(ValueError, match="batch_size is 0"):
        eval_batches(digits, "test", batch_size=0, seed=0)


def test_a_shard_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="pipeline=2"):
        Shard(num_pipelines=2, pipeline=2)


def test_unknown_split_and_too_many_examples_are_refused(digits: Data) -> None:
    with pytest.raises(ValueError, match="split is 'valid'; it must be one of train, validation, test"):
        eval_batches(digits, "valid", batch_size=1, seed=0)
    with pytest.raises(ValueError, match="num_examples is 251; split 'test' has 250"):
        eval_batches(digits, "test", batch_size=1, seed=0, num_examples=251)


def test_an_empty_train_split_is_refused() -> None:
    with pytest.raises(ValueError, match="no examples"):
        train_batches(_grey_data(0), batch_size=1, seed=0, num_steps=1)
