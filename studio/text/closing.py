"""Web pages whose marks would swallow their text: what is not closed, or closed at once."""

from __future__ import annotations

import html
import re
from bisect import bisect_right

_CLOSED_AT_ONCE = re.compile(
    r"<(?!(?:br|hr|img|input|meta|link|area|base|col|embed|param|source|track|wbr)\b)"
    r"((?:title|script|style|textarea|iframe|noscript|noframes|select|template|button|form|nav|"
    r"footer|object|svg|math|dialog|del|rt|head)(?=[\s/])|[A-Za-z][\w:.-]*(?=\s))([^<>]*)/>",
    re.IGNORECASE,
)
_RAW = re.compile(
    r"<(?P<closes>/?)(?P<name>title|script|style|textarea|xmp|iframe)\b[^>]{0,2000}>", re.IGNORECASE
)
_NOFRAMES = re.compile(r"(</?)noframes\b", re.IGNORECASE)
_IN_TITLE = re.compile(r"<(?:body|p|div|h[1-6]|/head|meta|link|style|script)\b", re.IGNORECASE)
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_COMMENT, _COMMENT_END = "<!--", "-->"


def closed(text: str) -> str:
    """The page with its elements, comments and sections closed where they can only end."""
    if _CDATA in text:
        text = _without_sections(text)
    if "/>" in text:
        text = _CLOSED_AT_ONCE.sub(r"<\1\2></\1>", text)
    last = text.rfind(_COMMENT_END)
    if (open_ended := text.find(_COMMENT, max(last, 0))) >= 0:
        text = text[:open_ended] + text[open_ended:].replace(_COMMENT, "&lt;!--")
    return _ended(_NOFRAMES.sub(r"\1div", text))


def _without_sections(text: str) -> str:
    before, *sections = text.split(_CDATA)
    parts = [before]
    for section in sections:
        inner, end, after = section.partition(_CDATA_END)
        parts += (html.escape(inner, quote=False), after) if end else (section,)
    return "".join(parts)


def _ended(text: str) -> str:
    """With an end for each element that takes everything for its text and has none."""
    tags = list(_RAW.finditer(text))
    ends: dict[str, list[int]] = {}
    for index, tag in enumerate(tags):
        if tag["closes"]:
            ends.setdefault(tag["name"].lower(), []).append(index)
    bodies = [found.start() for found in _IN_TITLE.finditer(text)] if "title" in ends else []
    pieces: list[str] = []
    at = index = 0
    while index < len(tags):
        tag, name = tags[index], tags[index]["name"].lower()
        index += 1
        if tag["closes"]:
            continue
        closing = ends.get(name, [])
        place = bisect_right(closing, index - 1)
        if place < len(closing):
            end = tags[closing[place]]
            inner = bisect_right(bodies, tag.start())
            if name != "title" or inner == len(bodies) or bodies[inner] > end.start():
                index = closing[place] + 1
                continue
        stop = text.find("<", tag.end()) if name == "title" else tag.end()
        stop = len(text) if stop < 0 else stop
        pieces += text[at:stop], f"</{name}>"
        at = stop
    return "".join((*pieces, text[at:]))
