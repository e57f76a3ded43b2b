"""A Word document as a reading, with the other documents that stand in it (``altChunk``)."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.language import _
from studio.text import composition, importing, markup, webarchives, wordparts, wordprocessing
from studio.text.archives import Archive
from studio.text.composition import Blocks
from studio.text.leftovers import Leftovers
from studio.text.numbering import Numbering
from studio.text.reading import Reading
from studio.text.wordparts import Parts
from studio.text.wordstyles import Styles

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DEEPEST = 4
"""Documents within documents."""
LARGEST = 100 << 20
"""Bytes of all documents within one."""
OLE = b"\xd0\xcf\x11\xe0"
KINDS = {
    "html": ".html", "xhtml+xml": ".html", "xhtml": ".html", "htm": ".html", "rtf": ".rtf",
    "plain": ".txt", "txt": ".txt", "rfc822": ".mht", "mht": ".mht", "mhtml": ".mht",
    "multipart/related": ".mht",
}  # fmt: skip
"""The ending of a file of this type, or of this ending."""
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|title|p|div|h[1-6]|table|span)\b",
                     re.IGNORECASE)  # fmt: skip
_FLAT = re.compile(rb"<(?:\w+:)?(?:package|wordDocument|document)\b")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


class Unread(Exception):
    """A document within another one that is not read; its words say why."""


class Budget:
    """What all documents within one may hold together."""

    def __init__(self) -> None:
        self._bytes = LARGEST

    def spend(self, size: int) -> None:
        """Raises Unread when there is more than that."""
        self._bytes -= size
        if self._bytes < 0:
            raise Unread(_("the documents within this one are too large."))


def read(
    name: str, data: bytes, keep_notes: bool, depth: int = 0, budget: Budget | None = None
) -> Reading:
    """The reading of a Word document, at this depth within others.

    Raises:
        StudioError: no Word document, damaged, or too large.
    """
    parts = Parts(Archive(name, data))
    document = _Document(parts, keep_notes, depth, budget or Budget())
    numbering = Numbering(parts.first("numbering"))
    body = document.body(parts.main, document.notes(), numbering)
    content = parts.archive.read(parts.main)
    if depth:
        document.budget.spend(len(content))
    body.read(markup.xml(name, content))
    document.count_notes(body)
    document.name_orphans()
    wordparts.left_beside(parts, body.left)
    return Reading(
        text=body.blocks.text(),
        encoding="utf-8",
        title=composition.readable(body.title),
        notes=(*body.left.notes(), *body.blocks.notes()),
    )


class _Document:
    def __init__(self, parts: Parts, keep_notes: bool, depth: int, budget: Budget) -> None:
        self._parts = parts
        self._keep_notes = keep_notes
        self._depth = depth
        self.budget = budget
        self._left = Leftovers()
        self._styles = Styles(parts.first("styles"))
        self._numbers: set[tuple[str, str]] = set()
        """The foot- and endnotes that say something."""
        self._read: set[str] = set()

    def body(
        self, part: str, notes: dict[tuple[str, str], str], numbering: Numbering | None = None
    ) -> wordprocessing.Body:
        relations = self._parts.relations(part)

        def chunk(number: str) -> Blocks | None:
            if number not in relations:
                self._left.say(
                    _("A part that the document refers to is missing: {part}.").format(part=number)
                )
                return Blocks()
            return self._chunk(relations[number])

        return wordprocessing.Body(self._styles, notes, numbering, self._left, chunk)

    def notes(self) -> dict[tuple[str, str], str]:
        """The foot- and endnotes that are kept, by kind and number."""
        found = {}
        for kind, file in wordparts.NOTES.items():
            for part in self._parts.find(file):
                root = wordparts.readable(self._parts, part, self._left)
                if root is None:
                    continue
                said = set(wordparts.left_notes(root, kind))
                self._numbers |= {(kind, number) for number in said}
                for note in markup.children(root, kind) if self._keep_notes else ():
                    if (number := markup.attribute(note, "id")) in said:
                        found[kind, number] = self._note(part, note)
        return found

    def count_notes(self, body: wordprocessing.Body) -> None:
        """Footnotes that are not kept, or to which no mark leads."""
        kept = self._numbers & body.referred if self._keep_notes else set()
        self._left.add("footnote", len((self._numbers | body.referred) - kept))

    def name_orphans(self) -> None:
        """Documents in the package that no place in the text asks for."""
        for relation in self._parts.relations(self._parts.main).values():
            if relation.kind == "afchunk" and relation.target not in self._read:
                self._unread(relation.target, _("it stands in nothing that is read."))

    def _note(self, part: str, note: Element) -> str:
        body = self.body(part, {})
        body.read(note)
        return body.blocks.prose()

    def _chunk(self, relation: wordparts.Relation) -> Blocks:
        part = relation.target
        self._read.add(part)
        if relation.elsewhere:
            self._unread(part, _("it is kept elsewhere."))
        elif part not in self._parts.archive.names:
            self._unread(part, _("it is missing."))
        elif self._depth >= DEEPEST:
            self._unread(part, _("it stands too deep in other documents."))
        else:
            try:
                return self._embedded(part, self._parts.archive.read(part))
            except Unread as problem:
                self._unread(part, str(problem))
            except StudioError as problem:
                self._unread(part, problem.why)
        return Blocks()

    def _embedded(self, part: str, data: bytes) -> Blocks:
        self.budget.spend(len(data))
        name, data = _named(posixpath.basename(part), self._parts.type_of(part), data)
        if name.endswith(".docx"):
            reading = read(name, data, self._keep_notes, self._depth + 1, self.budget)
        elif name.endswith(".xml"):
            return self._flat(name, data)
        else:
            options = {} if name.endswith(".txt") else {"footnotes": self._keep_notes}
            reading = importing.read_file(name, data, options)
        for note in reading.notes:
            self._left.say(f"{posixpath.basename(part)}: {note}")
        return _blocks(reading.text)

    def _flat(self, name: str, data: bytes) -> Blocks:
        """A whole document in one XML file, of Word 2003 or later."""
        root = markup.xml(name, data)
        body = next(markup.named(root, "body"), root)
        styles = Styles(next(markup.named(root, "styles"), None))
        reader = wordprocessing.Body(styles, {}, left=self._left)
        reader.read(body)
        return reader.blocks

    def _unread(self, part: str, why: str) -> None:
        note = _("The part “{part}” of the document was not read: {why}")
        self._left.say(note.format(part=part, why=why))


def _named(name: str, said: str, data: bytes) -> tuple[str, bytes]:
    """The document with a name that tells its kind, from what it is and what is said of it."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    kind = KINDS.get(said.partition(";")[0].rpartition("/")[2]) or KINDS.get(
        posixpath.splitext(name)[1][1:].lower()
    )
    if head.startswith(b"PK"):
        return f"{name}.docx", data
    if head.startswith(b"{\\rtf"):
        return f"{name}.rtf", data
    if head.startswith(OLE):
        raise Unread(_("it is of the kind that Word made before 2007 (.doc)."))
    if kind == ".mht" or webarchives.is_one(data):
        if (page := webarchives.page_of(data)) is None:
            raise Unread(_("there is no page in it."))
        return f"{name}.html", page
    if kind in (None, ".html") and _FLAT.search(head) and not _MARKUP.search(head):
        return f"{name}.xml", data
    return name + (kind or (".html" if _MARKUP.search(head) else ".txt")), data


def _blocks(text: str) -> Blocks:
    """What another reader made of its file; without blank lines, each line is a paragraph."""
    blocks = Blocks()
    pieces = _PARAGRAPHS.split(text)
    for piece in pieces if len(pieces) > 1 else text.split("\n"):
        line = piece.strip()
        marks = len(line) - len(line.lstrip("#"))
        if 0 < marks <= 6 and line[marks : marks + 1] == " " and "\n" not in line:
            blocks.heading(line[marks:], marks)
        elif line:
            blocks.paragraph(piece)
    return blocks
