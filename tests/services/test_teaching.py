"""Preflight before every start, what was foreseen beside what was taken, and the device."""

from __future__ import annotations

import time
from typing import Any

import pytest

from studio.domain.base import Model
from studio.domain.findings import Report
from studio.domain.jobs import Job, JobState
from studio.domain.learning import LoraSpec
from studio.domain.records import DatasetRecord, WorkerInfo
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.services import devices, estimates, jobs, models, training
from studio.services.context import db
from studio.settings import Settings, settings
from studio.store import datasets
from studio.store.database import write
from tests.jobrows import a_job, put

DATASET = "d" * 64
SPLIT = {"examples": 120, "tokens": 48_000, "longest": 430}


@pytest.fixture
def spec(home: Settings) -> TrainSpec:
    """A training of the starter on a dataset that is only a row, as preflight needs no more."""
    record = DatasetRecord(
        id=DATASET,
        name="Mine",
        job_id="j",
        language="en",
        train=120,
        validation=20,
        tokens=48_000,
        statistics={"train": SPLIT, "validation": {**SPLIT, "examples": 20}},
        created_at=time.time(),
    )
    with write(db()):
        datasets.insert(db(), record)
    return TrainSpec(name="Mine", dataset=DATASET)


def found(report: Report) -> set[str]:
    return {finding.check for finding in report.findings}


def test_preflight_looks_at_everything_there_is(spec: TrainSpec) -> None:
    report = training.preflight(spec)
    assert not report.blocked
    assert {"device", "effort", "keys", "memory", "model"} <= found(report)


def test_what_preflight_blocks_is_never_queued(spec: TrainSpec) -> None:
    blocked = spec.model_copy(update={"lora": LoraSpec(target_modules="lm_head")})
    with pytest.raises(StudioError) as refused:
        training.teach(blocked)
    assert refused.value.remedy == "Teach every linear layer"
    assert jobs.list_jobs() == []


def test_what_changed_since_the_page_was_opened_is_seen_at_the_start(spec: TrainSpec) -> None:
    assert not training.preflight(spec).blocked
    gone = spec.model_copy(update={"model": Model(source="local", name="/no/such/folder")})
    with pytest.raises(StudioError, match="no model folder"):
        training.teach(gone)
    assert jobs.list_jobs() == []


def test_what_was_foreseen_goes_with_the_training(spec: TrainSpec) -> None:
    teaching = training.teach(spec)
    foreseen = teaching.train.spec["foreseen_memory"]
    assert 0.6e9 < foreseen < 10e9
    assert training.teach(spec).train.id == teaching.train.id
    stale = spec.model_copy(update={"foreseen_memory": 1})
    assert training.teach(stale).train.id == teaching.train.id


def test_what_cannot_become_gguf_is_taught_and_not_converted(spec: TrainSpec) -> None:
    dora = spec.model_copy(update={"lora": LoraSpec(dora=True)})
    assert [f.level for f in training.preflight(dora).findings if f.check == "conversion"] == [
        "warns"
    ]
    teaching = training.teach(dora)
    assert teaching.chain == [teaching.train]
    assert [job.kind for job in jobs.list_jobs()] == ["train"]
    assert len(training.teach(spec).chain) == 4


def finished(name: str, **result: Any) -> Job:
    changes = {"kind": "train", "queue": "train", "state": JobState.FINISHED}
    return put(db(), a_job(name, **changes, ended_at=time.time(), result=result))


def test_how_good_the_estimates_have_been(home: Settings) -> None:
    assert estimates.record("cpu") is None
    finished("a", device="cpu", foreseen_memory=110, peak_memory=100)
    finished("b", device="cpu", foreseen_memory=96, peak_memory=100)
    finished("c", device="cuda", foreseen_memory=300, peak_memory=100)
    finished("old", steps=3)
    finished("by hand", device="cpu", foreseen_memory=None, peak_memory=100)
    put(db(), a_job("running", kind="train", queue="train", state=JobState.RUNNING))
    assert {run.job_id for run in estimates.memory_runs()} == {"a", "b", "c"}
    record = estimates.record("cpu")
    assert record is not None
    assert record.runs == 2
    assert record.typical_error == pytest.approx(0.07)
    assert record.worst_under == pytest.approx(0.04)


def test_preflight_tells_of_past_estimates(spec: TrainSpec) -> None:
    finished("a", device="cpu", foreseen_memory=110, peak_memory=100)
    [told] = [f for f in training.preflight(spec).findings if f.check == "memory"]
    assert "1 trainings here were off by 10%" in told.reason


def worker(name: str, **changes: Any) -> WorkerInfo:
    given = {"role": "train", "device": "cpu", "host": "h", "pid": 1, "memory": 8 * 10**9}
    return WorkerInfo.model_validate(
        {"name": name, **given, "libraries": {"torch": "2.13.0"}, "state": "idle", **changes}
    )


def test_the_best_trainer_takes_it() -> None:
    card = {"device": "Card", "memory": 24 * 10**9, "capability": 8.6, "driver": "580.1"}
    trainers = [worker("slow"), worker("busy", state="busy", **card), worker("free", **card)]
    found = devices.of(trainers, 2, 10**9)
    assert (found.worker, found.kind, found.capability, found.ahead) == ("free", "cuda", 8.6, 2)
    assert found.watts is None
    assert devices.of(trainers[:2], 0, 10**9).worker == "busy"
    alone = devices.of(trainers[:1], 0, 10**9)
    assert (alone.worker, alone.kind, alone.libraries) == ("slow", "cpu", {"torch": "2.13.0"})
    assert devices.of([], 0, 10**9).worker == ""


def test_keys_are_looked_for_and_never_told(
    spec: TrainSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings.cache_clear()
    report = training.preflight(spec)
    assert "A key of the Hub is set." in {f.sentence for f in report.findings}
    assert "hf_secret" not in report.model_dump_json()
    assert "hf_secret" not in repr(settings())


def test_which_model_fits(home: Settings) -> None:
    card = models.fitting(24 * 10**9)
    assert (card.kind, card.memory) == ("cuda", 24 * 10**9)
    assert card.models[0].quantisation is not None
    chinese = models.fitting(24 * 10**9, "zh")
    assert 0 < len(chinese.models) < len(card.models)
    assert all("zh" in model.languages for model in chinese.models)
    assert models.fitting().kind in ("cpu", "cuda")
