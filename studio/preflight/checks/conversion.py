"""Can what is learned be taken along: to the desk, as an adapter or in its model; to vLLM?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.facts import Facts, Obstacle
from studio.domain.findings import Finding, Remedy
from studio.domain.learning import LoraSpec
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy
from studio.preflight.standalone import plain, standalone, whole_tables
from studio.preflight.wording import on, size

SERVED_RANK = 16
"""The largest rank that vLLM takes unless it is started with another (vLLM 0.32)."""
MOST_RANK = 512
"""The largest rank that vLLM can be started with."""
ONE_TABLE = ("GemmaForCausalLM", "Gemma2ForCausalLM")
"""Models whose GGUF has no last layer of its own (llama.cpp's converter leaves it out)."""


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    if facts.obstacle:
        yield never(facts.obstacle)
    if spec.lora.beyond_gguf and facts.model:
        yield _within_its_base(spec, facts, facts.model)
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


def never(found: Obstacle) -> Finding:
    """What is said of what the rehearsal of the conversion came upon."""
    if found.kind == "untried":
        return finding(
            "conversion",
            "tells",
            _("Whether this model can be taken to the writing desk is not known yet."),
            _("That is tried with llama.cpp, which is still being made ready."),
            remedy(_("Look again when it is ready; the training can begin")),
        )
    reasons = {
        "refused": _("The converter of llama.cpp makes no GGUF file of it; it said: {said}"),
        "unread": _("What its own converter makes of it, llama.cpp cannot open."),
        "tokens": _("There “{said}” would be cut into other tokens than are taught."),
        "activation": _("Between its layers llama.cpp computes another function than {said}."),
        "rope": _("Its way of counting places in a text ({said}) is not one of llama.cpp's."),
        "scores": _("What it reads would be weighed by another number than {said}."),
        "output": _("Its last layer differs from its first, and llama.cpp has one for both."),
    }
    return finding(
        "conversion",
        "blocks",
        _("No voice on this model could be taken to the writing desk."),
        reasons[found.kind].format(said=found.said),
        *_cure(found),
        remedy(_("Choose another base model; those of the catalogue can be taken along")),
    )


def _cure(found: Obstacle) -> Iterator[Remedy]:
    if found.lacks:
        label = _("Copy the file {name} from the model's own page into its folder")
        yield remedy(label.format(name=found.lacks))


def _within_its_base(spec: TrainSpec, facts: Facts, model: ModelFacts) -> Finding:
    """What no GGUF adapter can hold becomes a model of its own, where that can be made."""
    if model.architecture in ONE_TABLE and (tables := whole_tables(spec)):
        return _lost(spec, tables)
    needs, place = standalone(spec, model), facts.device
    names = ", ".join(spec.lora.beyond_gguf)
    otherwise = remedy(_("Learn what a GGUF adapter can hold"), 1, **plain(spec.lora))
    if place and 0 < place.host_memory < needs.memory:
        return finding(
            "conversion",
            "warns",
            _("There is too little memory to take this voice to the writing desk."),
            _(
                "No GGUF adapter can hold {names}, so it is to go into its base model. That takes"
                " {needed} of memory, and {free} are free{place}."
            ).format(
                names=names,
                needed=size(needs.memory),
                free=size(place.host_memory),
                place=on(place),
            ),
            otherwise,
            remedy(_("Free some memory before the training ends; until then the voice is kept")),
        )
    return finding(
        "conversion",
        "warns",
        _("This voice becomes a model of its own."),
        _(
            "No GGUF adapter can hold {names}, nor can vLLM. After the training the voice is put"
            " into its base model, and that is converted for the desk: it takes {disk} of disk,"
            " and {memory} of memory meanwhile. It cannot be mixed with others."
        ).format(names=names, disk=size(needs.kept), memory=size(needs.memory)),
        otherwise,
    )


def _lost(spec: TrainSpec, tables: tuple[str, ...]) -> Finding:
    kept = tuple(name for name in spec.lora.modules_to_save if name not in tables)
    return finding(
        "conversion",
        "blocks",
        _("The voice could not be taken to the desk."),
        _("In GGUF this model writes with the table it reads with; {names} would be lost.").format(
            names=", ".join(tables)
        ),
        remedy(_("Teach these parts no more than the others"), 1, **{"lora.modules_to_save": kept}),
    )


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
