"""Can the model be taught?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.facts import Facts
from studio.domain.findings import Finding
from studio.domain.models import ModelFacts
from studio.domain.specs import TrainSpec
from studio.errors import StudioError
from studio.language import _
from studio.models.patterns import matches
from studio.models.shape import shape_of_facts
from studio.preflight.adapters import ALL, module_paths
from studio.preflight.check import Check, finding, remedy
from studio.preflight.setup import adapter_of
from studio.training.model import tables_of


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    if facts.model is None:
        yield _missing(facts)
        return
    if spec.formatter.kind == "chat-template" and not facts.model.has_chat_template:
        yield finding(
            "model",
            "blocks",
            _("The model has no chat template."),
            _("“{name}” was never taught to answer, so nothing says where a request ends.").format(
                name=facts.model.name
            ),
            remedy(_("Choose the “instruct” or “chat” edition of the model")),
        )
    yield from _targets(spec, facts.model)
    yield from _parts(spec, facts.model)
    yield from _compressed(spec, facts)
    yield from _licence(spec, facts)
    if facts.model.idle_tokens:
        yield finding(
            "model",
            "tells",
            _("The tokenizer knows a mark that the model does not."),
            _("The model has no row for {names}, so the studio does without.").format(
                names=", ".join(facts.model.idle_tokens[:3])
            ),
            remedy(_("Nothing is to be done; no text is made of it")),
        )
    if spec.max_length > facts.model.context_length:
        yield finding(
            "model",
            "warns",
            _("The model cannot read passages that long."),
            _("It reads {context} tokens at most, and {asked} are asked for.").format(
                context=facts.model.context_length, asked=spec.max_length
            ),
            remedy(_("Use all it can read"), 0, max_length=facts.model.context_length),
        )
    if spec.model.source == "starter":
        yield finding(
            "model",
            "tells",
            _("The starter model only babbles."),
            _("It shows the whole way in minutes; for pages to keep, teach a larger model."),
            remedy(_("Choose or download a model on the Settings page")),
        )


def _targets(spec: TrainSpec, model: ModelFacts) -> Iterator[Finding]:
    """Parts to teach that the model does not have, or that no conversion can carry."""
    if spec.lora.target_modules == ALL:
        return
    everywhere = remedy(_("Teach every linear layer"), 0, **{"lora.target_modules": ALL})
    if tables := tables_of(spec.lora):
        yield finding(
            "model",
            "blocks",
            _("The voice could not be taken to the desk."),
            _("A GGUF adapter cannot hold {names}.").format(names=", ".join(tables)),
            everywhere,
        )
        return
    known = _linears(model)
    names = [name.strip() for name in spec.lora.target_modules.split(",")]
    if unknown := [name for name in names if known and name not in known]:
        yield finding(
            "model",
            "blocks",
            _("The adapter does not fit this model."),
            _("The model has no parts named {names}.").format(names=", ".join(unknown)),
            everywhere,
        )


def _parts(spec: TrainSpec, model: ModelFacts) -> Iterator[Finding]:
    """Blocks that the model does not have, and weights that PiSSA cannot begin at."""
    lora = spec.lora
    if beyond := [block for block in lora.layers if not 0 <= block < model.layers]:
        yield finding(
            "model",
            "blocks",
            _("The model has no such blocks."),
            _("It has {count}, counted from 0, and {asked} are asked for.").format(
                count=model.layers, asked=", ".join(map(str, beyond))
            ),
            remedy(_("Teach every block"), 0, **{"lora.layers": ()}),
        )
    if lora.start == "pissa" and spec.quantisation != "none":
        yield finding(
            "model",
            "blocks",
            _("PiSSA cannot begin at a compressed model."),
            _("It starts from the principal parts of the weights, which compression has changed."),
            remedy(_("Let the adapter start at zero"), 1, **{"lora.start": "zero"}),
            remedy(_("Teach the model without compression"), 0, quantisation="none"),
        )
    yield from _patterns(spec, model)


def _compressed(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    """What cannot be learned on a compressed model (trl 1.16, bitsandbytes 0.50): a copy of packed
    weights; and on a processor the output layer, whose copy has another width than what it reads,
    and DoRA on eight bits."""
    if spec.quantisation == "none" or facts.model is None:
        return
    on_processor = facts.device is not None and facts.device.kind == "cpu"
    whole = remedy(_("Teach the model without compression"), 0, quantisation="none")
    packed = _linears(facts.model) | ({"lm_head"} if on_processor else set())
    lora = spec.lora
    if named := [n for n in lora.modules_to_save if n.rpartition(".")[2] in packed]:
        kept = tuple(name for name in lora.modules_to_save if name not in named)
        yield finding(
            "model",
            "blocks",
            _("These parts of a compressed model cannot be taught whole."),
            _("No copy of {names} can learn while the model is compressed.").format(
                names=", ".join(named)
            ),
            whole,
            remedy(_("Teach them like the others"), 1, **{"lora.modules_to_save": kept}),
        )
    if lora.dora and spec.quantisation == "int8" and on_processor:
        yield finding(
            "model",
            "blocks",
            _("DoRA cannot learn on eight bits without a graphics card."),
            _("It reads the weights unpacked, and bitsandbytes does not unpack those there."),
            whole,
            remedy(_("Compress the model to four bits while training"), 1, quantisation="nf4"),
            remedy(_("Learn without DoRA"), 1, **{"lora.dora": False}),
        )


def _linears(model: ModelFacts) -> set[str]:
    try:
        return {linear.name for linear in shape_of_facts(model).linears}
    except StudioError:
        return set()  # the memory check has said so


def _patterns(spec: TrainSpec, model: ModelFacts) -> Iterator[Finding]:
    """Ranks and alphas of modules that are not there."""
    try:
        paths = list(module_paths(shape_of_facts(model), adapter_of(spec)))
    except StudioError:
        return  # the memory check has said so
    for field in ("rank_pattern", "alpha_pattern"):
        patterns = getattr(spec.lora, field)
        idle = [p for p in patterns if not any(matches(p, path) for path in paths)]
        if idle:
            kept = {p: value for p, value in patterns.items() if p not in idle}
            yield finding(
                "model",
                "warns",
                _("Some of the adapter's numbers belong to nothing."),
                _("No part that is taught has a path that ends in {names}.").format(
                    names=", ".join(idle)
                ),
                remedy(_("Leave them out"), 0, **{f"lora.{field}": kept}),
            )


def _licence(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    if facts.licence is None:
        if facts.access is not None and facts.model and spec.model.source != "starter":
            yield finding(
                "model",
                "tells",
                _("The model's licence is not known here."),
                _("It is not in the studio's catalogue, and a model's folder does not say."),
                remedy(_("Look at the model's own page before you sell what it writes")),
            )
        return
    if not facts.for_money:
        yield finding(
            "model",
            "warns",
            _("The model's licence forbids earning money with it."),
            _("It is {licence}; what a voice on it writes may not be sold.").format(
                licence=facts.licence
            ),
            remedy(_("Choose a model with an open licence, as “models fit” lists them")),
        )
        return
    yield finding(
        "model",
        "tells",
        _("The model's licence is {licence}.").format(licence=facts.licence),
        _("The voice you teach is yours; it works only together with the model.")
        + (f" {_consent()}" if facts.gated else ""),
    )


def _consent() -> str:
    return _("Whoever else wants to use it must accept the model's conditions on the Hub first.")


def _missing(facts: Facts) -> Finding:
    problem = facts.model_problem
    return finding(
        "model",
        "blocks",
        problem.what if problem else _("The model cannot be found."),
        problem.why if problem else _("It may have been moved or deleted."),
        remedy(problem.remedy if problem else _("Choose the model again")),
    )


plugin = Check("model", "Model", find)
