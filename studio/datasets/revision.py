"""Makes a new version of a dataset: examples left out, others changed, the parent as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from studio.datasets import keeping, quality, statistics, stored
from studio.datasets.example import Example
from studio.datasets.formatting import formatter_of
from studio.domain.recipes import PrepareSpec, ReviseSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.source import folder_of, load_tokenizer

FEWEST = 4
"""Examples to learn from, under which nothing could be learned."""
NAMED = 8
"""Ids that an error names."""

Count = Callable[[Sequence[Example]], list[int]]
"""Tokens of each example's conversation."""


def run(spec: ReviseSpec, room: Workroom) -> dict[str, Any]:
    """Make the version. Its result has ``dataset`` (artifact id), ``parent``, ``train`` and
    ``validation`` (examples), ``tokens`` and ``language``.

    Raises:
        StudioError: nothing is changed, an id is not in the dataset, or too little is left.
        Stopped: the writer asked to stop; nothing is kept.
    """
    parent = room.fetch(spec.dataset)
    recipe = json.loads((parent / "recipe.json").read_bytes())
    before = json.loads((parent / "statistics.json").read_bytes())
    splits = [list(stored.read(parent / f"{name}.jsonl")) for name in keeping.SPLITS]
    check(spec, [example for split in splits for example in split])
    count = _counter(PrepareSpec.model_validate(recipe["spec"]), room)
    train, validation = (revised(split, spec, count) for split in splits)
    _check_enough(train, validation)
    if room.stopped():
        raise Stopped({})
    figures = _figures(train, validation, before, _changed(splits, (train, validation)))
    folder = room.folder / "dataset"
    revision = {"revision": spec.model_dump(mode="json")}
    keeping.write(folder, {**recipe, **revision}, train, validation, figures)
    facts = {
        "parent": spec.dataset,
        "train": len(train),
        "validation": len(validation),
        "tokens": sum(example.tokens for example in (*train, *validation)),
        "language": _language(figures),
    }
    artifact = room.produce("dataset", folder, spec.name, {**facts, "statistics": figures})
    return {"dataset": artifact, **facts}


def check(spec: ReviseSpec, examples: Iterable[Example]) -> None:
    """Raises StudioError when nothing is changed, or something that is not there."""
    if not spec.exclude and not spec.edits:
        raise StudioError(
            _("There is nothing to make a version of."),
            _("No example is left out, and none is changed."),
            _("Leave out or change an example first."),
        )
    known = {example.id: example for example in examples}
    unknown = [i for i in (*spec.exclude, *(edit.id for edit in spec.edits)) if i not in known]
    if unknown:
        raise _refused(_("They are not in this dataset: {ids}."), unknown)
    edited = [edit.id for edit in spec.edits]
    if twice := sorted({i for i in edited if edited.count(i) > 1}):
        raise _refused(_("They are changed in two ways: {ids}."), twice)
    if lone := [e.id for e in spec.edits if e.rejected and known[e.id].rejected is None]:
        raise _refused(_("They have no rejected text that could be changed: {ids}."), lone)


def _refused(why: str, ids: Sequence[str]) -> StudioError:
    named = ", ".join(ids[:NAMED]) + (" …" if len(ids) > NAMED else "")
    return StudioError(
        _("Some of the changes do not fit the dataset."),
        why.format(ids=named),
        _("Take them back, or open the version of the dataset that they belong to."),
    )


def revised(examples: Sequence[Example], spec: ReviseSpec, count: Count) -> list[Example]:
    """The examples of one split after the changes, in their order, with new figures where they
    were changed. One that is left out is not changed."""
    excluded, edits = set(spec.exclude), {edit.id: edit for edit in spec.edits}
    kept = [example for example in examples if example.id not in excluded]
    changed = [
        quality.flagged(example.edited(edits[example.id].completion, edits[example.id].rejected))
        for example in kept
        if example.id in edits
    ]
    counted = {
        example.id: example.model_copy(update={"tokens": tokens})
        for example, tokens in zip(changed, count(changed), strict=True)
    }
    return [counted.get(example.id, example) for example in kept]


def _counter(recipe: PrepareSpec, room: Workroom) -> Count:
    """Counts as the dataset's own formatter does."""

    def count(examples: Sequence[Example]) -> list[int]:
        if not examples:
            return []
        tokenizer = load_tokenizer(folder_of(recipe.model, room.fetch))
        turns = [[turn.model_dump() for turn in example.messages] for example in examples]
        lengths = formatter_of(recipe.formatter).lengths(tokenizer, turns)
        return [length.tokens for length in lengths]

    return count


def _check_enough(train: Sequence[Example], validation: Sequence[Example]) -> None:
    if len(train) >= FEWEST and validation:
        return
    raise StudioError(
        _("Too little would be left to learn from."),
        _(
            "The new version would have {train} examples to learn from and {validation} to check"
            " the result with; at least {fewest} and 1 are needed."
        ).format(train=len(train), validation=len(validation), fewest=FEWEST),
        _("Leave out fewer examples."),
    )


def _changed(before: Sequence[list[Example]], after: Sequence[list[Example]]) -> dict[str, int]:
    old = {example.id: example for split in before for example in split}
    new = [example for split in after for example in split]
    edited = sum(example != old[example.id] for example in new)
    return {"excluded": len(old) - len(new), "edited": edited}


def _figures(
    train: Sequence[Example],
    validation: Sequence[Example],
    before: dict[str, Any],
    changed: dict[str, int],
) -> dict[str, Any]:
    """The figures anew; what was left out when the parent was made is still left out."""
    left_out = dict(before["left_out"])
    left_out["excluded"] = left_out.get("excluded", 0) + changed["excluded"]
    kept = {name: value for name, value in before.items() if name in ("removed", "rows")}
    return {**statistics.describe(train, validation, left_out), **kept, "revision": changed}


def _language(figures: dict[str, Any]) -> str:
    return "zh" if figures["scripts"]["zh"] > figures["scripts"]["en"] else "en"
