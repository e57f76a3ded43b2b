"""How long will it take, and how much electricity?"""

from __future__ import annotations

from collections.abc import Iterator

from studio.domain.changes import applied
from studio.domain.facts import Facts
from studio.domain.findings import Finding, Remedy
from studio.domain.specs import TrainSpec
from studio.language import _, n_
from studio.preflight.check import Check, finding, remedy
from studio.preflight.duration import kilowatt_hours, seconds
from studio.preflight.measured import probe_of, rate_of
from studio.preflight.wording import span

LONG = 12 * 3600
"""Seconds above which a training on a processor is worth a warning."""


def find(spec: TrainSpec, facts: Facts) -> Iterator[Finding]:
    assert facts.device
    needed = _seconds(spec, facts)
    sentence = _("The training takes {span}.").format(span=span(needed))
    energy = _("About {energy:.2g} kWh.").format(
        energy=kilowatt_hours(needed, facts.device, spec.compute.processes)
    )
    if facts.device.kind == "cpu" and needed > LONG:
        yield finding(
            "effort",
            "warns",
            sentence,
            _("There is no graphics card, and a processor is a hundred times slower.")
            + f" {_grounds(spec, facts)} {energy}",
            *_shorter(spec, facts),
            remedy(_("Choose a smaller model")),
        )
        return
    reason = _grounds(spec, facts)
    yield finding("effort", "tells", sentence, f"{reason} {energy}")


def _grounds(spec: TrainSpec, facts: Facts) -> str:
    """What the figure rests on."""
    probe = probe_of(spec, facts)
    if probe and probe.tokens_a_second:
        return _("Two steps were measured here: {rate:,.0f} tokens a second.").format(
            rate=probe.tokens_a_second
        )
    if facts.pace:
        return n_(
            "It goes by {count} earlier training of this model here: {rate:,.0f} tokens a second.",
            "It goes by {count} earlier trainings of this model here: {rate:,.0f} tokens a second.",
            facts.pace.runs,
        ).format(count=facts.pace.runs, rate=facts.pace.tokens_a_second)
    return _("This is an estimate from the sizes of model and manuscript.")


def _shorter(spec: TrainSpec, facts: Facts) -> Iterator[Remedy]:
    """Only changes after which it is done in time."""
    for found in (
        remedy(_("Go over the manuscript once only"), 2, epochs=1.0, max_steps=None),
        remedy(_("Stop when the time is up"), 3, max_steps=_affordable(spec, facts)),
    ):
        if _seconds(applied(spec, found), facts) <= LONG:
            yield found


def _affordable(spec: TrainSpec, facts: Facts) -> int:
    """Steps that fit into the time, measuring included."""
    one = _seconds(applied(spec, remedy("", 0, max_steps=1)), facts)
    two = _seconds(applied(spec, remedy("", 0, max_steps=2)), facts)
    return max(1, int((LONG - one) / max(1e-9, two - one)))


def _seconds(spec: TrainSpec, facts: Facts) -> float:
    assert facts.model
    assert facts.dataset
    assert facts.device
    rate = rate_of(spec, facts)
    return seconds(spec, facts.model, facts.dataset, facts.device, rate)


plugin = Check("effort", "Time and energy", find, needs=("model", "dataset", "device"))
