"""Preparing datasets from manuscripts and rows, looking into them, and handing them on."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from studio.datasets import columns, export, tables
from studio.datasets.formatting import formatter_of
from studio.datasets.quality.advice import sentences
from studio.datasets.rows import Row
from studio.domain import naming
from studio.domain.base import Model
from studio.domain.exports import Form, Shape
from studio.domain.jobs import Job
from studio.domain.recipes import (
    BuilderSpec,
    ContinuationSpec,
    FileRows,
    Format,
    FormatterSpec,
    HubRows,
    PrepareSpec,
    RowsSpec,
    SyntheticSpec,
    Template,
)
from studio.domain.records import DatasetRecord
from studio.domain.specs import PublishSpec
from studio.domain.voices import FormattedExample
from studio.errors import StudioError
from studio.language import _
from studio.models import source
from studio.plugins import discover
from studio.services import jobs, manuscripts
from studio.services.context import db, store
from studio.sharing.upload import repository_name
from studio.store import database, datasets
from studio.store import rows as row_columns


def plan(
    manuscript_ids: Sequence[str],
    name: str | None = None,
    builder: BuilderSpec | None = None,
    rows: RowsSpec | None = None,
    **options: Any,
) -> PrepareSpec:
    """The recipe of a dataset of manuscripts, rows or topics. ``options`` are further fields
    of a PrepareSpec; those that are None are left as they are.

    Raises:
        StudioError: a manuscript is not there, or nothing was chosen.
    """
    recipe = builder or ContinuationSpec()
    topics = recipe.topics if isinstance(recipe, SyntheticSpec) else ()
    if not manuscript_ids and rows is None and not topics:
        raise StudioError(
            _("There is nothing to make a dataset of."),
            _("No manuscript and no table is chosen."),
            _("Choose at least one manuscript, or give a table."),
        )
    chosen = [manuscripts.get(i) for i in manuscript_ids]
    title = naming.tidy(name or "") or " + ".join(m.title for m in chosen) or _named(rows, topics)
    given = {field: value for field, value in options.items() if value is not None}
    if recipe.kind == "raw":
        given["formatter"] = Format(kind="raw")
    artifacts = tuple(m.artifact for m in chosen)
    return PrepareSpec(name=title, manuscripts=artifacts, rows=rows, builder=recipe, **given)


def prepare(spec: PrepareSpec) -> Job:
    """Make a dataset by its recipe, as a job.

    Raises:
        StudioError: its options do not fit together, or text would leave this machine without
            leave.
    """
    discover("studio.datasets.builders")[spec.builder.kind].check(spec.builder)
    return jobs.submit(
        spec,
        title=_("Prepare the dataset {name}").format(name=spec.name),
        key=f"prepare:{spec.model_dump_json()}",
    )


def _named(rows: RowsSpec | None, topics: Sequence[str]) -> str:
    if topics:
        return " + ".join(topics)[:80]
    return rows.repository if isinstance(rows, HubRows) else _("Uploaded rows")


def upload(files: Sequence[tuple[str, bytes]]) -> str:
    """Keep tables that a person gave, each by its name, which several may have; the artifact's id
    for a FileRows.

    Raises:
        StudioError: a name does not end like a table's.
    """
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, content) in enumerate(files, 1):
            if not tables.is_table(name):
                raise StudioError(
                    _("The file {name} is no table that can be read.").format(name=name),
                    _("Its name does not end like one."),
                    _("Choose files that end in {e}.").format(e=", ".join(tables.READERS)),
                )
            plain = re.sub(r"[^\w.-]+", "-", Path(name).name).strip("-.")
            (Path(folder) / f"{number:03}-{plain}").write_bytes(content)
        return store().put(Path(folder))


def first_rows(artifact: str, count: int = columns.SEEN) -> list[Row]:
    """The first rows of uploaded tables that are rows, to look at and to guess their columns from.

    Raises:
        StudioError: they hold no table, or one that cannot be read.
    """
    loader = discover("studio.datasets.loaders")["files"]
    rows = loader.run(FileRows(artifact=artifact), store())
    return list(islice((row for row in rows if not row.wrong), count))


def formats() -> dict[str, str]:
    """The ways of writing turns, by kind, with what each is called."""
    return {kind: plugin.label for kind, plugin in discover("studio.datasets.formatters").items()}


def list_all() -> list[DatasetRecord]:
    """The newest first."""
    return datasets.select(db())


def get(dataset_id: str) -> DatasetRecord:
    record = datasets.get(db(), dataset_id)
    if record is None:
        raise StudioError(
            _("This dataset is not in the studio."),
            _("No dataset has the id {id}.").format(id=dataset_id),
            _("Choose one from the Datasets page, or prepare it there."),
        )
    return record


def named(dataset_id: str) -> str:
    """What to call a dataset on a page: its name, also once deleted, and its short hash."""
    record = datasets.get(db(), dataset_id)
    short = dataset_id[:12]
    return f"{record.name} ({short})" if record else short


def language_of(dataset_id: str) -> str | None:
    """The language of a dataset, also once deleted; None where there never was one."""
    record = datasets.get(db(), dataset_id)
    return record.language if record else None


def examples(
    dataset_id: str, split: str = "train", offset: int = 0, limit: int = 10
) -> list[dict[str, Any]]:
    """Examples as they are stored: id, messages, chapter, tokens, characters."""
    path = store().fetch(get(dataset_id).id) / f"{split}.jsonl"
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in islice(lines, offset, offset + limit)]


def formatted(dataset_id: str, split: str = "train", index: int = 0) -> FormattedExample:
    """One example as the model will see it, with its loss mask."""
    (example,) = examples(dataset_id, split, index, 1)
    recipe = recipe_of(dataset_id)
    tokenizer = tokenizer_of(recipe.model)
    return formatter_of(recipe.formatter).run(tokenizer, example["messages"])


def template_for(formatter: FormatterSpec, model: Model) -> Template | None:
    """How a format asks this model; None: by the model's own template."""
    if formatter.kind == "chat-template":
        return None
    return formatter_of(formatter).template(tokenizer_of(model))


def recipe_of(dataset_id: str) -> PrepareSpec:
    """What the dataset was made of and how."""
    recipe = json.loads((store().fetch(get(dataset_id).id) / "recipe.json").read_bytes())
    return PrepareSpec.model_validate(recipe["spec"])


def advice(dataset_id: str) -> list[str]:
    """What the figures of a dataset mean, in sentences."""
    return sentences(get(dataset_id).statistics)


def export_to(
    dataset_id: str,
    target: Path,
    form: Form = "jsonl",
    shape: Shape = "messages",
    split: str | None = None,
) -> int:
    """Write a dataset, or one split of it, as a table; how many rows.

    Raises:
        StudioError: there is no such dataset, or it does not have this shape.
    """
    folder = store().fetch(get(dataset_id).id)
    splits = [split] if split else ["train", "validation"]
    return export.write([folder / f"{s}.jsonl" for s in splits], target, form, shape)


def push(dataset_id: str, repository: str, shape: Shape = "messages", private: bool = True) -> Job:
    """Put a dataset on the Hub as a job; its result has the ``address`` of the commit.

    Raises:
        StudioError: this is not how a repository is called.
    """
    record = get(dataset_id)
    spec = PublishSpec(
        what="dataset",
        artifact=record.id,
        name=record.name,
        repository=repository_name(repository),
        private=private,
        shape=shape,
    )
    return jobs.submit(
        spec,
        title=_("Send {name} to the Hub").format(name=record.name),
        key=f"publish:{spec.model_dump_json()}",
    )


@lru_cache(maxsize=2)
def tokenizer_of(model: Model) -> Any:
    """The tokenizer of a base model, kept for a while."""
    return source.load_tokenizer(source.folder_of(model, store().fetch))


def delete(dataset_id: str) -> None:
    """Take a dataset off the page; ``restore`` brings it back."""
    _mark(dataset_id, time.time())


def restore(dataset_id: str) -> None:
    _mark(dataset_id, None)


def _mark(dataset_id: str, deleted_at: float | None) -> None:
    get(dataset_id)
    with database.write(db()) as connection:
        row_columns.set_columns(connection, "datasets", dataset_id, [("deleted_at", deleted_at)])
