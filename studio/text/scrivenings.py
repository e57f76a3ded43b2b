"""What Scrivener writes between the words of a document: styles, placeholders, annotations."""

from __future__ import annotations

import re
from itertools import zip_longest

from studio.text.composition import Blocks
from studio.text.leftovers import Leftovers

_END, _HEAD, _GONE = "\x1e", "\x02", "\x03"
"""Between two paragraphs, before a heading, where an annotation stood."""
_OURS = re.compile(f"[{_END}{_HEAD}{_GONE}]")
_MARKER = re.compile(r"<[!/]?\$[^\W\d][^<>\x1e]{0,200}>")
_STYLE = re.compile(r"<[!/]?\$Scr", re.IGNORECASE)
_STYLES = re.compile(r"<[!/]?\$Scr[^<>\n]{0,200}>", re.IGNORECASE)
_HEADING = re.compile(r"<\$Scr_H::(?P<level>\d{1,2})>", re.IGNORECASE)
_ADDED = re.compile(
    r"\{\\Scrv_(?P<kind>annot|fn)\b(?:\s*=)?(?:\s*\\color=\{[^{}\x1e]{0,200}\})?(?:\s*\\text=)?"
)
_ADDED_RAW = re.compile(
    rb"(?<!\\)\{(?:\\\*)?\\Scrv_(annot|fn)\b(?:\s*=)?(?:\s*\\color=\{[^{}]{0,200}\})?"
    rb"(?:\s*\\text=)?"
)
_END_RAW = re.compile(rb"(?<!\\)\\end_Scrv_(annot|fn)\}?")


class Scrivenings:
    """Takes Scrivener's marks out of documents, and counts in ``left`` what it took with them."""

    def __init__(self, left: Leftovers, keep_footnotes: bool = False) -> None:
        self._left = left
        self._keep = keep_footnotes

    def prose(self, blocks: Blocks, level: int = 0) -> Blocks:
        """The blocks without marks; a heading by one of Scrivener's styles is below ``level``."""
        if not any("$" in block.text or "\\Scrv_" in block.text for block in blocks):
            return blocks
        found = Blocks()
        marked = (_HEAD * (b.kind == "heading") + _OURS.sub("", b.text) for b in blocks)
        for paragraph in self._without_annotations(_END.join(marked)).split(_END):
            text = self.plain(paragraph.replace(_GONE, ""))
            if text.startswith(_HEAD):
                signs, _space, title = text[1:].partition(" ")
                found.heading(title, len(signs))
            elif text.strip() and (style := _HEADING.search(paragraph)):
                found.heading(text, level + int(style["level"]))
            elif text.strip() or _GONE not in paragraph:
                found.paragraph(text)
        return found

    def plain(self, text: str) -> str:
        """The text without the marks of styles and without placeholders."""
        return _MARKER.sub(self._count, text) if "<" in text else text

    def _count(self, marker: re.Match[str]) -> str:
        self._left.add("placeholder", int(not _STYLE.match(marker[0])))
        return ""

    def _without_annotations(self, text: str) -> str:
        """Those that nothing ends before the next begins stay, as they may be all that follows."""
        pieces: list[str] = []
        at = 0
        ends = {"annot": 0, "fn": 0}
        openings = list(_ADDED.finditer(text))
        for opening, following in zip_longest(openings, openings[1:]):
            kind, begin = opening["kind"], opening.end()
            if 0 <= ends[kind] < begin:
                ends[kind] = text.find(f"\\end_Scrv_{kind}", begin)
            end = ends[kind]
            if end < 0 or (following and following.start() < end):
                continue
            pieces += text[at : opening.start()], self._instead(kind, text[begin:end])
            at = end + len(f"\\end_Scrv_{kind}")
            at += text.startswith("}", at)
        return "".join((*pieces, text[at:]))

    def _instead(self, kind: str, added: str) -> str:
        if kind == "annot":
            self._left.add("annotation")
            return _GONE + (_END + _GONE) * (_END in added)
        self._left.add("footnote", int(not self._keep))
        return f" [{' '.join(added.replace(_END, ' ').split())}]" if self._keep else _GONE


def escaped(rtf: bytes) -> bytes:
    """The document with its annotations as text, where a program wrote them as groups."""
    if b"Scrv_" not in rtf:
        return rtf
    return _END_RAW.sub(rb"\\\\end_Scrv_\1\\}", _ADDED_RAW.sub(rb"\\{\\\\Scrv_\1 ", rtf))


def without_styles(text: str) -> str:
    """The text without the marks that Scrivener's styles leave where others export them."""
    return _STYLES.sub("", text) if "$Scr" in text else text
