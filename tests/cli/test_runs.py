"""``runs``, ``plans``, and a plan where a dataset could stand."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from studio.domain.jobs import JobState
from studio.domain.records import DatasetRecord
from studio.domain.specs import TrainSpec
from studio.services import jobs
from studio.services.context import db
from studio.settings import Settings
from studio.store import datasets, events
from studio.store.database import write
from tests.cli.test_verbs import Terminal
from tests.jobrows import a_job, put
from tests.services import shelf
from tests.services.test_lessons import ended

pytestmark = pytest.mark.slow
SPLIT = {"examples": 120, "tokens": 48_000, "longest": 430}
SPEC = TrainSpec(name="Tides", dataset="d" * 64)


@pytest.fixture
def terminal(home: Settings) -> Terminal:
    """On a studio with a dataset, and two runs of which one has ended."""
    record = DatasetRecord(
        id=SPEC.dataset, name="The Tide Clerk", job_id="j", language="en", train=120, validation=20,
        tokens=48_000, created_at=time.time(),
        statistics={
            "form": "completion", "train": SPLIT, "validation": {**SPLIT, "examples": 20},
        },
    )  # fmt: skip
    runs = {"1a": (JobState.FINISHED, 2e-3), "1b": (JobState.QUEUED, 1e-3)}
    with write(db()):
        datasets.insert(db(), record)
        for name in runs:
            events.add_metrics(db(), name, 0, {"nll_per_character": 2.0}, 1.0)
            events.add_metrics(db(), name, 4, {"nll_per_character": 1.5}, 2.0)
        events.add_sample(db(), "1a", 0, "CHAPTER I", "the the", 1.0)
        events.add_sample(db(), "1a", 4, "CHAPTER I", "The tide", 2.0)
    for name, (state, rate) in runs.items():
        spec = SPEC.model_copy(update={"learning_rate": rate}).model_dump(mode="json")
        job = a_job(name, kind="train", queue="train", title="Teach Tides", spec=spec, state=state)
        put(db(), job)
    return Terminal(home)


def test_runs_are_listed_shown_compared_and_stopped(terminal: Terminal) -> None:
    listed = terminal.json("runs", "list")["runs"]
    assert {(run["id"], run["state"]) for run in listed} == {("1a", "finished"), ("1b", "queued")}
    assert {run["after"] for run in listed} == {1.5}
    shown = terminal.json("runs", "show", "1a")
    assert shown["samples"] == [{"prompt": "CHAPTER I", "base": "the the", "text": "The tide"}]
    assert shown["spec"]["learning_rate"] == 2e-3
    compared = terminal.json("runs", "compare", "1a", "1b")
    assert compared["settings"] == {"learning_rate": [0.002, 0.001]}
    assert [run["id"] for run in compared["runs"]] == ["1a", "1b"]
    assert terminal.json("runs", "stop", "1b")["state"] == "cancelled"
    assert terminal.run("runs", "compare", "1a").returncode == 2


def test_runs_are_extended_mended_and_swept(home: Settings, tmp_path: Path) -> None:
    terminal, spec = Terminal(home), TrainSpec(name="Mine", dataset=shelf.put().id, batch_size=2)
    job, saved = ended(spec, JobState.FINISHED, tmp_path)
    further = terminal.json("runs", "extend", job.id, "--steps", 9)
    assert jobs.get(further["id"]).spec["max_steps"] == 21
    assert jobs.get(further["id"]).spec["extends"] == saved
    told = terminal.run("runs", "mend", job.id, "--json")
    assert (told.returncode, "nothing to mend" in told.stdout) == (1, True)
    tried = terminal.json("runs", "sweep", "--try", "lora.rank=2,4", "--max-steps", 3)["runs"]
    assert [jobs.get(run["id"]).spec["lora"]["rank"] for run in tried] == [2, 4]


def test_a_plan_is_kept_exported_and_looked_over(terminal: Terminal, tmp_path: Path) -> None:
    plan = tmp_path / "evening.yaml"
    plan.write_text("dataset: The Tide Clerk\nname: 夜航\nlora: {rank: 4}\n", encoding="utf-8")
    kept = terminal.json("plans", "keep", plan, "--name", "An evening")
    assert kept["spec"]["lora"]["rank"] == 4
    exported = terminal.run("plans", "export", "An evening").stdout
    assert "  rank: 4  # Size of the voice (LoRA rank)\n" in exported
    plan.write_text(exported.replace("rank: 4", "rank: 6"), encoding="utf-8")
    report = terminal.json("preflight", plan)
    assert report["findings"]
    assert terminal.json("preflight", "An evening")["findings"]


def test_a_plan_with_an_unknown_setting_begins_nothing(terminal: Terminal, tmp_path: Path) -> None:
    plan = tmp_path / "evening.yaml"
    plan.write_text("dataset: The Tide Clerk\nlora: {rnk: 4}\n", encoding="utf-8")
    said = terminal.json("train", plan, status=1)["error"]
    assert "“lora.rnk”" in said["what"]
    assert said["remedy"] == "Did you mean “lora.rank”?"
    assert (
        "cannot be read" in terminal.json("train", tmp_path / "no.yaml", status=1)["error"]["what"]
    )
    assert terminal.run("train", plan, "--preset", "taste").returncode in (1, 2)
