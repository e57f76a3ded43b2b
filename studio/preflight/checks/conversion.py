"""Can what is learned be taken along: to the desk as a GGUF adapter, to a vLLM server?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.domain.facts import Facts
from studio.domain.findings import Finding, Remedy
from studio.domain.learning import LoraSpec
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy

SERVED_RANK = 16
"""The largest rank that vLLM takes unless it is started with another (vLLM 0.32)."""
MOST_RANK = 512
"""The largest rank that vLLM can be started with."""


def find(spec: TrainSpec, _facts: Facts) -> Iterator[Finding]:
    if spec.lora.beyond_gguf:
        yield finding(
            "conversion",
            "warns",
            _("This voice cannot be taken to the writing desk."),
            _(
                "No GGUF adapter can hold {names}, nor can vLLM. The voice will stand on the shelf"
                " for programs that use peft, and will not be converted."
            ).format(names=", ".join(spec.lora.beyond_gguf)),
            remedy(_("Learn what can be converted"), 1, **_plain(spec.lora)),
        )
    rank = spec.lora.stored_rank
    if rank > MOST_RANK:
        yield finding(
            "conversion",
            "warns",
            _("The adapter is too large for vLLM."),
            _("It is stored at rank {rank}, and vLLM takes {most} at most.").format(
                rank=rank, most=MOST_RANK
            ),
            *_smaller(spec.lora),
        )
    elif rank > SERVED_RANK:
        yield finding(
            "conversion",
            "tells",
            _("A vLLM server has to be told of this adapter's rank."),
            _("Start it with --max-lora-rank {rank} or more; by itself it takes {usual}.").format(
                rank=rank, usual=SERVED_RANK
            ),
        )


def _plain(lora: LoraSpec) -> dict[str, Any]:
    changes: dict[str, Any] = {"lora.dora": False} if lora.dora else {}
    return changes | ({"lora.modules_to_save": ()} if lora.modules_to_save else {})


def _smaller(lora: LoraSpec) -> Iterator[Remedy]:
    if lora.start == "pissa":
        yield remedy(_("Let the adapter start at zero"), 1, **{"lora.start": "zero"})
    most = MOST_RANK // 2 if lora.start == "pissa" else MOST_RANK
    patterns = {name: min(rank, most) for name, rank in lora.rank_pattern.items()}
    changes = {
        "lora.rank": min(lora.rank, most),
        "lora.alpha": min(lora.alpha, 2 * most),
        "lora.rank_pattern": patterns,
    }
    yield remedy(_("Use rank {rank}").format(rank=most), 1, **changes)


plugin = Check("conversion", "Taking it along", find)
