"""Planning a mix: what is refused before a job is asked for, and the chain behind one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from studio.domain.base import Model
from studio.domain.jobs import JobState
from studio.domain.records import AdapterRecord, ModelRecord
from studio.errors import StudioError
from studio.models.source import validate
from studio.services import carrying, jobs, merging, models
from studio.services.context import db, store
from studio.settings import ROOT, Settings, settings
from studio.store import adapters as rows
from studio.store import database, registry
from studio.store import models as model_rows
from studio.training import capacity
from studio.training import merging as engine
from studio.training.lineage import fingerprint
from tests.ggufs import make_adapter
from tests.services import shelf
from tests.services.shelf import StoreRoom

pytestmark = pytest.mark.usefixtures("home", "roomy")


def voice(folder: Path, name: str, std: float, **options: Any) -> AdapterRecord:
    """A real adapter of the starter on the shelf, with its lineage."""
    base = settings().starter
    make_adapter(folder / name, base, std=std, **options)
    lineage = {"base": {"sha256": fingerprint(base, validate(base))}}
    (folder / name / "lineage.json").write_text(json.dumps(lineage))
    artifact = store().put(folder / name)
    record = AdapterRecord(
        id=artifact, name=name, artifact=artifact, job_id="j", model=Model(),
        dataset=shelf.put().id, language="en", nll_before=None, nll_after=None, facts={},
        created_at=time.time(),
    )  # fmt: skip
    with database.write(db()) as connection:
        rows.insert(connection, record)
    return record


@pytest.fixture
def two(tmp_path: Path, home: Settings) -> tuple[AdapterRecord, AdapterRecord]:
    return voice(tmp_path, "One", 0.03), voice(tmp_path, "Two", 0.05)


def test_a_mix_is_planned_from_its_heaviest_voice(
    two: tuple[AdapterRecord, AdapterRecord],
) -> None:
    one, other = two
    spec = merging.plan({one.id: 0.3, other.id: 0.7}, " Both ", method="svd", rank=4)
    assert (spec.name, spec.method, spec.rank, spec.language) == ("Both", "svd", 4, "en")
    assert [(p.name, p.weight, p.dataset) for p in spec.parts] == [
        ("One", 0.3, one.dataset),
        ("Two", 0.7, other.dataset),
    ]


def test_what_cannot_be_mixed_is_refused_in_plain_words(
    two: tuple[AdapterRecord, AdapterRecord], tmp_path: Path
) -> None:
    one, other = two
    for weights, name, said in (
        ({}, "A", "2 to 6 voices"),
        ({one.id: 1.0}, "A", "2 to 6 voices"),
        ({one.id: 0.0, other.id: 1.0}, "A", "weight of 0"),
        ({one.id: 2.5, other.id: 1.0}, "A", "weight of 2.5"),
        ({one.id: 1.0, other.id: 1.0}, " ", "no name"),
        ({one.id: 1.0, "nobody": 1.0}, "A", "not on the shelf"),
    ):
        with pytest.raises(StudioError) as refused:
            merging.plan(weights, name)
        assert said in str(refused.value) + refused.value.why
    assert not jobs.list_jobs()


def test_voices_of_two_bases_are_not_mixed(
    two: tuple[AdapterRecord, AdapterRecord], tmp_path: Path
) -> None:
    one, _other = two
    stranger = AdapterRecord(
        **one.model_dump(exclude={"id", "artifact", "name", "model"}), name="Stranger",
        model=Model(source="local", name=str(tmp_path)), id="s" * 64, artifact=shelf.put().id,
    )  # fmt: skip
    with database.write(db()) as connection:
        rows.insert(connection, stranger)
    with pytest.raises(StudioError, match="another base model"):
        merging.plan({one.id: 1.0, stranger.id: 1.0}, "A")
    assert len(merging.families()) == 2


FORESEE = """
import json, sys
from studio.services import merging
found = merging.foresee(json.loads(sys.argv[1]), (1, 4, 8, 512))
print(json.dumps([found, "torch" in sys.modules]))
"""


def test_what_svd_leaves_out_is_foreseen_where_no_torch_is(
    two: tuple[AdapterRecord, AdapterRecord], tmp_path: Path
) -> None:
    weights = {two[0].id: 0.3, two[1].id: 0.7}
    done = subprocess.run(
        [sys.executable, "-c", FORESEE, json.dumps(weights)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found, torch_is_there = json.loads(done.stdout)
    assert not torch_is_there
    assert found["512"] <= found["8"] < 1e-6 < found["4"] < found["1"] < 1
    spec = merging.plan(weights, "Both", method="svd", rank=4, measure=False)
    made = engine.run(spec, StoreRoom(tmp_path))
    assert found["4"] == pytest.approx(made["lost"], rel=1e-3)


def test_what_nobody_would_wait_for_is_told_after_the_mix(
    two: tuple[AdapterRecord, AdapterRecord],
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = {record.id: 0.5 for record in two}
    assert merging.foresee({}, (4,)) is None
    assert merging.foresee(dict.fromkeys(weights, 0.0), (4,)) is None
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("LOREWRIGHT_ARTIFACTS", bucket)
        settings.cache_clear()
        assert merging.foresee(weights, (4,)) is None
    settings.cache_clear()
    monkeypatch.setattr(merging, "PATIENCE", 1000)
    merging._grams.cache_clear()
    assert merging.foresee(weights, (4,)) is None
    merging._grams.cache_clear()


def test_two_clicks_are_one_mix_and_its_conversion(
    two: tuple[AdapterRecord, AdapterRecord],
) -> None:
    spec = merging.plan({record.id: 1.0 for record in two}, "Both")
    first, again = merging.merge(spec), merging.merge(spec)
    assert [job.id for job in first] == [job.id for job in again]
    assert [job.kind for job in first] == ["merge", "convert", "convert", "register"]
    assert (first[0].state, first[0].queue) == (JobState.QUEUED, "train")
    assert first[2].after == (first[0].id,)
    alone = merging.merge(merging.plan({two[0].id: 1.0}, "Mine", into="model"))
    assert [job.kind for job in alone] == ["merge", "convert"]
    assert alone[1].spec["model"]["name"] == f"job:{alone[0].id}/model"


def test_only_what_needs_no_model_is_mixed_beside_a_lesson(
    two: tuple[AdapterRecord, AdapterRecord],
) -> None:
    weights = {record.id: 1.0 for record in two}
    for options, queue in (
        ({"method": "svd", "measure": False}, "cpu"),
        ({"method": "ties", "measure": False}, "train"),
        ({"method": "cat", "measure": False, "into": "model"}, "train"),
        ({"method": "cat"}, "train"),
    ):
        assert merging.merge(merging.plan(weights, "Both", **options))[0].queue == queue


def test_a_mix_for_which_there_is_no_room_is_not_queued(
    two: tuple[AdapterRecord, AdapterRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "SPARE", 10**15)
    weights = {record.id: 1.0 for record in two}
    for options, said in (({"into": "model"}, "The disk"), ({}, "The memory")):
        with pytest.raises(StudioError, match=said):
            merging.merge(merging.plan(weights, "Both", **options))
    assert not jobs.list_jobs()
    mix = merging.merge(merging.plan(weights, "Both", measure=False))[0]
    with monkeypatch.context() as freed:
        freed.setattr(capacity, "SPARE", 0)
        large = jobs.cancel(merging.merge(merging.plan(weights, "Whole", into="model"))[0].id)
    with pytest.raises(StudioError, match="The disk"):
        jobs.retry(large.id)
    assert jobs.retry(jobs.cancel(mix.id).id).state is JobState.QUEUED


def test_a_voice_goes_to_the_desk_in_the_form_that_can_hold_it(
    two: tuple[AdapterRecord, AdapterRecord], tmp_path: Path
) -> None:
    plain = carrying.convert(two[0].id, "Q8_0")
    assert [job.kind for job in plain] == ["convert", "convert", "register"]
    dora = voice(tmp_path, "Three", 0.05, use_dora=True)
    merge, model, proof = carrying.convert(dora.id, "Q8_0")
    assert [job.kind for job in (merge, model, proof)] == ["merge", "convert", "register"]
    assert (merge.state, merge.spec["parts"][0]["adapter"]) == (JobState.QUEUED, dora.artifact)
    assert (model.after, model.spec["quantisation"]) == ((merge.id,), "Q8_0")
    assert (proof.after, proof.spec["adapter"]) == ((model.id,), dora.artifact)
    assert [job.id for job in carrying.convert(dora.id, "Q8_0")] == [merge.id, model.id, proof.id]


def test_what_comes_of_a_mix_stands_on_the_shelf(
    two: tuple[AdapterRecord, AdapterRecord], tmp_path: Path
) -> None:
    for into in ("adapter", "model"):
        spec = merging.plan({record.id: 0.5 for record in two}, "Both", into=into, measure=False)
        job = merging.merge(spec)[0]
        room = StoreRoom(tmp_path / into)
        engine.run(spec, room)
        (produced,) = room.of_type("artifact")
        with database.write(db()) as connection:
            registry.register(connection, job, produced, time.time())
    mixed = next(record for record in rows.select(db()) if record.name == "Both")
    assert mixed.dataset == two[0].dataset
    assert mixed.facts["mixture"][1] == {"adapter": two[1].id, "name": "Two", "weight": 0.5}
    (model,) = model_rows.select(db())
    assert models.is_mixed(model.model)
    assert models.named(model.model) == "Both"
    assert not models.is_mixed(Model())
    assert isinstance(models.get(model.id), ModelRecord)
    assert models.facts_of(model.model)["architecture"] == "Qwen2ForCausalLM"
