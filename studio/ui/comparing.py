"""Lessons beside each other: what they are called, and their figures and settings as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.domain.jobs import Job
from studio.language import _
from studio.services import runs
from studio.services.curves import Axis
from studio.services.runs import Figures
from studio.ui import words


def names(found: Sequence[Job]) -> dict[str, str]:
    """What each lesson is called, each differently: by its voice, and by its time where two
    have one voice's name."""
    plain = {job.id: str(job.spec["name"]) for job in found}
    twice = {name for name in plain.values() if list(plain.values()).count(name) > 1}
    return words.distinct(
        {
            job.id: f"{plain[job.id]} · {words.when(job.created_at)}"
            if plain[job.id] in twice
            else plain[job.id]
            for job in found
        }
    )


def beside(wanted: Sequence[str], found: Mapping[str, Job]) -> list[str]:
    """The lessons that are wanted, with another to hold them against where there are fewer than
    two: of the same sweep or at least the same dataset, if there is one."""
    chosen = list(wanted) or list(found)[:1]
    first = found[chosen[0]].spec
    others = sorted(
        (job_id for job_id in found if job_id not in chosen),
        key=lambda job_id: (
            found[job_id].spec.get("sweep") != first.get("sweep"),
            found[job_id].spec["dataset"] != first["dataset"],
        ),
    )
    return [*chosen, *others[: max(0, 2 - len(chosen))]]


def axes() -> dict[Axis, tuple[str, str]]:
    """By what curves can be aligned: the choice, and what stands under the chart."""
    return {
        "tokens": (_("Tokens read"), _("Tokens read")),
        "step": (_("Steps"), _("Step")),
        "seconds": (_("Time"), _("Seconds since it began")),
    }


def measures(found: Sequence[Job]) -> dict[str, str]:
    """Which curves there are; those of pairs only where there are pairs."""
    given = {
        "nll_per_character": _("Held out, nats a character"),
        "loss": _("While learning, nats a token"),
    }
    if any(runs.figures(job).margin_before is not None for job in found):
        given["margin"] = _("Preference, nats a token")
    return given


def verdict(found: Sequence[Job], labels: Sequence[str]) -> str:
    """Which of them foretells the held-out chapters best, where that can be said."""
    after = {
        label: figures.after
        for label, job in zip(labels, found, strict=True)
        if (figures := runs.figures(job)).after is not None
    }
    if len({job.spec["dataset"] for job in found}) > 1:
        return _("They learned from different datasets")
    if len(after) < 2:
        return _("Not yet measured")
    best = min(after, key=lambda label: after[label] or 0.0)
    return _("“{name}” foretells the unread chapters best").format(name=words.plain(best))


def figures(found: Sequence[Job], labels: Sequence[str]) -> dict[str, list[str]]:
    """A table with a row for every figure that at least one of them has."""
    each = [_written(job, runs.figures(job)) for job in found]
    present = [name for name in each[0] if any(values[name] for values in each)]
    columns = {
        label: [values[name] or "–" for name in present]
        for label, values in zip(labels, each, strict=True)
    }
    return {_("Figure"): present, **columns}


def _written(job: Job, found: Figures) -> dict[str, str]:
    share = found.less_surprise
    return {
        _("State"): words.state(job),
        _("Unread chapters surprise it less by"): "" if share is None else f"{share:.1%}",
        _("Surprise before, nats a character"): _number(found.before),
        _("Surprise after, nats a character"): _number(found.after),
        _("Perplexity before"): _number(found.perplexity_before),
        _("Perplexity after"): _number(found.perplexity_after),
        _("Preference before, nats a token"): _number(found.margin_before),
        _("Preference after, nats a token"): _number(found.margin_after),
        _("Steps"): words.count(found.steps),
        _("Best after step"): "" if found.best_step is None else words.count(found.best_step),
        _("Tokens read"): "" if found.tokens is None else words.count(found.tokens),
        _("Time"): "" if found.seconds is None else words.duration(found.seconds),
        _("Memory foreseen"): words.size(found.foreseen_memory) if found.foreseen_memory else "",
        _("Memory taken"): words.size(found.peak_memory) if found.peak_memory else "",
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def settings(
    found: Sequence[Job], labels: Sequence[str], *, every: bool
) -> dict[str, list[Any]] | None:
    """A table of the settings in which they differ, or of all; None where there is none."""
    rows = [each for each in runs.settings(found) if every or each.differs]
    if not rows:
        return None
    columns = {
        label: [_value(each.values[number]) for each in rows] for number, label in enumerate(labels)
    }
    return {_("Setting"): [each.words for each in rows], **columns}


def _value(value: Any) -> str:
    if value is None or value in ([], {}, ""):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ", ".join(f"{name}={number}" for name, number in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
