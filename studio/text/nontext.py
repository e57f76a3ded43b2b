"""Bytes that are no text, and what a writer is told of them."""

from __future__ import annotations

import re
from typing import NoReturn

from studio.errors import StudioError
from studio.language import _, n_

SAMPLE = 1 << 18
"""Bytes that are looked at."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_WHAT_IT_IS = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "Word, EPUB or ZIP"),
    (b"PAR1", "Parquet"),
    (b"{\\rtf", "RTF"),
    (b"\xd0\xcf\x11\xe0", "Word (.doc)"),
)


def refuse_other_formats(name: str, data: bytes) -> None:
    """Raises StudioError where the bytes begin as a file of another kind does."""
    kind = next((label for magic, label in _WHAT_IT_IS if data.startswith(magic)), None)
    if kind:
        raise StudioError(
            _("“{name}” is not a text file.").format(name=name),
            _("Its content is that of a {kind} file, whatever its name says.").format(kind=kind),
            _(
                "Give it the ending that such files have, if the studio reads them; else open it "
                "in the program it was made with, save it as plain text, and import that."
            ),
        )


def refuse_binary(name: str, plain: bytes, data: bytes) -> None:
    """Raises StudioError where the bytes are no text; ``plain`` is ``data`` without NULs, which
    alone make no program of a text."""
    controls = len(_CONTROL.findall(plain[:SAMPLE]))
    if not plain or controls > 0.005 * min(len(plain), SAMPLE):
        refuse(name, data)
    if len(plain) < len(data) and controls:
        refuse(name, data)


def refuse(name: str, data: bytes) -> NoReturn:
    """Raises StudioError, which says what stands in the way of reading the bytes as text."""
    raise StudioError(
        _("“{name}” cannot be read as text.").format(name=name),
        _why(data),
        _("Open the manuscript in your word processor and save it as plain text, encoding UTF-8."),
    )


def _why(data: bytes) -> str:
    """What stands in the way: where it begins, if most of the file is in order."""
    lines = data.split(b"\n")
    foreign = [line for line in lines if not line.isascii()]
    bad = [number for number, line in enumerate(lines, 1) if not _is_utf8(line)]
    if bad and len(bad) * 2 <= len(foreign):
        return n_(
            "Most of it is UTF-8, but line {line} is neither that nor text in another encoding.",
            "Most of it is UTF-8, but {n} lines, the first of them line {line}, are neither that "
            "nor text in another encoding.",
            len(bad),
        ).format(n=len(bad), line=bad[0])
    if control := _CONTROL.search(data):
        return _(
            "It holds bytes that stand in no text, the first in line {line}: it is no text file, "
            "or it is damaged."
        ).format(line=1 + data.count(b"\n", 0, control.start()))
    return _(
        "Its bytes are not text in any encoding the studio knows (UTF-8, UTF-16, GB18030, "
        "Big5, Shift-JIS, Western European)."
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
