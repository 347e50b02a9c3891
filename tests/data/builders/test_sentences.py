"""Builders of sentences and of tagged ones, from files like the real ones."""

import types

import numpy as np

from tfdgm.data.builders.sentences import CustomerReviews, MovieReviews
from tfdgm.data.builders.wnut17 import Wnut17


def _read(builder, folder):
    return builder.read(builder.__new__(builder), types.SimpleNamespace(manual_dir=folder))


def test_reviews_end_at_line_feeds_alone_and_blank_lines_are_none(tmp_path):
    """Byte 0x85 is an ellipsis inside a sentence, and where Python's splitlines would end one."""
    (tmp_path / "rt-polarity.neg").write_bytes(b"".join(b"bad %d \x85 more\n" % i for i in range(10)))
    (tmp_path / "rt-polarity.pos").write_bytes(b"".join(b"good %d\n" % i for i in range(10)) + b"\n \n")
    splits = _read(MovieReviews, tmp_path)
    assert {name: len(texts) for name, (texts, _) in splits.items()} == {"train": 16, "validation": 2, "test": 2}
    texts = [text for texts, _ in splits.values() for text in texts]
    labels = np.concatenate([labels for _, labels in splits.values()])
    assert sorted(texts) == sorted([*(f"bad {i} \u2026 more" for i in range(10)), *(f"good {i}" for i in range(10))])
    np.testing.assert_array_equal(labels, [text.startswith("good") for text in texts])
    for _, part in splits.values():
        assert part.mean() == 0.5


def test_customer_reviews_are_of_their_own_files(tmp_path):
    for name, word in (("custrev.neg", "bad"), ("custrev.pos", "good")):
        (tmp_path / name).write_text("\n".join([word] * 10))
    assert sum(len(texts) for texts, _ in _read(CustomerReviews, tmp_path).values()) == 20


def test_tagged_sentences_are_apart_by_blank_lines(tmp_path):
    content = "New\tB-location\nYork\tI-location\n\t\nhello\tO\n\n"
    for file in ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"):
        (tmp_path / file).write_text(content)
    builder = Wnut17.__new__(Wnut17)
    texts, labels = builder.read(types.SimpleNamespace(manual_dir=tmp_path))["test"]
    assert texts == ["New York", "hello"]
    assert [[Wnut17.CLASSES[tag] for tag in tags] for tags in labels] == [["B-location", "I-location"], ["O"]]
