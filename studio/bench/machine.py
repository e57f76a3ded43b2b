"""What every measurement reports besides its numbers, and a studio of its own to measure in."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from studio.jobs import broker, processes
from studio.settings import Settings, settings


def facts() -> dict[str, Any]:
    """Processor, cores, memory in GB, system and Python of this machine."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def report(
    bench: str, results: dict[str, float], at_most: dict[str, float], at_least: dict[str, float]
) -> dict[str, Any]:
    """The shape that every bench prints; a target is met at its limit."""
    targets = {name: {"limit": v, "met": results[name] <= v} for name, v in at_most.items()}
    targets |= {name: {"limit": v, "met": results[name] >= v} for name, v in at_least.items()}
    return {"bench": bench, "machine": facts(), "results": results, "targets": targets}


class Studio:
    """A data folder of its own with a broker; the processes started in it end with it."""

    def __init__(self, home: Settings) -> None:
        self.home = home
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self, role: str) -> subprocess.Popen[bytes]:
        """``python -m workers <role>``; its output goes to ``run/<role>.log``."""
        with (self.home.run / f"{role}.log").open("ab") as log:
            command = [sys.executable, "-m", "workers", role]
            child = processes.spawn(command, log, processes.environment(self.home))
        self.children.append(child)
        return child

    def end(self) -> None:
        for child in reversed(self.children):
            processes.stop(child, 5.0)


@contextmanager
def studio() -> Iterator[Studio]:
    """Everything that is measured happens beside the writer's own studio."""
    with (
        tempfile.TemporaryDirectory(prefix="lorewright-bench-") as folder,
        settled_in(Path(folder)) as home,
        broker.running(home),
    ):
        found = Studio(home)
        try:
            yield found
        finally:
            found.end()


@contextmanager
def settled_in(folder: Path) -> Iterator[Settings]:
    """The settings of this process, with a data folder and a broker of its own, for a block."""
    kept = {name: os.environ.pop(name, None) for name in ("LOREWRIGHT_DATA", "REDIS_URL")}
    os.environ["LOREWRIGHT_DATA"] = str(folder)
    settings.cache_clear()
    try:
        yield settings()
    finally:
        del os.environ["LOREWRIGHT_DATA"]
        os.environ.update({name: value for name, value in kept.items() if value is not None})
        settings.cache_clear()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()
