"""A whole studio in real processes, ways to strike it, and the verdict on what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from studio.domain.jobs import Job, JobState
from studio.domain.runner import ChildState, RunnerState
from studio.jobs import processes
from studio.services import context, jobs
from studio.settings import ROOT, Settings, settings
from tests.faults.engine import Plan
from tests.processes import gone
from tests.waiting import PATIENCE, until

HOST = Path(__file__).with_name("host.py")


class Stack:
    """The processes of one data folder, and the test as its page server."""

    def __init__(
        self, home: Settings, cpu: int, train: int, write: int, real: bool = False
    ) -> None:
        self.home = home
        self.marks = home.data.parent / "marks"
        self.marks.mkdir(exist_ok=True)
        self._workers = (cpu, train, write)
        self._engines = ["real"] if real else []
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HOST), *map(str, self._workers), *self._engines],
            env=processes.environment(self.home),
            cwd=ROOT,
        )
        until(self._is_up, "the studio to start")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def plan(self, name: str, **more: object) -> Plan:
        return Plan.model_validate({"marks": self.marks, "name": name, **more})

    def submit(self, plan: Plan) -> Job:
        return jobs.submit(plan.spec(), plan.name)

    def child(self, name: str) -> ChildState:
        state = RunnerState.model_validate_json((self.home.run / "supervisor.json").read_bytes())
        return next(child for child in state.children if child.name == name)

    def pid(self, name: str) -> int:
        return until(lambda: self.child(name).pid, f"{name} to run") or 0

    def workers(self) -> list[int]:
        count = self._workers[0]
        return [self.pid(f"cpu-{number}") for number in range(count)]

    def horses(self) -> list[int]:
        return [child.pid for pid in self.workers() for child in psutil.Process(pid).children()]

    def incoming(self) -> list[Path]:
        """Large artifacts that are being written at this moment."""
        return list((self.home.data / "artifacts" / ".incoming").glob("*/files/*.bin"))

    def leftovers(self) -> list[psutil.Process]:
        return list(started_for(self.home.data))

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the supervisor ended"
        return len([w for w in jobs.workers() if w.state == "idle"]) >= sum(self._workers)


@contextmanager
def standing(
    folder: Path, cpu: int = 0, train: int = 0, write: int = 0, real: bool = False
) -> Iterator[Stack]:
    """A started stack on a data folder of its own; nothing of it is left afterwards. ``real``
    workers have the engines of the studio, the others light ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOREWRIGHT_DATA", str(folder / "data"))
        patch.setenv("LOREWRIGHT_CACHE", str(folder / "cache"))
        patch.delenv("REDIS_URL", raising=False)
        settings.cache_clear()
        stack = Stack(settings(), cpu, train, write, real)
        try:
            stack.start()
            yield stack
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                stack.stop()
            for process in stack.leftovers():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            settings.cache_clear()


def started_for(data: Path) -> Iterator[psutil.Process]:
    """Every living process that was started for a data folder."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            of_it = process.environ().get("LOREWRIGHT_DATA") == str(data.resolve())
            if of_it and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def kill(*pids: int) -> None:
    """Killed and gone are these processes, and the children that die with them."""
    struck = [process for pid in pids for process in _with_children(pid)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: all(map(gone, struck)), "what was killed to be gone")


def _with_children(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children()]
    except psutil.NoSuchProcess:
        return []


def ended(job: Job) -> bool:
    found = jobs.get(job.id)
    assert found is not None
    return found.ended


def assert_right(job: Job, plan: Plan) -> Job:
    """The job finished, with every event of its final attempt stored exactly once."""
    found = jobs.get(job.id)
    assert found is not None
    assert found.state is JobState.FINISHED, found
    rows = context.db().conn.execute(
        "SELECT seq, type, body FROM events WHERE job_id = ? AND attempt = ? ORDER BY seq",
        [job.id, found.attempt],
    )
    stored = [(seq, kind, json.loads(body)) for seq, kind, body in rows]
    assert [seq for seq, _, _ in stored] == list(range(1, len(stored) + 1))
    kinds = [kind for _, kind, _ in stored]
    assert (kinds[0], kinds[-1]) == ("started", "finished")
    assert {kinds.count(kind) for kind in ("started", "finished", "artifact")} == {1}
    assert found.result is not None
    first = found.result["from"] + 1
    for kind in ("progressed", "metric"):
        steps = [body["step"] for _, found_kind, body in stored if found_kind == kind]
        assert steps == list(range(first, plan.steps + 1))
    lines = [body["text"] for _, kind, body in stored if kind == "log"]
    assert [line for line in lines if line.startswith("line ")] == [
        f"line {number}" for number in range(plan.burst)
    ]
    assert_earlier_attempts_are_prefixes(found)
    assert jobs.health()["refused"] == 0, "the recorder set an event aside"
    return found


def assert_earlier_attempts_are_prefixes(job: Job) -> None:
    """What is stored of an attempt that was cut short has no gap and no end."""
    for attempt in range(1, job.attempt):
        rows = context.db().conn.execute(
            "SELECT seq, type FROM events WHERE job_id = ? AND attempt = ? ORDER BY seq",
            [job.id, attempt],
        )
        stored = [(row[0], row[1]) for row in rows]
        assert [seq for seq, _ in stored] == list(range(1, len(stored) + 1))
        assert "finished" not in [kind for _, kind in stored]


def assert_artifacts_are_whole() -> None:
    """Every manifest in the store holds true, and nothing unfinished is left."""
    scratch = settings().run / "work"
    until(lambda: not list(scratch.glob("*")), "the scratch folders to be removed")
    store = context.store()
    store.sweep()
    place = settings().data / "artifacts"
    assert list((place / ".incoming").glob("*")) == []
    for artifact in store.ids():
        store.fetch(artifact)
