"""How soon a studio is open, what it holds while nobody works, and what a first job waits for."""

from __future__ import annotations

import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from studio.bench import machine
from studio.domain.jobs import Job, JobState
from studio.domain.specs import TrainSpec
from studio.jobs import processes
from studio.services import datasets, devices, jobs, manuscripts, runner, training

PATIENCE = 600.0
LOOK = 0.05
SETTLE = 12.0
"""Seconds after a start or a visit in which processes come to rest."""
HEAD_START = 20.0
"""Seconds between opening the page of a training and asking for it."""
LATER = 3
"""Visits, and jobs, that a first one is compared with."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def run() -> dict[str, Any]:
    """``page_seconds_after_packages``: from the first start of an environment whose modules were
    never compiled until its page server answers. ``cold_paint_ms``: from asking for the first page
    of a fresh server until its heading stands in Chromium; ``warm_paint_ms``: later ones.
    ``idle_mb``: what all processes hold resident together, after that visit; ``idle_shared_mb``:
    with what they share counted once. ``first_job_extra_ms``: by how much a first training exceeds
    later ones when its page was opened before; ``unannounced_job_extra_ms``: when it was not.
    """
    with tempfile.TemporaryDirectory(prefix="lorewright-bench-") as scratch:
        with _studio(Path(scratch) / "first", {"PYTHONPYCACHEPREFIX": scratch}) as place:
            results = {"page_seconds_after_packages": round(place.seconds, 1)}
        with _studio(Path(scratch) / "second") as place:
            results |= _paint(place.url)
            time.sleep(SETTLE)
            results |= _held(place.pid)
            results["unannounced_job_extra_ms"] = _extra(_trainings(_dataset()))
        with _studio(Path(scratch) / "third"):
            dataset = _dataset()
            devices.expect("train")
            time.sleep(HEAD_START)
            results["first_job_extra_ms"] = _extra(_trainings(dataset))
    limits: dict[str, float] = {
        "page_seconds_after_packages": 30,
        "cold_paint_ms": 3000,
        "idle_mb": 600,
        "first_job_extra_ms": 2000,
    }
    known = {name: limit for name, limit in limits.items() if name in results}
    found = machine.report("start", results, at_most=known, at_least={})
    return found if known == limits else {**found, "missing": "No Chromium and playwright."}


class _Open:
    """A studio that runs: its first process, its address, and how long it took to open."""

    def __init__(self, pid: int, url: str, seconds: float) -> None:
        self.pid = pid
        self.url = url
        self.seconds = seconds


@contextmanager
def _studio(folder: Path, environment: dict[str, str] | None = None) -> Iterator[_Open]:
    """``python -m studio up`` on a data folder and a port of its own."""
    with machine.settled_in(folder) as home:
        port = _free_port()
        command = [*runner.SUPERVISOR, "--page", str(port)]
        home.run.mkdir(parents=True)
        env = {**processes.environment(home), **(environment or {})}
        with (home.run / "bench.log").open("wb") as log:
            began = time.monotonic()
            child = processes.spawn(command, log, env)
        try:
            _until(lambda: _answers(port), "the page server to answer")
            seconds = time.monotonic() - began
            _until(lambda: len(jobs.workers()) >= 2 and jobs.health()["recorder"], "workers")
            yield _Open(child.pid, f"http://127.0.0.1:{port}", seconds)
        finally:
            processes.stop(child, 15.0)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1.0) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(seen: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not seen():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {PATIENCE:.0f} s for {what}.")
        time.sleep(LOOK)


def _paint(url: str) -> dict[str, float]:
    """Milliseconds until the heading of Home stands, the first time and later; nothing where no
    Chromium can be driven."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or find_spec("playwright") is None:
        return {}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        chromium.new_page().goto("about:blank")
        visits = []
        for _visit in range(1 + LATER):
            page = chromium.new_context().new_page()
            began = time.monotonic()
            page.goto(url)
            page.wait_for_selector("h1", timeout=PATIENCE * 1000)
            visits.append(round((time.monotonic() - began) * 1000))
            page.context.close()
        chromium.close()
    return {"cold_paint_ms": visits[0], "warm_paint_ms": statistics.median(visits[1:])}


def _held(pid: int) -> dict[str, float]:
    """Megabytes (10**6 bytes) of a process and all below it."""
    full = [process.memory_full_info() for process in processes.family(pid)]
    held = {"idle_mb": round(sum(each.rss for each in full) / 1e6)}
    if all(hasattr(each, "pss") for each in full):
        held["idle_shared_mb"] = round(sum(each.pss for each in full) / 1e6)
    return {name: float(value) for name, value in held.items()}


def _dataset() -> str:
    """The id of a dataset of the English sample."""
    english = next(sample for sample in manuscripts.samples() if sample.language == "en")
    (imported,) = manuscripts.imported(_done(manuscripts.bring_in_sample(english.kind)))
    return str((_done(datasets.prepare(datasets.plan([imported.id]))).result or {})["dataset"])


def _trainings(dataset: str) -> list[float]:
    """Milliseconds that trainings of one step took from being asked for to their end."""
    taste = training.presets(dataset)["taste"]
    spec = TrainSpec.model_validate({**taste.model_dump(), "max_steps": 1})
    taken: list[float] = []
    for _run in range(1 + LATER):
        if taken:
            time.sleep(HEAD_START)  # until later ones find everything loaded
        began = time.monotonic()
        _done(training.submit(spec))
        taken.append((time.monotonic() - began) * 1000)
    return taken


def _extra(taken: Sequence[float]) -> float:
    return round(taken[0] - statistics.median(taken[1:]))


def _done(job: Job) -> Job:
    ended = jobs.wait(job.id, PATIENCE)
    if ended.state is not JobState.FINISHED:
        raise RuntimeError(f"{ended.title}: {ended.state} {ended.failure}")
    return ended
