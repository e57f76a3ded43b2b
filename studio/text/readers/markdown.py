"""Markdown: headings marked with #, lines broken anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.language import _
from studio.text import composition, encoding, frontmatter, headings
from studio.text.inlines import only_tags, plain
from studio.text.leftovers import Leftovers
from studio.text.reading import ReaderOptions, Reading
from studio.text.scrivenings import without_styles

LONGEST_TITLE = 80
"""Characters of a line above an underline that may be a heading."""

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}(?=[^`]*$)|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_OWN_LINE = re.compile(
    r"#{1,6}(?:\s|$)|>|[-*+]\s|\d{1,3}[.)]\s|\||\[[^\]\n]{1,200}\]:|\s*(?:[-*_]\s*){3,}$"
)
_SPOKEN = re.compile('[,.!?…，。！？][”"’」』]')
"""Where speech ends within a line: “I know,” he said"""
_AFTER_TITLE = re.compile(r"(?:\s+#+)?(?:\s+\{[#.-][^{}]{0,200}\})?\Z")
"""Signs that close a heading, and what pandoc is told about it."""
_COMMAND = re.compile(
    r"\\(?:newpage|pagebreak|clearpage|cleardoublepage)(?:\{\})?|\[\[?toc\]?\]", re.IGNORECASE
)
"""A line that asks for a new page or for the contents, and says nothing."""
_INSIDE = r"%%(?!%)(?:[^%]|%(?!%)){0,2000}%%(?!%)"
_OTHER_COMMENTS = re.compile(
    rf"^(?:[ \t]*{_INSIDE}"
    r"| {0,3}\[(?://|comment)\]:[ \t]*(?:#|<>)[ \t]*[(\"'][^\n]*[)\"'])"
    rf"[ \t]*(?:\n(?:[ \t]*\n)?|\Z)|(?<![\w%]){_INSIDE}",
    re.MULTILINE | re.IGNORECASE,
)
"""Those of Obsidian, and references that nothing can refer to."""
_STOPS = tuple(".!?…,;:。！？，；：”’\"'」』）)")
_WIDE = re.compile(r"[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60“”‘’…—]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_UNDERLINED = re.compile(r"(?:\A|\n[ \t]*\n)(?P<above>[^\n]{1,80})\n {0,3}-+[ \t]*(?=\n|\Z)")
_TOLD = re.compile(r"[\u3400-\u9fff][了吗嗎呢吧啊呀嘛啦]\s*$")
"""How Chinese ends a sentence, and hardly a title."""
_MARKED = re.compile(r"^#{1,6}[ \t]", re.MULTILINE)
_DRAWN = ("=", "-")
_PAUSE = re.compile(r"[\s.…—–-]*")
_LINE_END = re.compile(r"[ \t]*\n(?:[ \t]*\n)?")


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
        front = frontmatter.found(text)
        text = text[front.end :]
        pieces, left = _Pieces(_has_underlined_titles(text)), Leftovers()
        for part, is_code in _parts(text):
            if is_code:
                pieces.code(part)
            else:
                prose, count = _without_comments(part)
                pieces.prose(prose)
                left.add("comment", count)
        return Reading(
            text=without_styles(pieces.text()),
            encoding=decoded.encoding,
            title=front.title,
            notes=(
                *composition.named(
                    _("Left out: the fields above the text, {names}."), front.fields
                ),
                *left.notes(),
                *decoded.told(),
            ),
        )


class _Pieces:
    """Puts paragraphs together again, whose line ends are spaces but for hard breaks."""

    def __init__(self, has_titles: bool) -> None:
        self._has_titles = has_titles
        self._pieces: list[str] = []
        self._open: list[str] = []
        """Lines of a paragraph that may go on."""
        self._broken = False

    def text(self) -> str:
        self._close()
        return "".join(self._pieces).removeprefix("\n")

    def code(self, text: str) -> None:
        """Lines that stay as they are."""
        self._close()
        self._pieces += ("\n" + line for line in text.split("\n"))

    def prose(self, text: str) -> None:
        """Lines of paragraphs, headings, lists and breaks."""
        lines = text.split("\n")
        for number, line in enumerate(lines):
            bare = line.strip()
            if bare[:1] in ("\\", "[") and _COMMAND.fullmatch(bare):
                line = bare = ""
            elif bare[:1] == "<" and (shown := only_tags(bare)) is not None:
                line = bare = shown
            is_hard = line.endswith("  ") or _ends_in_backslash(line)
            bare = bare[:-1].rstrip() if _ends_in_backslash(bare) else bare
            alone = not bare or _stands_alone(line, bare)
            if self._open and bare[:1] in _DRAWN and bare and _UNDERLINE.fullmatch(line):
                self._underline(bare, _is_filled(lines, number + 1))
            elif alone:
                self._close()
                self._line(line, bare, _is_filled(lines, number + 1))
            elif self._open:
                self._add(bare, is_hard)
            else:
                self._open, self._broken = [bare], is_hard

    def _add(self, line: str, is_hard: bool) -> None:
        if self._broken:
            self._open += "\n", line
        else:
            self._open += _joint(self._open[-1], line), line
        self._broken = is_hard

    def _close(self) -> None:
        if self._open:
            self._pieces += "\n", plain("".join(self._open))
        self._open = []

    def _line(self, line: str, bare: str, has_text_below: bool) -> None:
        if line.startswith("#"):
            # A blank line on both sides of a heading, as the rest of the studio expects it.
            self._pieces += "\n\n", plain(_AFTER_TITLE.sub("", bare, count=1)), "\n"
        elif bare and not bare[0].isalnum() and headings.is_scene_break(bare):
            self._break(bare, has_text_below)
        else:
            self._pieces += "\n", plain(bare)

    def _break(self, line: str, has_text_below: bool) -> None:
        has_text_above = bool(self._pieces) and bool(self._pieces[-1].strip())
        self._pieces += "\n" * (1 + has_text_above), line, "\n" * has_text_below

    def _underline(self, line: str, has_text_below: bool) -> None:
        """A heading where a title stands above, a break where prose does."""
        title = "".join(self._open).replace("\n", " ")
        is_alone = len(self._open) == 1 or bool(headings.strong(self._open[0]))
        if is_alone and _is_title(title, line, self._has_titles):
            self._open = []
            self._pieces += "\n\n", f"{'#' if line[0] == '=' else '##'} {plain(title)}", "\n"
        else:
            self._close()
            self._break(line, has_text_below)


def _stands_alone(line: str, bare: str) -> bool:
    """A heading, a line of a list, a quote or a table, or a break."""
    if bare[0].isalpha():
        return False
    if _OWN_LINE.match(line):
        return True
    return headings.is_scene_break(bare) and not _PAUSE.fullmatch(bare)


def _is_filled(lines: list[str], number: int) -> bool:
    return number < len(lines) and bool(lines[number].strip())


def _has_underlined_titles(text: str) -> bool:
    """Whether Chinese without a stop right above ``---`` is a title in this text: it marks none
    with #, and most of what stands there does not end as a sentence does."""
    if _MARKED.search(text):
        return False
    above = [found["above"] for found in _UNDERLINED.finditer(text)]
    return 2 * sum(bool(_TOLD.search(line)) for line in above) < len(above)


def _is_title(above: str, line: str, has_titles: bool) -> bool:
    """Whether what stands above an underline looks like a heading and not like a sentence."""
    if len(above) > LONGEST_TITLE:
        return False
    if headings.strong(above):
        return True
    drawn = len(line) > 3 and abs(len(line) - len(above) - len(_WIDE.findall(above))) <= 2
    if not drawn and line[0] == "-" and not has_titles and _HAN.search(above):
        return False
    return drawn or not (above.rstrip("*_ ").endswith(_STOPS) or _SPOKEN.search(above))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and of each whether it is a block of code between two fences."""
    if "```" not in text and "~~~" not in text:
        yield text, False
        return
    lines = text.split("\n")
    fences = [(n, found["fence"]) for n, line in enumerate(lines) if (found := _FENCE.match(line))]
    start, open_ended = 0, {"`": len(text) + 1, "~": len(text) + 1}
    for place, (number, fence) in enumerate(fences):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        is_break = fence[0] == "~" and lines[number].strip() == fence and not after.strip()
        if number < start or is_break or len(fence) >= open_ended[fence[0]]:
            continue
        following = (fences[other] for other in range(place + 1, len(fences)))
        end = next((n for n, f in following if f.startswith(fence) and lines[n].strip() == f), None)
        if end is None:
            open_ended[fence[0]] = len(fence)
            continue
        if start < number:
            yield "\n".join(lines[start:number]), False
        yield "\n".join(lines[number : end + 1]), True
        start = end + 1
    if start < len(lines):
        yield "\n".join(lines[start:]), False


def _without_comments(text: str) -> tuple[str, int]:
    """The text without comments, and how many there were; one that does not end is none."""
    pieces: list[str] = []
    at = count = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 2)) >= 0:
        pieces.append(text[at:start])
        at, count = end + 3, count + 1
        line_end = _LINE_END.match(text, at)
        if line_end and text[start - 1 : start] in ("", "\n"):
            at = line_end.end()
    text = "".join((*pieces, text[at:]))
    if "%%" not in text and "]:" not in text:
        return text, count
    text, others = _OTHER_COMMENTS.subn("", text)
    return text, count + others


def _ends_in_backslash(line: str) -> bool:
    return line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _joint(before: str, after: str) -> str:
    return "" if _WIDE.match(before[-1:]) and _WIDE.match(after) else " "


plugin = Markdown()
