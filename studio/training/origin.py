"""What a training was begun with, so that going on elsewhere mixes nothing unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from studio.domain.learning import LoraSpec
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.models.fingerprints import fingerprint
from studio.training.model import accelerator_name


class Origin(BaseModel):
    """``base`` is the sha256 of each file of the base model, ``passages`` that of all numbers
    that are learned from, in their order, so that a step has but one place in them."""

    model_config = ConfigDict(extra="forbid")

    base: dict[str, str]
    passages: str
    lora: LoraSpec
    learning_rate: float
    device: str
    devices: int
    libraries: dict[str, str]


def origin_of(
    spec: TrainSpec,
    base: Path,
    facts: ModelFacts,
    rows: Sequence[Any],
    device: str,
    libraries: dict[str, str],
) -> Origin:
    """What this attempt is made with; ``device`` is cpu or cuda, ``libraries`` have versions."""
    return Origin(
        base=fingerprint(base, facts),
        passages=_digest(rows),
        lora=spec.lora,
        learning_rate=spec.learning_rate,
        device=accelerator_name(device),
        devices=spec.compute.processes,
        libraries=libraries,
    )


def agree(then: Origin, now: Origin) -> Iterator[str]:
    """What is different now, in sentences: it may cost the last digits, and nothing else.

    Raises:
        StudioError: the base model, the passages or the adapter are not those it began with.
    """
    if changed := sorted(
        n for n in then.base.keys() | now.base if then.base.get(n) != now.base.get(n)
    ):
        raise StudioError(
            _("The base model is not the one this lesson began with."),
            _("Its file {files} has changed since.").format(files=", ".join(changed)),
            _("Put the former files back and go on, or start a new lesson with this model."),
            "base",
        )
    if then.passages != now.passages or then.lora != now.lora:
        raise StudioError(
            _("The checkpoint belongs to another lesson."),
            _("It was made with other passages.")
            if then.passages != now.passages
            else _("Its adapter is built in another way."),
            _("Start a new lesson, or go on with the settings that it was made with."),
            "checkpoint",
        )
    if (then.device, then.devices) != (now.device, now.devices):
        yield _(
            "It began on {then} and goes on on {now}; the last digits may come out otherwise."
        ).format(then=_named(then), now=_named(now))
    for name in sorted(then.libraries.keys() & now.libraries):
        if then.libraries[name] != now.libraries[name]:
            yield _("It began with {name} {then} and goes on with {now}.").format(
                name=name, then=then.libraries[name], now=now.libraries[name]
            )


def _named(origin: Origin) -> str:
    return f"{origin.devices} × {origin.device}" if origin.devices > 1 else origin.device


def _digest(rows: Sequence[Any]) -> str:
    whole = hashlib.sha256()
    for row in rows:
        whole.update(repr(row).encode())
    return whole.hexdigest()
