"""Preflight before every start, what was foreseen beside what was taken, and the device."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from studio.domain.base import Model
from studio.domain.facts import DeviceFacts
from studio.domain.findings import Report
from studio.domain.jobs import Failure, Job, JobState
from studio.domain.learning import LoraSpec
from studio.domain.records import WorkerInfo
from studio.domain.specs import ProbeSpec, TrainSpec
from studio.errors import StudioError
from studio.jobs import reconcile
from studio.services import devices, estimates, jobs, models, probing, training
from studio.services.context import db
from studio.settings import Settings, settings
from studio.store import jobs as rows
from studio.store.database import write
from tests.jobrows import a_job, put
from tests.services.shelf import dataset_row

DATASET = "d" * 64


@pytest.fixture
def spec(home: Settings, roomy: None) -> TrainSpec:
    """A training of the starter on a dataset that is only a row, as preflight needs no more."""
    dataset_row(DATASET)
    return TrainSpec(name="Mine", dataset=DATASET)


def found(report: Report) -> set[str]:
    return {finding.check for finding in report.findings}


def test_preflight_looks_at_everything_there_is(spec: TrainSpec) -> None:
    report = training.preflight(spec)
    assert not report.blocked
    assert {"device", "effort", "memory", "model"} <= found(report)


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


def test_what_no_gguf_adapter_can_hold_goes_into_its_base_model(spec: TrainSpec) -> None:
    dora = spec.model_copy(update={"lora": LoraSpec(dora=True)})
    [said] = [f for f in training.preflight(dora).findings if f.check == "conversion"]
    assert (said.level, said.sentence) == ("warns", "This voice becomes a model of its own.")
    chain = training.teach(dora, "Q8_0").chain
    train, merge, convert, proof = chain
    assert [job.kind for job in chain] == ["train", "merge", "convert", "register"]
    assert merge.after == (train.id,)
    assert (merge.spec["name"], merge.spec["into"], merge.spec["language"]) == (
        "Mine", "model", "en",
    )  # fmt: skip
    [part] = merge.spec["parts"]
    assert (part["adapter"], part["weight"]) == (f"job:{train.id}/adapter", 1.0)
    assert convert.spec["model"] == {"source": "artifact", "name": f"job:{merge.id}/model"}
    assert (convert.spec["name"], convert.spec["quantisation"]) == ("Mine", "Q8_0")
    assert proof.spec["adapter"] == f"job:{train.id}/adapter"
    assert (proof.spec["gguf_base"], proof.spec["gguf_adapter"]) == (f"job:{convert.id}/gguf", None)
    assert [job.id for job in training.teach(dora, "Q8_0").chain] == [job.id for job in chain]
    assert len(training.teach(spec).chain) == 4


def test_each_step_of_the_way_is_gone_on_with_alone(spec: TrainSpec) -> None:
    dora = spec.model_copy(update={"lora": LoraSpec(dora=True)})
    train, merge, convert, proof = training.teach(dora).chain
    failure = Failure(what="a", why="b", remedy="c").model_dump()
    with write(db()):
        rows.move(db(), train.id, JobState.RUNNING)
        rows.move(db(), train.id, JobState.FINISHED, result={"adapter": "a" * 64})
        assert reconcile.advanced(db(), merge.id)
        rows.move(db(), merge.id, JobState.RUNNING)
        rows.move(db(), merge.id, JobState.FAILED, failure=failure)
        reconcile.advanced(db(), convert.id)
    assert "failed" in jobs.get(convert.id).note
    again = jobs.retry(merge.id)
    assert (again.state, again.spec["parts"][0]["adapter"]) == (JobState.QUEUED, "a" * 64)
    assert jobs.get(train.id).state is JobState.FINISHED
    assert {jobs.get(job.id).state for job in (convert, proof)} == {JobState.WAITING}


def finished(name: str, spec: dict[str, Any] | None = None, **result: Any) -> Job:
    changes = {"kind": "train", "queue": "train", "state": JobState.FINISHED, "spec": spec or {}}
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


def test_a_trainer_tells_of_its_own_machine() -> None:
    far = {"host": "far", "cores": 64, "free_memory": 7 * 10**9, "free_disk": 3 * 10**9}
    for device in ({}, {"device": "Card", "memory": 24 * 10**9}):
        told = devices.of([worker("w", **far, **device)], 0, 10**12)
        assert (told.host, told.cores, told.disk) == ("far", 64, 3 * 10**9)
    assert devices.of([worker("w", **far)], 0, 10**12).memory == 7 * 10**9
    silent = devices.of([worker("old")], 0, 10**12)
    assert silent.disk == 10**12
    assert silent.memory > 0


def test_a_trainer_of_this_machine_is_seen_as_it_is_now(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = {"free_disk": 1, "free_memory": 2}
    monkeypatch.setattr(devices, "_free_disk", lambda: 3)
    for host, disk in ((socket.gethostname(), 3), ("far", 1)):
        told = [worker("w", host=host, **stale)]
        monkeypatch.setattr(jobs, "workers", lambda told=told: told)
        assert devices.device().disk == disk


def a_probe(spec: TrainSpec, name: str, **changes: Any) -> Job:
    probe = ProbeSpec.of(spec)
    result = {"fits": True, "device": "cpu", "peak_memory": 10**9, "seconds_a_step": 1.0,
              "tokens_a_second": 100.0}  # fmt: skip
    given = {"kind": "probe", "queue": "train", "state": JobState.FINISHED, "result": result,
             "spec": probe.model_dump(mode="json"), "key": probing._key(probe)}  # fmt: skip
    return put(db(), a_job(name, **{**given, **changes}))


def test_a_probe_is_asked_for_once(spec: TrainSpec) -> None:
    assert probing.latest(spec) is None
    job = probing.start(spec)
    assert (job.kind, job.queue, job.state) == ("probe", "train", JobState.QUEUED)
    assert probing.start(spec.model_copy(update={"name": "Other", "epochs": 7.0})).id == job.id
    assert probing.start(spec.model_copy(update={"batch_size": 3})).id != job.id
    found = probing.latest(spec)
    assert found
    assert found.id == job.id
    assert probing.found(spec, devices.device()) is None


def test_what_a_probe_found_is_used(spec: TrainSpec) -> None:
    a_probe(spec, "p")
    [told] = [f for f in training.preflight(spec).findings if f.check == "memory"]
    assert "it was tried" in told.sentence
    memory = training.memory(spec)
    assert memory
    assert memory.probe
    assert memory.probe.peak_memory == 10**9
    other = spec.model_copy(update={"max_length": 128})
    assert training.facts(other).probe is None


def test_a_probe_on_another_device_says_nothing_of_this_one(spec: TrainSpec) -> None:
    result = {"fits": True, "device": "cuda", "peak_memory": 10**9, "seconds_a_step": 1.0,
              "tokens_a_second": None}  # fmt: skip
    a_probe(spec, "p", result=result, device="Card")
    assert probing.found(spec, devices.device()) is None
    card = DeviceFacts(kind="cuda", name="Card", memory=1, disk=1)
    assert probing.found(spec, card)
    assert probing.found(spec, card.model_copy(update={"name": "Other"})) is None


def test_earlier_trainings_tell_the_pace(spec: TrainSpec) -> None:
    here = devices.device()
    assert estimates.pace(spec, here) is None
    asked = spec.model_dump(mode="json")
    finished("slow", spec=asked, device="cpu", tokens=100, seconds=10.0)
    finished("fast", spec=asked, device="cpu", tokens=400, seconds=10.0)
    other = spec.model_copy(update={"quantisation": "nf4"}).model_dump(mode="json")
    finished("other", spec=other, device="cpu", tokens=9000, seconds=10.0)
    found = estimates.pace(spec, here)
    assert found
    assert (found.tokens_a_second, found.runs) == (40.0, 2)
    [told] = [f for f in training.preflight(spec).findings if f.check == "effort"]
    assert "2 earlier trainings" in told.reason


def test_keys_are_looked_for_and_never_told(
    spec: TrainSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings.cache_clear()
    report = training.preflight(spec)
    known = training.facts(spec).access
    assert known
    assert (known.hub, known.wandb) == ("untested", "absent")
    assert "hf_secret" not in report.model_dump_json() + known.model_dump_json()
    assert "hf_secret" not in repr(settings())


def test_which_model_fits(home: Settings) -> None:
    card = models.fitting(24 * 10**9)
    assert (card.kind, card.memory) == ("cuda", 24 * 10**9)
    assert card.models[0].quantisation is not None
    chinese = models.fitting(24 * 10**9, "zh")
    assert 0 < len(chinese.models) < len(card.models)
    assert all("zh" in model.languages for model in chinese.models)
    assert models.fitting().kind in ("cpu", "cuda")
