"""Text that another program took for Windows' letters, and saved so."""

from __future__ import annotations

import re

from studio.language import n_

_BYTES = {chr(byte): byte for byte in range(0x80, 0x100)}
_BYTES |= {
    bytes([byte]).decode("cp1252", errors="ignore") or chr(byte): byte for byte in range(0x80, 0xA0)
}
_REST = re.escape("".join(c for c, byte in _BYTES.items() if byte < 0xC0))
_GARBLED = re.compile(
    f"(?:[ÂÃÄÅ][{_REST}]|â[€‚„\x80\x82\x84][{_REST}]|[ã-éï][{_REST}]{{2}}|ð[{_REST}]{{3}})+"
)
_SIGNS = ("Ã", "â", "Â", "ä", "ã")
_SURE = ("â€", "â\x80")
ACCENT = b"\xc3"
"""Begins each of these letters in UTF-8, and no Chinese character."""
FEWEST = 2


def put_right(text: str) -> tuple[str, int]:
    """The text with what was taken for Windows' letters, and saved so, put right (``â€™`` for
    ``’``); and how many places that were."""
    if text.isascii() or not any(sign in text for sign in _SIGNS):
        return text, 0
    count = 0

    def right(found: re.Match[str]) -> str:
        nonlocal count
        try:
            plain = bytes(_BYTES[c] for c in found[0]).decode()
        except UnicodeDecodeError:
            return found[0]
        count += len(plain)
        return plain

    better = _GARBLED.sub(right, text)
    sure = count >= FEWEST or any(sign in text for sign in _SURE)
    return (better, count) if count and sure else (text, 0)


def told(count: int) -> str:
    """What a writer is told of characters that were put right."""
    return n_(
        "{n} character that another program had garbled was put right (such as “â€™” for “’”).",
        "{n} characters that another program had garbled were put right (such as “â€™” for “’”).",
        count,
    ).format(n=count)
