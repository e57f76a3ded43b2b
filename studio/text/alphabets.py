"""Text in alphabets of one byte a letter: which of their encodings makes words of it."""

from __future__ import annotations

import re
from itertools import islice

ENCODINGS = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "mac_roman": "Mac Roman",
    "cp850": "DOS-850",
    "cp437": "DOS-437",
    "iso8859_2": "ISO 8859-2",
    "cp852": "DOS-852",
    "koi8_r": "KOI8-R",
    "cp866": "DOS-866",
    "mac_cyrillic": "Mac Cyrillic",
}
"""The likeliest first, and what people call them."""
SAMPLE = 1 << 18
"""Bytes that are looked at."""
MOST = 4000
"""Letters that are looked at."""
CREDIBLE = 0.85
"""Share of the letters and marks of a text that are those of one language, in their places."""

_LANGUAGES = (
    "àâæçéèêëîïñôœùûüÿäöª", "äöüßéà", "áéíóúñüçªº", "ãõáéíóúâêôçàüªº", "àèéìíòóùîú", "åäöæøéèà",
    "ëéïöüèáóíúä", "áðéíóúýþæö", "ąćęłńóśźż", "áčďéěíňóřšťúůýžäĺľôŕ", "áéíóöőúüű", "čćđšžäö",
    "ăâîșțşţ", "абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгдежзийклмнопрстуфхцчшщьюяєіїґ",
)  # fmt: skip
"""The letters beyond ASCII of the languages of Europe: French and English, German, Spanish, …"""
_FOREIGN = re.compile(r"(?s)(?<=(.))?([^\x00-\x7f])(?=(.))?")
_OPENING, _CLOSING = "“‘„‚«¿¡‹", "”»›"
_DASHES = "–—…’"
_ALONE = "©®™§°€£¥•·†№½¼¾²³±×\xa0\xad"


def fit(text: str) -> float:
    """The share of the letters and marks beyond ASCII that stand where the likeliest language
    has them (0 to 1)."""
    marks = count = 0
    letters: dict[str, int] = {}
    for before, c, after in islice(_FOREIGN.findall(text), MOST):
        count += 1
        if not c.isalpha() or c in "ªº":
            marks += _is_in_place(before, c, after)
        elif _stands(before, c, after):
            letters[c.lower()] = letters.get(c.lower(), 0) + 1
    best = max(sum(letters.get(c, 0) for c in language) for language in _LANGUAGES)
    return (marks + best) / max(1, count)


def likeliest(data: bytes) -> tuple[str, float]:
    """The encoding that makes the most sense of these bytes, and how much that is (0 to 1)."""
    sample = b"\n".join(islice(_lines(data[:SAMPLE]), MOST))
    found = ("cp1252", 0.0)
    for encoding in ENCODINGS:
        try:
            share = fit(sample.decode(encoding))
        except UnicodeDecodeError:
            continue
        if share > found[1]:
            found = encoding, share
    return found


def _lines(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if not line.isascii()]


def _is_in_place(before: str, c: str, after: str) -> bool:
    """Whether a mark stands where such marks do."""
    if c in _DASHES:
        return True
    if c in _OPENING:  # German closes with what English opens with.
        return not after.isspace() or (c in "“‘«‹" and not before.isspace())
    if c in _CLOSING:
        return not (before.isalpha() and after.isalpha())
    return c in _ALONE and not (before.isalpha() and after.isalpha())


def _stands(before: str, c: str, after: str) -> bool:
    """Whether a letter stands where its case and its alphabet allow."""
    is_latin = c < "\u0370"
    if any(near.isalpha() and (near < "\u0370") != is_latin for near in (before, after)):
        return False
    if c.isupper() and before.islower():
        return False
    return not (c.islower() and before.isupper() and after.isupper())
