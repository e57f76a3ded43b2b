"""What a worker has loaded: before it is asked, while work is expected, and no longer."""

from __future__ import annotations

import gc
import importlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence

import psutil
import redis

from studio.jobs import live, queue
from studio.models.loading import uncollected

log = logging.getLogger(__name__)

PAUSE = 0.1
"""Seconds after the start or a job in which nothing is loaded, as another job may be coming."""
REST = 60.0
"""Seconds without a job, after which a worker that nobody expects to need is to begin anew."""


class Readiness:
    """Loads ``modules`` one after the other. ``always``: every job needs all of them, so that one
    in line waits no longer if they are loaded before it is begun, and those behind it less."""

    def __init__(self, modules: Sequence[str], always: bool = False) -> None:
        self._loading = _loading(modules)
        self._always = always
        self._since = time.monotonic()
        self._holds = False
        self._worked = False

    def worked(self) -> None:
        """A job has ended."""
        self._since = time.monotonic()
        self._holds = self._worked = True

    def look(self, lines: Sequence[str], client: redis.Redis, beat: Callable[[], None]) -> bool:
        """Load while work in these queues is expected and none is there: after the first job, or
        as soon as the machine has a core to spare. ``beat`` is called after each module.

        False where nothing was asked of the worker for long, so that it should begin anew without
        what it holds.

        Raises:
            AWAY: the broker cannot be reached.
        """
        at_once = self._worked and self._always
        if not at_once and time.monotonic() < self._since + PAUSE:
            return True
        if not live.are_expected(lines, client):
            return not self._holds or time.monotonic() < self._since + REST
        if self._worked or _has_core_to_spare():
            while (at_once or not queue.in_line(lines, client)) and next(self._loading, None):
                self._holds = True
                beat()
        return True


def _loading(modules: Sequence[str]) -> Iterator[str]:
    """A module at each step; what is missing is told when a job asks for it."""
    for module in modules:
        try:
            with uncollected():
                importlib.import_module(module)
        except ImportError as problem:
            log.warning("%s cannot be loaded: %s", module, problem)
        yield module
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the processes that are forked


def _has_core_to_spare() -> bool:
    """Whether a core, or half of an only one, had nothing to do since this was last asked."""
    cores = psutil.cpu_count() or 1
    return psutil.cpu_percent() < max(50.0, 100.0 * (1 - 1 / cores))
