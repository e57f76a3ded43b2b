"""From bytes to text: which encoding a file was written in."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from studio.language import _, n_
from studio.text import alphabets, garbled, mixtures, nontext, wide
from studio.text.commonest import CHINESE, PLAUSIBLE, plausibility, points

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
SAMPLE = 1 << 18
BROKEN_SHARE = 1e-4
"""Up to one character in ten thousand may be damaged; more means a wrong guess."""

JAPANESE = ("cp932", "euc_jp")
KANA = 0.2
"""Share of Hiragana in any Japanese prose; it is nearer to a half."""

_FOREIGN = re.compile(r"[^\x00-\x7f]")
_HIRAGANA = re.compile(r"[\u3041-\u309f]")
_PRIVATE = re.compile(r"(?:[\ue000-\uf8ff][^\n]{0,20}){3}")
"""What text in one Chinese encoding has where it is read in the other."""
_HIGH = re.compile(rb"[\x80-\xff]+")


class Decoded(NamedTuple):
    text: str
    encoding: str
    damaged: int
    """Characters that could not be read and stand as U+FFFD."""
    notes: tuple[str, ...] = ()
    """What else a writer should know of how it was read."""

    def told(self) -> tuple[str, ...]:
        """What to tell the writer of how the file was read, and of what could not be."""
        if not self.damaged:
            return self.notes
        note = _("{count} damaged characters could not be read; they are shown as “\ufffd”.")
        return (*self.notes, note.format(count=self.damaged))


def decode(name: str, data: bytes) -> Decoded:
    """The text of a file's bytes, and the encoding they were found to be in.

    Raises:
        StudioError: the bytes are no text, or too damaged to be read in any encoding.
    """
    read = _read_bytes(name, data)
    if read.encoding == "utf-8" and garbled.ACCENT not in data:
        return read  # what was garbled would be full of them
    text, count = garbled.put_right(read.text)
    return read._replace(text=text, notes=(*read.notes, garbled.told(count))) if count else read


def _read_bytes(name: str, data: bytes) -> Decoded:
    if at := wide.seam(data):
        return _pasted(name, data, at)
    for mark, encoding in BOMS:
        if data.startswith(mark):
            found = _tolerant(data, encoding)
            if found is None and encoding == "utf-8":
                found = _mixed(data)
            return found or nontext.refuse(name, data)
    nontext.refuse_other_formats(name, data)
    if order := wide.without_mark(data):
        return _tolerant(data, order) or nontext.refuse(name, data)
    plain = data.replace(b"\0", b"") if b"\0" in data else data
    nontext.refuse_binary(name, plain, data)
    found = _strict(plain) or _in_parts(plain) or _japanese(plain) or _single_byte(plain)
    if found is None:
        nontext.refuse(name, data)
    return found._replace(notes=(*found.notes, *_zeros(len(data) - len(plain))))


def _strict(data: bytes) -> Decoded | None:
    try:
        text = data.decode()
        text = text.replace("\ufeff", "") if codecs.BOM_UTF8 in data else text
        return Decoded(text, "utf-8", 0)
    except UnicodeDecodeError:
        return None


def _mixed(data: bytes) -> Decoded | None:
    """UTF-8 in some of its lines, an older encoding in the others."""
    found = mixtures.read(data, _older, plausibility)
    if found is None:
        return None
    return Decoded(
        found.text.replace("\ufeff", ""), "utf-8", found.damaged, (*filter(None, [found.note]),)
    )


def _in_parts(data: bytes) -> Decoded | None:
    """UTF-8, Chinese, or both in one file."""
    found = _mixed(data) or _tolerant(data, "utf-8") or _chinese(data)
    if found is None or _PRIVATE.search(found.text):
        return _in_lines(data) or found
    return found


def _in_lines(data: bytes) -> Decoded | None:
    """UTF-8, GB18030 and Big5, each in some of the lines."""
    if _lone_high_bytes(data[:SAMPLE]) > 0.5:
        return None
    found = mixtures.by_lines(data, ("utf-8", *CHINESE), points)
    if found is None or _PRIVATE.search(found.text):
        return None
    return Decoded(found.text.replace("\ufeff", ""), "utf-8", found.damaged, (found.note,))


def _older(data: bytes) -> tuple[str, str] | None:
    """For a part of a file: no guess among the alphabets that the studio does not know."""
    found = _chinese(data) or _japanese(data) or _read(data, "cp1252")
    return (found.text, found.encoding) if found else None


def _pasted(name: str, data: bytes, at: int) -> Decoded:
    """Two texts behind each other, of which one is in UTF-16 and the other is not."""
    before, behind = _read_bytes(name, data[:at]), _read_bytes(name, data[at:])
    note = _("From line {line} on the file is written in {encoding}, and was read so.").format(
        line=1 + before.text.count("\n"), encoding=behind.encoding.upper()
    )
    return Decoded(
        before.text + behind.text,
        before.encoding,
        before.damaged + behind.damaged,
        (*before.notes, note, *behind.notes),
    )


def _zeros(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    note = n_(
        "{n} empty byte (NUL), which is no text, was left out.",
        "{n} empty bytes (NUL), which are no text, were left out.",
        count,
    )
    return (note.format(n=count),)


def _tolerant(data: bytes, encoding: str) -> Decoded | None:
    """Strict first; then with the few broken characters of a damaged disk or a cut-off end."""
    try:
        return Decoded(data.decode(encoding).replace("\ufeff", ""), encoding, 0)
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace").replace("\ufeff", "")
    damaged = text.count("\ufffd")
    foreign = len(_FOREIGN.findall(text)) - damaged
    if damaged <= max(1, len(text) * BROKEN_SHARE) and damaged * 20 <= foreign:
        return Decoded(text, encoding, damaged)
    return None


def _chinese(data: bytes) -> Decoded | None:
    sample = data[:SAMPLE]
    best = max(CHINESE, key=lambda encoding: plausibility(sample, encoding))
    if plausibility(sample, best) < PLAUSIBLE or _lone_high_bytes(sample) > 0.5:
        return None
    return _tolerant(data, best)


def _lone_high_bytes(sample: bytes) -> float:
    """Share of bytes above 127 that stand alone, as accents do and Chinese characters do not."""
    runs = [len(run) for run in _HIGH.findall(sample)]
    return sum(length == 1 for length in runs) / max(1, sum(runs))


def _japanese(data: bytes) -> Decoded | None:
    sample = data[:SAMPLE]
    best = max(JAPANESE, key=lambda encoding: _kana(sample, encoding))
    return _tolerant(data, best) if _kana(sample, best) >= KANA else None


def _kana(sample: bytes, encoding: str) -> float:
    """Share of Hiragana among the foreign characters, less what is broken (0 to 1)."""
    text = sample.decode(encoding, errors="replace")
    foreign = len(_FOREIGN.findall(text))
    broken = text.count("\ufffd") - text.endswith("\ufffd")
    return (len(_HIRAGANA.findall(text)) - 2 * broken) / max(1, foreign)


def _single_byte(data: bytes) -> Decoded | None:
    from charset_normalizer import from_bytes

    likeliest = alphabets.likeliest(data)
    if likeliest.share >= alphabets.CREDIBLE and (found := _read(data, likeliest.encoding)):
        return found if likeliest.is_clear else _doubted(found)
    western = _read(data, "cp1252") or _read(data, "latin-1")
    if western and _reads_as_western(data[:SAMPLE]):
        return _doubted(western)
    guess = from_bytes(data[:SAMPLE]).best()
    found = _tolerant(data, guess.encoding) if guess else None
    return _doubted(found) if found else None


def _doubted(found: Decoded) -> Decoded:
    note = _(
        "It is not certain in which encoding the file was written; it was read as {encoding}. If "
        "letters are wrong, save it in UTF-8 and import it again."
    ).format(encoding=found.encoding.upper())
    return found._replace(notes=(*found.notes, note))


def _read(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(data.decode(encoding), encoding, 0)
    except UnicodeDecodeError:
        return None


def _reads_as_western(sample: bytes) -> bool:
    """Mostly plain letters, with single accents, dashes and curly quotes among them."""
    return sum(map(len, _HIGH.findall(sample))) < 0.2 * len(sample)
