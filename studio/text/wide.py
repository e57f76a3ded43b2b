"""Text in UTF-16: of which order its bytes are, and where it begins or ends in a file."""

from __future__ import annotations

import codecs
import re

from studio.text.commonest import CHINESE, COMMON, PLAUSIBLE, plausibility

MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ORDERS = ("utf-16-le", "utf-16-be")
SAMPLE = 1 << 18
"""Bytes that are looked at."""
LEAST = 8
"""Bytes of another encoding before or behind it; fewer are damage."""
FARTHEST = 1 << 12
"""Bytes behind the last zero among which it may end."""

LONGEST = 4
"""Bytes of a character in UTF-8."""
NEAR = 80
"""Bytes around the place where one encoding follows another."""

_LINE_END = re.compile(rb"\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def without_mark(data: bytes) -> str | None:
    """The order of bytes of a text that does not begin with a mark of it; None for another."""
    return _western(data) or _chinese(data)


def seam(data: bytes) -> int:
    """Where a text in UTF-16 ends and one in UTF-8 begins, or the other way round; 0 where there
    is no such place."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return 0
    return _end(data) or _marked(data) or _beginning(data)


def _end(data: bytes) -> int:
    """Where UTF-8 begins behind UTF-16, whose line ends, spaces and Western letters have zeros."""
    last = data.rfind(b"\0")
    end = (last | 1) + 1
    if last < 0 or len(data) - end < LEAST:
        return 0
    order = _order(data[:end])
    for at in range(end, min(end + FARTHEST, len(data) - LEAST + 1), 2) if order else ():
        near = data[at : at + NEAR]
        if _broken(near) > len(near) - LONGEST and not _CONTROL.search(near):
            behind = data[at:]
            is_text = _is_utf8(behind) and not _CONTROL.search(behind)
            return at if is_text and plausibility(behind[:SAMPLE], order) < PLAUSIBLE else 0
    return 0


def _order(data: bytes) -> str:
    if data.startswith(MARKS):
        return ORDERS[MARKS.index(data[:2])]
    return without_mark(data) or ""


def _marked(data: bytes) -> int:
    """Where UTF-16 begins with its mark, behind a text that is not in it."""
    places = [place for mark in MARKS if (place := data.find(mark, 1)) > 0]
    if not places or data.startswith(MARKS) or b"\0" in data[: min(places)]:
        return 0
    at = min(places)
    try:
        behind = data[at:].decode("utf-16")
    except UnicodeDecodeError:
        return 0
    return at if any(c in "\n aeiou" or c in COMMON for c in behind) else 0


def _beginning(data: bytes) -> int:
    """Where UTF-16 begins without a mark: a letter before the first zero, or a line before what
    is no UTF-8."""
    first = data.find(b"\0")
    if first < LEAST or data.startswith(MARKS):
        return 0
    broken = _broken(data[: first + 1])
    start = max(0, broken - NEAR)
    lines = [start + found.end() for found in _LINE_END.finditer(data[start:broken])]
    for at in (first - 1, first, *lines):
        before, behind = data[:at], data[at:]
        parted = at >= LEAST and len(behind) % 2 == 0 and not _CONTROL.search(before)
        if parted and _is_utf8(before) and _opens(behind):
            return at
    return 0


def _opens(behind: bytes) -> bool:
    """Whether it is UTF-16, and from its first letters on."""
    order = without_mark(behind)
    return bool(order) and without_mark(behind[: NEAR & ~1]) == order


def _broken(data: bytes) -> int:
    """Where bytes are no UTF-8 any more."""
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        return problem.start
    return len(data)


def _western(data: bytes) -> str | None:
    """Every other byte of Western UTF-16 is zero, and no text in another encoding has zeros."""
    sample = data[: SAMPLE & ~1]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    half = len(sample) / 2
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.02:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.02 else None


def _chinese(data: bytes) -> str | None:
    """The commonest characters come out in the right order of bytes, and in it alone."""
    sample = data[: SAMPLE & ~1]
    if b"\0" not in sample and _broken(sample) > len(sample) - LONGEST:
        return None  # UTF-8, perhaps cut within a character.
    best = max(ORDERS, key=lambda encoding: plausibility(sample, encoding))
    shares = [plausibility(sample, encoding) for encoding in (best, *CHINESE)]
    return best if shares[0] >= PLAUSIBLE and shares[0] == max(shares) else None


def _is_utf8(data: bytes) -> bool:
    return _broken(data) == len(data)
