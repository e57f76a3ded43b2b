"""E-books, in the order in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.language import _
from studio.text import composition, markup, packages, webpages
from studio.text.archives import Archive
from studio.text.composition import Blocks
from studio.text.reading import FootnoteOptions, Reading

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LARGEST = 100 << 20
"""Bytes of all documents together."""


class Epub:
    kind = "epub"
    label = "EPUB"
    endings = (".epub",)
    Spec = FootnoteOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the file is no EPUB, or a protected one."""
        packages.read(Archive(name, data))

    def run(self, name: str, data: bytes, options: FootnoteOptions) -> Reading:
        """The documents of the spine; the table of contents names those that have no heading.

        Raises:
            StudioError: no EPUB, damaged, too large, or protected.
        """
        archive = Archive(name, data)
        package = packages.read(archive)
        story, size, footnotes, tables = Blocks(), 0, 0, 0
        for file in package.pages:
            content = archive.read(file)
            size += len(content)
            if size > LARGEST:
                _refuse(name)
            root, _encoding = markup.page(f"{name}: {file}", content)
            if _is_no_prose(root):
                continue
            page = webpages.Page(options.footnotes, package.titles.get(file))
            page.read(root)
            if not page.blocks.is_empty:
                story.extend(page.blocks)
            footnotes, tables = footnotes + page.footnotes, tables + page.tables
        return Reading(
            text=story.text(),
            encoding="utf-8",
            title=composition.readable(package.title),
            notes=(
                *composition.footnotes_left_out(footnotes),
                *composition.tables_left_out(tables),
                *story.notes(),
            ),
        )


def _is_no_prose(root: Element) -> bool:
    bodies = markup.named(root, "body")
    return any(
        webpages.types(element) & packages.NO_PROSE
        for body in bodies
        for element in (body, *list(body)[:1])
    )


def _refuse(name: str) -> None:
    raise StudioError(
        _("“{name}” is too large.").format(name=name),
        _("Its text unpacks to more than {size} MB.").format(size=LARGEST >> 20),
        _("Check that it is the manuscript; if it is, split it into volumes and import each."),
    )


plugin = Epub()
