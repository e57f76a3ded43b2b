"""Chat turns become one text by a template: the same program for training and for writing.

A template is somebody else's program and runs in jinja's sandbox. What stands between
``{% generation %}`` and ``{% endgeneration %}`` is what a model is to learn.
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
_KEY = secrets.token_hex(8)
# No text holds these: they are made anew in every process.
_BEGIN, _END = f"\ufdd0{_KEY}<", f"\ufdd0{_KEY}>"
_EDGES = re.compile(f"({_BEGIN}|{_END})")

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


class Rendered(NamedTuple):
    text: str
    learned: tuple[tuple[int, int], ...] | None
    """Where the text is to be learned, from start to end; None: the template does not say."""


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
    return datetime.now().astimezone().strftime(form)


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
        messages=[dict(message) for message in messages],
        add_generation_prompt=asking,
        tools=None,
        documents=None,
        **marks,
    )
    text, length, edges = [], 0, []
    for part in _EDGES.split(written):
        if part in (_BEGIN, _END):
            edges.append(length)
        else:
            text.append(part)
            length += len(part)
    spans = tuple(zip(edges[::2], edges[1::2], strict=False))
    return Rendered("".join(text), spans if MARKERS.search(source) else None)
