"""The supervisor, over real processes and signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.domain.runner import ChildState, RunnerState
from studio.jobs import processes
from studio.settings import ROOT, Settings
from tests.waiting import PATIENCE, until
from workers.children import Child
from workers.keeper import FIRST_PAUSE, HEALTHY, LONGEST_PAUSE, Keeper

HOUSEHOLD = Path(__file__).parent / "household.py"
GOOD = """
import pathlib, signal, sys, time
name, data = sys.argv[1], pathlib.Path(sys.argv[2])
def end(number, frame):
    if data.exists():
        with (data / "ended").open("a") as file:
            file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with (data / "begun").open("a") as file:
    file.write(name + "\\n")
(data / f"{name}.ready").touch()
while True:
    time.sleep(0.1)
"""
STUBBORN = """
import os, pathlib, signal, sys, time
name, data = sys.argv[1], pathlib.Path(sys.argv[2])
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgrp()  # as a work-horse does
(data / f"{name}.ready").touch()
while True:
    time.sleep(0.1)
"""
DYING = "import sys; sys.exit(3)"


def ours(data: Path) -> list[psutil.Process]:
    """Every living process that was started for a data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            lives = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
            if lives and process.environ().get("LOREWRIGHT_DATA") == str(data):
                found.append(process)
        except psutil.Error:
            continue
    return found


class Household:
    """A supervisor in a process of its own."""

    def __init__(self, home: Settings, children: list[dict[str, Any]], *how: str) -> None:
        self.data = home.data
        self.data.mkdir(parents=True, exist_ok=True)
        self.state_file = home.run / "supervisor.json"
        self.process = subprocess.Popen(
            [sys.executable, str(HOUSEHOLD), json.dumps(children), *how],
            env=processes.environment(home),
            cwd=ROOT,
            stdin=subprocess.PIPE,
        )

    def state(self) -> RunnerState | None:
        try:
            return RunnerState.model_validate_json(self.state_file.read_bytes())
        except FileNotFoundError:
            return None

    def child(self, name: str) -> ChildState | None:
        state = self.state()
        return next((c for c in state.children if c.name == name), None) if state else None

    def all_ready(self) -> bool:
        state = self.state()
        return state is not None and all(c.state == "ready" for c in state.children)

    def told(self, what: str) -> list[str]:
        path = self.data / what
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def household(home: Settings) -> Iterator[Callable[..., Household]]:
    started: list[Household] = []

    def start(children: list[dict[str, Any]], *how: str) -> Household:
        started.append(Household(home, children, *how))
        return started[-1]

    yield start
    for one in started:
        processes.kill_family(one.process.pid)
        one.process.wait()


THREE = [
    {"name": name, "stage": stage, "code": GOOD, "patience": PATIENCE, "grace": PATIENCE}
    for stage, name in enumerate(("first", "second", "third"))
]


def test_stages_start_in_order_and_stop_in_reverse(
    home: Settings, household: Callable[..., Household]
) -> None:
    run = household(THREE)
    until(run.all_ready)
    assert run.told("begun") == ["first", "second", "third"]
    state = run.state()
    assert state is not None
    assert state.phase == "running"
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(PATIENCE) == 0
    assert run.told("ended") == ["third", "second", "first"]
    assert ours(home.data) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_stop_it_too(
    home: Settings, household: Callable[..., Household], how: signal.Signals
) -> None:
    run = household(THREE)
    until(run.all_ready)
    run.process.send_signal(how)
    run.process.wait(PATIENCE)
    until(lambda: ours(home.data) == [])


def test_a_killed_child_comes_back(home: Settings, household: Callable[..., Household]) -> None:
    run = household(THREE)
    until(run.all_ready)
    for name in ("first", "second", "third"):
        before = run.child(name)
        assert before is not None
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        until(lambda name=name: (c := run.child(name)) and c.restarts == 1 and c.state == "ready")
        after = run.child(name)
        assert after is not None
        assert after.pid != before.pid
        assert after.last_exit == -signal.SIGKILL


def test_a_child_that_ignores_sigterm_is_killed_with_its_descendants(
    home: Settings, household: Callable[..., Household]
) -> None:
    run = household([{"name": "deaf", "stage": 0, "code": STUBBORN, "grace": 0.5}])
    until(run.all_ready)
    assert len(ours(home.data)) == 3
    run.process.send_signal(signal.SIGTERM)
    run.process.wait(PATIENCE)
    until(lambda: ours(home.data) == [])


def test_a_second_ctrl_c_ends_all_patience(
    home: Settings, household: Callable[..., Household]
) -> None:
    run = household([{"name": "deaf", "stage": 0, "code": STUBBORN, "grace": 3_600}])
    until(run.all_ready)
    run.process.send_signal(signal.SIGINT)
    until(lambda: (s := run.state()) and s.phase == "stopping")
    run.process.send_signal(signal.SIGINT)
    run.process.wait(PATIENCE)
    until(lambda: ours(home.data) == [])


def test_kill_leaves_no_child(home: Settings, household: Callable[..., Household]) -> None:
    run = household(THREE)
    until(run.all_ready)
    run.process.kill()
    run.process.wait()
    until(lambda: not ours(home.data))


def test_it_stops_when_its_lifeline_closes(
    home: Settings, household: Callable[..., Household]
) -> None:
    run = household(THREE, "lifeline")
    until(run.all_ready)
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.process.wait(PATIENCE) == 0
    assert run.told("ended") == ["third", "second", "first"]


def test_it_stops_when_its_parent_is_gone(home: Settings) -> None:
    home.data.mkdir(parents=True)
    go_between = [sys.executable, str(HOUSEHOLD), json.dumps(THREE), "parent"]
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({go_between!r})"],
        env=processes.environment(home),
        cwd=ROOT,
    )
    until(lambda: (home.data / "third.ready").exists())
    parent.kill()
    parent.wait()
    until(lambda: not ours(home.data))


def test_one_supervisor_for_a_data_folder(
    home: Settings, household: Callable[..., Household]
) -> None:
    first = household(THREE)
    until(first.all_ready)
    second = household(THREE)
    assert second.process.wait(PATIENCE) == 0
    assert first.told("begun") == ["first", "second", "third"]
    state = first.state()
    assert state is not None
    assert state.pid == first.process.pid


def test_a_stage_that_never_gets_ready_does_not_hold_up_the_rest_for_ever(
    home: Settings, household: Callable[..., Household]
) -> None:
    dying = {"name": "dying", "stage": 0, "code": DYING, "patience": 0.5}
    run = household([dying, {"name": "first", "stage": 1, "code": GOOD}])
    until(lambda: (c := run.child("first")) and c.state == "ready")
    until(lambda: (c := run.child("dying")) and c.last_exit == 3)


def keeper(tmp_path: Path, code: str, **more: Any) -> Keeper:
    command = [sys.executable, "-c", code]
    return Keeper(
        Child("one", 0, lambda log: processes.spawn(command, log), **more), tmp_path / "logs"
    )


def test_the_pauses_grow_to_a_limit_and_a_healthy_while_forgets_them(tmp_path: Path) -> None:
    kept = keeper(tmp_path, "import time; time.sleep(60)")
    now, pauses = 100.0, []

    def die() -> float:
        assert kept.process is not None
        kept.process.kill()
        kept.process.wait()
        kept.look(now)
        return kept.due - now

    for _ in range(12):
        kept.look(now)
        pauses.append(die())
        now = kept.due
    assert pauses[:4] == pytest.approx([FIRST_PAUSE * 2**n for n in range(4)])
    assert pauses[-2:] == [LONGEST_PAUSE, LONGEST_PAUSE]
    for later in (0.0, 1.0, 2.0 + HEALTHY):
        kept.look(now + later)
    now += 2.0 + HEALTHY
    assert die() == pytest.approx(FIRST_PAUSE)


def test_logs_are_turned_over_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.keeper.LOG_BYTES", 1_000)
    kept = keeper(
        tmp_path,
        "import time\nwhile True: print('a line of the log', flush=True); time.sleep(0.001)",
    )
    older = kept.log_file.with_suffix(".log.1")

    def turned() -> bool:
        kept.look(time.monotonic())
        return older.exists() and older.read_text().startswith("a line")

    until(turned)
    until(lambda: kept.log_file.stat().st_size > 100)
    kept.ask_to_stop()
    until(lambda: kept.has_stopped(at_once=True))
    assert "\0" not in kept.log_file.read_text()


def test_last_words_are_heard_when_it_never_got_ready(tmp_path: Path) -> None:
    heard: list[str] = []
    kept = keeper(
        tmp_path, "print('bad file'); exit(1)", ready=lambda pid: False, mend=heard.append
    )
    kept.look(0.0)
    assert kept.process is not None
    kept.process.wait()
    kept.look(0.0)
    assert heard == ["bad file\n"]


def test_what_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    tried: list[float] = []

    def launch(log: object) -> subprocess.Popen[bytes]:
        tried.append(time.monotonic())
        raise OSError(28, "No space left on device")

    kept = Keeper(Child("one", 0, launch), tmp_path / "logs")
    kept.look(0.0)
    assert kept.state().state == "waiting"
    kept.look(kept.due)
    assert len(tried) == 2


def test_a_deleted_data_folder_does_not_stop_what_runs(
    home: Settings, household: Callable[..., Household]
) -> None:
    run = household(THREE)
    until(run.all_ready)
    pids = {process.pid for process in ours(home.data)}
    shutil.rmtree(home.data)
    killed = psutil.Process(run.process.pid).children()[0]
    killed.kill()
    until(lambda: len(ours(home.data)) == len(pids) and not killed.is_running(), "it to look again")
    assert len({process.pid for process in ours(home.data)} & pids) == len(pids) - 1
    run.process.terminate()
    assert run.process.wait(PATIENCE) == 0
    assert ours(home.data) == []


def test_what_is_to_run_once_runs_until_it_has_ended_well(tmp_path: Path) -> None:
    flag = tmp_path / "tried"
    code = (
        f"import pathlib, sys; flag = pathlib.Path({str(flag)!r}); tried = flag.exists()\n"
        "flag.touch(); sys.exit(0 if tried else 1)"
    )
    kept = keeper(tmp_path, code, once=True)
    now = 0.0
    while kept.state().state != "stopped":
        kept.look(now)
        if kept.process is not None:
            kept.process.wait()
        now = max(now, kept.due) + 1.0
    assert (kept.restarts, kept.last_exit, kept.is_calm) == (1, 0, True)
    kept.look(now + 100.0)
    assert kept.process is None


def test_what_has_to_wait_for_something_is_started_when_it_is_there(tmp_path: Path) -> None:
    there: list[str] = []
    kept = keeper(tmp_path, "import time; time.sleep(60)", when=lambda: bool(there))
    kept.look(0.0)
    assert (kept.process, kept.is_calm) == (None, True)
    there.append("llama.cpp")
    kept.look(1.0)
    assert kept.process is not None
    kept.process.kill()
    kept.process.wait()
