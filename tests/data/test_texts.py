"""Texts as rows of tokens, from files like the real ones and from the real ones."""

import pathlib

import numpy as np
import pytest

from tfdgm.configs.experiment import DataConfig
from tfdgm.data import open_data
from tfdgm.math.tokens import clause_after

TRAIN = "1 good good but bad\n0 a bad bad film\n1 good film , really\n0 bad\n"
HELD_OUT = "1 Good never-seen film but a good one\n0 bad\n"


@pytest.fixture
def sst2(data_dir: pathlib.Path, tmp_path: pathlib.Path) -> str:
    """A manual folder with a tiny SST-2."""
    folder = tmp_path / "raw" / "sst2"
    folder.mkdir(parents=True)
    (folder / "stsa.binary.train").write_text(TRAIN)
    for name in ("stsa.binary.dev", "stsa.binary.test"):
        (folder / name).write_text(HELD_OUT)
    return str(folder.parent)


def test_rows_are_indices_into_the_vocabulary_of_the_training_split(sst2, read_split):
    data = open_data(DataConfig(name="sst2"), manual_dir=sst2)
    spec = data.spec
    assert (spec.shape, spec.dtype, spec.domain, spec.class_names) == (
        (4,),
        "int32",
        "tokens",
        ("negative", "positive"),
    )
    assert spec.vocabulary[:2] == ("", "[UNK]")
    assert set(spec.vocabulary[2:4]) == {"good", "bad"}  # the most frequent first
    assert "never-seen" not in spec.vocabulary
    test = read_split(data.splits["test"])
    # As long as the longest to train on. TFDS has an order of its own.
    found = {int(label): [spec.vocabulary[i] for i in row] for row, label in zip(test["x"], test["label"], strict=True)}
    assert found == {1: ["good", "[UNK]", "film", "but"], 0: ["bad", "", "", ""]}


def test_length_and_number_of_labels_are_the_configuration_s(sst2, read_split):
    data = open_data(DataConfig(name="sst2", sequence_length=7, num_labels=2), manual_dir=sst2)
    assert read_split(data.splits["test"])["x"].shape == (2, 7)
    np.testing.assert_array_equal(np.sort(read_split(data.splits["train"])["label"]), [-1, -1, 0, 1])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "sst2", "domain": "binary"}, r"data.domain is 'binary', but data set 'sst2' is of tokens values"),
        ({"name": "sst2", "image_height": 8}, r"data.image_height is 8, but data set 'sst2' has no images"),
        ({"name": "digits", "sequence_length": 8}, r"data.sequence_length is 8, but data set 'digits' has no texts"),
        ({"name": "sst2", "sequence_length": -1}, r"data.sequence_length is -1"),
        ({"name": "digits", "domain": "tokens"}, r"data.domain is 'tokens', but data set 'digits' is not of texts"),
    ],
)
def test_what_does_not_go_with_the_data_is_refused(data_dir, fields, message):
    with pytest.raises(ValueError, match=message):
        open_data(DataConfig(**fields))


# Longest training text, and the sizes of the splits.
_REAL = {
    "sst2": (52, (6920, 872, 1821)),
    "mr": (56, (8530, 1066, 1066)),
    "cr": (99, (3017, 377, 377)),
    "sst2_phrases": (52, (76961, 872, 1821)),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n == "sst2_phrases" else ()) for n in _REAL]
)
def test_the_real_sets(name, manual_dir, read_split):
    length, sizes = _REAL[name]
    data = open_data(DataConfig(name=name), manual_dir=manual_dir)
    assert data.spec.shape == (length,)
    assert tuple(data.splits[split].num_examples for split in ("train", "validation", "test")) == sizes
    for split in data.splits.values():
        arrays = read_split(split)
        assert 0.3 < arrays["label"].mean() < 0.7
        assert np.all(arrays["x"][:, 0] > 0)  # none is empty
    train = read_split(data.splits["train"])["x"]
    assert train.max() == len(data.spec.vocabulary) - 1
    assert not np.any(train == 1)  # every training word is known


def test_sst2_has_the_sentences_with_but_that_are_published_with_it(manual_dir, read_split):
    data = open_data(DataConfig(name="sst2"), manual_dir=manual_dir)
    but = data.spec.vocabulary.index("but")
    counts = [int(clause_after(read_split(split)["x"], but)[0].numpy().sum()) for split in data.splits.values()]
    assert counts == [771, 101, 210]


def test_wnut17_has_a_tag_for_each_word_and_none_elsewhere(manual_dir, read_split):
    data = open_data(DataConfig(name="wnut17"), manual_dir=manual_dir)
    assert (data.spec.shape, data.spec.num_classes) == ((105, 17), 13)
    sizes = {"train": (3394, 62730), "validation": (1009, 15733), "test": (1287, 23394)}
    for name, split in data.splits.items():
        arrays = read_split(split)
        assert (split.num_examples, int((arrays["label"] >= 0).sum())) == sizes[name]
        np.testing.assert_array_equal(arrays["label"] >= 0, arrays["x"][:, :, 0] > 0)
        spelled = ["".join(map(chr, word[word > 0])) for word in arrays["x"][0, :, 1:]]
        words = [data.spec.vocabulary[index] for index in arrays["x"][0, :, 0]]
        known = [(word, form) for word, form in zip(words, spelled, strict=True) if word != "[UNK]" and form.isascii()]
        assert all(form.lower() == word[:16] for word, form in known)
        assert len(known) > 5
