"""Interface text: English in the source, other languages from gettext catalogues."""

from __future__ import annotations

import gettext
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

CATALOGUES = Path(__file__).parent / "locale"
DOMAIN = "lorewright"
_chosen: ContextVar[str] = ContextVar("interface_language", default="en")


@lru_cache(maxsize=8)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, CATALOGUES, [language], fallback=True)


def use(language: str) -> None:
    """Speak ``language`` ("en", "zh") for the rest of this thread or session."""
    _chosen.set(language)


def _(text: str) -> str:
    """The text in the interface's language."""
    return _catalogue(_chosen.get()).gettext(text)


def n_(one: str, many: str, count: int) -> str:
    """The right plural of a text for ``count``."""
    return _catalogue(_chosen.get()).ngettext(one, many, count)
