"""Plans are kept, changed, duplicated, put away and brought back, and carried as YAML."""

from __future__ import annotations

import time

import pytest

from studio.domain.records import DatasetRecord
from studio.domain.specs import TrainSpec
from studio.errors import Overtaken, StudioError
from studio.services import plans
from studio.services.context import db
from studio.settings import Settings
from studio.store import datasets
from studio.store.database import write

SPEC = TrainSpec(name="Tides", dataset="d" * 64, objective="dpo", learning_rate=3e-4)


def a_dataset(name: str, letter: str) -> str:
    record = DatasetRecord(
        id=letter * 64, name=name, job_id="j", language="zh", train=9, validation=2, tokens=100,
        statistics={}, created_at=time.time(),
    )  # fmt: skip
    with write(db()):
        datasets.insert(db(), record)
    return record.id


def test_a_plan_is_kept_and_found_again(home: Settings) -> None:
    kept = plans.save(" An evening ", SPEC)
    assert [plan.name for plan in plans.list_all()] == ["An evening"]
    assert plans.spec_of(kept.id) == SPEC


def test_what_belongs_to_one_run_is_no_part_of_a_plan(home: Settings) -> None:
    run = SPEC.model_copy(update={"foreseen_memory": 5, "extends": "e" * 64, "sweep": "s"})
    assert plans.spec_of(plans.save("a", run).id) == SPEC


def test_no_plan_takes_the_place_of_another(home: Settings) -> None:
    first = plans.save("Evening", SPEC)
    names = [plans.save("Evening", SPEC).name, plans.duplicate(first.id).name]
    assert names == ["Evening (2)", "Evening (3)"]
    assert plans.save("Evening (2)", SPEC).name == "Evening (4)"


def test_a_plan_is_changed(home: Settings) -> None:
    older, newer = plans.save("a", SPEC), plans.save("b", SPEC)
    plans.change(older.id, SPEC.model_copy(update={"batch_size": 3}))
    assert [plan.id for plan in plans.list_all()] == [older.id, newer.id]
    assert plans.spec_of(older.id).batch_size == 3


def test_a_plan_that_another_window_changed_is_not_overwritten_unseen(home: Settings) -> None:
    plan = plans.save("a", SPEC)
    theirs, mine = (SPEC.model_copy(update={"batch_size": size}) for size in (3, 5))
    plans.change(plan.id, theirs, plan.updated_at)
    with pytest.raises(Overtaken, match=r"now says: Passages at once \(batch\): 3 "):
        plans.change(plan.id, mine, plan.updated_at)
    assert plans.spec_of(plan.id).batch_size == 3
    plans.change(plan.id, mine, plans.get(plan.id).updated_at)
    assert plans.spec_of(plan.id).batch_size == 5


def test_a_deleted_plan_comes_back(home: Settings) -> None:
    kept = plans.save("a", SPEC)
    plans.delete(kept.id)
    assert plans.list_all() == []
    assert plans.save("a", SPEC).name == "a"
    plans.restore(kept.id)
    assert len(plans.list_all()) == 2


def test_a_plan_without_a_name_and_one_that_is_not_there(home: Settings) -> None:
    with pytest.raises(StudioError, match="no name"):
        plans.save("  ", SPEC)
    with pytest.raises(StudioError, match="not in the studio"):
        plans.change("nobody", SPEC)


def test_a_plan_goes_out_and_comes_in(home: Settings) -> None:
    a_dataset("最后一班渡船", "d")
    text = plans.to_yaml(SPEC)
    assert "最后一班渡船" in text
    assert plans.from_yaml(text) == SPEC


def test_a_dataset_may_be_named(home: Settings) -> None:
    dataset = a_dataset("最后一班渡船", "d")
    spec = plans.from_yaml("dataset: 最后一班渡船\nlora: {rank: 4}")
    assert (spec.dataset, spec.lora.rank) == (dataset, 4)
    assert spec.name.startswith("最后一班渡船")
    a_dataset("最后一班渡船", "e")
    with pytest.raises(StudioError, match="2 datasets"):
        plans.from_yaml("dataset: 最后一班渡船")
    with pytest.raises(StudioError, match="0 datasets"):
        plans.from_yaml("dataset: 夜航")
