"""Scrivener projects: the draft in the order of its binder."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.language import _
from studio.text import composition, encoding, markup
from studio.text.archives import Archive
from studio.text.composition import Blocks
from studio.text.markup import attribute, children
from studio.text.reading import FootnoteOptions, Reading
from studio.text.richtext import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

BINDER = ".scrivx"
CONTENTS = ("Files/Data/{uuid}/content.rtf", "Files/Data/{uuid}/content.txt",
            "Files/Docs/{id}.rtf", "Files/Docs/{id}.txt")  # fmt: skip
"""Where a document's text is: Scrivener 3, then the versions before it."""
DEEPEST = 100
NAMED = 8
"""Documents named in one note."""
_UNTITLED = re.compile(r"(?:untitled|new|scene|text|无标题|未命名|場景|场景)?[ \d]*", re.IGNORECASE)


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
        folder, draft = _draft(archive)
        binder = Binder(archive, folder, options)
        for item in _items(draft):
            binder.add(item, 1)
        excluded = ", ".join(binder.excluded[:NAMED])
        more = _(" and others") if len(binder.excluded) > NAMED else ""
        left_out = _("Left out, because they are not compiled: {names}.")
        return Reading(
            text=binder.blocks.text(),
            encoding="utf-8",
            title=re.sub(r"\.scriv$", "", posixpath.basename(name)),
            notes=(
                *((left_out.format(names=excluded + more),) if excluded else ()),
                *composition.footnotes_left_out(binder.footnotes),
                *binder.blocks.notes(),
            ),
        )


class Binder:
    """Collects the documents of a project, each with those under it."""

    def __init__(self, archive: Archive, folder: str, options: ScrivenerOptions) -> None:
        self.blocks = Blocks()
        self.excluded: list[str] = []
        self.footnotes = 0
        self._archive = archive
        self._folder = folder
        self._options = options

    def add(self, item: Element, level: int) -> None:
        title = _text(item, "Title")
        metadata = next(iter(children(item, "MetaData")), None)
        below = _items(item)
        if level > DEEPEST:
            return
        if metadata is not None and _text(metadata, "IncludeInCompile") == "No":
            self.excluded.append(title or attribute(item, "ID"))
        else:
            self._head(title, level, bool(below))
            self._content(item)
        for child in below:
            self.add(child, level + 1)

    def _head(self, title: str, level: int, is_folder: bool) -> None:
        if _UNTITLED.fullmatch(title) or not (is_folder or self._options.scene_titles):
            if not self.blocks.is_empty and not self.blocks.ends_in_heading:
                self.blocks.scene_break()
        else:
            self.blocks.heading(title, level)

    def _content(self, item: Element) -> None:
        places = {"uuid": attribute(item, "UUID"), "id": attribute(item, "ID")}
        for pattern in CONTENTS:
            file = posixpath.join(self._folder, pattern.format(**places))
            if file in self._archive.names:
                self._read(file)
                return

    def _read(self, file: str) -> None:
        data, shown = self._archive.read(file), f"{self._archive.name}: {file}"
        if file.endswith(".rtf"):
            document = Document(shown, self._options.footnotes)
            document.read(data)
            self.footnotes += document.footnotes
            self.blocks.extend(document.blocks)
        else:
            for line in encoding.decode(shown, data).text.splitlines():
                self.blocks.paragraph(line)


def _draft(archive: Archive) -> tuple[str, Element]:
    """The folder of the project in the archive, and the draft in its binder."""
    binders = sorted((n for n in archive.names if n.endswith(BINDER)), key=lambda n: n.count("/"))
    if binders:
        root = markup.xml(archive.name, archive.read(binders[0]))
        for item in markup.named(root, "BinderItem"):
            if attribute(item, "Type") == "DraftFolder":
                return posixpath.dirname(binders[0]), item
    raise StudioError(
        _("“{name}” is no whole Scrivener project.").format(name=archive.name),
        _("It has no binder ({ending}) with a draft folder.").format(ending=BINDER),
        _("Choose the project's folder, or a zip of it; or compile it in Scrivener to .docx."),
    )


def _items(item: Element) -> list[Element]:
    return [i for group in children(item, "Children") for i in children(group, "BinderItem")]


def _text(item: Element, name: str) -> str:
    return next((" ".join((e.text or "").split()) for e in children(item, name)), "")


plugin = Scrivener()
