"""A Word document as a package of parts: its text, and the parts that hang on it.

Which part is which is told by relations (ECMA-376 part 2, chapter 9); a document without them is
read by the names that word processors give.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from studio.errors import StudioError
from studio.language import _
from studio.text import markup
from studio.text.leftovers import Leftovers
from studio.text.markup import attribute, children, named
from studio.text.members import Members

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from studio.text.archives import Archive

MAIN = "word/document.xml"
ROOT = ""
NOTES = {"footnote": "footnotes", "endnote": "endnotes"}
_PAGE = re.compile(r"\bPAGE\b")


class Relation(NamedTuple):
    kind: str
    """The last word of its type."""
    target: str
    """The name of a part, or an address elsewhere."""
    elsewhere: bool


class Parts:
    """The parts of one document.

    Raises:
        StudioError: it has no text where such documents have it.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._members = Members(archive.names)
        self._relations: dict[str, dict[str, Relation]] = {}
        self.main = self._find_main()

    def find(self, kind: str) -> list[str]:
        """The parts of a kind (``styles``, ``header``) that belong to the text."""
        folder = posixpath.dirname(self.main)
        usual = re.compile(rf"{re.escape(folder)}/{kind}\d*\.xml", re.IGNORECASE)
        said = [r.target for r in self.relations(self.main).values() if r.kind == kind.lower()]
        named_so = [name for name in self.archive.names if usual.fullmatch(name)]
        return list(dict.fromkeys([*(n for n in said if n in self.archive.names), *named_so]))

    def xml(self, name: str) -> Element | None:
        """The root of a part; None where there is none of that name."""
        if name not in self.archive.names:
            return None
        return markup.xml(self.archive.name, self.archive.read(name))

    def first(self, kind: str) -> Element | None:
        """The root of the first part of a kind."""
        return next((self.xml(name) for name in self.find(kind)), None)

    def relations(self, part: str) -> Mapping[str, Relation]:
        """The relations of a part, by their ids."""
        if part not in self._relations:
            self._relations[part] = self._read_relations(part)
        return self._relations[part]

    def _read_relations(self, part: str) -> dict[str, Relation]:
        folder, name = posixpath.split(part)
        root = self._aside(posixpath.join(folder, "_rels", f"{name}.rels"))
        found = {}
        for relation in () if root is None else children(root, "Relationship"):
            target = attribute(relation, "Target")
            elsewhere = attribute(relation, "TargetMode").lower() == "external"
            if not elsewhere:
                path = posixpath.normpath(posixpath.join("/", folder, unquote(target)))
                target = self.known(path.lstrip("/"))
            kind = attribute(relation, "Type").rpartition("/")[2].lower()
            found[attribute(relation, "Id")] = Relation(kind, target, elsewhere)
        return found

    def known(self, name: str) -> str:
        """A name as the archive writes it, for capitals make no difference in such names."""
        return self._members.find("", name) or name

    def type_of(self, name: str) -> str:
        """What the package says that a part is; empty where it says nothing."""
        root = self._aside("[Content_Types].xml")
        ending = posixpath.splitext(name)[1][1:].lower()
        found = ""
        for entry in () if root is None else root:
            if attribute(entry, "PartName").lstrip("/").lower() == name.lower():
                return attribute(entry, "ContentType").lower()
            if ending and attribute(entry, "Extension").lower() == ending:
                found = attribute(entry, "ContentType").lower()
        return found

    def _aside(self, name: str) -> Element | None:
        """What only says where other parts are: where it is damaged, the usual names are tried."""
        try:
            return self.xml(self.known(name))
        except StudioError:
            return None

    def _find_main(self) -> str:
        for relation in self.relations(ROOT).values():
            target = relation.target
            is_text = relation.kind == "officedocument" and target.lower().endswith(".xml")
            if is_text and target in self.archive.names:
                return target
        if (main := self.known(MAIN)) in self.archive.names:
            return main
        raise StudioError(
            _("“{name}” is no Word document.").format(name=self.archive.name),
            _("It has no text where Word documents have it ({part}).").format(part=MAIN),
            _("Open it in the program it was made with, save it as .docx, and import that."),
        )


def left_beside(parts: Parts, left: Leftovers) -> None:
    """Count what is never read: headers and footers, comments, building blocks."""
    for name in (*parts.find("header"), *parts.find("footer")):
        if (root := readable(parts, name, left)) is not None:
            left.add("running", int(_says_something(root)))
    for name in parts.find("comments"):
        if (root := readable(parts, name, left)) is not None:
            left.add("comment", sum(_has_words(c) for c in children(root, "comment")))
    for name in (*parts.find("glossaryDocument"), *parts.find("glossary/document")):
        if (root := readable(parts, name, left)) is not None:
            left.add("blocks", int(_has_words(root)))


def left_notes(root: Element, kind: str) -> Iterator[str]:
    """The numbers of the notes in this part that say something."""
    for note in children(root, kind):
        if attribute(note, "type") in ("", "normal") and _has_words(note):
            yield attribute(note, "id")


def readable(parts: Parts, name: str, left: Leftovers) -> Element | None:
    """The root of a part without which the text can be read; a damaged one is named."""
    try:
        return parts.xml(name)
    except StudioError as problem:
        left.say_unread(name, problem)
        return None


def _has_words(root: Element) -> bool:
    return any((t.text or "").strip() for t in named(root, "t")) or bool(
        next(named(root, "altChunk", "sym"), None) is not None
    )


def _says_something(root: Element) -> bool:
    """More than the number of the page."""
    if any(attribute(art, "string").strip() for art in named(root, "textpath")):
        return True
    text = "".join(t.text or "" for t in named(root, "t"))
    codes = "".join(i.text or "" for i in named(root, "instrText"))
    codes += " ".join(attribute(field, "instr") for field in named(root, "fldSimple"))
    if _PAGE.search(codes):
        return any(character.isalpha() for character in text)
    return bool(text.strip()) or next(named(root, "altChunk"), None) is not None
