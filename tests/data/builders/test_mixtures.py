"""The embedded mixtures: vectors of real values that reach a batch as they were drawn."""

import numpy as np
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import open_data, train_batches
from tfdgm.math.mixtures import MIXTURES


@pytest.mark.parametrize("name", MIXTURES)
def test_the_splits_are_one_stream_of_draws(name, read_split) -> None:
    data, mixture = open_data(DataConfig(name=name)), MIXTURES[name]
    spec = data.spec
    assert (spec.shape, spec.dtype, spec.domain, spec.num_levels) == ((2,), "float32", "real", 0)
    assert spec.num_classes == mixture.num_components
    rng = np.random.RandomState(0)
    for split, num in (("train", 100_000), ("validation", 10_000), ("test", 10_000)):
        points, component = mixture.sample(rng, num)
        found = read_split(data.splits[split])
        # TFDS keeps examples in an order of its own.
        drawn = np.column_stack([points.astype(np.float32), component])
        kept = np.column_stack([found["x"], found["label"]])
        np.testing.assert_array_equal(kept[np.lexsort(kept.T)], drawn[np.lexsort(drawn.T)])


def test_a_batch_holds_the_points_themselves(read_split) -> None:
    data = open_data(DataConfig(name="mixture8"))
    train = read_split(data.splits["train"])
    (batch,) = train_batches(data, batch_size=64, seed=0, num_steps=1).as_numpy_iterator()
    np.testing.assert_array_equal(batch["x"], train["x"][batch["index"]])
    np.testing.assert_array_equal(batch["label"], train["label"][batch["index"]])


def test_what_only_images_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\.domain is 'unit', but data set 'mixture8' is of real values"):
        open_data(DataConfig(name="mixture8", domain="unit"))
    with pytest.raises(ValueError, match=r"data\.image_width is 8, but data set 'mixture8' has no images; leave it 0"):
        open_data(DataConfig(name="mixture8", image_width=8))
