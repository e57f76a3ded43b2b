"""Web archives (MHTML): a web page as a mail that carries it with its pictures."""

from __future__ import annotations

import email
import re

_FIELD = re.compile(rb"[A-Za-z][A-Za-z-]*:[ \t]")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_AROUND = b"\xef\xbb\xbf \t\r\n"
_LONGEST_HEAD = 1 << 16


def is_one(data: bytes) -> bool:
    """Whether the bytes begin as a mail does, whatever its file is called."""
    head = _BLANK_LINE.split(data[:_LONGEST_HEAD].lstrip(_AROUND), maxsplit=1)[0]
    return bool(_FIELD.match(head)) and b"\nmime-version:" in b"\n" + head.lower()


def page_of(data: bytes) -> bytes | None:
    """The web page in the archive, or its plain text; None where there is neither. It is marked
    as UTF-8 where the mail says its encoding, whatever the page then says of itself."""
    message = email.message_from_bytes(data.lstrip(_AROUND))
    pages = [part for part in message.walk() if part.get_content_maintype() == "text"]
    pages.sort(key=lambda part: part.get_content_subtype() != "html")
    page = pages[0].get_payload(decode=True) if pages else None
    if not isinstance(page, bytes):
        return None
    try:
        return page.decode(pages[0].get_content_charset() or "").encode("utf-8-sig")
    except (LookupError, UnicodeDecodeError):
        return page
