"""Which model fits a machine: the catalogue's models by what teaching each would take there."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from studio.models.catalogue import Entry
from studio.preflight.adapters import Adapter
from studio.preflight.memory import estimate
from studio.preflight.setup import Kind, Setup
from studio.training.likelihood import LOGITS_AT_ONCE
from studio.training.model import LARGE

Quantisation = Literal["none", "int8", "nf4"]
GENTLE: tuple[Quantisation, ...] = ("none", "int8", "nf4")
"""The least loss first."""
TIGHT = 0.9
"""Share of the memory that is planned with: an estimate may be off by a tenth."""
USUAL, RANK = 1024, 16
"""Tokens of a passage with what comes before it, and the adapter's rank."""


class Fit(BaseModel):
    """One model on one machine. ``quantisation`` is the gentlest that fits, None where none
    does; ``needs`` are the bytes of that, or of the strongest; ``longest`` is how many tokens a
    passage may then have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    good_for: str
    licence: str
    for_money: bool
    gated: str
    languages: tuple[str, ...]
    context: int
    parameters: int
    teachable: bool
    quantisation: Quantisation | None
    needs: int
    longest: int


def fit(entry: Entry, memory: int, kind: Kind) -> Fit:
    """How ``entry`` could be taught in ``memory`` bytes, passages of 1,024 tokens at rank 16."""
    usable = int(memory * TIGHT)
    needs = {q: _needs(entry, q, kind, USUAL) for q in GENTLE}
    fitting = next((q for q in GENTLE if needs[q] <= usable), None)
    return Fit(
        **entry.model_dump(exclude={"config", "architecture", "year"}),
        for_money=entry.for_money,
        teachable=entry.teachable,
        quantisation=fitting,
        needs=needs[fitting or "nf4"],
        longest=_longest(entry, fitting, kind, usable) if fitting else 0,
    )


def ranked(entries: tuple[Entry, ...], memory: int, kind: Kind) -> list[Fit]:
    """What can be taught and fits first, the largest first, as more parameters write better;
    then what does not fit, the nearest miss first; last what the studio cannot teach yet."""
    return sorted((fit(entry, memory, kind) for entry in entries), key=_order)


def _order(found: Fit) -> tuple[bool, bool, int]:
    fits = found.quantisation is not None
    return not found.teachable, not fits, -found.parameters if fits else found.needs


def _longest(entry: Entry, quantisation: Quantisation, kind: Kind, usable: int) -> int:
    """In steps of doubling, never more than the model can read."""
    tokens = USUAL
    while 2 * tokens <= entry.context and _needs(entry, quantisation, kind, 2 * tokens) <= usable:
        tokens *= 2
    return tokens


def _needs(entry: Entry, quantisation: Quantisation, kind: Kind, tokens: int) -> int:
    shape = entry.shape
    setup = Setup(
        kind=kind,
        tokens=tokens,
        quantisation=quantisation,
        adapter=Adapter(rank=RANK),
        whole_adapter=quantisation == "none",
        attention="eager" if shape.softcap else "fused",
        checkpointing=entry.parameters > LARGE,
        measured_logits=max(LOGITS_AT_ONCE, tokens * shape.vocabulary),
    )
    return estimate(shape, setup).total
