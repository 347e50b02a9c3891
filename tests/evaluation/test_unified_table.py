"""The page of models in the unified view."""

import dataclasses
import pathlib

from tfdgm.evaluation.unified_table import PAGE, forms, write_page

_ROOT = pathlib.Path(__file__).parents[2]


def test_the_page_is_what_the_models_declare(tmp_path):
    text = write_page(tmp_path / "page.md")
    assert (_ROOT / PAGE).read_text(encoding="utf-8") == text == (tmp_path / "page.md").read_text(encoding="utf-8")


def test_models_that_differ_say_in_what():
    found = forms()
    assert {"gan", "iwgan", "vae", "aavae", "svae", "vae_gan", "aae"} <= found.keys()
    rows = [dataclasses.astuple(form) for form in found.values()]
    assert len(set(rows)) == len(rows)


def test_every_cell_has_its_column(tmp_path):
    lines = [line for line in write_page(tmp_path / "page.md").splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in lines} == {10}
