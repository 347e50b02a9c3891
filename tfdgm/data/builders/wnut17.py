"""WNUT-17: emerging entities in tweets and comments, one tag a word."""

import pathlib

import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import LabelledTexts, TaggedTextArrayBuilder

KINDS = ("corporation", "creative-work", "group", "location", "person", "product")


class Wnut17(TaggedTextArrayBuilder, skip_registration=True):
    """Sentences whose words are tagged O, or B-X and I-X at the beginning of an entity of kind X and inside it.

    The split is the published one: 3,394, 1,009 and 1,287 sentences.

    References:
      Derczynski, Nichols, van Erp & Limsopatham (2017), Results of the WNUT2017 shared task on novel and emerging
      entity recognition.
    """

    VERSION = tfds.core.Version("1.0.0")
    CLASSES = ("O", *(f"{place}-{kind}" for kind in KINDS for place in "BI"))
    HOMEPAGE = "https://github.com/leondz/emerging_entities_17"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledTexts]:
        """The three splits; a word, a tab and its tag a line, sentences apart by a blank one."""
        files = {"train": "wnut17train.conll", "validation": "emerging.dev.conll", "test": "emerging.test.annotated"}
        return {name: self._read(dl_manager.manual_dir / file) for name, file in files.items()}

    def _read(self, path: pathlib.Path) -> LabelledTexts:
        texts: list[str] = []
        labels: list[list[int]] = []
        words: list[tuple[str, int]] = []
        for line in [*path.read_text("utf-8").split("\n"), ""]:
            if line.strip():
                word, tag = line.rstrip().split("\t")
                words.append((word, self.CLASSES.index(tag)))
            elif words:
                texts.append(" ".join(word for word, _ in words))
                labels.append([tag for _, tag in words])
                words = []
        return texts, labels
