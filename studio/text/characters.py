"""Characters made alike, and how wide they are on a screen."""

from __future__ import annotations

import re
import unicodedata

_ODD = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u0300-\u036f\u2000-\u200b\u2028\u2029\u202f\u205f\u2060"
    r"\ufeff\ud800-\udfff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"
)
"""Whatever normalising changes; most texts have little of it, and many nothing."""
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff\u00ad\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SPACES = re.compile(r"[\t\u00a0\u2000-\u200a\u202f\u205f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MARK = re.compile(r"[\u0300-\u036f]")
_DECOMPOSED = re.compile(r"[^\W\d_][\u0300-\u036f]+")
_FULL_WIDTH = re.compile(r"[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")
_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B)}
WIDE = re.compile(
    r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]"
)
_SHARED = re.compile(r"[“”‘’…—·]")
"""Marks of both languages, as wide as a character when among Chinese ones."""


def normalise(raw: str) -> str:
    """One kind of line end, one kind of space, no invisible characters, letters composed, and
    full-width letters and digits as plain ones. A lone surrogate, which no file could hold,
    becomes U+FFFD."""
    text = raw.replace("\r\n", "\n") if "\r" in raw else raw
    if not _ODD.search(text):
        return text
    text = _SPACES.sub(" ", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))
    if text.isascii():
        return text
    text = _FULL_WIDTH.sub(lambda m: m[0].translate(_TO_ASCII), _SURROGATE.sub("\ufffd", text))
    if not _MARK.search(text):
        return text
    return _DECOMPOSED.sub(lambda m: unicodedata.normalize("NFC", m[0]), text)


def cells(text: str) -> int:
    """Width on a screen of fixed pitch: two for each Chinese character, one for others."""
    if text.isascii():
        return len(text)
    wide = len(WIDE.findall(text))
    return len(text) + wide + (len(_SHARED.findall(text)) if wide else 0)
