"""Word documents: the text as it stands once every tracked change is accepted."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.language import _, n_
from studio.text import composition, markup, wordprocessing
from studio.text.archives import Archive
from studio.text.numbering import Numbering
from studio.text.reading import FootnoteOptions, Reading

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAIN = "word/document.xml"
NOTES = {"footnote": "footnotes.xml", "endnote": "endnotes.xml"}
_RELATIONS = "_rels/.rels"
_OLE = b"\xd0\xcf\x11\xe0"


class Docx:
    kind = "docx"
    label = "Word"
    endings = (".docx", ".docm")
    Spec = FootnoteOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the file is no Word document, or has a password."""
        _main(_open(name, data))

    def run(self, name: str, data: bytes, options: FootnoteOptions) -> Reading:
        """Headings by their style, scenes, paragraphs; no deletions, comments or hidden text.

        Raises:
            StudioError: no Word document, damaged, too large, or with a password.
        """
        archive = _open(name, data)
        main = _main(archive)
        folder = posixpath.dirname(main)
        styles = wordprocessing.Styles(_part(archive, f"{folder}/styles.xml"))
        notes: dict[tuple[str, str], str] = {}
        for kind, file in NOTES.items() if options.footnotes else ():
            root = _part(archive, f"{folder}/{file}")
            notes |= {} if root is None else wordprocessing.footnotes(kind, root, styles)
        numbering = Numbering(_part(archive, f"{folder}/numbering.xml"))
        body = wordprocessing.Body(styles, notes, numbering)
        body.read(markup.xml(name, archive.read(main)))
        return Reading(
            text=body.blocks.text(),
            encoding="utf-8",
            title=composition.readable(body.title),
            notes=(
                *_changes(body.changes),
                *composition.footnotes_left_out(body.footnotes),
                *composition.tables_left_out(body.tables),
                *body.blocks.notes(),
            ),
        )


def _open(name: str, data: bytes) -> Archive:
    if data.startswith(_OLE):
        raise StudioError(
            _("“{name}” cannot be opened.").format(name=name),
            _("It has a password, or is of the kind that Word made before 2007 (.doc)."),
            _("Open it in Word or LibreOffice, save it without a password as .docx, import that."),
        )
    return Archive(name, data)


def _main(archive: Archive) -> str:
    """The name of the part with the text, which the package's relations tell."""
    relations = _part(archive, _RELATIONS)
    for relation in () if relations is None else relations:
        if markup.attribute(relation, "Type").endswith("/officeDocument"):
            target = markup.attribute(relation, "Target").lstrip("/")
            if target in archive.names and target.endswith(".xml"):
                return target
    if MAIN in archive.names:
        return MAIN
    raise StudioError(
        _("“{name}” is no Word document.").format(name=archive.name),
        _("It has no text where Word documents have it ({part}).").format(part=MAIN),
        _("Open it in the program it was made with, save it as .docx, and import that."),
    )


def _part(archive: Archive, name: str) -> Element | None:
    return markup.xml(archive.name, archive.read(name)) if name in archive.names else None


def _changes(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    note = n_(
        "{count} tracked change was taken as accepted.",
        "{count} tracked changes were taken as accepted.",
        count,
    )
    return (note.format(count=count),)


plugin = Docx()
