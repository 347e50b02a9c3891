"""The page of models in the unified view, of what classes declare: `python -m tfdgm.evaluation.unified_table`."""

import importlib
import os
import pathlib
from collections.abc import Sequence

from tfdgm.core.unified_form import UnifiedForm
from tfdgm.models.registry import MODELS

PAGE = "docs/unified-models.md"

_HEAD = """# Models in the unified view

What is the generation, what is inferred and which divergence falls, in the notation of
[unified-view.md](unified-view.md) (Hu et al. 2018, whose own table has the GAN, InfoGAN and the VAE). This page is made
by `python -m tfdgm.evaluation.unified_table` from `unified` in each model's file.

p_theta0(x) is the mixture of both p_theta(x|y) as it stands before a step; q^r(y|x) = q(1 - y|x); q^r(x|y) is q^r(y|x)
p_theta0(x), normalised. What a GAN's theta step minimises falls by its gradient at theta0.
"""
_COLUMNS = {
    "x": "x",
    "z": "z",
    "y": "y",
    "p": "p_theta(x given y)",
    "discriminator": "q_phi(y given x)",
    "inference": "q_eta(z given x, y)",
    "minimizes": "what falls",
}


def forms() -> dict[str, UnifiedForm]:
    """What each model class itself declares, by the name that the registry has first for it."""
    found: dict[str, UnifiedForm] = {}
    for target in dict.fromkeys(MODELS.values()):
        module, _, attribute = target.partition(":")
        declared = vars(getattr(importlib.import_module(module), attribute)).get("unified")
        if declared:
            found[next(name for name, each in MODELS.items() if each == target)] = declared
    return found


def write_page(page: str | os.PathLike[str] = PAGE) -> str:
    """Writes the page; returns its text."""
    rows = [("model", *_COLUMNS.values(), "source")]
    for name, form in forms().items():
        rows.append((f"`{name}`", *(_cell(getattr(form, field)) for field in _COLUMNS), form.source))
    text = f"{_HEAD}\n{_table(rows)}\n"
    pathlib.Path(page).write_text(text, encoding="utf-8")
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|") or "-"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


if __name__ == "__main__":
    print(write_page())
