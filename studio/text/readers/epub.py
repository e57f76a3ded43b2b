"""E-books, in the order in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.language import _
from studio.text import composition, markup, packages, pageparts, pageprose, webpages
from studio.text.archives import Archive
from studio.text.composition import Blocks
from studio.text.leftovers import Leftovers
from studio.text.pageprose import Weights
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
        book = _Story(archive, package, options)
        book.read(package.pages)
        if book.blocks.is_empty:
            book.read_lists()
        return Reading(
            text=book.blocks.text(),
            encoding="utf-8",
            title=composition.readable(package.title),
            notes=(*book.notes(), *book.blocks.notes()),
        )


class _Story:
    """Collects the documents of a book."""

    def __init__(self, archive: Archive, package: packages.Package, options: FootnoteOptions):
        self.blocks = Blocks()
        self._archive = archive
        self._package = package
        self._options = options
        self._left = Leftovers()
        self._size = 0
        self._left_out: list[str] = []
        self._empty: list[str] = []
        self._lists: dict[str, Element] = {}

    def read(self, files: tuple[str, ...]) -> None:
        """Add these documents, but for those that are lists of names."""
        problems: list[StudioError] = []
        for file in files:
            try:
                root = self._root(file)
            except StudioError as problem:
                if self._size > LARGEST:
                    raise
                problems.append(problem)
                self._left.say_unread(file, problem)
                continue
            if root is None:
                self._empty.append(file)
            elif self._is_list(file, root):
                self._lists[file] = root
            else:
                self._add(file, root)
        if problems and len(problems) == len(files):
            raise problems[0]

    def read_lists(self) -> None:
        """Add what was taken for lists: a book of nothing else has its text there."""
        for file, root in self._lists.items():
            self._add(file, root)
        self._lists = {}

    def notes(self) -> tuple[str, ...]:
        """What of the book was not read."""
        package = self._package
        beside = [file for file in package.others if self._may_say(file)]
        lists = [file for file, root in self._lists.items() if self._says(root)]
        return (
            *package.notes,
            *composition.named(_("Missing in the book: {names}."), package.missing),
            *composition.named(_("Empty in the book: {names}."), self._empty),
            *composition.named(_("Left out as cover or contents: {names}."), lists),
            *composition.named(
                _("Left out, because they are not in the book’s reading order: {names}."), beside
            ),
            *pageparts.left_out(self._left_out),
            *self._left.notes(),
        )

    def _root(self, file: str) -> Element | None:
        content = self._archive.read(file)
        self._size += len(content)
        if self._size > LARGEST:
            _refuse(self._archive.name)
        if not content:
            return None
        try:
            root, decoded = markup.page(f"{self._archive.name}: {file}", content)
        except markup.Empty:
            return None
        for note in decoded.told():
            self._left.say(f"{file}: {note}")
        return root

    def _add(self, file: str, root: Element) -> None:
        marks = self._package.lists.get(file, frozenset()) - {""}
        page = webpages.Page(self._options.footnotes, self._package.titles.get(file), marks)
        page.read(root)
        if not page.blocks.is_empty:
            self.blocks.extend(page.blocks)
        self._left_out += page.left_out
        self._left.update(page.left)

    def _is_list(self, file: str, root: Element) -> bool:
        """Whether the book, or the document itself, calls the whole of it a list of names."""
        body = next(markup.named(root, "body"), root)
        parts = [e for e in body if isinstance(e.tag, str)]
        alone = parts[0] if len(parts) == 1 else body
        called = pageparts.types(body) | pageparts.types(alone)
        marks = self._package.lists.get(file, frozenset())
        # A mark that is not there can only mean the whole document.
        if marks - {""}:
            marks -= {m for e in root.iter() if e.attrib for m in pageparts.marks(e)}
        if not called & pageparts.NO_PROSE and not marks:
            return False
        return Weights(body, pageparts.is_doubtful).of(body).is_listing

    def _may_say(self, file: str) -> bool:
        try:
            return self._says(self._root(file))
        except StudioError:
            return True

    @staticmethod
    def _says(root: Element | None) -> bool:
        if root is None:
            return False
        return bool(pageprose.first_words(next(markup.named(root, "body"), root)))


def _refuse(name: str) -> None:
    raise StudioError(
        _("“{name}” is too large.").format(name=name),
        _("Its text unpacks to more than {size} MB.").format(size=LARGEST >> 20),
        _("Check that it is the manuscript; if it is, split it into volumes and import each."),
    )


plugin = Epub()
