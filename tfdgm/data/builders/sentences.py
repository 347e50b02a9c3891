"""Sentences with a polarity: SST-2, MR and CR, from the files that papers on sentence classification share."""

import pathlib

import numpy as np
import tensorflow_datasets as tfds

from tfdgm.data.builders.arrays import LabelledTexts, TextArrayBuilder
from tfdgm.data.builders.stratified import stratified_split

_POLARITIES = ("negative", "positive")
_HELD_OUT_SHARE = 0.1  # of the sets that have no split of their own, for validation, and as much again for testing


class Sst2(TextArrayBuilder, skip_registration=True):
    """Sentences of the Stanford Sentiment Treebank, neutral ones left out, lower-cased and tokenised.

    The split is the published one: 6,920, 872 and 1,821 sentences.

    References:
      Socher et al. (2013), Recursive deep models for semantic compositionality over a sentiment treebank.
      Kim (2014), Convolutional neural networks for sentence classification, table 1.
    """

    VERSION = tfds.core.Version("1.0.0")
    CLASSES = _POLARITIES
    HOMEPAGE = "https://nlp.stanford.edu/sentiment"
    TRAIN_FILE = "stsa.binary.train"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledTexts]:
        """The three splits; each line is a label and a sentence."""
        files = {"train": self.TRAIN_FILE, "validation": "stsa.binary.dev", "test": "stsa.binary.test"}
        return {name: _read_labelled(dl_manager.manual_dir / file) for name, file in files.items()}


class Sst2Phrases(Sst2, skip_registration=True):
    """SST-2 trained on every phrase of its training trees that is not neutral: 76,961; held-out splits as `Sst2`."""

    TRAIN_FILE = "stsa.binary.phrases.train"


class MovieReviews(TextArrayBuilder, skip_registration=True):
    """Sentences of film reviews, 5,331 of each polarity, 8,530/1,066/1,066.

    Papers use ten-fold cross-validation; this is one fixed split, stratified by class.

    References:
      Pang & Lee (2005), Seeing stars, section 1.
    """

    VERSION = tfds.core.Version("1.0.0")
    CLASSES = _POLARITIES
    HOMEPAGE = "https://www.cs.cornell.edu/people/pabo/movie-review-data"
    FILES = ("rt-polarity.neg", "rt-polarity.pos")
    ENCODING = "cp1252"

    def read(self, dl_manager: tfds.download.DownloadManager) -> dict[str, LabelledTexts]:
        """A file a class, split at line feeds alone: other marks that Python ends lines at stand inside sentences."""
        texts = [
            [line.strip() for line in (dl_manager.manual_dir / file).read_bytes().decode(self.ENCODING).split("\n")]
            for file in self.FILES
        ]
        texts = [[line for line in lines if line] for lines in texts]
        return _split([*texts[0], *texts[1]], np.repeat([0, 1], [len(lines) for lines in texts]))


class CustomerReviews(MovieReviews, skip_registration=True):
    """Sentences of product reviews, 1,366 negative and 2,405 positive, 3,017/377/377; the split is one of our own.

    Papers count 3,775: four of the files' lines are blank.

    References:
      Hu & Liu (2004), Mining and summarizing customer reviews.
    """

    HOMEPAGE = "https://www.cs.uic.edu/~liub/FBS/sentiment-analysis.html"
    FILES = ("custrev.neg", "custrev.pos")
    ENCODING = "utf-8"


def _read_labelled(path: pathlib.Path) -> LabelledTexts:
    lines = [line for line in path.read_text("utf-8").split("\n") if line]
    return [line[2:].strip() for line in lines], np.array([int(line[0]) for line in lines])


def _split(texts: list[str], labels: np.ndarray) -> dict[str, LabelledTexts]:
    size = round(_HELD_OUT_SHARE * len(texts))
    parts = stratified_split(labels, {"validation": size, "test": size})
    return {name: ([texts[index] for index in indices], labels[indices]) for name, indices in parts.items()}
