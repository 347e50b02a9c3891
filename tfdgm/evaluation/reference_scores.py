"""What real data score by the figures of samples: the yardstick that a generator's C-FID is held against.

    yardstick = mean over classes c of C-FID(N training examples without class c, the test split)

A generator at the yardstick is as far from the test split as real images are that lack one class.
"""

import json
import os
import pathlib
from typing import Any

import numpy as np

from tfdgm.data import Data
from tfdgm.evaluation import provenance
from tfdgm.evaluation.comparison import RealSide
from tfdgm.evaluation.extractor import Extracted, Extractor
from tfdgm.evaluation.feature_sets import require_num
from tfdgm.evaluation.frechet_distance import frechet_distance
from tfdgm.evaluation.inception_score import inception_score
from tfdgm.evaluation.report import REFERENCE_SCORES
from tfdgm.workdir.files import write_atomically


def reference_scores(
    data: Data, name: str, extractor: Extractor, *, num_examples: int = 10_000, num_splits: int = 10
) -> dict[str, Any]:
    """FID and Inception Score of training examples, and FID of those that lack a class, against the test split.

    Args:
      data: with labels.
      name: of the data set.
      extractor: of features and classes.
      num_examples: N, training examples in each figure, the first of the split that qualify.
      num_splits: parts of the Inception Score.

    Returns:
      `fid`, `inception_score` and its `inception_score_std`; `fid_without_class`, by class; `yardstick`, their mean;
      what they rest on.

    Raises:
      ValueError: for data without labels, or fewer than N training examples without some class.
    """
    num_classes = data.spec.num_classes
    if not num_classes:
        raise ValueError(f"data.name is {name!r}, which has no labels; the yardstick leaves out one class at a time")
    real = RealSide(data, name, "test", seed=0, extractor=extractor)
    training = real.first("train")
    label = training["label"]
    for each in range(num_classes):
        require_num(f"training examples without class {each}", int(np.sum(label != each)), num_examples, "a score")
    outputs = extractor.extract(training["x"], "features of train")
    score, deviation = inception_score(_probabilities(outputs, extractor)[:num_examples], num_splits)
    without = {
        str(each): frechet_distance(real.outputs.features, outputs.features[label != each][:num_examples])
        for each in range(num_classes)
    }
    return {
        "data": name,
        "extractor": extractor.summary(),
        "num_training_examples": num_examples,
        "num_test_examples": data.splits["test"].num_examples,
        "fid": frechet_distance(real.outputs.features, outputs.features[:num_examples]),
        "inception_score": score,
        "inception_score_std": deviation,
        "fid_without_class": without,
        "yardstick": float(np.mean(list(without.values()))),
    }


def table(scores: dict[str, Any]) -> str:
    """The scores as lines, and below them what they rest on."""
    prefix = "C-" if scores["extractor"]["name"].startswith("classifier:") else ""
    lines = [
        (f"{prefix}FID of training examples", scores["fid"]),
        (f"{prefix}IS of training examples", scores["inception_score"]),
        *((f"{prefix}FID without class {each}", value) for each, value in scores["fid_without_class"].items()),
        (f"yardstick: mean {prefix}FID without a class", scores["yardstick"]),
    ]
    width = max(len(name) for name, _ in lines)
    extractor = scores["extractor"]
    rests_on = (
        f"{scores['num_training_examples']:,} training examples against {scores['num_test_examples']:,} test examples; "
        f"{extractor['name']}, sha256 {extractor['sha256'][:12]}; images {extractor['images']}"
    )
    return "\n".join([*(f"{name:<{width}}  {value:8.3f}" for name, value in lines), rests_on])


def write_scores(results_dir: str | os.PathLike[str], scores: dict[str, Any]) -> pathlib.Path:
    """Writes `<results_dir>/reference-scores/<data>.json` with versions and commit; returns its path."""
    path = pathlib.Path(results_dir) / REFERENCE_SCORES / f"{scores['data']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = scores | {"commit": provenance.commit(), "versions": provenance.package_versions()}
    write_atomically(path, json.dumps(stored, indent=2, allow_nan=False) + "\n")
    return path


def _probabilities(outputs: Extracted, extractor: Extractor) -> np.ndarray:
    if outputs.probabilities is None:
        raise ValueError(f"extractor {extractor.network.name} gives features alone; reference scores need classes too")
    return outputs.probabilities
