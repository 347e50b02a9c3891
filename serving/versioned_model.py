"""The versions of one model: found on disk, loaded, served and unloaded."""

import dataclasses
import enum
import gc
import logging
import pathlib
import re
import threading
import weakref
from collections.abc import Callable

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


class VersionedModel:
    """A model whose versions are the folders with a number for a name in its base path.

    Served is the newest version that loads. A newer one is loaded and warmed up while the older still serves; then
    the older is unloaded, once its last request is answered. A version that fails to load stays in the status with
    its error and is tried again when its files change. Without any version on disk the served one goes on serving.

    Attributes:
      name: the model's name.
      base_path: the folder of its versions.
    """

    def __init__(self, name: str, base_path: pathlib.Path, load: Loader) -> None:
        """Keeps the three; `refresh` loads."""
        self.name = name
        self.base_path = base_path
        self._load = load
        self._lock = threading.Lock()  # guards the two dicts
        self._statuses: dict[int, VersionStatus] = {}
        self._servables: dict[int, Servable] = {}
        self._failed_files: dict[int, frozenset] = {}  # of versions that failed to load, when they did
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

    def statuses(self) -> list[VersionStatus]:
        """Copies of what is known of every version seen so far, newest first."""
        with self._lock:
            return [dataclasses.replace(self._statuses[version]) for version in sorted(self._statuses, reverse=True)]

    def refresh(self) -> None:
        """One poll of the base path: loads and unloads what has to be. Not to be called by two threads at a time."""
        try:
            folders = find_versions(self.base_path)
        except OSError as error:
            if self._is_readable:  # once, not at every poll
                _LOGGER.warning("%s: base path cannot be read, nothing changes until it can: %s", self.name, error)
            self._is_readable = False
            return
        self._is_readable = True
        serving = next((version for version in sorted(folders, reverse=True) if self._ensure(version, folders)), None)
        if serving is not None:
            for version in set(self._servables) - {serving}:
                self._retire(version)
        if self._has_garbage.is_set():
            # A loaded SavedModel is full of reference cycles, and the collector cannot see how large its tensors are.
            self._has_garbage.clear()
            gc.collect()

    def _ensure(self, version: int, folders: dict[int, pathlib.Path]) -> bool:
        """True where `version` is available, if need be after loading it."""
        if version in self._servables:
            return True
        folder = folders[version]
        files = _fingerprint(folder)
        if self._failed_files.get(version) == files:
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
            self._failed_files[version] = files
            self._has_garbage.set()
            return False
        with self._lock:
            status.state = State.AVAILABLE
            self._servables[version] = servable
        self._failed_files.pop(version, None)
        _LOGGER.info("%s: version %d is available", self.name, version)
        return True

    def _retire(self, version: int) -> None:
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
