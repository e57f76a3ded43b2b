"""What the signs within a paragraph of Markdown mean: escapes, entities, spans of code."""

from __future__ import annotations

import html
import re
from bisect import bisect_left

_SIGN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<ticks>`+)|(?P<tag></?[A-Za-z][^<>\n]{0,500}>)"
    r"|(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
)
_TICKS = re.compile(r"`+")


def plain(text: str) -> str:
    """The paragraph with its escapes and entities as the characters they stand for.

    Spans of code and tags keep theirs.
    """
    if "\\" not in text and "&" not in text:
        return text
    runs: dict[int, list[int]] = {}
    for ticks in _TICKS.finditer(text):
        runs.setdefault(len(ticks[0]), []).append(ticks.start())
    pieces: list[str] = []
    at = 0
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
            pieces.append(sign[0])
    return "".join((*pieces, text[at:]))
