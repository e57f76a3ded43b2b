"""Tokens for which a model has no row in its table: which a tokenizer can do without, which not.

A table is never made larger: its new rows would mean nothing, and be another model.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.language import _
from studio.models.files import read_json

TOKENIZER = "tokenizer.json"
NEEDED = ("bos_token", "eos_token", "unk_token")
TOLD = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""Other files that name tokens."""
TABLES = ("embed_tokens.weight", "lm_head.weight")


def check_table(folder: Path, vocabulary: int, tensors: dict[str, dict[str, Any]]) -> None:
    """Raises StudioError where the weights have another number of rows than the config says."""
    for name, told in tensors.items():
        if name.endswith(TABLES) and len(told["shape"]) == 2 and told["shape"][0] != vocabulary:
            raise StudioError(
                _("The model in {folder} contradicts itself.").format(folder=folder),
                _(
                    "Its config.json tells of {count:,} tokens, and {name} has {rows:,} rows."
                ).format(count=vocabulary, name=name, rows=told["shape"][0]),
                _("Download or copy config.json and the weights again, all from one place."),
            )


def idle_tokens(folder: Path, vocabulary: int) -> tuple[str, ...]:
    """Added tokens without a row that nothing needs, as a mark to fill up with.

    Raises:
        StudioError: a token that text is made of, or that a request needs, has no row.
    """
    path = folder / TOKENIZER
    if not path.is_file():
        return ()
    found = path.stat()
    lost, idle = _without_row(path, found.st_mtime_ns, found.st_size, vocabulary)
    needed = lost or [name for name in idle if name in _needed(folder, idle)]
    if needed:
        raise _missing(folder, vocabulary, needed)
    return tuple(idle)


@lru_cache(maxsize=8)
def _without_row(
    path: Path, _changed: int, _size: int, vocabulary: int
) -> tuple[list[str], list[str]]:
    """Tokens of the vocabulary itself, and added ones, that have no row."""
    content = read_json(path)
    try:
        added = {t["content"]: t["id"] for t in content.get("added_tokens") or ()}
        base = dict(_vocabulary(content))
        lost = [name for name, at in base.items() if at >= vocabulary and name not in added]
        return lost, [name for name, at in added.items() if at >= vocabulary]
    except (KeyError, TypeError, ValueError, AttributeError):
        return [], []  # whoever loads it will say what is wrong


def without_idle(folder: Path, vocabulary: int, target: Path) -> Path:
    """``folder``, or where tokens are idle a copy of it in ``target`` whose tokenizer does not know
    them; weights are linked."""
    idle = idle_tokens(folder, vocabulary)
    if not idle:
        return folder
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name in (TOKENIZER, *TOLD):
            text = json.dumps(_cleared(read_json(path), set(idle)), ensure_ascii=False)
            (target / path.name).write_text(text, encoding="utf-8")
        else:
            (target / path.name).symlink_to(path.resolve())
    return target


def _vocabulary(content: dict[str, Any]) -> Iterator[tuple[str, int]]:
    known = content["model"].get("vocab") or {}
    if isinstance(known, dict):
        yield from known.items()
    else:
        yield from ((name, at) for at, (name, _score) in enumerate(known))


def _needed(folder: Path, idle: list[str]) -> set[str]:
    path = folder / TOLD[0]
    told = read_json(path) if path.is_file() else {}
    marks = {_content(told.get(role)) for role in NEEDED}
    templates = [json.dumps(told.get("chat_template"), ensure_ascii=False)]
    for name in ("chat_template.jinja", "chat_template.json"):
        if (folder / name).is_file():
            templates.append((folder / name).read_text(encoding="utf-8", errors="replace"))
    return marks | {name for name in idle if any(name in text for text in templates)}


def _content(token: Any) -> Any:
    return token.get("content") if isinstance(token, dict) else token


def _cleared(value: Any, idle: set[str]) -> Any:
    """The same without what names an idle token."""
    if isinstance(value, dict):
        return {
            name: _cleared(inner, idle)
            for name, inner in value.items()
            if name not in idle and not _names(inner, idle)
        }
    if isinstance(value, list):
        return [_cleared(inner, idle) for inner in value if not _names(inner, idle)]
    return value


def _names(value: Any, idle: set[str]) -> bool:
    found = _content(value)
    return isinstance(found, str) and found in idle


def _missing(folder: Path, vocabulary: int, names: list[str]) -> StudioError:
    return StudioError(
        _("The model in {folder} does not fit its tokenizer.").format(folder=folder),
        _(
            "It has {rows:,} rows, and none for {count:,} of the tokens, “{name}” among them."
        ).format(rows=vocabulary, count=len(names), name=names[0]),
        _("Download or copy weights, config.json and tokenizer again, all from one place."),
    )
