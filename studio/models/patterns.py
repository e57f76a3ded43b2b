"""peft's rule for the patterns of ranks and alphas: each names the end of a module's path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern, a regular expression, means the module at ``path``."""
    return bool(re.match(rf"(.*\.)?({pattern})$", path))


def of_module(patterns: Mapping[str, Any] | None, path: str, usual: Any) -> Any:
    """What the first pattern gives that means the module; ``usual`` where none does."""
    return next((own for p, own in (patterns or {}).items() if matches(p, path)), usual)
