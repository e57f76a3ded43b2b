"""From a file to a manuscript: read, cleaned, its language and chapters found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from studio.domain import naming
from studio.domain.manuscripts import Decisions, Manuscript, Removal
from studio.errors import StudioError
from studio.language import _
from studio.plugins import discover
from studio.text import cleaning, headings, segmentation, statistics
from studio.text.cleaning import NO_DECISIONS
from studio.text.languages import language_of
from studio.text.reading import Reading

LARGEST = 100 * 1024 * 1024
"""Bytes. The longest novels have less than 20 MB."""
FEWEST = 20
"""Characters under which a file holds nothing to learn from."""

SMALL_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "the", "to"})
PROGRAMS = {
    ".doc": "Word",
    ".dot": "Word",
    ".dotx": "Word",
    ".odt": "LibreOffice",
    ".fodt": "LibreOffice",
    ".pages": "Pages",
    ".pdf": "Word",
    ".wps": "WPS Writer",
    ".wpd": "LibreOffice",
    ".gdoc": "Google Docs",
    ".mobi": "calibre",
    ".azw3": "calibre",
    ".fb2": "calibre",
    ".tex": "pandoc",
}
"""Which program makes a .docx of what the studio does not read."""
SHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers", ".et")

_BYLINE = re.compile(r"by\b|作者|著$", re.IGNORECASE)
_TITLE_LINE = re.compile(r"^Title: *(\S.{0,200})$", re.MULTILINE)
_MARKED_TITLE = re.compile(r"[《〈](.{1,40})[》〉]")


def read_manuscript(
    name: str,
    data: bytes,
    decisions: Decisions = NO_DECISIONS,
    options: Mapping[str, object] | None = None,
) -> Manuscript:
    """The manuscript in a file of this name and content.

    ``decisions`` name removals of an earlier reading of the file: those to put back, and of
    those that were offered the ones to take out. ``options`` are the reader's own.

    Raises:
        StudioError: empty, too large, of an ending no reader knows, or no text.
    """
    reading = read_file(name, data, options)
    cleaned = cleaning.clean(reading.text, decisions)
    characters = statistics.characters(cleaned.text)
    if characters < FEWEST:
        raise StudioError(
            _("“{name}” holds no story.").format(name=name),
            _("Only {count} characters are left when white space is taken away.").format(
                count=characters
            ),
            _("Open the file to see whether it was saved whole, and choose it again."),
        )
    named = reading.title or _title_in_header(cleaned.removals)
    fallback = named or _title_of_name(name)
    chapters = segmentation.chapters_of(cleaned.text, cleaned.centred, fallback)
    return Manuscript(
        title=naming.tidy(named or _title_page(cleaned.text, chapters[0]) or fallback) or name,
        language=language_of(cleaned.text),
        encoding=reading.encoding,
        text=cleaned.text,
        chapters=chapters,
        words=statistics.words(cleaned.text),
        characters=characters,
        notes=reading.notes + cleaned.notes,
        removals=cleaned.removals,
    )


def _title_in_header(removals: Sequence[Removal]) -> str:
    """The title that a publisher's header names, before it was taken out."""
    headers = (_TITLE_LINE.search(r.text) for r in removals if r.kind == "boilerplate")
    return next((found[1].strip() for found in headers if found), "")


def reader_of(name: str) -> Any:
    """The reader for a file name; StudioError when there is none for its ending."""
    readers = discover("studio.text.readers").values()
    ending = PurePath(name).suffix.lower()
    for reader in readers:
        if ending in reader.endings:
            return reader
    known = ", ".join(e for reader in readers for e in reader.endings)
    program = PROGRAMS.get(ending)
    if ending in SHEETS:
        remedy = _("Open it in its own program, save its table as CSV, and import that.")
    elif program:
        remedy = _("Open it in {program}, save or export it as .docx, and import that.")
    else:
        remedy = _(
            "Save the manuscript as .docx, or as plain text (.txt) in UTF-8, and import that."
        )
    raise StudioError(
        _("“{name}” cannot be imported.").format(name=name),
        _("Its name ends in “{ending}”; the studio reads {known}.").format(
            ending=ending or name, known=known
        ),
        remedy.format(program=program),
    )


def read_file(name: str, data: bytes, options: Mapping[str, object] | None = None) -> Reading:
    """What the reader for this file makes of it, with the reader's own options.

    Raises:
        StudioError: empty, too large, of an ending no reader knows, damaged, or with options
            that its reader does not have.
    """
    _check_size(name, data)
    reader = reader_of(name)
    try:
        chosen = reader.Spec.model_validate(options or {})
    except ValidationError as problem:
        fields = ", ".join(str(error["loc"][0]) for error in problem.errors() if error["loc"])
        raise StudioError(
            _("“{name}” cannot be read in this way.").format(name=name),
            _("The reader for {label} does not understand: {fields}.").format(
                label=reader.label, fields=fields
            ),
            _("It has these options: {options}.").format(
                options=", ".join(reader.Spec.model_fields) or _("none")
            ),
        ) from problem
    reading: Reading = reader.run(name, data, chosen)
    return reading


def _check_size(name: str, data: bytes) -> None:
    if not data:
        raise StudioError(
            _("“{name}” is empty.").format(name=name),
            _("The file has no content at all, as when saving or copying it was broken off."),
            _("Save the manuscript again and choose the new file."),
        )
    if len(data) > LARGEST:
        raise StudioError(
            _("“{name}” is too large.").format(name=name),
            _("It has {size} MB, and a manuscript may have {limit}.").format(
                size=len(data) >> 20, limit=LARGEST >> 20
            ),
            _("Check that it is the manuscript; if it is, split it into volumes and import each."),
        )


def _title_page(text: str, first: Any) -> str:
    """The title that stands above the first chapter, if one of the first two lines is one."""
    heading = first.prose_start
    lines = [text[a:b] for a, b in segmentation.paragraphs(text[:heading])][:2]
    for line in lines:
        if marked := _MARKED_TITLE.fullmatch(line):
            return marked[1]
        shown = line.strip("_* #").rstrip(";:,.")
        head = headings.named(shown) if shown else None
        is_sure = head is not None and not head.form
        if is_sure or first.title.startswith(shown) or _BYLINE.search(line):
            return ""
        if (
            len(line) <= 60
            and "\n" not in line
            and not re.search(r"[.!?“”\"()\[\]\d。！？]", shown)
        ):
            return _capitalised(shown) if shown.isupper() else shown
    return ""


def _title_of_name(name: str) -> str:
    stem = re.sub(r"[-_\s]+", " ", PurePath(name).stem).strip() or name
    return _capitalised(stem) if stem.islower() else stem


def _capitalised(title: str) -> str:
    """THE CALL OF THE WILD as The Call of the Wild."""
    words = [word if word in SMALL_WORDS else word.capitalize() for word in title.lower().split()]
    return " ".join([words[0].capitalize(), *words[1:]])
