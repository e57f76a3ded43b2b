"""What stands above a text in Markdown and says its title, its author and the like.

In YAML between ``---``, in TOML between ``+++``, in lines with ``%`` as pandoc reads them, or in
lines of a name and a value as MultiMarkdown has them, and so Scrivener and Ulysses.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCED = re.compile(
    r"\A(?P<fence>---|\+\+\+)[ \t]*\n(?P<fields>(?:[^\n]*\n){0,60}?)"
    r"(?:(?P=fence)|\.\.\.)[ \t]*(?:\n|\Z)"
)
_FIELD = {
    "---": re.compile(r"(?P<key>[A-Za-z_][\w.-]*):(?:\s|$)|[ \t]|-\s|[#\]}]|$"),
    "+++": re.compile(r"(?P<key>[A-Za-z_][\w.-]*)\s*=|[ \t]|[#\[\]}\"']|$"),
}
_TITLE = re.compile(r"^title\s*[:=][ \t]*(?P<title>[^\n]*)", re.MULTILINE | re.IGNORECASE)
_PERCENT = re.compile(r"\A(?P<lines>(?:%[ \t][^\n]*\n(?:[ \t]+[^\n]*\n)*){1,3})")
_STOPS = (".", "!", "?", ",", "…", "”", '"')
_PERCENT_KEYS = ("title", "author", "date")
_NAMED = re.compile(
    r"\A(?=(?:title|author)[ \t]*:)"
    r"(?P<lines>(?:[A-Za-z][\w \t-]{0,40}:[ \t]*\S[^\n]*\n(?:[ \t]+\S[^\n]*\n)*){2,30})(?:\n|\Z)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?…”\"'][ \t]*$", re.MULTILINE)
_KEY = re.compile(r"^([A-Za-z][\w \t-]{0,40}):", re.MULTILINE)


class FrontMatter(NamedTuple):
    title: str
    fields: list[str]
    """Names of all of them."""
    end: int
    """Where the text begins."""


NOTHING = FrontMatter("", [], 0)


def found(text: str) -> FrontMatter:
    """The fields above this text; ``NOTHING`` where it begins without any."""
    if fenced := _FENCED.match(text):
        lines = fenced["fields"].split("\n")
        matches = [_FIELD[fenced["fence"]].match(line) for line in lines]
        keys = [match["key"] for match in matches if match and match["key"]]
        if all(matches) and (keys or not fenced["fields"].strip()):
            return FrontMatter(_title(fenced["fields"]), keys, fenced.end())
    elif block := _PERCENT.match(text):
        lines = re.split(r"\n(?=%)", block["lines"].strip())
        title = " ".join(lines[0][1:].split())
        if len(lines) > 1 or not title.endswith(_STOPS):
            return FrontMatter(title, [*_PERCENT_KEYS[: len(lines)]], block.end())
    elif (block := _NAMED.match(text)) and not _SENTENCE.search(block["lines"]):
        keys = [key.strip() for key in _KEY.findall(block["lines"])]
        return FrontMatter(_title(block["lines"]), keys, block.end())
    return NOTHING


def _title(fields: str) -> str:
    said = match["title"].strip() if (match := _TITLE.search(fields)) else ""
    quoted = len(said) > 1 and said[0] in "\"'" and said[-1] == said[0]
    return said[1:-1].strip() if quoted else said
