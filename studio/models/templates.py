"""Chat turns become one text by a template: the same program for training and for writing.

A template is somebody else's program and runs in jinja's sandbox. What stands between
``{% generation %}`` and ``{% endgeneration %}`` is what a model is to learn. What a turn says is
handed over in a fence, and marks within it in disguise: no template takes a story apart for a
mark that it holds, and where each turn's words stand in the text is known.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

MARKERS = re.compile(r"\{%-?\s*generation\s*-?%\}")
DAY = datetime(2024, 7, 26)  # noqa: DTZ001 - a date without a place
"""What templates take for today: what was taught is asked in the same words on every day."""
# No text holds these: they are made anew in every process, of signs that have no upper case.
_KEY = f"\ufdd0{secrets.randbits(64)}"
_BEGIN, _END, _DISGUISE = f"{_KEY}\ufdd1", f"{_KEY}\ufdd2", f"{_KEY}\ufdd3"
# The outer fence is white space, so that a template which trims takes it off with the rest.
_SPACES = "".join(secrets.choice("\u2000\u2001\u2002\u2003") for _each in range(24))
_OUTER_BEGIN, _OUTER_END = f"{_SPACES}\u2004", f"{_SPACES}\u2005"
_FENCES = re.compile(f"({_KEY}[0-9:]*[\ufdd1-\ufdd5]|{_OUTER_BEGIN}|{_OUTER_END})")
_FENCING = frozenset("\u2000\u2001\u2002\u2003\u2004\u2005")
_SIGNS = re.compile(r"[<\[{|｜#(«]")

REFUSALS = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)
"""What a template that is broken, or does not take these turns, raises."""

Span = tuple[int, int]


class Rendered(NamedTuple):
    text: str
    learned: tuple[Span, ...] | None
    """Where the text is to be learned, from start to end; None: the template does not say."""
    words: tuple[tuple[int, int, int], ...] = ()
    """Where the words of which turn stand: its number, from, to."""


class _Generation(Extension):
    """Remembers where ``{% generation %}…{% endgeneration %}`` begins and ends."""

    tags = {"generation"}  # noqa: RUF012 - jinja reads this very name from the class

    def parse(self, parser: jinja2.parser.Parser) -> list[nodes.Node]:
        next(parser.stream)
        inside = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return [_printed(_BEGIN), *inside, _printed(_END)]


def _printed(text: str) -> nodes.Node:
    return nodes.Output([nodes.TemplateData(text)])


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, **options)


def _now(form: str) -> str:
    return DAY.strftime(form)


@lru_cache(maxsize=8)
def _compiled(source: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_Generation, "jinja2.ext.loopcontrols"],
    )
    environment.filters["tojson"] = _to_json
    environment.globals.update(raise_exception=_refuse, strftime_now=_now)
    return environment.from_string(source)


def render(
    source: str, messages: Sequence[Mapping[str, str]], marks: Mapping[str, str], *, asking: bool
) -> Rendered:
    """The text of the turns; when ``asking``, the beginning of the assistant's turn follows.

    ``marks`` are the names of the model's special tokens (``bos_token``, ``eos_token``).

    Raises:
        one of REFUSALS: the template is broken, or does not take these turns.
    """
    written = _compiled(source).render(
        messages=[_fenced(number, message) for number, message in enumerate(messages)],
        add_generation_prompt=asking,
        tools=None,
        documents=None,
        **marks,
    )
    found = _Unfenced()
    for part in _FENCES.split(written):
        found.take(part)
    text = "".join(found.text)
    told = "".join(message["content"] for message in messages)
    if _KEY[1:] in text or set(text) & _FENCING - set(source) - set(told):  # of a fence in pieces
        _refuse("It writes what a turn says in other letters than those that it was given.")
    learned = tuple(zip(found.edges[::2], found.edges[1::2], strict=False))
    return Rendered(text, learned if MARKERS.search(source) else None, tuple(found.words))


def _fenced(number: int, message: Mapping[str, str]) -> dict[str, str]:
    content = message["content"]
    core = content.strip()
    if not core and message["role"] != "assistant":
        return dict(message)
    before = content[: len(content) - len(content.lstrip())] if core else content
    after = content[len(before) + len(core) :]
    disguised = _SIGNS.sub(rf"\g<0>{_DISGUISE}", core)
    words = f"{_KEY}:{number}\ufdd4{disguised}{_KEY}:{number}\ufdd5"
    return {**message, "content": f"{_OUTER_BEGIN}{before}{words}{after}{_OUTER_END}"}


class _Unfenced:
    """Takes the parts of a written text one by one, and remembers where the fences stood."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.edges: list[int] = []
        self.words: list[tuple[int, int, int]] = []
        self._length = 0
        self._outer: int | None = None
        self._open: tuple[int, int] | None = None
        self._closed = False

    def take(self, part: str) -> None:
        if part == _OUTER_BEGIN:
            self._outer = self._length
        elif part == _OUTER_END:
            if self._closed:
                self.words[-1] = (*self.words[-1][:2], self._length)
        elif part in (_BEGIN, _END):
            self.edges.append(self._length)
        elif part.startswith(_KEY):
            self._fence(part)
        else:
            self.text.append(part)
            self._length += len(part)
            if part.strip():  # only white space stands between an outer fence and an inner one
                self._outer, self._closed = None, False

    def _fence(self, part: str) -> None:
        number = part[len(_KEY) + 1 : -1]
        if part[-1] == "\ufdd4":
            start = self._length if self._outer is None else self._outer
            self._open, self._outer = (int(number), start), None
        elif part[-1] == "\ufdd5" and self._open and self._open[0] == int(number):
            self.words.append((*self._open, self._length))
            self._open, self._closed = None, True
