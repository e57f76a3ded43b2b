"""Changing a dataset: changes wait, and can be undone, until they are made into a version."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from studio.datasets import comparison
from studio.datasets.comparison import Comparison
from studio.datasets.example import Example
from studio.domain import naming
from studio.domain.jobs import Job
from studio.domain.recipes import Edit, ReviseSpec
from studio.domain.records import Change, DatasetRecord, Pending
from studio.errors import StudioError
from studio.language import _
from studio.services import datasets, examples, jobs, overtaking
from studio.services.context import db
from studio.store import changes, database
from studio.store import datasets as shelf


class Version(NamedTuple):
    """A dataset in the line it belongs to: ``excluded`` and ``edited`` count how it differs from
    its parent; ``depth`` is 0 for the one that all come from."""

    record: DatasetRecord
    depth: int
    excluded: int
    edited: int


class Compared(NamedTuple):
    """``figures`` are (name, of a, of b)."""

    figures: list[tuple[str, Any, Any]]
    examples: Comparison


def exclude(dataset_id: str, ids: Iterable[str]) -> Pending:
    """Leave examples out of the next version, as one step.

    Raises:
        StudioError: one of them is not in the dataset.
    """
    return _step(dataset_id, ids, excluded=True)


def include(dataset_id: str, ids: Iterable[str]) -> Pending:
    """Take examples that were to be left out back in, as one step."""
    return _step(dataset_id, ids, excluded=False)


def edit(
    dataset_id: str,
    example_id: str,
    completion: str,
    rejected: str | None = None,
    base: tuple[str, str | None] | None = None,
) -> Pending:
    """Change what an example says, as one step. ``rejected`` None: as it is.

    Raises:
        Overtaken: ``base`` is given, and is not what the example says any more.
        StudioError: it is not in the dataset, has no rejected text, or nothing would be left.
    """
    if not completion.strip():
        raise StudioError(
            _("An example cannot be empty."),
            _("There would be nothing to learn from it."),
            _("Leave the example out instead."),
        )
    (stored,) = examples.named(dataset_id, [example_id])
    if rejected is not None and stored.rejected is None:
        raise StudioError(
            _("This example has no rejected text."),
            _("Only a pair of preference has one."),
            _("Change the completion alone."),
        )

    def check() -> None:
        says = _says(dataset_id, stored)
        for found, opened, wanted in zip(
            says, base or (None, None), (completion, rejected), strict=True
        ):
            overtaking.refuse(found or "", opened, found or "" if wanted is None else wanted)

    return _step(dataset_id, [example_id], check, completion=completion, rejected=rejected)


def now(dataset_id: str, example_id: str) -> tuple[str, str | None]:
    """The completion and the rejected text of an example, with what waits to be changed."""
    (stored,) = examples.named(dataset_id, [example_id])
    return _says(dataset_id, stored)


def _says(dataset_id: str, example: Example) -> tuple[str, str | None]:
    for waiting in pending(dataset_id).edits:
        if waiting.id == example.id:
            rejected = example.rejected if waiting.rejected is None else waiting.rejected
            return waiting.completion, rejected
    return example.completion, example.rejected


def _step(
    dataset_id: str, ids: Iterable[str], check: Callable[[], None] | None = None, **changed: Any
) -> Pending:
    chosen = list(dict.fromkeys(ids))
    examples.named(dataset_id, chosen)
    with database.write(db()) as connection:
        if check:
            check()
        step, at = changes.next_step(connection, dataset_id), time.time()
        made = [Change(dataset=dataset_id, step=step, example=i, at=at, **changed) for i in chosen]
        changes.add(connection, made)
    return pending(dataset_id)


def pending(dataset_id: str) -> Pending:
    """What waits to be made into a version."""
    return Pending.of(changes.select(db(), dataset_id))


def undo(dataset_id: str) -> bool:
    """Take the last step back; False where there is none."""
    with database.write(db()) as connection:
        return changes.undo(connection, dataset_id)


def redo(dataset_id: str) -> bool:
    """Make the step that was undone last again; False where there is none."""
    with database.write(db()) as connection:
        return changes.redo(connection, dataset_id)


def discard(dataset_id: str) -> None:
    """Forget all changes that wait."""
    with database.write(db()) as connection:
        changes.discard(connection, dataset_id)


def make_version(dataset_id: str, name: str | None = None) -> Job:
    """Make a version of the changes that wait; they are forgotten once it is there."""
    waiting = pending(dataset_id)
    kept = [each for each in waiting.edits if each.id not in waiting.excluded]
    return revise(dataset_id, waiting.excluded, kept, name)


def revise(
    dataset_id: str, exclude: Sequence[str], edits: Sequence[Edit], name: str | None = None
) -> Job:
    """Make a version of a dataset, as a job. It has the same name unless another is given.

    Raises:
        StudioError: the dataset is not there, or there is nothing to change.
    """
    record = datasets.get(dataset_id)
    if not exclude and not edits:
        raise StudioError(
            _("There is nothing to make a version of."),
            _("No example is left out, and none is changed."),
            _("Leave out or change an example first."),
        )
    spec = ReviseSpec(
        name=naming.tidy(name or "") or record.name,
        dataset=record.id,
        exclude=tuple(exclude),
        edits=tuple(edits),
    )
    title = _("Make a version of the dataset {name}").format(name=record.name)
    return jobs.submit(spec, title=title, key=f"revise:{spec.model_dump_json()}")


def versions(dataset_id: str) -> list[Version]:
    """All datasets of the line that this one belongs to: each after the one it was made of, the
    oldest first. Deleted ones are among them."""
    root = datasets.get(dataset_id)
    while root.parent and (above := shelf.get(db(), root.parent)):
        root = above
    return _line(root, 0)


def _line(record: DatasetRecord, depth: int) -> list[Version]:
    changed = record.statistics.get("revision", {})
    own = Version(record, depth, changed.get("excluded", 0), changed.get("edited", 0))
    children = shelf.of_parent(db(), record.id)
    return [own, *(each for child in children for each in _line(child, depth + 1))]


def compare(a: str, b: str) -> Compared:
    """Two datasets side by side: their figures, and which examples only one of them has."""
    ours, theirs = figures(datasets.get(a)), figures(datasets.get(b))
    names = list(dict.fromkeys((*ours, *theirs)))
    return Compared(
        [(name, ours.get(name), theirs.get(name)) for name in names],
        comparison.compare(examples.all_of(a), examples.all_of(b)),
    )


def figures(record: DatasetRecord) -> dict[str, Any]:
    """A dataset in numbers, named as in its statistics; parts of parts with a dot between."""
    told = record.statistics
    found: dict[str, Any] = {
        "train": record.train,
        "validation": record.validation,
        "tokens": record.tokens,
        "speech_share": told.get("speech_share"),
        "leakage.characters": told.get("leakage", {}).get("characters"),
    }
    for part in ("reading", "scripts", "vocabulary", "left_out", "flags"):
        numbers = {n: v for n, v in told.get(part, {}).items() if not isinstance(v, list)}
        found |= {f"{part}.{name}": value for name, value in numbers.items()}
    return found
