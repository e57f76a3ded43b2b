"""What an EPUB says of itself: its title, its documents in reading order, its contents."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from studio.errors import StudioError
from studio.language import _
from studio.text import markup, webpages
from studio.text.markup import attribute, children, local, named

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from studio.text.archives import Archive

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
FONTS_ONLY = (
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
)
"""Algorithms that hide fonts and nothing else."""
PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
NO_PROSE = frozenset({"cover", "toc", "nav", "landmarks", "page-list", "loi", "lot"})


class Package(NamedTuple):
    title: str
    pages: tuple[str, ...]
    """Names of the documents in the archive, in reading order."""
    titles: dict[str, dict[str, tuple[str, int]]]
    """Of each document: title and level of what begins at an id (empty for the top)."""


def read(archive: Archive) -> Package:
    """The package of a book.

    Raises:
        StudioError: no EPUB, damaged, or with digital rights management.
    """
    root_file = _root_file(archive)
    root = markup.xml(archive.name, archive.read(root_file))
    folder = posixpath.dirname(root_file)
    items = {attribute(item, "id"): item for item in named(root, "item")}
    files = {key: resolve(folder, attribute(item, "href")) for key, item in items.items()}
    skipped = {file for file, role in _guide(root, folder) if role in NO_PROSE} | {
        files[key] for key, item in items.items() if "nav" in attribute(item, "properties").split()
    }
    pages = [
        files[attribute(ref, "idref")]
        for ref in named(root, "itemref")
        if attribute(ref, "idref") in items and attribute(ref, "linear") != "no"
        if attribute(items[attribute(ref, "idref")], "media-type") in PAGES
    ]
    kept = tuple(dict.fromkeys(p for p in pages if p not in skipped and p in archive.names))
    _refuse_protected(archive, kept)
    titles: dict[str, dict[str, tuple[str, int]]] = {}
    for target, title, level in _contents(archive, items, files):
        page, _hash, mark = target.partition("#")
        titles.setdefault(page, {}).setdefault(mark, (title, level))
    return Package(_title(root), kept, titles)


def resolve(folder: str, link: str) -> str:
    """The name in the archive of what a link in a document of this folder leads to."""
    path, hash_sign, mark = unquote(link).partition("#")
    return posixpath.normpath(posixpath.join(folder, path)).lstrip("/") + hash_sign + mark


def _root_file(archive: Archive) -> str:
    if CONTAINER in archive.names:
        for found in named(markup.xml(archive.name, archive.read(CONTAINER)), "rootfile"):
            if (path := unquote(attribute(found, "full-path"))) in archive.names:
                return path
    raise StudioError(
        _("“{name}” is no EPUB.").format(name=archive.name),
        _("It does not say where its text is ({part}).").format(part=CONTAINER),
        _("Export the book again as EPUB, or as .docx, and import that."),
    )


def _title(root: Element) -> str:
    found = next((t for m in named(root, "metadata") for t in named(m, "title")), None)
    return " ".join((found.text or "").split()) if found is not None else ""


def _guide(root: Element, folder: str) -> Iterator[tuple[str, str]]:
    for reference in named(root, "reference"):
        target = resolve(folder, attribute(reference, "href")).partition("#")[0]
        yield target, attribute(reference, "type").lower()


def _refuse_protected(archive: Archive, pages: tuple[str, ...]) -> None:
    if ENCRYPTION not in archive.names:
        return
    for data in named(markup.xml(archive.name, archive.read(ENCRYPTION)), "EncryptedData"):
        method = next((attribute(m, "Algorithm") for m in named(data, "EncryptionMethod")), "")
        hidden = {resolve("", attribute(r, "URI")) for r in named(data, "CipherReference")}
        if method not in FONTS_ONLY and hidden & set(pages):
            raise StudioError(
                _("“{name}” is protected.").format(name=archive.name),
                _("Its text is encrypted by its shop (DRM), and only that shop's reader opens it."),
                _("Import your own manuscript of the book, or an EPUB without protection."),
            )


def _contents(
    archive: Archive, items: dict[str, Element], files: dict[str, str]
) -> Iterator[tuple[str, str, int]]:
    """Target, title and level of each entry of the table of contents."""
    for key, item in items.items():
        file = files[key]
        if file not in archive.names:
            continue
        if "nav" in attribute(item, "properties").split():
            root, _encoding = markup.page(archive.name, archive.read(file))
            yield from _navigation(root, posixpath.dirname(file))
        elif attribute(item, "media-type") == "application/x-dtbncx+xml":
            root = markup.xml(archive.name, archive.read(file))
            for points in named(root, "navMap"):
                yield from _points(points, posixpath.dirname(file))


def _navigation(root: Element, folder: str) -> Iterator[tuple[str, str, int]]:
    """The list of EPUB 3, whose depth is that of its nested ``ol``."""
    for nav in named(root, "nav"):
        if "toc" not in webpages.types(nav):
            continue
        for link in named(nav, "a"):
            level = sum(local(above) == "ol" for above in link.iterancestors())
            title = markup.words(link)
            yield resolve(folder, attribute(link, "href")), title, level


def _points(root: Element, folder: str) -> Iterator[tuple[str, str, int]]:
    """The ``navPoint`` elements of EPUB 2."""
    for point in named(root, "navPoint"):
        level = 1 + sum(local(above) == "navPoint" for above in point.iterancestors())
        label = next((t for n in children(point, "navLabel") for t in named(n, "text")), None)
        source = next(iter(children(point, "content")), None)
        if label is not None and source is not None:
            title = " ".join((label.text or "").split())
            yield resolve(folder, attribute(source, "src")), title, level
