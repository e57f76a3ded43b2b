"""Names that a document gives to characters of its own (``<!ENTITY dash "&#8212;">``)."""

from __future__ import annotations

import html
import re

LONGEST = 40
"""Characters that one name stands for."""
MOST = 1 << 20
"""Characters that the names of one document stand for, wherever they are used."""
_HEAD = 1 << 14

_SUBSET = re.compile(
    r"(<!DOCTYPE\b[^\[<>]{0,400})\[((?:[^\]\"']|\"[^\"]*\"|'[^']*')*)\]\s*>", re.IGNORECASE
)
_ENTITY = re.compile(
    r"\s*<!ENTITY\s+([A-Za-z][\w.-]{0,60})\s+(?:\"([^\"<%]*)\"|'([^'<%]*)')\s*>|\s*<!--.*?-->",
    re.DOTALL,
)
_REFERENCE = re.compile(r"&([A-Za-z][\w.-]{0,60});")
_NAMED_IN_ONE = re.compile(r"&(?!#|(?:amp|lt|gt|quot|apos);)")


def filled_in(text: str) -> str:
    """The document with its own names written out, where each stands for a few characters; any
    other stays as it was, so that it is refused."""
    declared = _SUBSET.search(text[:_HEAD])
    if declared is None:
        return text
    meant: dict[str, str] = {}
    at = 0
    while entity := _ENTITY.match(declared[2], at):
        at = entity.end()
        if entity[1]:
            meant[entity[1]] = entity[2] if entity[2] is not None else entity[3]
    values = meant.values()
    if declared[2][at:].strip() or any(len(v) > LONGEST or _NAMED_IN_ONE.search(v) for v in values):
        return text
    used = sum(len(meant.get(found[1], "")) for found in _REFERENCE.finditer(text))
    if used > MOST:
        return text
    plain = {name: html.escape(html.unescape(value)) for name, value in meant.items()}
    body = text[: declared.start()] + declared[1] + ">" + text[declared.end() :]
    return _REFERENCE.sub(lambda found: plain.get(found[1], found[0]), body)
