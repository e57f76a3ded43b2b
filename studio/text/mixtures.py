"""Text of several encodings in one file, as when pages are pasted together by a program that
looks at bytes alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from studio.language import _, n_

SHOWN = 6
"""Parts of a file that a note names."""
SAMPLE = 1 << 16
LEAST = 4
"""Bytes of another encoding; fewer are damage."""
CHANGE = 8.0
"""Points that a line in another encoding must be ahead, for one line alone to be in it."""
CREDIBLE = 0.8
"""Share of the single bytes above 127 that must stand where Western letters and marks do."""

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_HIGH = re.compile(rb"[\x80-\xff]")
_SOME = re.compile(
    rb"(?:(?:[\xe4-\xe9][\x80-\xbf]{2}|\xe2\x80[\x90-\xbf]|\xe3[\x80-\x83][\x80-\xbf]"
    rb"|\xef\xbc[\x80-\xbf])[\x00-\x7f]*){3}"
)
"""What text in the older encodings has by chance once in a hundred books."""
_RUN = re.compile(rb"((?:[\xe2-\xef][\x80-\xbf]{2}[\x00-\x7f]*){5,})")
_SEQUENCE = (
    rb"\xc2[\xa0-\xbf]|[\xc3-\xc5][\x80-\xbf]|\xe2\x80[\x90-\xbf]|\xe2\x82\xac|\xe2\x84\xa2"
    rb"|[\xe3-\xe9][\x80-\xbf]{2}|\xef[\xbc-\xbf][\x80-\xbf]|\xf0\x9f[\x80-\xbf]{2}"
)
_WESTERN_UTF8 = re.compile(rb"((?:" + _SEQUENCE + rb")+)")
_ONE = re.compile(_SEQUENCE)
_CUT = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{0,2}$")
_SURE_ONE = re.compile(
    rb"(?!\xc2[\xa0\xab\xbb]|[\xc3-\xc5][\x82\x84\x85\x8b\x91-\x97\x9b\xa0\xab\xbb])(?:"
    + _SEQUENCE
    + rb")"
)
"""Those that are not a capital with a closing quote or a dash behind it, in Windows' letters."""
_STRAY = re.compile(r"[^\x00-\x7f]")
_IN_PLACE = re.compile(
    r"(?<=[A-Za-z])[À-ÿŒœŠšŽžŸ]|[À-ÿŒœŠšŽžŸ](?=[A-Za-z])|[’‘“”‚„–—…•€«»©®™°\xa0¡¿·§£½¼¾²³†‡]"
)


class Mixed(NamedTuple):
    text: str
    damaged: int
    note: str


Legacy = Callable[[bytes], tuple[str, str] | None]
"""Reads bytes in the older encoding that they are in: the text, and which that is."""
Likely = Callable[[bytes, str], float]
"""How much like Chinese the bytes are in an encoding."""


def read(data: bytes, legacy: Legacy, likely: Likely) -> Mixed | None:
    """The text of a file that is UTF-8 in some lines and one older encoding in the others; None
    where it is no such mixture."""
    if not _ONE.search(data):
        return None
    if western := _western(data):
        return western
    if not _SOME.search(data):
        return None
    pieces = [piece for line in _LINE.findall(data) for piece in _pieces(line)]
    modern = b"".join(piece.raw for piece in pieces if piece.kind == "utf-8")
    older = b"".join(piece.raw for piece in pieces if piece.kind == "older")
    found = legacy(older) if len(older) >= LEAST and modern else None
    if found is None or (found[1] == "cp1252" and not _is_credible(found[0])):
        return None
    if likely(modern, "utf-8") <= likely(modern, found[1]) - _marks(modern):
        return None
    kinds = {"older": found[1]}
    return _by_pieces([_Piece(raw, kinds.get(kind, kind)) for raw, kind in pieces])


def by_lines(
    data: bytes, codecs: Sequence[str], points: Callable[[bytes, str], float]
) -> Mixed | None:
    """The text of a file of which each run of lines is in one of these encodings; None where one
    is enough. ``points`` tells how well a line reads in an encoding."""
    lines = _LINE.findall(data)
    scores = dict.fromkeys(codecs, 0.0)
    froms: list[dict[str, str]] = []
    for line in lines:
        leader = max(codecs, key=scores.__getitem__)
        least = scores[leader] - CHANGE
        froms.append({c: c if scores[c] >= least else leader for c in codecs})
        plain = line.isascii()
        scores = {c: max(scores[c], least) + (0.0 if plain else points(line, c)) for c in codecs}
    codec = max(codecs, key=scores.__getitem__)
    pieces: list[_Piece] = []
    for line, before in zip(reversed(lines), reversed(froms), strict=True):
        pieces.append(_Piece(line, codec))
        codec = before[codec]
    if len({piece.kind for piece in pieces}) < 2:
        return None
    return _by_pieces(pieces[::-1])


class _Piece(NamedTuple):
    raw: bytes
    kind: str
    """The encoding; empty for plain lines."""


def _pieces(line: bytes) -> list[_Piece]:
    """A line, or the parts of one that is in two encodings."""
    if line.isascii():
        return [_Piece(line, "")]
    try:
        line.decode()
    except UnicodeDecodeError:
        parts = _RUN.split(line)
        kinds = [("older", "utf-8")[n % 2] for n in range(len(parts))]
        return [
            _Piece(part, "utf-8" if _is_damaged(part) else kind)
            for part, kind in zip(parts, kinds, strict=True)
            if part
        ]
    return [_Piece(line, "utf-8")]


def _is_damaged(part: bytes) -> bool:
    """Whether most of what is not ASCII is UTF-8: then the rest of it is broken, not older."""
    high = len(_HIGH.findall(part))
    return sum(len(found) for found in _ONE.findall(part)) > 0.6 * high


def _marks(modern: bytes) -> float:
    """A little, where all that is not ASCII is Western: then no Chinese speaks for UTF-8."""
    strays = _STRAY.findall(modern.decode(errors="ignore"))
    return 1e-9 if all(c < "\u0180" or "\u2010" <= c <= "\u2122" for c in strays) else 0.0


def _by_pieces(pieces: list[_Piece]) -> Mixed | None:
    """Each run of lines in the encoding that it is in."""
    texts: list[str] = []
    places: list[tuple[int, int, str]] = []
    line, damaged = 1, 0
    for codec, run in groupby(_carried(pieces), key=lambda piece: piece.kind):
        raw = b"".join(piece.raw for piece in run)
        text = raw.decode(codec, errors="replace")
        damaged += text.count("\ufffd")
        texts.append(text)
        last = line + raw.count(b"\n")
        places.append((line, last - raw.endswith(b"\n"), codec))
        line = last
    if damaged > max(1, sum(map(len, texts)) // 1000):
        return None
    shown = "; ".join(_place(*place) for place in places[:SHOWN])
    if len(places) > SHOWN:
        shown += _("; and so on, {n} parts in all").format(n=len(places))
    note = _("The file is written in more than one encoding, and each part was read in its own: ")
    return Mixed("".join(texts), damaged, f"{note}{shown}.")


def _place(first: int, last: int, encoding: str) -> str:
    name = encoding.upper()
    if first == last:
        return _("line {first} is {name}").format(first=first, name=name)
    return _("lines {first} to {last} are {name}").format(first=first, last=last, name=name)


def _carried(pieces: list[_Piece]) -> Iterator[_Piece]:
    """Plain lines go with those before them, which the older encodings read alike."""
    kind = next((piece.kind for piece in pieces if piece.kind), "utf-8")
    for raw, own in pieces:
        kind = own or kind
        yield _Piece(raw, kind)


def _western(data: bytes) -> Mixed | None:
    """UTF-8 with single bytes of Windows among it, be it in the same word."""
    if not _is_credible(_WESTERN_UTF8.sub(b"", data[:SAMPLE]).decode("cp1252", errors="replace")):
        return None
    pieces = _WESTERN_UTF8.split(data)
    cut = _CUT.search(pieces[-1])
    if cut:
        pieces[-1] = pieces[-1][: cut.start()]
    strays = [piece.decode("cp1252", errors="replace") for piece in pieces[::2]]
    whole = [piece.decode() for piece in pieces[1::2]]
    count = sum(len(_STRAY.findall(stray)) for stray in strays)
    sure = sum(len(_SURE_ONE.findall(piece)) for piece in pieces[1::2])
    if cut and not count:
        return Mixed(f"{data[: -len(cut[0])].decode()}\ufffd", 1, "")
    if not count or not _is_credible(" ".join(strays)) or not sure:
        return None
    text = "".join(a + b for a, b in zip(strays, [*whole, ""], strict=True))
    first = next(n for n, stray in enumerate(strays) if _STRAY.search(stray))
    place = _STRAY.search(strays[first])
    before = b"".join(pieces[: 2 * first]).count(b"\n")
    line = 1 + before + (strays[first].count("\n", 0, place.start()) if place else 0)
    note = n_(
        "{n} character is written in Windows-1252, in line {line}, and the rest in UTF-8; it was "
        "read so.",
        "{n} characters are written in Windows-1252, the first in line {line}, and the rest in "
        "UTF-8; they were read so.",
        count,
    ).format(n=count, line=line)
    damaged = sum(stray.count("\ufffd") for stray in strays) + bool(cut)
    return Mixed(text + "\ufffd" * bool(cut), damaged, note)


def _is_credible(strays: str) -> bool:
    """Whether what is not ASCII stands where accents and marks of Western text do."""
    return len(_IN_PLACE.findall(strays)) >= CREDIBLE * len(_STRAY.findall(strays))
