"""What people call their things: one way to write a name, and to make a file name of it."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator

LONGEST = 200
"""Characters of a name."""
LONGEST_FILE = 60
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by their kind, and nothing to the eye."""
_RESERVED = frozenset(
    [
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"),
    ]
)
"""What Windows takes for a device, whatever its ending."""


def tidy(name: str) -> str:
    """The name on one line, as everybody writes it: composed letters, single spaces, and none of
    the characters that cannot be seen or turn the line round. Empty where nothing is left."""
    plain = "".join(map(_seen, unicodedata.normalize("NFC", name)))
    words = " ".join(plain.split())
    if all(unicodedata.category(c)[0] in "MZ" for c in words):
        return ""
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1].rstrip()}…"


def _seen(c: str) -> str:
    kind = unicodedata.category(c)
    if kind in ("Zs", "Zl", "Zp") or c in "\t\n\v\f\r\x85" or c in _BLANK:
        return " "
    return "" if kind[0] == "C" or "\ufe00" <= c <= "\ufe0f" else c


def _tidied(value: Any) -> Any:
    return tidy(value) if isinstance(value, str) else value


Name = Annotated[str, BeforeValidator(_tidied)]
"""A name in a spec. It may come out empty, so that what was stored long ago can be read; the verbs
that make something new refuse that."""


def file_name(name: str, otherwise: str) -> str:
    """The name as a file may be called on any system; ``otherwise`` where nothing of it can be."""
    plain = "".join(c if _in_a_file(c) else "-" for c in tidy(name))
    short = "-".join(filter(None, plain.split("-")))[:LONGEST_FILE].strip("-")
    return f"{short}_" if short.casefold() in _RESERVED else short or otherwise


def _in_a_file(c: str) -> bool:
    return c.isalnum() or c in "-_" or unicodedata.category(c)[0] == "M"


def same_file(one: str, other: str) -> bool:
    """Whether two file names are one on disks that look at neither case nor accents' form."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
