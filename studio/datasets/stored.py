"""The studio's own dataset files: one example a line, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from studio.datasets.example import Example
from studio.domain.recipes import FormatterSpec
from studio.errors import StudioError
from studio.language import _


def read(path: Path) -> Iterator[Example]:
    """The examples of one split, each checked: a field that is not known is named and refused.

    Raises:
        StudioError: the file is not there, or a line of it is not an example.
    """
    if not path.is_file():
        raise StudioError(
            _("The dataset is not whole."),
            _("It has no file {name}.").format(name=path.name),
            _("Prepare the dataset again."),
        )
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            yield _example(path, number, line)


def recipe(dataset: Path) -> dict[str, Any]:
    """What the dataset was made of and how; empty where that is not known."""
    path = dataset / "recipe.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def formatter(dataset: Path) -> FormatterSpec:
    """The form that the dataset was prepared for."""
    found = recipe(dataset).get("spec", {}).get("formatter", "chat-template")
    return TypeAdapter[FormatterSpec](FormatterSpec).validate_python(found)


def about(dataset: Path) -> str:
    """The lines about the story that the dataset's prompts show; empty where there are none."""
    return str(recipe(dataset).get("spec", {}).get("builder", {}).get("about", ""))


def _example(path: Path, number: int, line: bytes) -> Example:
    try:
        return Example.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or _("the line")
        raise StudioError(
            _("Line {number} of “{name}” is not an example.").format(number=number, name=path.name),
            f"{field}: {first['msg']}.",
            _("Correct the line or take it out, or prepare the dataset again."),
        ) from error
