"""Which models a server has, which of their versions, and what labels name them: a ModelServerConfig, read."""

import dataclasses
import pathlib
import re
from collections.abc import Iterable, Mapping

from tensorflow_serving.config import model_server_config_pb2

from serving.model_spec import MAX_VERSION
from serving.text_proto import ConfigError, read_text_proto

MODEL_NAME = re.compile(r"[^/:\x00-\x20\x7f]+")
"""What a model may be called: a path of the REST API holds it."""

_LABEL = re.compile(r"[^/:\x00-\x20\x7f]+")
_PLATFORM = "tensorflow"


@dataclasses.dataclass(frozen=True)
class VersionPolicy:
    """Which versions of a model are to be served.

    Attributes:
      num_latest: so many of the newest; None for no bound, which is all.
      specific: these and no others; empty goes by `num_latest`.
    """

    num_latest: int | None = 1
    specific: frozenset[int] = frozenset()

    def candidates(self, versions: Iterable[int]) -> list[int]:
        """Those of `versions` that may be served, newest first."""
        return sorted((version for version in versions if version in self.specific or not self.specific), reverse=True)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """One model of a server.

    Attributes:
      name: its name in requests.
      base_path: the folder of its versions.
      policy: which of them are served.
      labels: version by label.
    """

    name: str
    base_path: pathlib.Path
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)


def read_model_configs(path: pathlib.Path) -> dict[str, ModelConfig]:
    """The models of a text-format `ModelServerConfig`, by name.

    Raises:
      ConfigError: naming the file, the model and what is wrong with it.
    """
    config = read_text_proto(path, model_server_config_pb2.ModelServerConfig)
    try:
        return parse_model_configs(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_model_configs(config: model_server_config_pb2.ModelServerConfig) -> dict[str, ModelConfig]:
    """The models of `config`, by name.

    Raises:
      ConfigError: naming the model and what is wrong with it.
    """
    if config.WhichOneof("config") == "custom_model_config":
        raise ConfigError("custom_model_config is not supported; it must be model_config_list")
    models: dict[str, ModelConfig] = {}
    for entry in config.model_config_list.config:
        if entry.name in models:
            raise ConfigError(f"Illegal to list model {entry.name} multiple times in config list")
        models[entry.name] = _model(entry)
    return models


def _model(entry: model_server_config_pb2.ModelConfig) -> ModelConfig:
    if not MODEL_NAME.fullmatch(entry.name):
        raise ConfigError(f"name is {entry.name!r}; it must have no '/', ':', blank or control character, and be there")
    platform = entry.model_platform or (_PLATFORM if entry.model_type else "")
    if platform != _PLATFORM:
        raise ConfigError(f"model {entry.name}: model_platform is {platform!r}; it must be {_PLATFORM!r}")
    if not pathlib.PurePath(entry.base_path).is_absolute():
        raise ConfigError(f"model {entry.name}: base_path is {entry.base_path!r}; it must be an absolute path")
    return ModelConfig(entry.name, pathlib.Path(entry.base_path), _policy(entry), _labels(entry))


def _policy(entry: model_server_config_pb2.ModelConfig) -> VersionPolicy:
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return VersionPolicy(num_latest=None)
    if kind == "specific":
        versions = frozenset(policy.specific.versions)
        if not versions or min(versions) < 0:
            raise ConfigError(f"model {entry.name}: specific versions are {sorted(versions)}; name one or more from 0")
        return VersionPolicy(num_latest=None, specific=versions)
    return VersionPolicy(num_latest=max(policy.latest.num_versions, 1))


def _labels(entry: model_server_config_pb2.ModelConfig) -> dict[str, int]:
    for label, version in entry.version_labels.items():
        if not _LABEL.fullmatch(label) or not 0 <= version <= MAX_VERSION:
            raise ConfigError(
                f"model {entry.name}: version label {label!r} is {version}; it must be a version from 0, and the label "
                "a name without '/', ':', blank or control character"
            )
    return dict(entry.version_labels)
