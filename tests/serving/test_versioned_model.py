"""Versions on disk become versions served: the newest that loads, never less than before."""

import gc
import weakref
from pathlib import Path

import pytest

from serving.model_config import ModelConfig, VersionPolicy
from serving.servable import Servable
from serving.status import Code, ServingError
from serving.versioned_model import Retries, State, VersionedModel, find_versions


class _Loaded:
    """Stands for a Servable."""

    def __init__(self, version: int) -> None:
        self.version = version


class _Loader:
    """Loads what has no file `broken`; counts its calls."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, folder: Path, version: int) -> _Loaded:
        self.calls.append(version)
        if (folder / "broken").exists():
            raise ServingError(Code.DATA_LOSS, "broken file")
        return _Loaded(version)


@pytest.fixture
def load():
    return _Loader()


@pytest.fixture
def model(tmp_path, load):
    return VersionedModel(ModelConfig("m", tmp_path), load)


def _add(base_path: Path, version: int | str, broken: bool = False) -> Path:
    folder = base_path / str(version)
    folder.mkdir()
    if broken:
        (folder / "broken").touch()
    return folder


def _states(model: VersionedModel) -> dict[int, str]:
    return {status.version: status.state.name for status in model.statuses()}


def test_only_numbered_folders_are_versions(tmp_path):
    for name in ("1", "007", "00000123", "20170111173521", "1-tmp", "tmp-4", "temp_5", "-6", "1.5", "٣", "assets"):
        _add(tmp_path, name)
    _add(tmp_path, 2**63 - 1)
    _add(tmp_path, 2**63)
    (tmp_path / "8").touch()
    (tmp_path / "9").symlink_to(tmp_path / "1")
    assert sorted(find_versions(tmp_path)) == [1, 7, 9, 123, 20170111173521, 2**63 - 1]
    assert find_versions(tmp_path)[7] == tmp_path / "007"


def test_newest_version_is_loaded_and_no_other(tmp_path, model, load):
    for version in (9, 10, 2):
        _add(tmp_path, version)
    model.refresh()
    assert load.calls == [10]
    assert model.servable().version == 10
    assert model.servable(10) is model.servable()
    assert model.servable(9) is None


def test_newer_version_replaces_an_older_once_it_is_loaded(tmp_path, model, load):
    _add(tmp_path, 1)
    model.refresh()
    served_while_loading = []
    load_plainly = model._load
    model._load = lambda folder, version: (
        served_while_loading.append(model.servable().version) or load_plainly(folder, version)
    )
    _add(tmp_path, 2)
    model.refresh()
    assert served_while_loading == [1]
    assert model.servable().version == 2
    assert _states(model) == {2: "AVAILABLE", 1: "END"}


def test_a_request_under_way_keeps_its_version(tmp_path, model):
    _add(tmp_path, 1)
    model.refresh()
    held = model.servable()
    _add(tmp_path, 2)
    model.refresh()
    assert _states(model) == {2: "AVAILABLE", 1: "UNLOADING"}
    assert model.servable(1) is None
    del held
    assert _states(model) == {2: "AVAILABLE", 1: "END"}


def test_a_broken_version_is_reported_and_the_older_serves_on(tmp_path, model, load):
    _add(tmp_path, 1)
    model.refresh()
    _add(tmp_path, 2, broken=True)
    model.refresh()
    model.refresh()
    assert load.calls == [1, 2]  # not tried again while nothing changes
    assert model.servable().version == 1
    failed = model.statuses()[0]
    assert (failed.version, failed.state, failed.error.code) == (2, State.END, Code.DATA_LOSS)
    assert failed.error.message == "broken file"


def test_a_broken_version_is_tried_again_when_its_files_change(tmp_path, model):
    folder = _add(tmp_path, 1, broken=True)
    model.refresh()
    assert model.servable() is None
    (folder / "broken").unlink()
    model.refresh()
    assert model.servable().version == 1
    assert _states(model) == {1: "AVAILABLE"}


def test_a_fresh_start_serves_what_served_before(tmp_path, model):
    _add(tmp_path, 1)
    _add(tmp_path, 2, broken=True)
    model.refresh()
    assert model.servable().version == 1
    assert _states(model) == {2: "END", 1: "AVAILABLE"}


def test_deleting_the_newest_version_rolls_back(tmp_path, model, load):
    _add(tmp_path, 1)
    newest = _add(tmp_path, 2)
    model.refresh()
    newest.rmdir()
    model.refresh()
    assert model.servable().version == 1
    _add(tmp_path, 2)
    model.refresh()
    assert model.servable().version == 2
    assert load.calls == [2, 1, 2]


def test_without_any_version_on_disk_the_served_one_stays(tmp_path, model):
    folder = _add(tmp_path, 1)
    model.refresh()
    folder.rmdir()
    model.refresh()
    assert model.servable().version == 1
    tmp_path.rmdir()
    model.refresh()
    assert model.servable().version == 1
    tmp_path.mkdir()
    _add(tmp_path, 3)
    model.refresh()
    assert model.servable().version == 3


def _refreshed(tmp_path, load, policy):
    model = VersionedModel(ModelConfig("m", tmp_path, policy), load)
    model.refresh()
    return model


def test_latest_two_are_the_two_newest_that_load(tmp_path, load):
    for version in (1, 2, 4):
        _add(tmp_path, version)
    _add(tmp_path, 3, broken=True)
    model = _refreshed(tmp_path, load, VersionPolicy(num_latest=2))
    assert model.available_versions() == [4, 2]
    assert model.servable().version == 4
    assert model.servable(2).version == 2
    assert model.servable(1) is None
    _add(tmp_path, 5)
    model.refresh()
    assert model.available_versions() == [5, 4]
    assert _states(model) == {5: "AVAILABLE", 4: "AVAILABLE", 3: "END", 2: "END"}


def test_all_versions(tmp_path, load):
    for version in (1, 2, 3):
        _add(tmp_path, version)
    assert _refreshed(tmp_path, load, VersionPolicy(num_latest=None)).available_versions() == [3, 2, 1]


def test_specific_versions_and_no_newer_ones(tmp_path, load):
    for version in (1, 2, 3, 4):
        _add(tmp_path, version)
    model = _refreshed(tmp_path, load, VersionPolicy(None, frozenset({1, 3, 9})))
    assert model.available_versions() == [3, 1]
    model.config = ModelConfig("m", tmp_path, VersionPolicy(None, frozenset({9})))
    model.refresh()
    assert model.available_versions() == [3, 1]  # nothing to put in their place
    model.config = ModelConfig("m", tmp_path, VersionPolicy(None, frozenset({4})))
    model.refresh()
    assert model.available_versions() == [4]


def test_a_failed_load_is_tried_again_so_often_and_no_oftener(tmp_path, load):
    model = VersionedModel(ModelConfig("m", tmp_path), load, Retries(max_num=2, interval_seconds=0.0))
    folder = _add(tmp_path, 1, broken=True)
    for _ in range(5):
        model.refresh()
    assert load.calls == [1, 1, 1]
    (folder / "other").touch()  # another version for all that is known
    for _ in range(5):
        model.refresh()
    assert load.calls == [1] * 6


def test_a_failed_load_waits_before_it_is_tried_again(tmp_path, load):
    model = VersionedModel(ModelConfig("m", tmp_path), load, Retries(max_num=2, interval_seconds=1000.0))
    _add(tmp_path, 1, broken=True)
    model.refresh()
    model.refresh()
    assert load.calls == [1]


def test_unload_ends_every_version(tmp_path, load):
    for version in (1, 2):
        _add(tmp_path, version)
    model = _refreshed(tmp_path, load, VersionPolicy(num_latest=None))
    model.unload()
    assert model.servable() is None
    assert _states(model) == {2: "END", 1: "END"}


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (FileNotFoundError("no saved_model.pb"), Code.NOT_FOUND, "no saved_model.pb"),
        (ValueError("bad\nTraceback ..."), Code.UNKNOWN, "bad"),
        (KeyError(), Code.UNKNOWN, "KeyError"),
    ],
)
def test_whatever_a_load_raises_becomes_one_line(tmp_path, error, code, message):
    def load(folder, version):
        raise error

    model = VersionedModel(ModelConfig("m", tmp_path), load)
    _add(tmp_path, 1)
    model.refresh()
    assert (model.statuses()[0].error.code, model.statuses()[0].error.message) == (code, message)


def test_unloading_frees_the_variables(scale_copy, export_scale):
    model = VersionedModel(ModelConfig("m", scale_copy), Servable)
    model.refresh()
    variable = weakref.ref(model.servable()._saved_model.factor.handle)
    assert variable() is not None
    export_scale(scale_copy, 2, 3.0)
    gc.disable()  # what is freed is freed by the model, not by chance
    try:
        model.refresh()
        assert variable() is None
    finally:
        gc.enable()
