"""Reads the settings files of a model folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.language import _


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises StudioError when the file is broken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StudioError(
            _("The file {path} cannot be read.").format(path=path),
            _("It is not whole: {error}.").format(error=error),
            _("Download or copy the model again."),
        ) from error
    if not isinstance(found, dict):
        raise StudioError(
            _("The file {path} cannot be read.").format(path=path),
            _("It does not hold a model's settings."),
            _("Download or copy the model again."),
        )
    return found
