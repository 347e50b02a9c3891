"""Entities of BIO tags: what is found, precision and recall in one, and how many tags break the rule of such tags.

An entity goes from a B-X, or from an I-X that nothing of its kind precedes, to the last I-X behind it, as the
evaluation of the CoNLL shared tasks counts them (Tjong Kim Sang & De Meulder 2003, section 2.4).
"""

from collections.abc import Callable, Sequence

import numpy as np

from tfdgm.core.types import DataSpec

_NUM_RESAMPLES = 1000


def entities(tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """Each entity's first word, the word behind its last, and its kind."""
    found, start, kind = set(), 0, ""
    for place, tag in enumerate([*tags, "O"]):
        goes_on = tag.startswith("I-") and tag[2:] == kind
        if kind and not goes_on:
            found.add((start, place, kind))
            kind = ""
        if tag != "O" and not goes_on:
            start, kind = place, tag[2:]
    return found


def num_invalid(tags: Sequence[str]) -> int:
    """Tags I-X that stand neither behind B-X nor behind I-X."""
    pairs = zip(["O", *tags], tags, strict=False)
    return sum(tag.startswith("I-") and before[2:] != tag[2:] for before, tag in pairs)


def counts(labels: np.ndarray, tags: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Of each sentence the entities that are there, that were found, that are both, and the invalid tags.

    Args:
      labels: int [N, L], below 0 behind a sentence's end.
      tags: int [N, L].
      names: of the tags.

    Returns:
      int [N, 4].
    """
    rows = []
    for label, tag in zip(labels.astype(int), tags.astype(int), strict=True):
        is_word = label >= 0
        there, found = ([names[index] for index in row[is_word]] for row in (label, tag))
        real, own = entities(there), entities(found)
        rows.append((len(real), len(own), len(real & own), num_invalid(found)))
    return np.array(rows)


def f1(counted: np.ndarray) -> float:
    """2 TP / (entities there + entities found), of counts [N, 4]; 0 where there is none of either."""
    there, found, both, _ = counted.sum(axis=0)
    return float(2.0 * both / max(there + found, 1))


def entity_f1(tags: np.ndarray, spec: DataSpec) -> tuple[float, float]:
    """F1 of the student's entities, and its standard error.

    Args:
      tags: true ones, the student's and the teacher's, one behind the other, [N, 3 L].
      spec: with their names.
    """
    return _with_bootstrap_error(f1, _by_student_and_teacher(tags, spec)[0])


def teacher_entity_f1(tags: np.ndarray, spec: DataSpec) -> tuple[float, float]:
    """F1 of the teacher's entities, likewise."""
    return _with_bootstrap_error(f1, _by_student_and_teacher(tags, spec)[1])


def teacher_gain_in_f1(tags: np.ndarray, spec: DataSpec) -> tuple[float, float]:
    """F1 of the teacher less that of the student; its standard error is of the paired difference."""
    counted = _by_student_and_teacher(tags, spec)
    return _with_bootstrap_error(lambda student, teacher: f1(teacher) - f1(student), *counted)


def num_invalid_tags(tags: np.ndarray, spec: DataSpec) -> tuple[float, None]:
    """Tags of the student that break the rule of BIO tags."""
    return float(_by_student_and_teacher(tags, spec)[0][:, 3].sum()), None


def teacher_num_invalid_tags(tags: np.ndarray, spec: DataSpec) -> tuple[float, None]:
    """Tags of the teacher that do."""
    return float(_by_student_and_teacher(tags, spec)[1][:, 3].sum()), None


def _by_student_and_teacher(tags: np.ndarray, spec: DataSpec) -> tuple[np.ndarray, ...]:
    labels, *found = np.split(tags, 3, axis=1)
    return tuple(counts(labels, of_one, spec.class_names) for of_one in found)


def _with_bootstrap_error(statistic: Callable[..., float], *counted: np.ndarray) -> tuple[float, float]:
    """A statistic of counts, and its standard error over sentences drawn with replacement (Efron 1979), seed 0."""
    rng, num = np.random.default_rng(0), len(counted[0])
    drawn = [rng.integers(num, size=num) for _ in range(_NUM_RESAMPLES)]
    values = [statistic(*(part[rows] for part in counted)) for rows in drawn]
    return float(statistic(*counted)), float(np.std(values, ddof=1))
