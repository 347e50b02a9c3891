"""Files of models: what they may say, and what is wrong with those that are refused."""

from pathlib import Path

import pytest

from serving.model_config import ModelConfig, VersionPolicy, read_model_configs
from serving.text_proto import ConfigError


def _read(tmp_path, *models):
    path = tmp_path / "models.config"
    path.write_text("model_config_list {" + "".join(f"config {{ {model} }}" for model in models) + "}")
    return read_model_configs(path)


def test_every_field(tmp_path):
    models = _read(
        tmp_path,
        'name: "a" base_path: "/models/a" model_platform: "tensorflow"',
        'name: "b" base_path: "/models/b" model_type: TENSORFLOW model_version_policy { latest { num_versions: 3 } }',
        'name: "c" base_path: "/models/c" model_platform: "tensorflow" model_version_policy { all {} }',
        'name: "d" base_path: "/models/d" model_platform: "tensorflow" '
        "model_version_policy { specific { versions: 4 versions: 7 } } "
        'version_labels { key: "stable" value: 4 } version_labels { key: "canary" value: 7 }',
    )
    assert models == {
        "a": ModelConfig("a", Path("/models/a")),
        "b": ModelConfig("b", Path("/models/b"), VersionPolicy(num_latest=3)),
        "c": ModelConfig("c", Path("/models/c"), VersionPolicy(num_latest=None)),
        "d": ModelConfig("d", Path("/models/d"), VersionPolicy(None, frozenset({4, 7})), {"stable": 4, "canary": 7}),
    }


def test_no_versions_to_keep_is_one(tmp_path):
    models = _read(
        tmp_path,
        'name: "a" base_path: "/a" model_platform: "tensorflow" model_version_policy { latest { num_versions: 0 } }',
    )
    assert models["a"].policy == VersionPolicy(num_latest=1)


def test_candidates_are_newest_first():
    assert VersionPolicy(num_latest=1).candidates([3, 10, 2]) == [10, 3, 2]
    assert VersionPolicy(None, frozenset({2, 3, 5})).candidates([3, 10, 2]) == [3, 2]


_GOOD = 'base_path: "/a" model_platform: "tensorflow"'


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([f'name: "a" {_GOOD}', f'name: "a" {_GOOD}'], "Illegal to list model a multiple times in config list"),
        ([_GOOD], "name is ''; it must have no '/'"),
        ([f'name: "a/b" {_GOOD}'], "name is 'a/b'"),
        (['name: "a" base_path: "/a"'], "model a: model_platform is ''; it must be 'tensorflow'"),
        (['name: "a" base_path: "/a" model_platform: "other"'], "model_platform is 'other'"),
        (['name: "a" base_path: "a" model_platform: "tensorflow"'], "base_path is 'a'; it must be an absolute path"),
        ([f'name: "a" {_GOOD} model_version_policy {{ specific {{}} }}'], r"specific versions are \[\]"),
        ([f'name: "a" {_GOOD} version_labels {{ key: "x/y" value: 1 }}'], "version label 'x/y' is 1"),
        ([f'name: "a" {_GOOD} version_labels {{ key: "x" value: -1 }}'], "version label 'x' is -1"),
        (["nam: 3"], "Invalid protobuf file: '.*models.config': Error parsing text-format .*.ModelServerConfig: 1:"),
    ],
)
def test_mistakes_are_named(tmp_path, models, message):
    with pytest.raises(ConfigError, match=message) as error:
        _read(tmp_path, *models)
    assert str(tmp_path / "models.config") in str(error.value)


def test_custom_configs_are_refused(tmp_path):
    path = tmp_path / "models.config"
    path.write_text("custom_model_config {}")
    with pytest.raises(ConfigError, match="custom_model_config is not supported"):
        read_model_configs(path)
