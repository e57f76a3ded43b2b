"""What the files of a zip are called, where the zip does not say in which alphabet."""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from studio.language import _
from studio.text import alphabets
from studio.text.commonest import COMMON

CANDIDATES = {
    "utf-8": "UTF-8",
    "gbk": "GBK",
    "big5": "Big5",
    "cp932": "Shift-JIS",
    "cp949": "EUC-KR",
    "cp1252": "Windows-1252",
    "cp850": "DOS-850",
    "cp437": "DOS-437",
    "cp1250": "Windows-1250",
    "cp852": "DOS-852",
    "cp1251": "Windows-1251",
    "cp866": "DOS-866",
    "koi8_r": "KOI8-R",
    "gb18030": "GB18030",
    "big5hkscs": "Big5-HKSCS",
    "mac_roman": "Mac Roman",
}
"""The encodings that programs write names in, the likeliest first, and what people call them."""
SAMPLE, LONGEST = 300, 200
"""Names that are weighed, and letters of each."""
UNREADABLE = 6.0
"""Points off where one of the names cannot be read at all."""
CLEAR = 0.3
"""By how many points a letter the best reading leads where there is no doubt."""
_LISTED = {
    "gb": ("gb2312", 0xB0, 0xD7),
    "big5": ("big5", 0xA4, 0xC6),
    "cp932": ("shift_jis", 0x88, 0x97),
}
"""Where a standard has its commonest Chinese characters: encoding, first and last lead byte."""
_RARE = ("gb18030", "big5hkscs", "mac_roman")
_UTF8_NAME = 0x800
_UNICODE_PATH = 0x7075
_USUAL = re.compile(
    "第[零〇一二两三四五六七八九十百千0-9]{1,6}[章回节節卷部篇集話话幕]|卷[一二三四五六七八九十]"
    "|[上中下][卷部篇册冊集]|楔子|序[章言幕曲]|前言|引子|尾[声聲]|[后後][记記]|番外|正文|附[录錄]"
    "|小[说說]|目[录錄]|프롤로그|에필로그|제[0-9]+장|[Пп]ролог|[Ээ]пилог|[Гг]лава"
)
_WESTERN = frozenset("’‘“”–—…«»°ªº¿¡ßñç")


class Names(NamedTuple):
    names: list[str]
    doubt: str
    """What to tell a person where the alphabet had to be guessed and another is nearly as
    likely; else empty."""


def read(infos: Sequence[zipfile.ZipInfo]) -> Names:
    """The names of a zip's files. Those that do not say that they are UTF-8 were all written
    by one program, and are read in the one encoding that makes the most sense of all of them."""
    known = {place: name for place, info in enumerate(infos) if (name := _said(info)) is not None}
    raw = {p: i.orig_filename.encode("cp437") for p, i in enumerate(infos) if p not in known}
    foreign = [name for name in raw.values() if not name.isascii()]
    found = [*map(partial(_scored, foreign), CANDIDATES)] if foreign else []
    best = max(found, key=lambda each: each[0], default=(0.0, "utf-8"))
    decoded = {p: name.decode(best[1], errors="replace") for p, name in raw.items()}
    names = known | decoded
    return Names([names[p] for p in range(len(infos))], _doubt(foreign, found, best))


def _said(info: zipfile.ZipInfo) -> str | None:
    """The name of a file whose entry says what its letters are."""
    if info.flag_bits & _UTF8_NAME or info.orig_filename.isascii():
        return info.orig_filename
    extra, raw = info.extra, info.orig_filename.encode("cp437")
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            try:
                return field[5:].decode()
            except UnicodeDecodeError:
                return None
    return None


def _doubt(foreign: list[bytes], found: list[tuple[float, str]], best: tuple[float, str]) -> str:
    shown = [name.decode(best[1], errors="replace") for name in foreign]
    for score, encoding in found:
        other = [name.decode(encoding, errors="replace") for name in foreign]
        pairs = zip(shown, other, strict=True)
        differs = next((pair for pair in pairs if pair[0] != pair[1]), None)
        if differs and best[0] - score < CLEAR:
            return _(
                "The names of its files do not say in which alphabet they are written. They were "
                "read as {encoding}, as “{name}”; it may also be {other}, as “{another}”."
            ).format(
                encoding=CANDIDATES[best[1]],
                name=differs[0],
                other=CANDIDATES[encoding],
                another=differs[1],
            )
    return ""


def _scored(names: list[bytes], encoding: str) -> tuple[float, str]:
    """How much sense the names make: points for each letter that is not ASCII."""
    points = letters = 0.0
    for raw in names[:: -(-len(names) // SAMPLE)]:
        name = raw.decode(encoding, errors="replace")[:LONGEST]
        foreign = [place for place, c in enumerate(name) if c > "\x7f"]
        letters += len(foreign)
        points += sum(_points(name, place, encoding) for place in foreign)
        points += sum(4 * len(usual) for usual in _USUAL.findall(name))
        if encoding == "utf-8":
            points += 3 * sum(name[place] > "\u07ff" for place in foreign) + len(foreign)
    score = points / max(1.0, letters) - 0.5 * (encoding in _RARE)
    if encoding in alphabets.ENCODINGS:
        decoded = (name.decode(encoding, errors="replace") for name in names[:SAMPLE])
        score += 2 * alphabets.fit("\n".join(decoded))
    return score - (0.0 if _decodes(names, encoding) else UNREADABLE), encoding


def _decodes(names: list[bytes], encoding: str) -> bool:
    try:
        b"\n".join(names).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _points(name: str, place: int, encoding: str) -> float:
    """How well one letter stands where it stands."""
    c = name[place]
    before, after = name[place - 1 : place], name[place + 1 : place + 2]
    kind = unicodedata.category(c)
    if c == "\ufffd" or kind in ("Cc", "Co", "Cn"):
        return -12.0
    if c > "\u2e7f":
        return _eastern(c, encoding) - 2 * (_is_latin(before) + _is_latin(after))
    if c in _WESTERN or (kind in ("Lu", "Ll") and c < "\u0180" and c != "µ"):
        return _european(c, before, after, _is_latin)
    if "\u0400" <= c <= "\u045f":
        return _european(c, before, after, _is_cyrillic)
    if "\u0300" <= c <= "\u036f":
        return 1.0 if before.isalpha() else -3.0
    return -1.0 if c in "©®™№§•·×" else -3.0


def _eastern(c: str, encoding: str) -> float:
    if c in COMMON:
        return 3.0
    if "\u3040" <= c <= "\u30ff":
        return 2.0
    if "\uac00" <= c <= "\ud7a3":
        return 1.6 if _is_in(c, "euc_kr", 0xB0, 0xC8) else -2.0
    if "\u4e00" <= c <= "\u9fff":
        return 2.0 if any(_is_in(c, *usual) for usual in _usual(encoding)) else -2.0
    return 0.5 if "\u3000" <= c <= "\u303f" or "\uff01" <= c <= "\uff5e" else -2.0


def _usual(encoding: str) -> tuple[tuple[str, int, int], ...]:
    """The characters in common use, which each standard lists first, of those that can be."""
    return tuple(v for k, v in _LISTED.items() if encoding.startswith(k)) or (*_LISTED.values(),)


def _is_in(c: str, encoding: str, first: int, last: int) -> bool:
    raw = c.encode(encoding, errors="ignore")
    return bool(raw) and first <= raw[0] <= last


def _european(c: str, before: str, after: str, fits: Callable[[str], bool]) -> float:
    neighbours = [near for near in (before, after) if near.isalpha()]
    if c in "–—…":
        return 1.0
    if any(not fits(near) for near in neighbours):
        return -2.0
    if c in "’‘“”«»":
        return 1.0 if neighbours else -1.0
    if not neighbours:
        return -1.0
    if c.isupper() and before.islower():
        return -3.0
    if c.islower() and before.isupper() and after.isupper():
        return -2.0
    return 1.0 if c < "\u0100" or c >= "\u0400" else 0.7


def _is_latin(c: str) -> bool:
    return c.isalpha() and (c < "\u0250")


def _is_cyrillic(c: str) -> bool:
    return "\u0400" <= c <= "\u045f"
