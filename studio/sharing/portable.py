"""A voice as others can use it: a folder that peft loads, with nothing private in it."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.conversion.folding import CONFIG, WEIGHTS, read_config
from studio.domain import naming
from studio.domain.provenance import Provenance
from studio.domain.specs import TextSample
from studio.models import catalogue
from studio.sharing import card, opening
from studio.training.lineage import write

README = "README.md"
SPEC = (
    "objective", "lora", "quantisation", "learning_rate", "batch_size", "accumulation", "packing",
    "epochs", "max_steps", "warmup_share", "weight_decay", "neftune_alpha", "compute",
    "max_length", "preset", "seed",
)  # fmt: skip
"""What of a training's spec tells how it learned, and not of whom or where."""


PATH = re.compile(r"\s*(~|\.{0,2}[/\\]|[A-Za-z]:|file:)")
"""How a path begins: from the root, a drive, a share, a home or here."""


def lay_out(
    adapter: Path,
    target: Path,
    name: str,
    licence: str | None = None,
    samples: Sequence[TextSample] = (),
    repository: str | None = None,
) -> None:
    """Write the folder ``target``: weights, description, lineage and a card.

    The base model is named as it is called on the Hub, where that is known. The lineage says
    how the voice was taught and by which programs; not from what, nor where on which disk.

    Raises:
        StudioError: the adapter's folder cannot be read.
    """
    config, told = read_config(adapter), opening.provenance(adapter) or Provenance()
    base = public_name(told, str(config.get("base_model_name_or_path") or ""))
    lineage = public(told, base)
    target.mkdir(parents=True)
    shutil.copyfile(adapter / WEIGHTS, target / WEIGHTS)
    config = config | {"base_model_name_or_path": base}
    (target / CONFIG).write_text(_json(config), encoding="utf-8")
    lineage = lineage.model_copy(update={"name": naming.tidy(name)})
    write(target, lineage.model_dump(mode="json", exclude_none=True))
    text = card.card(name, base, lineage, licence, samples, repository)
    (target / README).write_text(text, encoding="utf-8")


def public_name(told: Provenance, named: str) -> str:
    """The base model's id on the Hub where it is known, else its folder's name alone."""
    name = told.base.name or named
    if name.count("/") == 1 and "\\" not in name and not PATH.match(name):
        return name
    last = last_word(name)
    listed = [
        entry.id
        for entry in catalogue.catalogue()
        if entry.id.partition("/")[2].casefold() == last.casefold()
        and told.base.parameters in (None, entry.parameters)
    ]
    return listed[0] if len(listed) == 1 else last


def pack(folder: Path, target: Path) -> None:
    """A zip of the folder's files; the same files give the same bytes."""
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as member:
                shutil.copyfileobj(source, member, 1 << 20)


def public(told: Provenance, base: str) -> Provenance:
    """A lineage without what belongs to one machine: hyperparameters, numbers and names of
    programs, the base model under the name ``base``, and no path."""
    spec = {name: told.spec[name] for name in SPEC if name in told.spec}
    figures = {name: told.figure(name) for name in told.figures}
    return told.model_copy(
        update={
            "spec": without_paths(spec),
            "figures": {name: value for name, value in figures.items() if value is not None},
            "base": told.base.model_copy(update={"name": base}),
            "studio": type(told.studio).model_validate(without_paths(told.studio.model_dump())),
            "libraries": without_paths(told.libraries),
            "device": without_paths(told.device),
            "dataset": None,
            "parents": (),
        }
    )


def without_paths(value: Any) -> Any:
    """The same with the last word alone of every text that is a path on some machine."""
    if isinstance(value, str):
        return last_word(value) if PATH.match(value) else value
    if isinstance(value, dict):
        return {without_paths(name): without_paths(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(each) for each in value]
    return value


def last_word(path: str) -> str:
    """A folder's or file's own name, as either kind of machine writes paths."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
