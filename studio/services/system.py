"""``doctor``: what is installed and running, and what to do about what is not."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from studio.conversion import toolkit
from studio.domain.runner import EngineBuild
from studio.errors import StudioError
from studio.language import _, n_
from studio.services import backups, engine, jobs, models, runner
from studio.services.context import db
from studio.settings import ROOT, settings

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["backup", "doctor", "restore"]

backup = backups.backup
restore = backups.restore

Level = Literal["ok", "warn", "missing"]
WAL_RESET_CURED = (3, 51, 3)
LITTLE_DISK, NO_DISK = 4e9, 0.5e9
LATE_EVENTS = 1000
PIN = re.compile(r"^[A-Za-z0-9._-]+==.*", re.MULTILINE)


class Row(BaseModel):
    """One thing that was looked at. ``missing`` stops the main way, ``warn`` deserves a look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: str
    level: Level
    value: str
    remedy: str = ""


def doctor() -> dict[str, Any]:
    """``ok`` (nothing is missing), ``rows`` (key, name, level, value, remedy), and in full:
    ``health``, ``workers``, ``runner``."""
    rows = [*_installed(), *_machine(), *_running()]
    running = runner.state()
    return {
        "ok": all(row.level != "missing" for row in rows),
        "rows": [row.model_dump() for row in rows],
        "health": jobs.health(),
        "workers": [worker.model_dump(mode="json") for worker in jobs.workers()],
        "runner": running.model_dump(mode="json") if running else None,
    }


def _installed() -> Iterator[Row]:
    yield Row(key="python", name="Python", level="ok", value=platform.python_version())
    yield _sqlite()
    yield _packages()
    if build := engine.build():
        yield _engine(build)
    else:
        yield _llama()
        yield _converters()
    yield _starter()


def _sqlite() -> Row:
    cured = sqlite3.sqlite_version_info >= WAL_RESET_CURED
    return Row(
        key="sqlite",
        name="SQLite",
        level="ok" if cured else "warn",
        value=sqlite3.sqlite_version,
        remedy=""
        if cured
        else _(
            "A rare fault of this version (WAL reset) is cured in 3.51.3: keep backups, and use "
            "a Python with a newer SQLite when there is one."
        ),
    )


def _packages() -> Row:
    pinned = _pinned()
    wrong = sorted(r.name for r in pinned if not _is_installed(r))
    listed = ", ".join(wrong[:5]) + (" …" if len(wrong) > 5 else "")
    return Row(
        key="packages",
        name=_("Packages"),
        level="missing" if wrong else "ok",
        value=_("{count} are not as pinned: {names}").format(count=len(wrong), names=listed)
        if wrong
        else _("{count} as pinned").format(count=len(pinned)),
        remedy=_("Run: make setup") if wrong else "",
    )


def _pinned() -> list[Requirement]:
    """What the lock asks for on this machine; llama.cpp has a row of its own."""
    from packaging.requirements import Requirement

    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    found = [Requirement(line.rstrip(" \\")) for line in PIN.findall(lock)]
    ours = [r for r in found if r.name != "llama-cpp-python"]
    return [r for r in ours if r.marker is None or r.marker.evaluate()]


def _is_installed(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(importlib.metadata.version(requirement.name))
    except importlib.metadata.PackageNotFoundError:
        return False


def _engine(build: EngineBuild) -> Row:
    """llama.cpp while it is not there."""
    value = engine.standing(build)
    if build.total:
        value += _("; {done} of {total} compiled").format(done=build.done, total=build.total)
    remedies = {
        "building": "", "failed": build.said, "absent": _("Run: make studio (it compiles it)"),
    }  # fmt: skip
    return Row(
        key="llama_cpp", name="llama.cpp", value=value, remedy=remedies[build.phase],
        level="warn" if build.phase == "building" else "missing",
    )  # fmt: skip


def _llama() -> Row:
    """In a process of its own: a library built for another processor ends the one that loads it."""
    order = "import llama_cpp; print(llama_cpp.__version__)"
    said = subprocess.run(
        [sys.executable, "-c", order], capture_output=True, text=True, check=False, timeout=60
    )
    works = said.returncode == 0
    return Row(
        key="llama_cpp",
        name="llama.cpp",
        level="ok" if works else "missing",
        value=said.stdout.strip() if works else _("does not load"),
        remedy="" if works else _("Run: make clean setup (it compiles llama.cpp again)"),
    )


def _converters() -> Row:
    try:
        found, level, remedy = str(toolkit.find()), "ok", ""
    except StudioError as problem:
        found, level, remedy = problem.why, "missing", problem.remedy
    return Row(
        key="converters", name=_("Converter scripts"), level=_level(level), value=found,
        remedy=remedy,
    )  # fmt: skip


def _level(level: str) -> Level:
    return "ok" if level == "ok" else "missing"


def _starter() -> Row:
    try:
        facts = models.starter().facts
        value = _("{millions:.1f} million parameters").format(
            millions=float(str(facts["parameters"])) / 1e6
        )
        return Row(key="starter", name=_("Starter model"), level="ok", value=value)
    except StudioError as problem:
        return Row(
            key="starter", name=_("Starter model"), level="missing", value=problem.why,
            remedy=problem.remedy,
        )  # fmt: skip


def _machine() -> Iterator[Row]:
    yield _disk()
    yield _database()
    yield _gpu()
    yield _browser()


def _disk() -> Row:
    place = settings().data if settings().data.exists() else ROOT
    free = shutil.disk_usage(place).free
    level: Level = "ok" if free > LITTLE_DISK else "warn" if free > NO_DISK else "missing"
    return Row(
        key="disk",
        name=_("Free disk"),
        level=level,
        value=_("{free:.1f} GB for {folder}").format(free=free / 1e9, folder=settings().data),
        remedy="" if level == "ok" else _("Make room, or set LOREWRIGHT_DATA to a larger disk."),
    )


def _database() -> Row:
    try:
        (found,) = db().conn.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.DatabaseError, OSError) as problem:
        found = str(problem)
    return Row(
        key="database",
        name=_("Database"),
        level="ok" if found == "ok" else "missing",
        value=str(settings().database) if found == "ok" else str(found),
        remedy="" if found == "ok" else _("Restore the last backup; it keeps this one aside."),
    )


def _gpu() -> Row:
    """What the driver says; asking torch would take seconds and hold the GPU."""
    found = _("none found; the processor does the work")
    if tool := shutil.which("nvidia-smi"):
        query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        said = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30)
        found = "; ".join(said.stdout.split("\n")).strip("; ") or found
    elif sys.platform == "darwin" and platform.machine() == "arm64":
        found = _("Apple silicon")
    return Row(key="gpu", name=_("GPU"), level="ok", value=found)


def _browser() -> Row:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    return Row(
        key="browser",
        name=_("Browser for tests"),
        level="ok",
        value=found or _("none; only the browser tests need one"),
    )


def _running() -> Iterator[Row]:
    state = runner.state()
    phase = state.phase if state else _("not running")
    start = _("Start it with: make studio")
    yield Row(
        key="runner", name=_("Studio"), level="ok" if state else "warn", value=phase,
        remedy="" if state else start,
    )  # fmt: skip
    health = jobs.health()
    yield _broker(health, start)
    yield _recorder(health, start)
    yield from _workers()


def _broker(health: dict[str, Any], start: str) -> Row:
    return Row(
        key="broker",
        name=_("Broker"),
        level="ok" if health["broker"] else "warn",
        value=str(health["broker_version"]) or _("not running"),
        remedy="" if health["broker"] else start,
    )


def _recorder(health: dict[str, Any], start: str) -> Row:
    lag, refused = int(health["lag"]), int(health["refused"])
    late = lag > LATE_EVENTS
    value = _("{lag} events wait").format(lag=lag) if health["recorder"] else _("not running")
    if refused:
        value += "; " + n_("{n} was refused", "{n} were refused", refused).format(n=refused)
    remedy = "" if health["recorder"] else start
    if late:
        remedy = _("It is catching up; if this grows, look at the recorder's log.")
    return Row(
        key="recorder",
        name=_("Recorder"),
        level="ok" if health["recorder"] and not late and not refused else "warn",
        value=value,
        remedy=remedy,
    )


def _workers() -> Iterator[Row]:
    for worker in jobs.workers():
        told = _("{device} on {host}, {state}").format(
            device=worker.device, host=worker.host, state=worker.state
        )
        yield Row(
            key=f"worker:{worker.name}", name=_worker_name(worker.role), level="ok", value=told
        )


def _worker_name(role: str) -> str:
    return _("Worker ({role})").format(role=role)
