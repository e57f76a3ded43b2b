"""The job that proves a voice: llama.cpp must say what transformers and peft say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from studio.conversion import stories
from studio.datasets.example import Messages
from studio.datasets.formatting import Formatter, formatter_of, is_text
from studio.domain.events import Progressed
from studio.domain.provenance import manner_of
from studio.domain.recipes import Format, FormatterSpec, Template
from studio.domain.specs import RegisterSpec
from studio.domain.voices import FormattedExample
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.inference.gguf import only_gguf
from studio.inference.prompt import ids_as_taught, ids_of_text, ids_of_turns
from studio.inference.runtime import Runtime
from studio.language import _
from studio.models.fingerprints import fingerprint, taught_on
from studio.models.loading import load_model
from studio.models.source import folder_of, load_tokenizer, validate

LONGEST = 2048
"""Tokens of an example that are compared at most."""
LEAST_AGREEMENT = {"Q5_K_M": 0.8, "Q4_K_M": 0.7}
"""Below this share the voice would be wrong; coarse weights may differ more without a defect."""
USUAL_AGREEMENT = 0.9


@dataclass(frozen=True)
class Example:
    """A held-out conversation; ``learned`` are the places whose token the voice was taught."""

    ids: list[int]
    learned: list[int]


@dataclass
class Agreement:
    """What was found over all positions so far."""

    positions: int = 0
    same: int = 0
    difference: float = 0.0

    def add(self, ours: Any, theirs: Any) -> None:
        """Compare float arrays [positions, vocabulary] of logits."""
        import numpy as np

        self.positions += len(ours)
        self.same += int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
        self.difference = max(self.difference, float(np.abs(ours - theirs).max()))

    @property
    def share(self) -> float:
        return self.same / self.positions if self.positions else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            "max_abs_logit_diff": round(self.difference, 6),
            "top1_agreement": round(self.share, 6),
            "positions": self.positions,
        }


def run(spec: RegisterSpec, room: Workroom) -> dict[str, Any]:
    """Compare logits on what the author wrote in held-out passages; produces a "report".

    Result: ``max_abs_logit_diff`` (logits), ``top1_agreement`` (share of positions where both
    find the same token likeliest) and ``positions`` (at least those asked for, or all).

    Raises:
        StudioError: a file does not fit, tokens differ, or the two do not agree.
        Stopped: the writer asked to stop.
    """
    folder = folder_of(spec.model, room.fetch)
    adapter, base = room.fetch(spec.adapter), room.fetch(spec.gguf_base)
    if spec.dataset is not None:  # of a voice from elsewhere the writer chose the base model
        _same_base(adapter, folder)
    runtime = Runtime(only_gguf(base), LONGEST, exact=True)
    try:
        if spec.gguf_adapter:
            runtime.use(only_gguf(room.fetch(spec.gguf_adapter)))
        held_out, formatter = _held_out(spec, room), _formatter(spec, adapter, room)
        examples = list(_examples(held_out, formatter, folder, runtime, spec.positions))
        found = _compare(_reference(folder, adapter), runtime, examples, room)
    finally:
        runtime.close()
    _check(found, _quantisation(base))
    return _report(spec, room, found)


def _same_base(adapter: Path, folder: Path) -> None:
    """Both forms would agree on another base model, too, and the voice would be wrong."""
    taught = taught_on(adapter)
    if taught is None or taught == fingerprint(folder, validate(folder)):
        return
    raise StudioError(
        _("The base model is not the one that the voice was taught on."),
        _("Its files have changed since: {names}.").format(names=", ".join(sorted(taught))),
        _("Put the files back as they were, or teach the voice again."),
    )


def _held_out(spec: RegisterSpec, room: Workroom) -> Iterable[Messages]:
    """What the voice never learned: its dataset's held-out conversations; of a voice from
    elsewhere, passages of a story that ships with the studio."""
    if spec.dataset is None:
        return stories.passages(spec.language)
    dataset = room.fetch(spec.dataset)
    lines = (dataset / "validation.jsonl").read_text("utf-8").splitlines()
    return (json.loads(line)["messages"] for line in lines)


def _examples(
    held_out: Iterable[Messages],
    formatter: Formatter,
    model: Path,
    runtime: Runtime,
    wanted: int,
) -> Iterator[Example]:
    """Held-out conversations, until their learned tokens are ``wanted`` or there are no more.

    Raises:
        StudioError: llama.cpp reads other tokens.
    """
    tokenizer = load_tokenizer(model)
    longest = min(LONGEST, runtime.context)
    for turns in held_out:
        if wanted <= 0:
            return
        formatted = formatter.run(tokenizer, turns)
        if not _reads_the_same(turns, formatted, runtime, formatter.template(tokenizer)):
            raise _tokens_differ(runtime.head.path, turns)
        learned = [i for i, is_learned in enumerate(formatted.mask) if is_learned and i]
        example = Example(list(formatted.ids[:longest]), [i for i in learned if i < longest])
        if example.learned:
            wanted -= len(example.learned)
            yield example


def _formatter(spec: RegisterSpec, adapter: Path, room: Workroom) -> Formatter:
    """How the voice was taught, as it tells itself; of one that an earlier studio taught, as its
    dataset does."""
    if manner := manner_of(adapter):
        return formatter_of(manner.formatter, manner.template)
    if spec.dataset is None:
        return formatter_of(Format())
    path = room.fetch(spec.dataset) / "recipe.json"
    recipe = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    found = recipe.get("spec", {}).get("formatter", "chat-template")
    return formatter_of(TypeAdapter[FormatterSpec](FormatterSpec).validate_python(found))


def _reads_the_same(
    turns: Messages, formatted: FormattedExample, runtime: Runtime, template: Template | None
) -> bool:
    """Whether llama.cpp has the same ids, of what asks and of the whole."""
    ids = list(formatted.ids)
    if is_text(turns):
        return ids[:-1] == ids_of_text(turns[0]["content"], runtime)
    asked = ids_of_turns(turns[:-1], runtime, template=template)
    return ids[: len(asked)] == asked and ids in ids_as_taught(turns, runtime, template)


def _reference(folder: Path, adapter: Path) -> Any:
    """The trained model as training leaves it, computed in 32 bits on the processor."""
    import torch
    from peft import PeftModel

    model = load_model(folder, device="cpu", dtype=torch.float32)
    return PeftModel.from_pretrained(model, str(adapter)).eval()


def _compare(
    reference: Any, runtime: Runtime, examples: Sequence[Example], room: Workroom
) -> Agreement:
    found = Agreement()
    for number, example in enumerate(examples, 1):
        if room.stopped():
            raise Stopped(found.as_dict())
        before = [i - 1 for i in example.learned]
        theirs = _logits(reference, example.ids)[before]
        found.add(runtime.logits(example.ids)[before], theirs)
        room.emit(Progressed(step=number, steps=len(examples), unit="passages"))
    return found


def _logits(reference: Any, ids: list[int]) -> Any:
    import torch

    with torch.inference_mode():
        return reference(input_ids=torch.tensor([ids])).logits[0].float().numpy()


def _quantisation(base: Path) -> str:
    path = base / "facts.json"
    return str(json.loads(path.read_text("utf-8"))["quantisation"]) if path.is_file() else ""


def _check(found: Agreement, quantisation: str) -> None:
    if not found.positions:
        raise StudioError(
            _("The voice could not be proved."),
            _("The dataset holds out no passage to compare on."),
            _("Prepare the dataset again with a larger held-out share."),
        )
    if found.share < LEAST_AGREEMENT.get(quantisation, USUAL_AGREEMENT):
        raise StudioError(
            _("The converted voice does not write as it was taught."),
            _(
                "On {positions} held-out words llama.cpp agrees with the trained model on only "
                "{share:.0%} of the likeliest next words."
            ).format(positions=found.positions, share=found.share),
            _("Convert the base model in F16, and the voice again from the same base model."),
        )


def _report(spec: RegisterSpec, room: Workroom, found: Agreement) -> dict[str, Any]:
    result = found.as_dict()
    names = ("adapter", "gguf_base", "gguf_adapter")
    facts = {name: getattr(spec, name) for name in names} | result
    folder = room.folder / "report"
    folder.mkdir(exist_ok=True)
    (folder / "verification.json").write_text(json.dumps(facts, indent=1), "utf-8")
    room.produce("report", folder, "verification", facts)
    return result


def _tokens_differ(gguf: Path, turns: Sequence[dict[str, str]]) -> StudioError:
    return StudioError(
        _("The voice could not be proved."),
        _("llama.cpp with {name} cuts “{text}” into other tokens than training did.").format(
            name=gguf.name, text=turns[-1]["content"][:40]
        ),
        _("Choose another base model; this one's tokenizer is not one that llama.cpp knows."),
    )
