"""Discovers the plugins of a seam: each module in the package exports one object, ``plugin``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

SEAMS = (
    "studio.text.readers",
    "studio.datasets.loaders",
    "studio.datasets.formatters",
    "studio.datasets.builders",
    "studio.preflight.checks",
    "studio.training.objectives",
    "studio.conversion.converters",
    "studio.inference.backends",
)


@cache
def discover(package: str) -> dict[str, Any]:
    """The plugins of one seam by their kind, in the order of their modules' names.

    A plugin has ``kind`` (unique in its seam), ``label`` (what a writer reads), ``Spec``
    (a pydantic model of its options), ``check(...)`` and ``run(...)``.

    Raises:
        ValueError: two modules of the seam claim the same kind.
    """
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        plugin = importlib.import_module(f"{package}.{module.name}").plugin
        if plugin.kind in found:
            raise ValueError(f"Seam {package!r} has two plugins of kind {plugin.kind!r}.")
        found[plugin.kind] = plugin
    return found
