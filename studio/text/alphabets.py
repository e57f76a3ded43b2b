"""Text in alphabets of one byte a letter: which of their encodings makes words of it.

Among them are the Chinese ones, in which English may have its quotation marks and dashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from studio.text.commonest import CHINESE

ENCODINGS = {
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "mac_roman": "Mac Roman",
    "cp850": "DOS-850",
    "cp437": "DOS-437",
    "iso8859_15": "ISO 8859-15",
    "iso8859_2": "ISO 8859-2",
    "cp852": "DOS-852",
    "mac_latin2": "Mac Latin 2",
    "koi8_r": "KOI8-R",
    "koi8_u": "KOI8-U",
    "cp866": "DOS-866",
    "mac_cyrillic": "Mac Cyrillic",
    "iso8859_5": "ISO 8859-5",
    "cp1254": "Windows-1254",
    "cp1253": "Windows-1253",
    "iso8859_7": "ISO 8859-7",
    "cp737": "DOS-737",
    "mac_greek": "Mac Greek",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
}
"""The likeliest first, and what people call them."""
SAMPLE = 1 << 18
"""Bytes that are looked at."""
MOST = 4000
"""Letters that are looked at."""
CREDIBLE = 0.85
"""Share of the letters and marks of a text that are those of one language, in their places."""
LEAST = 0.99
"""Letters by which a clear reading is ahead of all others."""

_LANGUAGES = (
    "éàèêç|âæëîïñôœùûüÿäöª", "äüöß|éà", "áéíóñ|úüçªº", "ãáéç|õíóúâêôàüªº", "èàòùé|ìíóúî",
    "åäöæø|éèàü", "ëéï|öüèáóíúäêç", "ðáíþö|éóúýæ", "łąęóż|ćńśź", "íáéěýž|čďňóřšťúůäĺľôŕ",
    "éáóöő|íúüű", "čšžć|đ", "äöüõ|šž", "ăîâțţ|șş", "ıüşçğ|öâîûi\u0307",
    "оеаинтсрвл|бгджзйкмпуфхцчшщъыьэюяё", "оеаинтсрвлі|бгджзйкмпуфхцчшщьюяєїґ",
    "αοιετσνηυρς|βγδζθκλμξπφχψωάέήίόύώϊϋΐΰ",
    "יוהלארתבמשנ|גדזחטךכםןסעףפץצק", "اليمنورتبهع|ءآأؤإئةثجحخدذزسشصضطظغفقكىپچژگڈٹےہں",
)  # fmt: skip
"""The letters beyond ASCII of the languages of Europe (French and English, German, Spanish, …),
the commonest before the bar."""
_NEVER_FIRST = "ьъЬЪß"
COMMON = 0.5
"""Share of the commonest letters in any prose; it is nearer to three quarters."""
RARE = 0.5
"""What a letter beyond ASCII counts for in English, where marks count for 1."""
CHANCE = 1
"""Of the commonest that may be missing in a short text."""
_ENGLISH = re.compile(rb"\b(?:the|and|she|that|with|his|you)\b", re.IGNORECASE)
_FOREIGN = re.compile(r"(?s)(?<=(.))?([^\x00-\x7f])(?=(.))?")
_OPENING, _CLOSING = "“‘„‚«¿¡‹", "”»›"
_DASHES = "–—…’"
_BEHIND = "©®™†·\xa0\xad،؛؟"
_ALONE = "§€£¥•№½¼¾×"


class _Sense(NamedTuple):
    """What stands beyond ASCII where it should."""

    marks: int
    letters: float
    """Of the likeliest language."""
    most: int
    """How much stands beyond ASCII at all."""

    def share(self) -> float:
        return (self.marks + self.letters) / max(1, self.most)


def fit(text: str) -> float:
    """The share of the letters and marks beyond ASCII that stand where the likeliest language
    has them (0 to 1)."""
    return _sense(text).share()


def _sense(text: str) -> _Sense:
    marks, count, best = 0, 0, 0.0
    letters: dict[str, int] = {}
    for found in islice(_FOREIGN.finditer(text), MOST):
        before, c, after = found.groups("")
        count += 1
        if not c.isalpha() or c in "ªº":
            marks += _is_in_place(before, c, after)
        elif _stands(before, c, after):
            letters[c.lower()] = letters.get(c.lower(), 0) + 1
    for language in _LANGUAGES:
        own = sum(letters.get(c, 0) for c in language)
        common = sum(letters.get(c, 0) for c in language[: language.index("|")])
        best = max(best, min(own, (common + CHANCE) / COMMON))
    return _Sense(marks, best, count)


class Reading(NamedTuple):
    encoding: str
    share: float
    """How much sense it makes of the bytes (0 to 1)."""
    is_clear: bool
    """None of the others makes as much of them, but for a letter."""


def likeliest(data: bytes) -> Reading:
    """The encoding that makes the most sense of these bytes."""
    sample = b"\n".join(islice(_lines(data[:SAMPLE]), MOST))
    is_english = len(_ENGLISH.findall(sample)) > 0.04 * len(sample.split())
    letter = RARE if is_english else 1.0
    found: list[tuple[float, str, str, _Sense]] = []
    for name in (*ENCODINGS, *CHINESE, "cp932"):
        text = sample.decode(name, errors="replace")
        if "\ufffd" not in text[:-1]:  # The sample may be cut within a character.
            sense = _sense(text)
            points = sense.marks + letter * sense.letters
            found.append((points / max(1, sense.most), name, text, sense))
    points, name, text, sense = max(found, key=lambda each: each[0])
    rivals = max((each for each, _name, other, _sense in found if other != text), default=0.0)
    is_usual = is_english and name == "cp1252"
    return Reading(name, sense.share(), is_usual or (points - rivals) * sense.most > LEAST * letter)


def _lines(data: bytes) -> Iterator[bytes]:
    return (line for line in data.split(b"\n") if not line.isascii())


def _is_in_place(before: str, c: str, after: str) -> bool:
    """Whether a mark stands where such marks do."""
    if c in _DASHES:
        return True
    if c in _OPENING:  # German closes with what English opens with.
        if before.isalpha():
            return c in "“‘«‹" and not after.isalpha()
        return not after.isspace() or (c in "“‘«‹" and not before.isspace())
    if c in _CLOSING + _BEHIND:
        return not (before.isalpha() and after.isalpha())
    if c in "°±":
        near = before if c == "°" else after
        return near.isdigit() or near.isspace()
    if c in "²³":
        return (before.isdigit() or before in "mM") and not after.isalpha()
    return c in _ALONE and not (before.isalpha() or after.isalpha())


def _stands(before: str, c: str, after: str) -> bool:
    """Whether a letter stands where its case and its alphabet allow."""
    if before.isdigit() or after.isdigit():
        return False
    if (c in _NEVER_FIRST and not before.isalpha()) or (c == "ς" and after.isalpha()):
        return False
    is_latin = c < "\u0370"
    if any(near.isalpha() and (near < "\u0370") != is_latin for near in (before, after)):
        return False
    if c.isupper() and before.islower():
        return False
    return not (c.islower() and before.isupper() and after.isupper())
