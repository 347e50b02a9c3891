"""The versions of one model: found on disk, loaded, served and unloaded."""

import dataclasses
import enum
import gc
import logging
import pathlib
import re
import threading
import time
import weakref
from collections.abc import Callable

from serving.model_config import ModelConfig
from serving.model_spec import MAX_VERSION
from serving.servable import Servable
from serving.status import Code, ServingError

_LOGGER = logging.getLogger(__name__)
_VERSION_NAME = re.compile(r"[0-9]{1,40}")

Loader = Callable[[pathlib.Path, int], Servable]
"""Loads the version in a folder and warms it up."""


class State(enum.IntEnum):
    """Where a version is in its life; the numbers are those of `ModelVersionStatus.State`."""

    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclasses.dataclass(eq=False)
class VersionStatus:
    """What is known of one version.

    Attributes:
      version: its number.
      state: UNLOADING takes no more requests but still answers some; END is gone, or failed to load.
      error: why it failed to load.
    """

    version: int
    state: State = State.LOADING
    error: ServingError | None = None


@dataclasses.dataclass(frozen=True)
class Retries:
    """How often a version that failed to load is tried again although its files have not changed.

    Attributes:
      max_num: so often at most.
      interval_seconds: time between two tries at least.
    """

    max_num: int = 0
    interval_seconds: float = 60.0


@dataclasses.dataclass
class _Failure:
    """The last failed load of a version."""

    files: frozenset
    num_retries: int
    time: float


class VersionedModel:
    """A model whose versions are the folders with a number for a name in its base path.

    Served are the versions of its policy that load; of "latest N" the N newest that do. New ones are loaded and warmed
    up while the older still serve; then the older are unloaded, each once its last request is answered. A version that
    fails to load stays in the status with its error; it is tried again as `Retries` say, and when its files change.
    Without any version to put in their place, the served ones go on serving.

    Attributes:
      name: the model's name.
      config: which versions it has, and where; `refresh` goes by it.
    """

    def __init__(self, config: ModelConfig, load: Loader, retries: Retries = Retries()) -> None:
        """Keeps the three; `refresh` loads."""
        self.name = config.name
        self.config = config
        self._load = load
        self._retries = retries
        self._lock = threading.Lock()  # guards the two dicts
        self._statuses: dict[int, VersionStatus] = {}
        self._servables: dict[int, Servable] = {}
        self._failures: dict[int, _Failure] = {}
        self._has_garbage = threading.Event()
        self._is_readable = True

    def servable(self, version: int | None = None) -> Servable | None:
        """The version asked for, or the newest where None; None where that is not available.

        Whoever holds the answer keeps the version loaded, so a request is answered by the version it began with.
        """
        with self._lock:
            if version is None:
                version = max(self._servables, default=None)
            return self._servables.get(version)

    def available_versions(self) -> list[int]:
        """The versions that answer requests, newest first."""
        with self._lock:
            return sorted(self._servables, reverse=True)

    def statuses(self) -> list[VersionStatus]:
        """Copies of what is known of every version seen so far, newest first."""
        with self._lock:
            return [dataclasses.replace(self._statuses[version]) for version in sorted(self._statuses, reverse=True)]

    def refresh(self) -> None:
        """One poll of the base path: loads and unloads what has to be. Not to be called by two threads at a time."""
        try:
            folders = find_versions(self.config.base_path)
        except OSError as error:
            if self._is_readable:  # once, not at every poll
                _LOGGER.warning("%s: base path cannot be read, nothing changes until it can: %s", self.name, error)
            self._is_readable = False
            return
        self._is_readable = True
        policy = self.config.policy
        wanted: set[int] = set()
        for version in policy.candidates(folders):
            if len(wanted) == policy.num_latest:
                break
            if self._ensure(version, folders[version]):
                wanted.add(version)
        if wanted:
            self._retire(set(self._servables) - wanted)
        self._collect_garbage()

    def unload(self) -> None:
        """Unloads every version: the model is no longer the server's. Not to be called beside `refresh`."""
        self._retire(set(self._servables))
        self._collect_garbage()

    def _collect_garbage(self) -> None:
        if self._has_garbage.is_set():
            # A loaded SavedModel is full of reference cycles, and the collector cannot see how large its tensors are.
            self._has_garbage.clear()
            gc.collect()

    def _ensure(self, version: int, folder: pathlib.Path) -> bool:
        """True where `version` is available, if need be after loading it."""
        if version in self._servables:
            return True
        files = _fingerprint(folder)
        failure = self._failures.get(version)
        is_retry = failure is not None and failure.files == files
        if is_retry and not self._may_retry(failure):
            return False
        status = VersionStatus(version)
        with self._lock:
            self._statuses[version] = status
        try:
            servable = self._load(folder, version)
        except Exception as error:  # whatever is wrong with one version, the server and its other versions live on
            _LOGGER.warning("%s: version %d failed to load", self.name, version, exc_info=error)
            with self._lock:
                status.state, status.error = State.END, _load_error(error)
            self._failures[version] = _Failure(files, failure.num_retries + 1 if is_retry else 0, time.monotonic())
            self._has_garbage.set()
            return False
        with self._lock:
            status.state = State.AVAILABLE
            self._servables[version] = servable
        self._failures.pop(version, None)
        _LOGGER.info("%s: version %d is available", self.name, version)
        return True

    def _may_retry(self, failure: _Failure) -> bool:
        is_due = time.monotonic() - failure.time >= self._retries.interval_seconds
        return failure.num_retries < self._retries.max_num and is_due

    def _retire(self, versions: set[int]) -> None:
        for version in sorted(versions):
            with self._lock:
                status = self._statuses[version]
                status.state = State.UNLOADING
                # Requests under way hold the servable; the last one to let go of it ends the version.
                weakref.finalize(self._servables.pop(version), self._end, status).atexit = False
            _LOGGER.info("%s: version %d is unloaded", self.name, version)

    def _end(self, status: VersionStatus) -> None:
        status.state = State.END
        self._has_garbage.set()


def find_versions(base_path: pathlib.Path) -> dict[int, pathlib.Path]:
    """The version folders in `base_path`, by number; everything else in it is ignored, temporary folders too.

    Leading zeros do not count; of two names for one number the shorter is taken.

    Raises:
      OSError: where the base path cannot be read.
    """
    folders = [path for path in base_path.iterdir() if _VERSION_NAME.fullmatch(path.name) and path.is_dir()]
    by_version = {int(path.name): path for path in sorted(folders, key=lambda path: len(path.name), reverse=True)}
    return {version: path for version, path in by_version.items() if version <= MAX_VERSION}


def _fingerprint(folder: pathlib.Path) -> frozenset:
    """Changes whenever a file in `folder` does, as while someone is still copying it."""
    try:
        stats = [(path, path.stat()) for path in folder.rglob("*")]
    except OSError:
        return frozenset()  # vanished meanwhile; the next poll sees
    return frozenset((path, stat.st_size, stat.st_mtime_ns, stat.st_ino) for path, stat in stats)


def _load_error(error: Exception) -> ServingError:
    if isinstance(error, ServingError):
        return error
    code = Code.NOT_FOUND if isinstance(error, FileNotFoundError) else Code.UNKNOWN
    return ServingError(code, str(error).partition("\n")[0] or type(error).__name__)
