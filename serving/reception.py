"""What becomes of a request of either protocol: a place in a bounded queue, a deadline, an entry in metrics and log."""

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from serving.metrics import Metrics
from serving.status import Code, ServingError, public_error

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")


class Reception:
    """Runs requests in threads, so many at a time, and lets so many more wait for one."""

    def __init__(
        self,
        entrypoint: str,
        executor: concurrent.futures.Executor,
        max_pending: int,
        *,
        metrics: Metrics,
        is_known: Callable[[str], bool],
        log_requests: bool = False,
    ) -> None:
        """Keeps what it needs.

        Args:
          entrypoint: name of the protocol in metrics and log.
          executor: the threads.
          max_pending: requests under way at most, whether they run or wait; more are refused as UNAVAILABLE.
          metrics: where each request is counted.
          is_known: whether the server has a model of that name: others are not counted, for clients could invent any
            number of names.
          log_requests: write a line of log for each.
        """
        self._entrypoint = entrypoint
        self._executor = executor
        self._max_pending = max_pending
        self._places = threading.Semaphore(max_pending)
        self._metrics = metrics
        self._is_known = is_known
        self._log_requests = log_requests

    async def run(self, api: str, model: str, work: Callable[[], T], timeout_seconds: float | None) -> T:
        """What `work` returns, from a thread.

        Args:
          api: name of the method in metrics and log.
          model: likewise of the model.
          work: answers the request; blocks.
          timeout_seconds: from now; a request whose time is over before its turn comes is not run at all, and one
            that runs is not waited for any longer. None is no deadline.

        Raises:
          ServingError: UNAVAILABLE where too many are under way, DEADLINE_EXCEEDED, or what `work` raises.
        """
        start, code = time.monotonic(), Code.OK
        try:
            return await self._run(work, timeout_seconds)
        except asyncio.CancelledError:
            code = Code.CANCELLED
            raise
        except Exception as error:
            code = public_error(error).code
            raise
        finally:
            self._record(api, model, code, time.monotonic() - start)

    async def _run(self, work: Callable[[], T], timeout_seconds: float | None) -> T:
        if not self._places.acquire(blocking=False):
            message = f"{self._max_pending} requests are under way, which is as many as are taken; try again later"
            raise ServingError(Code.UNAVAILABLE, message)
        start = time.monotonic()

        def on_turn() -> T:
            if timeout_seconds is not None and time.monotonic() >= start + timeout_seconds:
                raise _late(timeout_seconds)
            return work()

        try:
            future = self._executor.submit(on_turn)
        except BaseException:
            self._places.release()
            raise
        # A place is free again when its thread is, not when the client has gone.
        future.add_done_callback(lambda _: self._places.release())
        try:
            async with asyncio.timeout(timeout_seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise _late(timeout_seconds or 0.0) from None

    def _record(self, api: str, model: str, code: Code, seconds: float) -> None:
        if self._is_known(model):
            self._metrics.add_request(model, api, self._entrypoint, code, seconds)
        if self._log_requests:
            fields = {"model": model, "api": api, "entrypoint": self._entrypoint, "status": code.name}
            fields["milliseconds"] = round(seconds * 1e3, 3)
            _LOGGER.info("request %s", " ".join(f"{key}={value}" for key, value in fields.items()), extra=fields)


def _late(timeout_seconds: float) -> ServingError:
    return ServingError(
        Code.DEADLINE_EXCEEDED, f"request was not answered within {round(timeout_seconds, 2):g} seconds"
    )
