"""Trainings held beside each other."""

from __future__ import annotations

from typing import Any

import pytest

from studio.domain.jobs import Job, JobState
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.services import runs
from studio.services.context import db
from studio.settings import Settings
from studio.store import events
from studio.store.database import write
from tests.jobrows import a_job, put


def a_run(name: str, spec: dict[str, Any] | None = None, **changes: Any) -> Job:
    asked = TrainSpec(name=name, dataset="d" * 64, **(spec or {})).model_dump(mode="json")
    given = {"kind": "train", "queue": "train", "spec": asked, "state": JobState.RUNNING}
    return put(db(), a_job(name, **(given | changes)))


def measure(job: str, step: int, **values: float) -> None:
    with write(db()):
        events.add_metrics(db(), job, step, values, 100.0 + step)


def write_on(job: str, step: int, prompt: str, text: str) -> None:
    with write(db()):
        events.add_sample(db(), job, step, prompt, text, 100.0 + step)


def test_the_figures_of_a_run_that_goes_on(home: Settings) -> None:
    job = a_run("a", step=9)
    assert runs.figures(job).less_surprise is None
    measure("a", 0, nll_per_character=2.0, perplexity=90.0, margin=-0.1)
    measure("a", 5, nll_per_character=1.5, perplexity=40.0, margin=0.4)
    measure("a", 9, nll_per_character=1.8, perplexity=50.0, margin=0.5, tokens=900.0)
    found = runs.figures(job)
    assert found.less_surprise == pytest.approx(0.25)
    assert (found.perplexity_before, found.perplexity_after) == (90.0, 40.0)
    assert (found.margin_before, found.margin_after) == (-0.1, 0.4)
    assert (found.tokens, found.steps) == (900, 9)


def test_what_a_finished_run_says_of_itself_counts(home: Settings) -> None:
    result = {"nll_after": 1.25, "steps": 12, "best_step": 8, "peak_memory": 5, "seconds": 3.5}
    job = a_run("a", {"foreseen_memory": 6}, state=JobState.FINISHED, result=result)
    found = runs.figures(job)
    assert (found.after, found.steps, found.best_step) == (1.25, 12, 8)
    assert (found.foreseen_memory, found.peak_memory, found.seconds) == (6, 5, 3.5)


def test_only_settings_in_which_runs_differ_are_different(home: Settings) -> None:
    one = a_run("a", {"lora": {"rank": 8}, "objective": "simpo"})
    two = a_run("b", {"lora": {"rank": 16}, "learning_rate": 1e-4})
    settings = {each.field: each for each in runs.settings([one, two])}
    different = {field: s.values for field, s in settings.items() if s.differs}
    assert different["lora.rank"] == (8, 16)
    assert different["objective.gamma"] == (1.0, None)
    assert different["objective.kind"][1] == "Write as I write"
    assert set(different) == {
        "name", "learning_rate", "lora.rank", "objective.kind", "objective.beta",
        "objective.gamma",
    }  # fmt: skip
    assert not {"kind", "foreseen_memory", "extends", "sweep"} & set(settings)
    assert settings["lora.rank"].words == "Size of the voice (LoRA rank)"


def test_a_change_is_told_in_words(home: Settings) -> None:
    before = TrainSpec(name="a", dataset="d" * 64, batch_size=8)
    after = before.model_copy(update={"batch_size": 4, "quantisation": "nf4"})
    assert runs.changes(before, after) == [
        "Weights of the base model in memory: whole → compressed to four bits (NF4)",
        "Passages at once (batch): 8 → 4",
    ]


def test_texts_from_one_opening_stand_together(home: Settings) -> None:
    found = [a_run("a"), a_run("b")]
    for job in ("a", "b"):
        write_on(job, 0, "第六章", "untaught")
        write_on(job, 4, "第六章", f"early {job}")
        write_on(job, 8, "第六章", f"late {job}")
    write_on("b", 8, "only here", "text")
    first, second = runs.samples(found)
    assert first == runs.Samples("第六章", "untaught", {"a": "late a", "b": "late b"})
    assert (second.prompt, second.base) == ("only here", "")


def test_another_job_is_no_run(home: Settings) -> None:
    put(db(), a_job("count"))
    with pytest.raises(StudioError, match="no lesson"):
        runs.stop("count")


def test_a_waiting_run_is_stopped(home: Settings) -> None:
    a_run("a", state=JobState.QUEUED)
    assert runs.stop("a").state is JobState.CANCELLED
