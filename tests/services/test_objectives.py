"""Which ways of learning a dataset allows, also one that an earlier version prepared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.domain.recipes import PrepareSpec
from studio.domain.records import DatasetRecord
from studio.services import objectives, training
from studio.services.context import db, store
from studio.settings import Settings
from studio.store import datasets
from studio.store.database import write
from tests.training.material import examples, pairs, rated, raw, write_dataset

SPLIT = {"examples": 12, "tokens": 2_000, "longest": 200}


def prepared_before(folder: Path, train: list[dict[str, Any]]) -> str:
    """A dataset as an earlier version wrote it: nothing says what its examples are."""
    recipe = {"spec": PrepareSpec(name="Old", manuscripts=("a" * 64,)).model_dump(mode="json")}
    (write_dataset(folder, train) / "recipe.json").write_text(json.dumps(recipe))
    record = DatasetRecord(
        id=store().put(folder), name="Old", job_id="j", language="en", train=12, validation=4,
        tokens=2_000, statistics={"train": SPLIT, "validation": SPLIT}, created_at=1.0,
    )  # fmt: skip
    with write(db()):
        datasets.insert(db(), record)
    return record.id


@pytest.mark.usefixtures("roomy")
@pytest.mark.parametrize(
    ("train", "usual"),
    [
        (examples(12, seed=1), "sft"),
        (pairs(12, seed=1), "orpo"),
        (rated(6, seed=1), "kto"),
        (raw(12, seed=1), "pretrain"),
    ],
)
def test_the_examples_tell_what_an_earlier_version_did_not_write_down(
    train: list[dict[str, Any]], usual: str, home: Settings, tmp_path: Path
) -> None:
    dataset = prepared_before(tmp_path / "dataset", train)
    assert objectives.fitting(dataset)[0] == usual
    for spec in training.presets(dataset).values():
        assert spec.objective.kind == usual
        assert not training.preflight(spec).blocked
