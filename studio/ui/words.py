"""Numbers, times and states as a writer reads them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import TypeVar

from studio.domain.jobs import Job, JobState
from studio.domain.records import ManuscriptRecord
from studio.language import _, n_
from studio.services import engine

K = TypeVar("K")

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:^&])")


def plain(text: str) -> str:
    """The text so that Streamlit's Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def count(number: float) -> str:
    """1234 as 1,234."""
    return f"{number:,.0f}"


def length(manuscript: ManuscriptRecord) -> str:
    """Characters for Chinese, words for English."""
    number = manuscript.length
    if manuscript.language == "zh":
        return n_("{n} character", "{n} characters", number).format(n=count(number))
    return n_("{n} word", "{n} words", number).format(n=count(number))


def duration(seconds: float) -> str:
    """A time span, rounded as one would say it."""
    if seconds < 90:
        whole = max(1, round(seconds))
        return n_("{n} second", "{n} seconds", whole).format(n=whole)
    minutes = round(seconds / 60)
    if minutes < 90:
        return n_("{n} minute", "{n} minutes", minutes).format(n=minutes)
    return _("{h} h {m} min").format(h=minutes // 60, m=minutes % 60)


def when(at: float) -> str:
    """A moment in the studio's own time zone."""
    moment = datetime.fromtimestamp(at).astimezone()
    today = datetime.now().astimezone().date()
    if moment.date() == today:
        return moment.strftime(_("today, %H:%M"))
    return moment.strftime(_("%d %b %Y, %H:%M"))


def size(amount: float) -> str:
    """Bytes as MB or GB."""
    if amount < 1e9:
        return _("{n} MB").format(n=f"{amount / 1e6:,.1f}")
    return _("{n} GB").format(n=f"{amount / 1e9:,.1f}")


def distinct(labels: dict[K, str]) -> dict[K, str]:
    """Labels of which none occurs twice, as Streamlit tells options apart by their labels alone.
    Of those that are equal the last, which is the oldest where the newest come first, stays as
    it is; the others are numbered."""
    found: dict[K, str] = {}
    seen: Counter[str] = Counter()
    for key, label in reversed(labels.items()):
        seen[label] += 1
        found[key] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return {key: found[key] for key in labels}


def surprise(before: float, after: float) -> str:
    """What a voice gained, from the nats a character without and with it; no full stop."""
    share = (before - after) / before
    if share < 0:
        return _("Chapters it never read surprise it {share:.0%} more than before").format(
            share=-share
        )
    return _("Chapters it never read surprise it {share:.0%} less than before").format(share=share)


def language_name(language: str | None) -> str:
    return {"en": _("English"), "zh": _("Chinese")}.get(language or "", _("any language"))


def state(job: Job, ahead: int = 0) -> str:
    """How a job stands, in a few words; ``ahead`` is how many stand before it in line."""
    if job.cancel_requested and not job.ended:
        return _("stopping")
    if build := engine.awaited(job):
        return engine.standing(build)
    if job.state is JobState.QUEUED and ahead:
        return n_("{n} job before it", "{n} jobs before it", ahead).format(n=ahead)
    return {
        JobState.WAITING: _("waits for the step before it"),
        JobState.QUEUED: _("next in line"),
        JobState.RUNNING: _("running"),
        JobState.FINISHED: _("finished"),
        JobState.FAILED: _("failed"),
        JobState.CANCELLED: _("stopped"),
        JobState.LOST: _("lost its worker, goes back in line"),
    }[job.state]


def progress(job: Job) -> str:
    """Where a running job is and how long it will take."""
    parts = [job.note] if job.note else []
    if job.steps:
        parts.append(
            _("{step} of {steps} {unit}")
            .format(unit=job.unit, step=count(job.step), steps=count(job.steps))
            .strip()
        )
    if job.seconds_left is not None:
        parts.append(_("about {time} left").format(time=duration(job.seconds_left)))
    return ", ".join(parts) or _("started")


def device(name: str) -> str:
    return _("this computer's processor") if name == "cpu" else plain(name)


def clock(at: float) -> str:
    """The time of day, to the second."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
