"""The text of files of models."""

from pathlib import Path


def models_text(folder: Path, *models: tuple[str, str]) -> str:
    """A ModelServerConfig of models below `folder`, each a name and further fields of its config."""
    configs = (
        f'config {{ name: "{name}" base_path: "{folder}/{name}" model_platform: "tensorflow" {fields} }}'
        for name, fields in models
    )
    return "model_config_list { " + " ".join(configs) + " }"
