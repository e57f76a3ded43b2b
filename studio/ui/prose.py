"""Shows prose and formatted examples in the reading face, always as text, never as markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from studio.domain.voices import FormattedExample
from studio.language import _

FILES = Path(__file__).parent / "components"
_MARKER = re.compile(r"^<\|.*\|>$")


class Run(NamedTuple):
    """A stretch of text of one kind: "" (plain), "given", "learned", "removed"; the second and
    third also "marker"."""

    text: str
    kind: str = ""


def prose(
    text: str,
    language: str,
    *,
    key: str,
    framed: bool = False,
    label: str = "",
    height: int | None = None,
    follow: bool = False,
) -> None:
    """A passage at a reading size and measure; ``height`` is in pixels, beyond which it scrolls.

    ``follow`` brings it into view when it first appears.
    """
    _show([Run(text)], language, key, framed, label or _("Passage"), height, follow)


def runs(found: list[Run], language: str, *, key: str, height: int = 420) -> None:
    """A passage whose parts are of several kinds."""
    _show(found, language, key, False, _("Passage"), height)


def masked(example: FormattedExample, language: str, *, key: str, height: int = 420) -> None:
    """An example as the model sees it; what it learns is marked by ground and underline."""
    _show(runs_of(example), language, key, False, _("Formatted example"), height)


def runs_of(example: FormattedExample) -> list[Run]:
    """Neighbouring tokens of one kind, joined; markers of the template stand alone."""
    kinds: Iterable[Run] = (
        Run(piece, _kind(piece, learned))
        for piece, learned in zip(example.pieces, example.mask, strict=True)
    )
    return [
        Run("".join(run.text for run in found), kind)
        for kind, found in groupby(kinds, key=lambda run: run.kind)
    ]


def _kind(piece: str, learned: bool) -> str:
    kind = "learned" if learned else "given"
    return f"{kind} marker" if _MARKER.match(piece.strip()) else kind


def _show(
    runs: list[Run],
    language: str,
    key: str,
    framed: bool,
    label: str,
    height: int | None,
    follow: bool = False,
) -> None:
    component = st.components.v2.component(
        "lorewright_prose",
        html='<div class="prose" role="region"></div>',
        css=(FILES / "prose.css").read_text(encoding="utf-8"),
        js=(FILES / "prose.js").read_text(encoding="utf-8"),
    )
    component(
        key=key,
        data={
            "runs": [run._asdict() for run in runs],
            "language": language,
            "framed": str(framed).lower(),
            "label": label,
            "height": height,
            "follow": follow,
        },
    )
