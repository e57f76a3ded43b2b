"""Waiting for what other processes do. A machine that is busy is no fault: what never comes is."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 300.0
"""Seconds after which something will never come. Nothing is measured with it."""


def until(ready: Callable[[], T], what: str = "") -> T:
    """What ``ready`` returns as soon as that is true.

    Raises:
        AssertionError: it never was; with ``what`` was waited for, or else the words of ``ready``.
    """
    deadline = time.monotonic() + PATIENCE
    while not (found := ready()):
        if time.monotonic() > deadline:
            waited_for = what or inspect.getsource(ready).strip()
            raise AssertionError(f"waited {PATIENCE:.0f} s in vain for {waited_for}: {found!r}")
        time.sleep(0.02)
    return found


def seconds_until(ready: Callable[[], object], what: str) -> float:
    """How many seconds it took, for those who tell it; nobody asserts on it."""
    began = time.monotonic()
    until(ready, what)
    return time.monotonic() - began
