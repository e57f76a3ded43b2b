"""What stands on the studio's shelves without a worker: a sample that was read, a small dataset."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from studio.datasets import keeping, quality, statistics
from studio.datasets.example import Example
from studio.domain.recipes import PrepareSpec
from studio.domain.records import DatasetRecord, ManuscriptRecord
from studio.domain.specs import ImportSpec
from studio.services import manuscripts
from studio.services.context import db, store
from studio.store import database, datasets, registry
from studio.text import engine
from tests.workroom import LocalRoom


class StoreRoom(LocalRoom):
    """A workroom on the studio's own store."""

    def put(self, folder: Path) -> str:
        return store().put(folder)

    def fetch(self, artifact: str) -> Path:
        return store().fetch(artifact)


def sample(kind: str, folder: Path) -> ManuscriptRecord:
    """A sample manuscript: its job is there, and what a worker and the recorder would do."""
    job = manuscripts.bring_in_sample(kind)
    room = StoreRoom(folder)
    result = engine.run(ImportSpec.model_validate(job.spec), room)
    (produced,) = room.of_type("artifact")
    with database.write(db()) as connection:
        registry.register(connection, job, produced, time.time())
    (record,) = manuscripts.imported(job.model_copy(update={"result": result}))
    return record


def dataset_row(artifact: str) -> None:
    """A dataset that is only a row, as preflight needs no more."""
    split = {"examples": 120, "tokens": 48_000, "longest": 430}
    held_out = {**split, "examples": 20}
    record = DatasetRecord(
        id=artifact, name="Mine", job_id="j", language="en", train=120, validation=20,
        tokens=48_000, created_at=time.time(),
        statistics={"form": "completion", "train": split, "validation": held_out},
    )  # fmt: skip
    with database.write(db()):
        datasets.insert(db(), record)


TRAIN = [
    ("t0", "One", "The clerk wrote down the height of the water."),
    ("t1", "One", "Nobody had crossed the bar since Tuesday; he mailed a@example.com about it."),
    ("t2", "Two", "The lamps along the mole were not yet lit."),
    ("t3", "Two", "She asked what the ledger was for, and he could not say."),
    ("t4", "三", "渡船靠岸的时候，天已经黑透了。"),
    ("t5", "三", "船工把缆绳绕在石柱上，抬头看了看天色。"),
]
HELD = [("v0", "Four", "In the morning the lock stood open.")]


def examples(rows: Sequence[tuple[str, str, str]], rejected: str | None = None) -> list[Example]:
    found = [
        {"id": number, "messages": [{"role": "user", "content": "Go on."},
         {"role": "assistant", "content": text}], "rejected": rejected, "chapter": chapter,
         "tokens": len(text), "characters": len(text)}
        for number, chapter, text in rows
    ]  # fmt: skip
    return [quality.flagged(Example.model_validate(each)) for each in found]


def put(
    name: str = "A", parent: str | None = None, *, without: str = "", rejected: str | None = None
) -> DatasetRecord:
    """A dataset with six examples to learn from and one held out."""
    train, held = examples([r for r in TRAIN if r[0] != without], rejected), examples(HELD)
    figures = statistics.describe(train, held, {"copied": 0})
    if parent:
        figures["revision"] = {"excluded": 1, "edited": 0}
    spec = PrepareSpec(name=name, manuscripts=("a" * 64,))
    with tempfile.TemporaryDirectory() as folder:
        read = [{"language": "en", "characters": 400}]
        recipe = {"spec": spec.model_dump(mode="json"), "manuscripts": read}
        keeping.write(Path(folder), recipe, train, held, figures)
        artifact = store().put(Path(folder))
    record = DatasetRecord(
        id=artifact, name=name, job_id="j", language="en", train=len(train), validation=1,
        tokens=sum(e.tokens for e in (*train, *held)), statistics=figures,
        created_at=time.time(), parent=parent,
    )  # fmt: skip
    with database.write(db()) as connection:
        datasets.insert(connection, record)
    return record
