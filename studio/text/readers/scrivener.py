"""Scrivener projects: the draft in the order of its binder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.language import _
from studio.text import encoding, markup
from studio.text.archives import Archive
from studio.text.composition import Blocks
from studio.text.composition import named as listed
from studio.text.leftovers import Leftovers
from studio.text.markup import attribute, children, named
from studio.text.members import Members
from studio.text.reading import FootnoteOptions, Reading
from studio.text.richtext import Document
from studio.text.scrivenings import Scrivenings, escaped

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

BINDER = ".scrivx"
CONTENTS = ("Files/Data/{uuid}/content.rtf", "Files/Data/{uuid}/content.rtfd/TXT.rtf",
            "Files/Data/{uuid}/content.txt", "Files/Docs/{id}.rtf",
            "Files/Docs/{id}.rtfd/TXT.rtf", "Files/Docs/{id}.txt")  # fmt: skip
"""Where a document's text is: Scrivener 3, then the versions before it."""
COMMENTS = ("Files/Data/{uuid}/content.comments", "Files/Docs/{id}.comments")
DEEPEST = 100
_ORPHAN = re.compile(
    r"Files/(?:Data/[^/]+/content|Docs/\d+)(?:\.rtfd/TXT)?\.(?:rtf|txt)", re.IGNORECASE
)
_UNTITLED = re.compile(r"(?:untitled|new|scene|text|无标题|未命名|場景|场景)?[ \d]*", re.IGNORECASE)
_ASIDE = re.compile(
    r"/(?:notes\.rtf|synopsis\.txt|\d+_(?:notes\.rtf|synopsis\.txt))\Z|/Snapshots/.*\.rtf\Z",
    re.IGNORECASE,
)


class ScrivenerOptions(FootnoteOptions):
    scene_titles: bool = True
    """Titles of documents without others under them are headings; else they part scenes."""


class Scrivener:
    kind = "scrivener"
    label = "Scrivener"
    endings = (".scriv",)
    Spec = ScrivenerOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when it is no packed Scrivener project."""
        _draft(Archive(name, data))

    def run(self, name: str, data: bytes, options: ScrivenerOptions) -> Reading:
        """The documents of the draft folder that are compiled, with their titles as headings.

        Raises:
            StudioError: no zip of a Scrivener project, or a damaged one.
        """
        archive = Archive(name, data)
        folder, draft, others = _draft(archive)
        binder = Binder(archive, folder, options)
        for item in _items(draft):
            binder.add(item, 1)
        for item in others:
            binder.pass_over(item)
        return Reading(
            text=binder.blocks.text(),
            encoding="utf-8",
            title=re.sub(r"\.scriv$", "", posixpath.basename(name)),
            notes=(*binder.notes(), *binder.blocks.notes()),
        )


class Binder:
    """Collects the documents of a project, each with those under it."""

    def __init__(self, archive: Archive, folder: str, options: ScrivenerOptions) -> None:
        self.blocks = Blocks()
        self.left = Leftovers()
        self._scrivenings = Scrivenings(self.left, options.footnotes)
        self._excluded: list[str] = []
        self._elsewhere: list[str] = []
        self._deep: list[str] = []
        self._without: list[str] = []
        self._unread: list[str] = []
        self._archive = archive
        self._members = Members(archive.names)
        self._known: set[str] = set()
        self._folder = folder
        self._options = options
        self._inside = posixpath.join(folder, "")
        asides = (bool(_ASIDE.search(name)) for name in self._files())
        self.left.add("aside", sum(asides))

    def add(self, item: Element, level: int) -> None:
        """Read what the item holds, and then all below it."""
        title = self._scrivenings.plain(_text(item, "Title"))
        metadata = next(iter(children(item, "MetaData")), None)
        below = _items(item)
        if level > DEEPEST:
            self._deep.append(_name(item))
            return
        if metadata is not None and _text(metadata, "IncludeInCompile") == "No":
            self._excluded.append(title or attribute(item, "ID"))
            self._find(item, CONTENTS)
        else:
            self._head(title, level, bool(below))
            self._content(item, title, level)
        for child in below:
            self.add(child, level + 1)

    def pass_over(self, item: Element) -> None:
        """Name the documents of a part of the binder that is no part of the draft."""
        for each in named(item, "BinderItem"):
            has_text = bool(self._find(each, CONTENTS))
            if has_text or not (_items(each) or attribute(each, "Type").endswith("Folder")):
                self._elsewhere.append(_name(each))

    def notes(self) -> tuple[str, ...]:
        """What of the project was not read."""
        strays = [
            name
            for name in self._files()
            if name not in self._known and _ORPHAN.fullmatch(name.removeprefix(self._inside))
        ]
        return (
            *listed(_("Left out, because they are not compiled: {names}."), self._excluded),
            *listed(_("Left out, because they are outside the draft: {names}."), self._elsewhere),
            *listed(_("Not read, because it lies too deep in the binder: {names}."), self._deep),
            *listed(_("No text was found for: {names}."), self._without),
            *listed(_("Not read, because it is no text: {names}."), self._unread),
            *listed(_("Not read, because the binder does not name them: {names}."), strays),
            *self.left.notes(),
        )

    def _files(self) -> Iterator[str]:
        """The files of the project."""
        return (name for name in self._archive.names if name.startswith(self._inside))

    def _head(self, title: str, level: int, is_folder: bool) -> None:
        if _UNTITLED.fullmatch(title) or not (is_folder or self._options.scene_titles):
            if not self.blocks.is_empty and not self.blocks.ends_in_heading:
                self.blocks.scene_break()
        else:
            self.blocks.heading(title, level)

    def _find(self, item: Element, patterns: tuple[str, ...]) -> str:
        """The first file of the item that is there."""
        places = {"uuid": attribute(item, "UUID"), "id": attribute(item, "ID")}
        for pattern in patterns:
            key = "{uuid}" if "{uuid}" in pattern else "{id}"
            path = pattern.format(**places) if places[key.strip("{}")] else ""
            if path and (file := self._members.find(self._folder, path)):
                self._known.add(file)
                return file
        return ""

    def _content(self, item: Element, title: str, level: int) -> None:
        kind = attribute(item, "Type")
        if file := self._find(item, CONTENTS):
            try:
                self._read(file, level)
            except StudioError as problem:
                self.left.say_unread(_name(item), problem)
        elif kind not in ("Text", "Folder", "Root", ""):
            self._unread.append(_name(item))
        elif kind == "Text" and not _items(item):
            self._without.append(_name(item))
        if file := self._find(item, COMMENTS):
            root, _damaged = markup.recovered(self._archive.name, self._archive.read(file))
            notes = list(named(root, "Comment")) if root is not None else []
            footnotes = sum(attribute(note, "Footnote") == "Yes" for note in notes)
            self.left.add("footnote", footnotes)
            self.left.add("comment", len(notes) - footnotes)

    def _read(self, file: str, level: int) -> None:
        data, shown = self._archive.read(file), f"{self._archive.name}: {file}"
        found = Blocks()
        if file.lower().endswith(".rtf"):
            document = Document(shown, self._options.footnotes)
            document.read(escaped(data))
            self.left.update(document.left)
            found = document.blocks
        else:
            decoded = encoding.decode(shown, data)
            for line in decoded.text.splitlines():
                found.paragraph(line)
            for note in decoded.told():
                self.left.say(f"{file}: {note}")
        self.blocks.extend(self._scrivenings.prose(found, level))


def _draft(archive: Archive) -> tuple[str, Element, list[Element]]:
    """The folder of the project in the archive, the draft in its binder, what stands beside it."""
    binders = sorted(
        (n for n in archive.names if n.lower().endswith(BINDER)), key=lambda n: n.count("/")
    )
    if binders:
        root = markup.xml(archive.name, archive.read(binders[0]))
        for item in named(root, "BinderItem"):
            if attribute(item, "Type") == "DraftFolder":
                within = [item, *item.iterancestors()]
                others = [i for e in within[1:] for i in children(e, "BinderItem")]
                others = [other for other in others if other not in within]
                return posixpath.dirname(binders[0]), item, others
    raise StudioError(
        _("“{name}” is no whole Scrivener project.").format(name=archive.name),
        _("It has no binder ({ending}) with a draft folder.").format(ending=BINDER),
        _("Choose the project's folder, or a zip of it; or compile it in Scrivener to .docx."),
    )


def _items(item: Element) -> list[Element]:
    return [i for group in children(item, "Children") for i in children(group, "BinderItem")]


def _name(item: Element) -> str:
    return _text(item, "Title") or attribute(item, "UUID") or attribute(item, "ID") or "?"


def _text(item: Element, name: str) -> str:
    return next((" ".join((e.text or "").split()) for e in children(item, name)), "")


plugin = Scrivener()
