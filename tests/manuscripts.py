"""Small files of every kind that the studio reads, built in memory."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
ENGLISH = "The water came up in the night and leaned against the door."
CHINESE = "水来了，船就高了，谁也没有说话。"


Files = Mapping[str, bytes | str] | Iterable[tuple[str, bytes | str]]


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    pairs = files.items() if isinstance(files, Mapping) else files
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return packed.getvalue()


class _Unflagged(zipfile.ZipInfo):
    """An entry whose name is written as older programs do, who do not say in what."""

    written = b""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.written, 0


def zipped_as(encoding: str, files: Mapping[str, bytes | str]) -> bytes:
    """A zip of a program that writes names in this encoding and does not say so."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, (name, content) in enumerate(files.items()):
            info = _Unflagged(str(number))
            info.written = name.encode(encoding)
            archive.writestr(info, content)
    return packed.getvalue()


def stored(files: Files) -> bytes:
    return zipped(files, zipfile.ZIP_STORED)


def docx(*paragraphs: tuple[str, str]) -> bytes:
    """A document of python-docx: pairs of style and text."""
    import docx as library

    document = library.Document()
    for style, text in paragraphs:
        document.add_paragraph(text, style=style)
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def p(inside: str, properties: str = "") -> str:
    """A paragraph of a Word document."""
    return f"<w:p>{properties and f'<w:pPr>{properties}</w:pPr>'}{inside}</w:p>"


def r(text: str, properties: str = "") -> str:
    """A run of a Word document, which says this text."""
    inner = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{inner}<w:t xml:space="preserve">{text}</w:t></w:r>'


def raw_docx(body: str, pack: Callable[[Files], bytes] = zipped, **parts: str) -> bytes:
    """A document of this XML; ``parts`` are other parts by name, as ``footnotes``."""
    files = {"word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>"}
    return pack(files | {f"word/{name}.xml": xml for name, xml in parts.items()})


def epub(
    pages: Mapping[str, str], *, nav: str = "", ncx: str = "", opf: str = "", **more: str
) -> bytes:
    """A book of these pages (name to body); ``opf`` goes into its manifest, ``more`` beside it."""
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(pages)
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(pages)))
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/b.opf"/>'
        "</rootfiles></container>",
        "OEBPS/b.opf": '<package xmlns="http://www.idpf.org/2007/opf" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Tide</dc:title>'
        f"</metadata><manifest>{items}{opf}</manifest><spine>{spine}</spine></package>",
    }
    for name, body in pages.items():
        files[f"OEBPS/{name}"] = xhtml(body)
    if nav:
        files["OEBPS/nav.xhtml"] = xhtml(f'<nav epub:type="toc"><ol>{nav}</ol></nav>')
    if ncx:
        files["OEBPS/toc.ncx"] = f"<ncx><navMap>{ncx}</navMap></ncx>"
    return zipped(files | {name.replace("__", "/"): content for name, content in more.items()})


NAV_ITEM = '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
NCX_ITEM = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'


def xhtml(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>Page</title></head><body>{body}</body></html>"
    )


def rtf(body: str) -> bytes:
    """RTF with these words, in which ``body`` may hold control words."""
    escaped = "".join(c if c.isascii() else f"\\u{_signed(c)}?" for c in body)
    return ("{\\rtf1\\ansi\\ansicpg1252\\uc1 " + escaped + "}").encode("ascii")


def _signed(character: str) -> int:
    code = ord(character)
    return code if code < 0x8000 else code - 0x10000


def scrivener(old: bool = False) -> dict[str, bytes | str]:
    """The files of a project: two chapters of the draft, one left out, and notes."""

    def item(
        number: int, title: str, kind: str = "Text", below: str = "", compiled: str = "Yes"
    ) -> str:
        return (
            f'<BinderItem ID="{number}" UUID="U{number}" Type="{kind}"><Title>{title}</Title>'
            f"<MetaData><IncludeInCompile>{compiled}</IncludeInCompile></MetaData>"
            f"<Children>{below}</Children></BinderItem>"
        )

    binder = item(
        0,
        "Draft",
        "DraftFolder",
        item(1, "The Quay", "Folder", item(3, "Morning") + item(2, "Untitled"))
        + item(4, "Cut for good", compiled="No")
        + item(5, "渡船", "Folder", item(6, "Scene 2")),
    ) + item(7, "Research", "ResearchFolder", item(8, "Harbour law"))
    texts = {2: "He went.", 3: ENGLISH, 4: "Never read.", 6: CHINESE, 8: "Not prose."}
    place = "Files/Docs/{}.rtf" if old else "Files/Data/U{}/content.rtf"
    files: dict[str, bytes | str] = {
        "Novel.scriv/Novel.scrivx": f"<ScrivenerProject><Binder>{binder}</Binder>"
        "</ScrivenerProject>"
    }
    for number, text in texts.items():
        files[f"Novel.scriv/{place.format(number)}"] = rtf(f"{text}\\par ")
    return files


def jsonl(*rows: object) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def parquet(**columns: list[object]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet as library

    packed = io.BytesIO()
    library.write_table(pa.table(columns), packed)
    return packed.getvalue()


def of_every_kind(text: str) -> dict[str, bytes]:
    """The same paragraph in a file of each reader's kind, by the kind."""
    project = scrivener()
    project["Novel.scriv/Files/Data/U3/content.rtf"] = rtf(f"{text}\\par ")
    return {
        "txt": text.encode(),
        "markdown": text.encode(),
        "docx": docx(("Normal", text)),
        "epub": epub({"a.xhtml": f"<p>{text}</p>"}),
        "html": f'<html><meta charset="utf-8"><body><p>{text}</p></body></html>'.encode(),
        "rtf": rtf(f"{text}\\par "),
        "scrivener": zipped(project),
        "json": json.dumps([{"text": text}]).encode(),
        "csv": f'id,text\n1,"{text}"\n'.encode(),
        "parquet": parquet(text=[text]),
        "zip": zipped({"chapter.txt": text}),
    }
