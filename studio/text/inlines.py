"""What the signs within a paragraph of Markdown mean: escapes, entities, tags, spans of code."""

from __future__ import annotations

import html
import re
from bisect import bisect_left

_SIGN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<ticks>`+)"
    r"|(?P<tag></?[A-Za-z][^<>\n]{0,500}>)"
    r"|(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
)
_BLOCKS = frozenset(
    {"br", "p", "div", "center", "blockquote", "section", "article", "details", "summary", "ul",
     "ol", "li", "table", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "figure",
     "figcaption", "aside", "header", "footer", "pre", "dl", "dt", "dd"}
)  # fmt: skip
"""Tags that part lines; the others say only what words look like."""
_TAGS = _BLOCKS | {
    "a", "abbr", "b", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "ins", "kbd", "mark",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr",
}  # fmt: skip
_TAG = re.compile(
    r"</?(?P<name>[A-Za-z][A-Za-z0-9]*)"
    r"(?:\s+[A-Za-z][\w:.-]*\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=]+))*\s*/?>"
)
"""With nothing in it but attributes: words between such brackets are words."""
_EDGES = re.compile(r"[ \t]*\n\s*")
_TICKS = re.compile(r"`+")


def only_tags(line: str) -> str | None:
    """What a line of nothing but tags shows: nothing, or a rule; None for any other line."""
    names = {tag["name"].lower() for tag in _TAG.finditer(line)}
    if _TAG.sub("", line).strip():
        return None
    if not names <= _TAGS | {"hr"}:
        return None
    return "* * *" if "hr" in names else ""


def plain(text: str) -> str:
    """The paragraph with its escapes and entities as the characters they stand for.

    Spans of code keep theirs. Tags go, and those that part lines leave a line end.
    """
    if "\\" not in text and "&" not in text and "<" not in text:
        return text
    runs: dict[int, list[int]] = {}
    for ticks in _TICKS.finditer(text):
        runs.setdefault(len(ticks[0]), []).append(ticks.start())
    pieces: list[str] = []
    at, parted = 0, False
    while sign := _SIGN.search(text, at):
        pieces.append(text[at : sign.start()])
        at = sign.end()
        if sign["ticks"]:
            # A span ends with as many backticks as it began with; without an end it is none.
            ends = runs.get(len(sign["ticks"]), [])
            place = bisect_left(ends, at)
            end = ends[place] + len(sign["ticks"]) if place < len(ends) else at
            pieces.append(text[sign.start() : end])
            at = end
        elif sign["escaped"]:
            pieces.append(sign["escaped"])
        elif entity := sign["entity"]:
            pieces.append(html.unescape(entity).replace("\n", " "))
        else:
            tag = _TAG.fullmatch(sign[0])
            name = tag["name"].lower() if tag else ""
            parted = parted or name in _BLOCKS
            pieces.append("\n" if name in _BLOCKS else "" if name in _TAGS else sign[0])
    whole = "".join((*pieces, text[at:]))
    return _EDGES.sub("\n", whole).strip("\n") if parted else whole
