"""Uploading rows, looking at them, preparing, and handing a dataset on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from studio.datasets.columns import guess
from studio.datasets.engine import run
from studio.domain.base import Model
from studio.domain.recipes import (
    Columns,
    CustomFormat,
    FileRows,
    Format,
    HubRows,
    PrepareSpec,
    Quality,
)
from studio.domain.records import DatasetRecord
from studio.errors import StudioError
from studio.services import datasets, previews, training
from studio.services.context import db, store
from studio.settings import Settings
from studio.store import datasets as dataset_rows
from studio.store.database import write
from tests.datasets.tables import questions, written
from tests.datasets.test_formatters import MARKED
from tests.services.shelf import StoreRoom

pytestmark = pytest.mark.usefixtures("home")


def prepared(tmp_path: Path, **changes: Any) -> DatasetRecord:
    """What the job and its recorder would do."""
    artifact = datasets.upload([("a.csv", written(questions(30), ".csv"))])
    # The rows for tests say nearly the same on purpose.
    spec = PrepareSpec(
        name="Rows",
        rows=FileRows(artifact=artifact),
        quality=Quality(near_duplicates=None),
        **changes,
    )
    room = StoreRoom(tmp_path)
    result = run(spec, room)
    (made,) = room.of_type("artifact")
    facts = {k: v for k, v in made.facts.items() if k in DatasetRecord.model_fields}
    record = DatasetRecord(
        id=result["dataset"], name="Rows", job_id="j", created_at=time.time(), **facts
    )
    with write(db()) as connection:
        dataset_rows.insert(connection, record)
    return record


def test_uploaded_rows_are_kept_and_shown() -> None:
    rows = [{"Question": r["input"], "Answer": r["output"], "n": 1} for r in questions(60)]
    artifact = datasets.upload([("../a b.jsonl", written(rows, ".jsonl"))])
    assert [p.name for p in store().fetch(artifact).iterdir()] == ["001-a-b.jsonl"]
    first = datasets.first_rows(artifact)
    assert [row.fields for row in first] == rows[:50]
    found = guess(first)
    assert found.columns == Columns(
        shape="input-output", fields={"input": "Question", "output": "Answer"}
    )
    assert found.unused == {"n": 50}


def test_two_tables_of_one_name_are_two() -> None:
    rows = questions(4)
    parts = [("a.csv", written(rows[:2], ".csv")), ("a.csv", written(rows[2:], ".csv"))]
    assert [row.fields for row in datasets.first_rows(datasets.upload(parts))] == rows


def test_a_look_at_a_table_is_held_up_by_no_row_that_cannot_be_used() -> None:
    rows: list[Any] = [7, {"input": [], "output": "x"}, *questions(3), {"input": "q"}]
    artifact = datasets.upload([("a.json", json.dumps(rows).encode())])
    columns = previews.guess(artifact).columns
    assert previews.drafted(artifact, columns) == [
        ("user", rows[2]["input"]), ("assistant", rows[2]["output"])
    ]  # fmt: skip
    seen = PrepareSpec(name="x", rows=FileRows(artifact=artifact, columns=columns))
    assert len(previews.preview(seen).examples) == 3
    bad = datasets.upload([("a.json", b'[{"input": "q", "output": ""}]')])
    with pytest.raises(StudioError, match="it is empty"):
        previews.drafted(bad, columns)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(StudioError, match=r"a\.docx is no table"):
        datasets.upload([("a.docx", b"x")])


def test_nothing_chosen(home: Settings) -> None:
    with pytest.raises(StudioError, match="No manuscript and no table"):
        datasets.plan([])


def test_rows_become_a_job(home: Settings, broker: str) -> None:
    rows = HubRows(repository="owner/tiny", revision="main")
    job = datasets.prepare(datasets.plan([], rows=rows))
    spec = PrepareSpec.model_validate(job.spec)
    assert spec.rows == rows
    assert spec.name == "owner/tiny"


@pytest.mark.parametrize("split", [None, "validation"])
def test_a_dataset_is_handed_on(tmp_path: Path, split: str | None) -> None:
    record = prepared(tmp_path)
    target = tmp_path / "out.jsonl"
    count = datasets.export_to(record.id, target, "jsonl", "prompt-completion", split)
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    expected = record.validation if split else record.train + record.validation
    assert len(lines) == count == expected
    known = {r["input"]: r["output"] for r in questions(30)}
    assert all(known[line["prompt"]] == line["completion"] for line in lines)


def test_the_voice_is_asked_in_the_format_it_is_taught_in(tmp_path: Path) -> None:
    record = prepared(tmp_path, formatter=CustomFormat(template=MARKED))
    template = datasets.template_for(datasets.recipe_of(record.id).formatter, Model())
    assert template is not None
    assert template.source == MARKED
    assert template.marks["eos_token"] == "<|im_end|>"
    spec = training.presets(record.id)["taste"]
    assert spec.formatter == CustomFormat(template=MARKED)
    shown = datasets.formatted(record.id)
    assert "".join(shown.pieces).startswith("<user> ")


def test_the_models_own_template_needs_none() -> None:
    assert datasets.template_for(Format(), Model()) is None
