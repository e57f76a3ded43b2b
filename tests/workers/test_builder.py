"""The builder of llama.cpp hears set-up and the compiler; real set-ups are in
tests/e2e/test_first_start.py."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from studio.domain.runner import EngineBuild
from studio.domain.specs import ConvertSpec
from studio.errors import StudioError
from studio.jobs import keys, live, queue
from studio.services import engine, jobs
from studio.settings import Settings
from workers import builder
from workers.builder import Pace

SAID = "-- Configuring\n[{done}/140] /usr/bin/g++ -DGGML_BUILD x.cpp\nnote: [-Wall] [9/9]\n"


def test_time_left_is_made_out_of_the_objects_of_this_try(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0, 109.0, 110.0, 130.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    pace = Pace()
    assert pace.state("") == EngineBuild(phase="building")
    first = pace.state(SAID.format(done=20))
    assert (first.done, first.total, first.seconds_left) == (20, 140, None)
    assert pace.state(SAID.format(done=29)).seconds_left is None
    assert pace.state(SAID.format(done=30)).seconds_left == 110.0
    assert pace.state(SAID.format(done=80)).seconds_left == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('  Compiling …'); sys.exit('Lorewright: No compiler.')", "No compiler."),
        ("import os; os.kill(os.getpid(), 9)", "ended from outside. Try again"),
        ("", ""),
    ],
)
def test_what_went_wrong_is_said_in_a_line(
    code: str, said: str, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "COMMAND", (sys.executable, "-c", f"import sys\n{code}"))
    found = builder.build()
    assert found == said if not said else said in found


def test_an_old_log_of_the_compiler_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "engine.log"
    monkeypatch.setattr(builder, "COMPILER_LOG", log)
    assert builder._compiler_said(0.0) == ""
    log.write_text("[1/2]")
    assert builder._compiler_said(time.time() - 60) == "[1/2]"
    assert builder._compiler_said(time.time() + 60) == ""


@pytest.mark.usefixtures("broker")
def test_a_page_hears_the_builder_and_asks_for_another_try(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.build() is None
    monkeypatch.setattr("studio.conversion.toolkit._cache", lambda: tmp_path)
    assert engine.build() == EngineBuild(phase="absent")
    building = EngineBuild(phase="building", done=1, total=2, seconds_left=170.0)
    live.tell_build(building, queue.connect())
    assert engine.build() == building
    assert engine.standing(building) == "the writing engine is being built, about 3 minutes left"
    waiting = jobs.submit(ConvertSpec(name="n", converter="base-gguf"), "Convert")
    engine.check(waiting)
    live.tell_build(EngineBuild(phase="failed", said="No compiler."), queue.connect())
    with pytest.raises(StudioError, match="could not be built") as told:
        engine.check(waiting)
    assert (told.value.why, "stays in line" in told.value.remedy) == ("No compiler.", True)
    assert not builder._asked_again()
    engine.build_again()
    assert builder._asked_again()
    assert not builder._asked_again()
    assert not queue.connect().exists(keys.ENGINE_AGAIN)
