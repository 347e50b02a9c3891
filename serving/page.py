"""The page at / of the REST port, on which a person looks at samples, and the list of models that it shows."""

import json
import pathlib
from collections.abc import Callable

from serving.catalog import Catalog
from serving.signatures import Signature

_FOLDER = pathlib.Path(__file__).parent
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
_SIGNATURE = "sample_png"
_EXPORT_METADATA = pathlib.PurePath("assets.extra", "tfdgm.json")

Text = tuple[Callable[[], str], str]
"""What gives a text, and its content type."""


def page_texts(catalog: Catalog) -> dict[str, Text]:
    """The page's files and its list of models, by path of the REST port."""
    texts: dict[str, Text] = {path: (_reader(name), content) for path, (name, content) in _FILES.items()}
    return texts | {"/models.json": (lambda: models_json(catalog), "application/json")}


def models_json(catalog: Catalog) -> str:
    """The models, their available versions, newest first, and what each version's pictures are drawn from."""
    models = {}
    for name, model in catalog.models.items():
        servables = [servable for version in model.available_versions() if (servable := model.servable(version))]
        models[name] = {
            "versions": [
                {
                    "version": str(servable.version),
                    "inputs": _inputs(servable.signatures.get(_SIGNATURE)),
                    "num_classes": _num_classes(servable.path),
                }
                for servable in servables
            ]
        }
    return json.dumps({"models": models})


def _inputs(signature: Signature | None) -> dict[str, str] | None:
    return {name: info.dtype.name for name, info in signature.inputs.items()} if signature else None


def _num_classes(folder: pathlib.Path) -> int:
    """How many classes the data have, by what the export wrote of itself; 0 where it did not, or there are none."""
    try:
        metadata = json.loads((folder / _EXPORT_METADATA).read_text(encoding="utf-8"))
        return int(metadata["data_spec"]["num_classes"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _reader(name: str) -> Callable[[], str]:
    return lambda: (_FOLDER / name).read_text(encoding="utf-8")
