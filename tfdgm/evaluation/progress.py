"""How far a long measurement has come."""

import time

import tqdm

_SECONDS_BETWEEN_LINES = 20.0  # where there is no terminal to draw a bar on


class Progress:
    """A bar with speed and remaining time on a terminal; elsewhere a line now and then."""

    def __init__(self, title: str, total: int | None, unit: str = "example") -> None:
        """Args: title: what is measured. total: how many units will come. unit: what is counted, in the singular."""
        self._title, self._total, self._unit, self._done = title, total, unit, 0
        self._bar = tqdm.tqdm(total=total, desc=title, unit=unit, disable=None, dynamic_ncols=True)
        self._start = self._last_line = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def update(self, num: int) -> None:
        """Counts units that are done."""
        self._done += num
        self._bar.update(num)
        now = time.monotonic()
        if self._bar.disable and now - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = now
            rate = self._done / (now - self._start)
            left = tqdm.tqdm.format_interval((self._total - self._done) / rate) if self._total else "?"
            print(f"{self._title} {self._done}/{self._total or '?'} {rate:.1f} {self._unit}s/s {left} left", flush=True)
