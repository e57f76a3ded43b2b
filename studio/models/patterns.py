"""peft's rule for the patterns of ranks and alphas: each names the end of a module's path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

GROUP = re.compile(r"\((?:\?:)?([^()?*+{}]*)\)(?![*+?{])")
"""A choice of words in a pattern."""
PLAIN = re.compile(r"[\w.*+{,}^$\\\[\]-]{1,200}")
REPEATS = re.compile(r"[*+{]")
MOST_REPEATS = 2
MOST = 500
"""Patterns that one with choices may stand for."""


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern, a regular expression, means the module at ``path``."""
    return bool(re.match(rf"(.*\.)?({pattern})$", path))


def of_module(patterns: Mapping[str, Any] | None, path: str, usual: Any) -> Any:
    """What the first pattern gives that means the module; ``usual`` where none does."""
    return next((own for p, own in (patterns or {}).items() if matches(p, path)), usual)


def plain(pattern: str) -> list[str]:
    """The patterns without choices that together mean the same; none where it is no pattern, or
    one that might take long to be matched."""
    meant = [pattern]
    while any(map(GROUP.search, meant)) and len(meant) <= MOST:
        meant = [each for one in meant for each in _chosen(one)]
    meant = [each for one in meant for each in one.split("|")]
    return meant if len(meant) <= MOST and all(map(_is_plain, meant)) else []


def _chosen(pattern: str) -> list[str]:
    found = GROUP.search(pattern)
    if not found:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [f"{before}{word}{after}" for word in found[1].split("|")]


def _is_plain(pattern: str) -> bool:
    if not PLAIN.fullmatch(pattern) or len(REPEATS.findall(pattern)) > MOST_REPEATS:
        return False
    try:
        re.compile(f"({pattern})")
    except re.error:
        return False
    return True
