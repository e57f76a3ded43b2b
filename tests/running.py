"""Starts the studio's own processes for a module's tests, and ends them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio.conversion import toolkit
from studio.services import context, runner
from studio.settings import Settings, settings
from tests.waiting import PATIENCE, until


def with_engine(cache: Path) -> Path:
    """A cache of its own that has llama.cpp's converters: without them a studio builds them."""
    shutil.copytree(settings().cache / toolkit.FOLDER, cache / toolkit.FOLDER)
    return cache


@contextmanager
def running(data: Path) -> Iterator[Settings]:
    """The settings of a studio with this data folder, whose broker and workers run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOREWRIGHT_DATA", str(data))
        patch.delenv("REDIS_URL", raising=False)
        patch.setattr(runner, "START_SECONDS", PATIENCE)
        settings.cache_clear()
        supervisor = runner.ensure_running().pid
        yield settings()
        os.kill(supervisor, signal.SIGTERM)
        until(lambda: runner.state() is None, "the studio to end")
        context.close()
    settings.cache_clear()
