"""What an EPUB says of itself: its title, its documents in reading order, its contents."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from studio.errors import StudioError
from studio.language import _
from studio.text import markup, pageparts
from studio.text.markup import attribute, children, local, named
from studio.text.members import Members

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from studio.text.archives import Archive

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
NCX = "application/x-dtbncx+xml"
FONTS_ONLY = (
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
)
"""Algorithms that hide fonts and nothing else."""
PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
ENDINGS = (".xhtml", ".html", ".htm", ".xht")

Titles = dict[str, dict[str, list[tuple[str, int]]]]


class Package(NamedTuple):
    title: str
    pages: tuple[str, ...]
    """Names of the documents in the archive, in reading order."""
    titles: Titles
    """Of each document: titles and levels of what begins at an id (empty for the top)."""
    lists: dict[str, frozenset[str]]
    """Of each document: ids of what the book calls a list (empty for the whole document)."""
    others: tuple[str, ...]
    """Documents that are no part of the reading order."""
    missing: tuple[str, ...]
    """What the reading order names and the archive does not have, or not as a document."""
    notes: tuple[str, ...]


def read(archive: Archive) -> Package:
    """The package of a book, as far as it can be read.

    Raises:
        StudioError: no EPUB, damaged, or with digital rights management.
    """
    root_file = _root_file(archive)
    root, damaged = markup.recovered(archive.name, archive.read(root_file))
    if root is None:
        root, damaged = markup.xml(archive.name, b"<package/>"), True
    book = _Book(archive, root, posixpath.dirname(root_file))
    pages, missing = book.spine(damaged)
    lists: dict[str, set[str]] = {}
    for file, mark in book.lists():
        lists.setdefault(file, set()).add(mark)
    _refuse_protected(archive, pages)
    contents, broken = _contents(archive, book)
    titles: Titles = {}
    for target, title, level in contents:
        page, _hash, mark = target.partition("#")
        places = titles.setdefault(book.members.anywhere("", page) or page, {})
        if all(title != known for known, _level in places.setdefault(mark, [])):
            places[mark].append((title, level))
    read_in_order = set(pages)
    others = [
        n for n in archive.names
        if n not in read_in_order and n not in book.navigation and n.lower().endswith(ENDINGS)
    ]  # fmt: skip
    return Package(
        _title(root),
        pages,
        titles,
        {file: frozenset(marks) for file, marks in lists.items()},
        tuple(others),
        missing,
        (
            *((_("The list of the book’s documents is damaged; all were read."),) * damaged),
            *((_("The table of contents is damaged; it was read as far as it goes."),) * broken),
        ),
    )


class _Book:
    """The package document of a book, and where in the archive that leads to."""

    def __init__(self, archive: Archive, root: Element, folder: str) -> None:
        self.members = Members(archive.names)
        self.items: dict[str, Element] = {}
        self.files: dict[str, str] = {}
        for item in named(root, "item"):
            key = attribute(item, "id").strip()
            self.items[key] = item
            self.files[key] = self.members.anywhere(folder, attribute(item, "href").strip())
        self.navigation = {
            self.files[key]
            for key, item in self.items.items()
            if "nav" in attribute(item, "properties").split()
        }
        self._root = root
        self._folder = folder
        self._archive = archive

    def spine(self, damaged: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The documents in reading order, and what is missing of them.

        Where the package is damaged, or has no order, all documents follow that it leaves out.
        """
        references = list(named(self._root, "itemref"))
        linear = [ref for ref in references if attribute(ref, "linear").strip() != "no"]
        pages: list[str] = []
        missing: list[str] = []
        for reference in linear or references:
            key = self._page(attribute(reference, "idref").strip())
            if key in self.files and self.files[key] and self._is_page(key):
                pages.append(self.files[key])
            elif key not in self.items or not self._is_image(key):
                item = self.items.get(key)
                missing.append((attribute(item, "href") if item is not None else "") or key)
        if damaged or not pages:
            listed = [f for key, f in self.files.items() if f and self._is_page(key)]
            unlisted = [n for n in self._archive.names if n.lower().endswith(ENDINGS)]
            pages += [p for p in (*listed, *unlisted) if p not in self.navigation]
        return tuple(dict.fromkeys(pages)), tuple(dict.fromkeys(missing))

    def lists(self) -> Iterator[tuple[str, str]]:
        """Documents, and ids in them, that hold names of chapters and no prose."""
        for file in self.navigation:
            yield file, ""
        for reference in named(self._root, "reference"):
            if attribute(reference, "type").lower() in pageparts.LISTS:
                path, _hash, mark = attribute(reference, "href").partition("#")
                if file := self.members.anywhere(self._folder, path.strip()):
                    yield file, unquote(mark)

    def _page(self, key: str) -> str:
        """The item itself, or what it gives to programs that cannot show it."""
        seen = {key}
        while key in self.items and not self._is_page(key):
            other = attribute(self.items[key], "fallback").strip()
            if not other or other in seen:
                break
            seen.add(key := other)
        return key

    def _is_page(self, key: str) -> bool:
        kind = attribute(self.items[key], "media-type").partition(";")[0].strip().lower()
        name = self.files[key] or attribute(self.items[key], "href")
        return kind in PAGES or name.lower().endswith(ENDINGS)

    def _is_image(self, key: str) -> bool:
        kind = attribute(self.items[key], "media-type").lower()
        return kind.startswith("image/") and not kind.startswith("image/svg")


def resolve(folder: str, link: str) -> str:
    """The name in the archive of what a link in a document of this folder leads to."""
    path, hash_sign, mark = unquote(link).partition("#")
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/") + hash_sign + mark


def _root_file(archive: Archive) -> str:
    members = Members(archive.names)
    if container := members.find("", CONTAINER):
        root, _damaged = markup.recovered(archive.name, archive.read(container))
        for found in named(root, "rootfile") if root is not None else ():
            if path := members.anywhere("", attribute(found, "full-path").strip()):
                return path
    packages = [name for name in archive.names if name.lower().endswith(".opf")]
    if packages:
        return min(packages, key=lambda name: name.count("/"))
    raise StudioError(
        _("“{name}” is no EPUB.").format(name=archive.name),
        _("It does not say where its text is ({part}).").format(part=CONTAINER),
        _("Export the book again as EPUB, or as .docx, and import that."),
    )


def _title(root: Element) -> str:
    """The title that calls itself the main one, else the first."""
    titles = [t for m in named(root, "metadata") for t in named(m, "title") if markup.words(t)]
    main = {
        attribute(meta, "refines").lstrip("#")
        for meta in named(root, "meta")
        if attribute(meta, "property") == "title-type" and markup.words(meta) == "main"
    }
    titles.sort(key=lambda title: attribute(title, "id") not in main)
    return markup.words(titles[0]) if titles else ""


def _refuse_protected(archive: Archive, pages: tuple[str, ...]) -> None:
    members = Members(archive.names)
    if not (encryption := members.find("", ENCRYPTION)):
        return
    root, _damaged = markup.recovered(archive.name, archive.read(encryption))
    for data in named(root, "EncryptedData") if root is not None else ():
        method = next((attribute(m, "Algorithm") for m in named(data, "EncryptionMethod")), "")
        links = (attribute(link, "URI") for link in named(data, "CipherReference"))
        hidden = {members.anywhere("", link) for link in links}
        if method not in FONTS_ONLY and hidden & set(pages):
            raise StudioError(
                _("“{name}” is protected.").format(name=archive.name),
                _("Its text is encrypted by its shop (DRM), and only that shop's reader opens it."),
                _("Import your own manuscript of the book, or an EPUB without protection."),
            )


def _contents(archive: Archive, book: _Book) -> tuple[list[tuple[str, str, int]], bool]:
    """Target, title and level of each entry of the table of contents, and whether it is damaged.

    That of EPUB 3 goes before the older one, unless it names less than half of the documents:
    some programs write no more than a cover and a beginning into it.
    """
    tables = [(True, file) for file in sorted(book.navigation)]
    tables += [
        (False, book.files[key])
        for key, item in book.items.items()
        if attribute(item, "media-type") == NCX or book.files[key].lower().endswith(".ncx")
    ]
    best: list[tuple[str, str, int]] = []
    most, broken = 0, False
    for is_navigation, file in tables:
        entries, damaged = _entries(archive, file, is_navigation)
        documents = len({target.partition("#")[0] for target, _title, _level in entries})
        if documents > 2 * most:
            best, most, broken = entries, documents, broken or damaged
        elif not best:
            broken = broken or damaged
    return best, broken


def _entries(
    archive: Archive, file: str, is_navigation: bool
) -> tuple[list[tuple[str, str, int]], bool]:
    """What one table of contents says, and whether it is damaged."""
    folder = posixpath.dirname(file)
    try:
        content = archive.read(file) if file else b""
        if is_navigation and content.strip():
            root, _encoding = markup.page(archive.name, content)
            return list(_navigation(root, folder)), False
        if content.strip():
            ncx, damaged = markup.recovered(archive.name, content)
            maps = named(ncx, "navMap") if ncx is not None else ()
            return [entry for points in maps for entry in _points(points, folder)], damaged
    except StudioError:
        pass
    return [], True


def _navigation(root: Element, folder: str) -> Iterator[tuple[str, str, int]]:
    """The list of EPUB 3, whose depth is that of its nested ``ol``; a part without a link
    begins where the first of its chapters does."""
    for nav in named(root, "nav"):
        if "toc" not in pageparts.types(nav):
            continue
        for label in named(nav, "a", "span"):
            above = list(label.iterancestors())
            if local(label) == "span" and local(above[0]) != "li":
                continue
            links = (label,) if local(label) == "a" else named(above[0], "a")
            target = next((t for link in links if (t := attribute(link, "href"))), "")
            title = markup.words(label)
            if target and title:
                level = sum(local(each) == "ol" for each in above)
                yield resolve(folder, target), title, max(level, 1)


def _points(root: Element, folder: str) -> Iterator[tuple[str, str, int]]:
    """The ``navPoint`` elements of EPUB 2."""
    for point in named(root, "navPoint"):
        level = 1 + sum(local(above) == "navPoint" for above in point.iterancestors())
        label = next((t for n in children(point, "navLabel") for t in named(n, "text")), None)
        sources = (attribute(source, "src") for source in named(point, "content"))
        source = next((found for found in sources if found), "")
        if label is not None and source and (title := markup.words(label)):
            yield resolve(folder, source), title, level
