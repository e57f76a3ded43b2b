"""Markdown: headings marked with #, lines broken anywhere."""

from __future__ import annotations

import re

from studio.text import encoding
from studio.text.readers import txt
from studio.text.reading import ReaderOptions, Reading

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>(?:[^\n]*\n){0,60}?)(?:---|\.\.\.)[ \t]*\n")
_TITLE = re.compile(r"^title:[ \t]*[\"']?(?P<title>[^\n\"']*)", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(r"<!--(?:[^-]|-(?!->))*-->")
_UNDERLINED = re.compile(r"^(?P<title>[^\n#>\-*\s][^\n]*)\n(?P<line>=+|-+)[ \t]*$", re.MULTILINE)
_OWN_LINE = re.compile(r"#{1,6}\s|>|[-*+]\s|\d{1,3}[.)]\s|\s*(?:[-*_]\s*){3,}$")
_HARD_BREAK = ("  ", "\\")
_WIDE = re.compile(r"[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60“”‘’…—]")


class Markdown:
    kind = "markdown"
    label = "Markdown"
    endings = (".md", ".markdown")
    Spec = ReaderOptions

    def check(self, name: str, data: bytes) -> None:
        """Raises StudioError when the bytes are no text."""
        encoding.decode(name, data)

    def run(self, name: str, data: bytes, options: ReaderOptions) -> Reading:
        """The text with one line a paragraph, headings marked with #.

        Raises:
            StudioError: the bytes are no text.
        """
        decoded = encoding.decode(name, data)
        text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
        title = ""
        if front := _FRONT_MATTER.match(text):
            named = _TITLE.search(front["fields"])
            title = named["title"].strip() if named else ""
            text = text[front.end() :]
        text = _UNDERLINED.sub(_as_heading, _COMMENT.sub("", text))
        return Reading(
            text=_unwrapped(text),
            encoding=decoded.encoding,
            title=title,
            notes=txt.damage(decoded),
        )


def _as_heading(match: re.Match[str]) -> str:
    return f"{'#' if match['line'][0] == '=' else '##'} {match['title']}\n"


def _unwrapped(text: str) -> str:
    """Line ends within a paragraph are spaces in Markdown, but for hard breaks."""
    pieces: list[str] = []
    open_line = False
    for line in text.split("\n"):
        own, bare = bool(_OWN_LINE.match(line)), line.strip().removesuffix("\\")
        if open_line and bare and not own:
            pieces += _joint(pieces[-1], bare), bare
        else:
            # A blank line on both sides of a heading, as the rest of the studio expects it.
            pieces += ("\n\n", bare, "\n") if _is_heading(line) else ("\n", bare)
        open_line = bool(bare) and not own and not line.endswith(_HARD_BREAK)
    return "".join(pieces).removeprefix("\n")


def _is_heading(line: str) -> bool:
    return line.startswith("#")


def _joint(before: str, after: str) -> str:
    return "" if _WIDE.match(before[-1:]) and _WIDE.match(after) else " "


plugin = Markdown()
