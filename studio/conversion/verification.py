"""The job that proves an adapter: llama.cpp must say what transformers and peft say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.conversion import stories, verdict
from studio.conversion.agreement import Agreement, change_of, next_strength, precision
from studio.conversion.holding import check_holds, parts_of
from studio.conversion.sides import Converted, Reference
from studio.datasets import stored
from studio.datasets.example import Messages
from studio.datasets.formatting import Formatter, formatter_of, is_text
from studio.domain.events import LogLine, Progressed
from studio.domain.provenance import manner_of
from studio.domain.recipes import Format, Template
from studio.domain.specs import RegisterSpec
from studio.domain.voices import FormattedExample
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.inference.gguf import only_gguf
from studio.inference.prompt import ids_as_taught, ids_of_text, ids_of_turns
from studio.inference.runtime import Runtime
from studio.language import _
from studio.models.fingerprints import fingerprint, taught_on
from studio.models.source import folder_of, load_tokenizer, validate

LONGEST = 2048
"""Tokens of an example that are compared at most."""
TRIES = 8
"""How often a strength is looked for at which the adapter is heard well."""


@dataclass(frozen=True)
class Example:
    """A held-out conversation; ``learned`` are the places whose token was learned."""

    ids: list[int]
    learned: list[int]

    @property
    def before(self) -> list[int]:
        """The places after which a learned token is foretold."""
        return [place - 1 for place in self.learned]


def run(spec: RegisterSpec, room: Workroom) -> dict[str, Any]:
    """Compare logits on what the author wrote in held-out passages; produces a "report".

    Result: ``max_abs_logit_diff`` (logits), ``top1_agreement`` (share of positions where both
    find the same token likeliest), ``positions`` (those asked for, or all), and what else
    ``Agreement.as_dict`` tells.

    Raises:
        StudioError: a file does not fit, tokens differ, or the two do not agree.
        Stopped: the writer asked to stop.
    """
    folder = folder_of(spec.model, room.fetch)
    adapter, base = room.fetch(spec.adapter), room.fetch(spec.gguf_base)
    if spec.dataset is not None:  # of an adapter from elsewhere the writer chose the base model
        _same_base(adapter, folder)
    converted = only_gguf(room.fetch(spec.gguf_adapter)) if spec.gguf_adapter else None
    runtime = Runtime(only_gguf(base), LONGEST, exact=True)
    try:
        held_out, formatter = _held_out(spec, room), _formatter(spec, adapter, room)
        examples = list(_examples(held_out, formatter, folder, runtime, spec.positions))
        reference = Reference(folder, adapter)
        rounding = check_holds(converted, parts_of(reference.model)) if converted else 0.0
        found = _compare(reference, Converted(runtime, converted), examples, room)
    finally:
        runtime.close()
    verdict.check(found, precision(runtime.head), rounding, apart=converted is not None)
    if said := verdict.unheard(found, apart=converted is not None):
        room.emit(LogLine(level="warning", text=said))
    return _report(spec, room, found)


def _same_base(adapter: Path, folder: Path) -> None:
    """Both forms would agree on another base model, too, and the adapter would be wrong."""
    taught = taught_on(adapter)
    if taught is None or taught == fingerprint(folder, validate(folder)):
        return
    raise StudioError(
        _("The base model is not the one that the voice was taught on."),
        _("Its files have changed since: {names}.").format(names=", ".join(sorted(taught))),
        _("Put the files back as they were, or teach the voice again."),
    )


def _held_out(spec: RegisterSpec, room: Workroom) -> Iterable[Messages]:
    """What the adapter never learned: its dataset's held-out conversations; of an adapter from
    elsewhere, passages of a story that ships with the studio."""
    if spec.dataset is None:
        return stories.passages(spec.language)
    held_out = stored.read(room.fetch(spec.dataset) / "validation.jsonl")
    return (example.turns for example in held_out)


def _examples(
    held_out: Iterable[Messages],
    formatter: Formatter,
    model: Path,
    runtime: Runtime,
    wanted: int,
) -> Iterator[Example]:
    """Held-out conversations, until their learned tokens are ``wanted`` or there are no more.

    Raises:
        StudioError: llama.cpp reads other tokens, the desk would send others, or there is nothing
            to compare on.
    """
    tokenizer = load_tokenizer(model)
    longest = min(LONGEST, runtime.context)
    some = beyond = False
    seen = 0
    for turns in held_out:
        if wanted <= 0:
            return
        seen += 1
        formatted = formatter.run(tokenizer, turns)
        if not _reads_the_same(turns, formatted, runtime, formatter.template(tokenizer)):
            raise _tokens_differ(runtime, turns, formatted)
        learned = [i for i, is_learned in enumerate(formatted.mask) if is_learned and i]
        example = Example(
            list(formatted.ids[:longest]), [i for i in learned if i < longest][:wanted]
        )
        if example.learned:
            wanted -= len(example.learned)
            some = True
            yield example
        beyond = beyond or bool(learned)
    if not some:
        raise _nothing(seen, longest if beyond else None)


def _nothing(seen: int, longest: int | None) -> StudioError:
    """``longest``: how many tokens are compared, where all that was learned lies beyond."""
    if not seen:
        why = _("The dataset holds out no passage to compare on.")
        remedy = _("Prepare the dataset again with a larger held-out share.")
    elif longest is None:
        why = _("Nothing in its {count} held-out passages was to be learned.").format(count=seen)
        remedy = _("Prepare the dataset again with longer passages.")
    else:
        why = _("Every held-out passage begins beyond the {count} tokens that are compared.")
        why = why.format(count=longest)
        remedy = (
            _("Prepare the dataset with less of the story before each passage.")
            if longest == LONGEST
            else _("The base model reads no more than that: choose one that does.")
        )
    return StudioError(_("The voice could not be proved."), why, remedy)


def _formatter(spec: RegisterSpec, adapter: Path, room: Workroom) -> Formatter:
    """How the adapter was taught, as it tells itself; of one that an earlier studio taught, as its
    dataset does."""
    if manner := manner_of(adapter):
        return formatter_of(manner.formatter, manner.template)
    if spec.dataset is None:
        return formatter_of(Format())
    return formatter_of(stored.formatter(room.fetch(spec.dataset)))


def _reads_the_same(
    turns: Messages, formatted: FormattedExample, runtime: Runtime, template: Template | None
) -> bool:
    """Whether what the desk sends to have the last turn written is what training put before it,
    to the token, and llama.cpp has the same ids for that turn."""
    ids = list(formatted.ids)
    if is_text(turns):
        return ids[:-1] == ids_of_text(turns[0]["content"], runtime)
    asked = ids_of_turns(turns[:-1], runtime, template=template)
    if ids[: len(asked)] != asked or not any(formatted.mask[len(asked) :]):
        return False
    return ids in ids_as_taught(turns, runtime, template)


def _compare(
    reference: Reference, converted: Converted, examples: Sequence[Example], room: Workroom
) -> Agreement:
    found = Agreement()
    for number, example in enumerate(examples, 1):
        if room.stopped():
            raise Stopped(found.as_dict())
        _add(found, reference, converted, example, first=number == 1)
        room.emit(Progressed(step=number, steps=len(examples), unit="passages"))
    return found


def _add(
    found: Agreement, reference: Reference, converted: Converted, example: Example, first: bool
) -> None:
    plain = reference.logits(example, 0.0)
    taught = reference.logits(example, 1.0)
    spoken = converted.logits(example, 1.0)
    found.add(spoken, taught)
    if not converted.adapter:  # in one file with its base, which is not there alone
        found.add_base(spoken, taught)
        found.add_change(spoken - plain, taught - plain)
        return
    bare = converted.logits(example, 0.0)
    found.add_base(bare, plain)
    if first and found.is_finite():
        found.strength = _audible(found, reference, example, plain, taught)
    if found.strength != 1.0:
        taught = reference.logits(example, found.strength)
        spoken = converted.logits(example, found.strength)
    found.add_change(spoken - bare, taught - plain)


def _audible(
    found: Agreement, reference: Reference, example: Example, plain: Any, taught: Any
) -> float:
    """A strength at which what the adapter changes stands out of the base's noise, and still grows
    with the strength; what is wrong by a factor is wrong by it there, too. 1 where the adapter
    changes nothing."""
    strength = 1.0
    for _number in range(TRIES):
        change = change_of(taught, plain)
        wanted = next_strength(strength, change, found.noise) if change else strength
        if wanted == strength:
            return strength if change else 1.0
        strength = wanted
        taught = reference.logits(example, strength)
    return strength


def _report(spec: RegisterSpec, room: Workroom, found: Agreement) -> dict[str, Any]:
    result = found.as_dict()
    names = ("adapter", "gguf_base", "gguf_adapter")
    facts = {name: getattr(spec, name) for name in names} | result
    folder = room.folder / "report"
    folder.mkdir(exist_ok=True)
    (folder / "verification.json").write_text(json.dumps(facts, indent=1), "utf-8")
    room.produce("report", folder, "verification", facts)
    return result


def _tokens_differ(
    runtime: Runtime, turns: Sequence[dict[str, str]], formatted: FormattedExample
) -> StudioError:
    start = turns[-1]["content"][:40]
    if runtime.tokenise("".join(formatted.pieces), special=True) == list(formatted.ids):
        return StudioError(
            _("The voice could not be proved."),
            _(
                "What the desk would send to have “{text}” written is not what the lesson put "
                "before it."
            ).format(text=start),
            _("Prepare the dataset again with another format, and teach the voice again."),
        )
    return StudioError(
        _("The voice could not be proved."),
        _("llama.cpp with {name} cuts “{text}” into other tokens than training did.").format(
            name=runtime.head.path.name, text=start
        ),
        _("Choose another base model; this one's tokenizer is not one that llama.cpp knows."),
    )
