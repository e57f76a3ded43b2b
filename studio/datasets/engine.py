"""Makes a dataset: what it is made of is fetched, split, cut into examples, screened, written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from studio.datasets import given, keeping, statistics
from studio.datasets.example import Example
from studio.datasets.formatting import unlearned_note
from studio.datasets.given import Table
from studio.datasets.journal import Journal, opened
from studio.datasets.tools import Usage
from studio.datasets.workshop import Workshop
from studio.domain.base import Language
from studio.domain.events import LogLine
from studio.domain.manuscripts import Manuscript
from studio.domain.recipes import BuilderSpec, PrepareSpec, SyntheticSpec
from studio.domain.workroom import Workroom
from studio.domain.writers import EndpointWriter, LocalWriter
from studio.errors import StudioError
from studio.language import _

MANUSCRIPT = "manuscript.json"
FEWEST = 4
"""Passages to learn from, under which nothing could be learned."""


def run(spec: PrepareSpec, room: Workroom) -> dict[str, Any]:
    """Make the dataset. Its result has ``dataset`` (artifact id), ``train`` and ``validation``
    (examples), ``tokens``, ``language``, and where a model wrote for it ``asked`` (``requests``,
    tokens ``read`` and ``written``).

    Raises:
        StudioError: too little text, a model without chat template, or a writer that cannot
            be reached or would be asked more than its cap allows.
        Stopped: the writer asked to stop; what a model answered is kept as a checkpoint.
    """
    manuscripts = [_manuscript(room.fetch(artifact)) for artifact in spec.manuscripts]
    workshop = Workshop(spec, room, manuscripts, partial(opened, spec.builder.asks, room))
    table = given.read(spec.rows, room) if spec.rows else None
    with workshop.journal or nullcontext():
        train, validation = workshop.examples(table)
    _check_enough(spec, manuscripts, train, validation, workshop.left_out["equal"])
    figures = statistics.describe(train, validation, workshop.left_out, workshop.removed)
    if table:
        figures |= {"rows": table.account}
    facts = _facts(train, validation, figures, _language(spec, manuscripts, table))
    folder = room.folder / "dataset"
    _write(folder, spec, manuscripts, train, validation, figures)
    _tell_what_was_left_out(room, workshop.left_out)
    if workshop.unlearned:
        room.emit(LogLine(level="warning", text=unlearned_note(workshop.unlearned)))
    _tell_what_is_lacking(spec.builder, len(train) + len(validation), workshop.journal, room)
    artifact = room.produce("dataset", folder, spec.name, facts)
    result = {"dataset": artifact, **{k: v for k, v in facts.items() if k != "statistics"}}
    return result | (_asked(workshop.journal, room) if workshop.journal else {})


def _asked(journal: Journal, room: Workroom) -> dict[str, Any]:
    usage = journal.usage._asdict()
    note = _("The writer answered {requests} requests: {read} tokens read, {written} written.")
    room.emit(LogLine(text=note.format(**usage)))
    return {"asked": usage}


def _manuscript(folder: Path) -> Manuscript:
    return Manuscript.model_validate_json((folder / MANUSCRIPT).read_bytes())


def _check_enough(
    spec: PrepareSpec,
    manuscripts: Sequence[Manuscript],
    train: Sequence[Example],
    validation: Sequence[Example],
    equal: int,
) -> None:
    if len(train) >= FEWEST and validation:
        return
    if equal and len(train) + len(validation) + equal > FEWEST:  # enough with them
        raise StudioError(
            _("In too many pairs the chosen and the rejected text are one and the same."),
            _(
                "{equal} such pairs were left out, as there is nothing to prefer in them; "
                "{train} examples are left to learn from and {validation} to check the result with."
            ).format(equal=equal, train=len(train), validation=len(validation)),
            _(
                "Say which column holds the chosen text and which the rejected one, or give these "
                "pairs two different texts."
            ),
        )
    titles = ", ".join(f"“{m.title}”" for m in manuscripts) or f"“{spec.name}”"
    raise StudioError(
        _("{titles} is too short to learn from.").format(titles=titles),
        _(
            "Passages to learn from: {train}, to check the result with: {validation}; "
            "at least {fewest} and 1 are needed."
        ).format(
            train=len(train),
            validation=len(validation),
            fewest=FEWEST,
        ),
        _("Add more of your writing, or choose shorter passages.")
        if manuscripts
        else _("Add more: pages, rows or topics."),
    )


def _facts(
    train: Sequence[Example],
    validation: Sequence[Example],
    figures: dict[str, Any],
    language: Language,
) -> dict[str, Any]:
    return {
        "train": len(train),
        "validation": len(validation),
        "tokens": sum(e.tokens for e in (*train, *validation)),
        "language": language,
        "statistics": figures,
    }


def _language(
    spec: PrepareSpec, manuscripts: Sequence[Manuscript], table: Table | None
) -> Language:
    """The one that most characters are written in."""
    if isinstance(spec.builder, SyntheticSpec):
        return spec.builder.language
    languages: Counter[Language] = Counter()
    for manuscript in manuscripts:
        languages[manuscript.language] += manuscript.characters
    if table:
        languages[table.language] += sum(row.characters for row in table.given)
    return languages.most_common(1)[0][0]


def _write(
    folder: Path,
    spec: PrepareSpec,
    manuscripts: Sequence[Manuscript],
    train: Sequence[Example],
    validation: Sequence[Example],
    figures: dict[str, Any],
) -> None:
    recipe = {
        "spec": spec.model_dump(mode="json"),
        "manuscripts": [m.model_dump(mode="json", exclude={"text"}) for m in manuscripts],
        "rows": figures.get("rows"),
    }
    keeping.write(folder, recipe, train, validation, figures)


def _tell_what_is_lacking(
    builder: BuilderSpec, made: int, journal: Journal | None, room: Workroom
) -> None:
    """Fewer made-up examples than were wanted, and why."""
    if not isinstance(builder, SyntheticSpec) or made >= builder.count or journal is None:
        return
    note = _("Only {made} of {count} examples could be made: {why}").format(
        made=made, count=builder.count, why=_why_lacking(builder.writer, journal.usage)
    )
    room.emit(LogLine(level="warning", text=note))


def _why_lacking(writer: LocalWriter | EndpointWriter, usage: Usage) -> str:
    if isinstance(writer, EndpointWriter) and writer.is_spent(usage.read, usage.written):
        return _("the most that may be spent was reached. Raise it, and make the dataset again.")
    if isinstance(writer, EndpointWriter) and usage.requests >= writer.most_requests:
        return _("the most requests that may be sent were. Raise it, and make the dataset again.")
    return _("the model repeated itself or gave nothing of use. Name more topics.")


def _tell_what_was_left_out(room: Workroom, left_out: dict[str, int]) -> None:
    notes = {
        "no_request": _(
            "{count} passages got no usable request from the writer and were left out."
        ),
        "no_pair": _(
            "{count} passages got no counterpart of their own from the writer and were left out."
        ),
        "unreadable": _("{count} of the examples that were asked for came in no readable form."),
        "copied": _("{count} examples that repeat another one were left out."),
        "ungraded": _("{count} examples that the writer did not grade were left out."),
        "graded_low": _("{count} examples that the writer graded too low were left out."),
        "equal": _("{count} pairs whose chosen and rejected text are the same were left out."),
        "repeated": _("{count} passages that occur again in the held-back chapters were left out."),
        "duplicates": _("{count} passages that say the same as another were left out."),
        "near_duplicates": _("{count} passages that say nearly the same were left out."),
        "non_prose": _("{count} passages that are no prose were left out."),
    }
    for reason, note in notes.items():
        if count := left_out.get(reason):
            room.emit(LogLine(text=note.format(count=count)))
