"""Is there enough to learn from, and does it fit?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.base import Language
from studio.domain.facts import DatasetFacts, Facts
from studio.domain.findings import Finding
from studio.domain.specs import TrainSpec
from studio.language import _
from studio.preflight.check import Check, finding, remedy

FEW = 20
"""Passages under which a voice is hardly heard."""
FEW_HELD_OUT = 3
LEAKED: dict[Language, int] = {"en": 200, "zh": 67}
"""Characters in a row, both learned and held out, from which they are no mere quotation."""
WANTED = {
    "pretrain": ("text",),
    "orpo": ("preference",),
    "dpo": ("preference",),
    "cpo": ("preference",),
    "simpo": ("preference",),
    "kto": ("rated", "preference"),
}
"""What examples an objective can learn from; one that is not here takes any."""


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    dataset = facts.dataset
    if dataset is None:
        yield finding(
            "dataset",
            "blocks",
            _("The dataset cannot be found."),
            _("It may have been deleted since this page was opened."),
            remedy(_("Choose another dataset, or prepare one from your manuscripts")),
        )
        return
    yield from _form(spec, dataset)
    yield from _amount(dataset.train, dataset.validation)
    if dataset.longest > spec.max_length:
        yield _too_long(spec, facts, dataset)
    if dataset.leakage and dataset.leakage > LEAKED[dataset.language or "en"]:
        yield finding(
            "dataset",
            "warns",
            _("Some held-out text is learned as well."),
            _("{count} characters in a row stand on both sides; figures look too good.").format(
                count=dataset.leakage
            ),
            remedy(_("See on the Datasets page which they are, and leave them out")),
        )
    if dataset.train and spec.batch_size > dataset.train:
        yield finding(
            "dataset",
            "warns",
            _("The batch is larger than the dataset."),
            _("{batch} passages at a time are asked for, and there are {train}.").format(
                batch=spec.batch_size, train=dataset.train
            ),
            remedy(
                _("Read fewer passages at a time"),
                0,
                batch_size=max(1, dataset.train // 4),
                accumulation=1,
            ),
        )


def _amount(train: int, validation: int) -> Iterator[Finding]:
    if train == 0 or validation == 0:
        yield finding(
            "dataset",
            "blocks",
            _("The dataset has nothing to learn from.")
            if train == 0
            else _("The dataset has no held-out chapters."),
            _("It has {train} passages to learn and {validation} to check with.").format(
                train=train, validation=validation
            ),
            remedy(_("Prepare the dataset again from a longer manuscript")),
        )
        return
    if train < FEW:
        yield finding(
            "dataset",
            "warns",
            _("There is little to learn from."),
            _("{train} passages give a hint of a voice; a few hundred make it yours.").format(
                train=train
            ),
            remedy(_("Add more of your writing to the dataset")),
        )
    if validation < FEW_HELD_OUT:
        yield finding(
            "dataset",
            "warns",
            _("The held-out text is very short."),
            _("With {validation} passages the figures on progress are rough.").format(
                validation=validation
            ),
            remedy(_("Prepare the dataset with a larger held-out share")),
        )


def _form(spec: TrainSpec, dataset: DatasetFacts) -> Iterator[Finding]:
    wanted = WANTED.get(spec.objective.kind)
    if wanted is None or dataset.form in wanted:
        return
    yield finding(
        "dataset",
        "blocks",
        _("The dataset is not of the kind that this way of learning needs."),
        _("“{objective}” learns from {wanted} examples, and this dataset has {form} ones.").format(
            objective=spec.objective.kind, wanted=" / ".join(wanted), form=dataset.form
        ),
        remedy(_("Learn the author's next passage instead"), 1, objective="sft"),
        remedy(_("Prepare a dataset of the right kind")),
    )


def cut_tokens(lengths: tuple[tuple[int, int], ...], max_length: int) -> int:
    """About how many learned tokens lie beyond ``max_length`` in their passages."""
    return sum(count * max(0, length - max_length) for length, count in lengths)


def _too_long(spec: TrainSpec, facts: Facts, dataset: DatasetFacts) -> Finding:
    longest = dataset.longest
    fits = min(longest, facts.model.context_length) if facts.model else longest
    remedies = []
    if fits >= longest:
        remedies.append(remedy(_("Read passages whole"), 0, max_length=fits))
    remedies.append(remedy(_("Prepare the dataset with shorter passages")))
    return finding(
        "dataset",
        "warns",
        _("Some passages are longer than the training may read."),
        _(
            "The longest has {longest} tokens and {most} are allowed; about {cut} of {all} are"
            " lost: what came before a passage is shortened, and a passage that does not fit at"
            " all is left out."
        ).format(
            longest=longest,
            most=spec.max_length,
            cut=max(longest - spec.max_length, cut_tokens(dataset.lengths, spec.max_length)),
            all=dataset.tokens,
        ),
        *remedies,
    )


plugin = Check("dataset", "Dataset", find)
