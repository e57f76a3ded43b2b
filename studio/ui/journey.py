"""Where the writer stands on the way from a manuscript to a page, and what comes next."""

from __future__ import annotations

from typing import NamedTuple

from studio.language import _, n_
from studio.services import adapters, datasets, manuscripts, stories, writing
from studio.ui import words


class Step(NamedTuple):
    """``said`` is what there is, or what the step does; ``action`` names the way into it."""

    address: str
    title: str
    done: bool
    said: str
    action: str


def steps() -> list[Step]:
    return [_manuscripts(), _datasets(), _training(), _conversion(), _desk()]


def following(found: list[Step]) -> Step:
    """The first step that is not done; at the end of the way, the desk."""
    return next((step for step in found if not step.done), found[-1])


def _manuscripts() -> Step:
    found = manuscripts.list_all()
    said = _("Bring in what you have written: a novel, stories, a few chapters.")
    if found:
        said = n_(
            "{n} manuscript, {first} the newest.",
            "{n} manuscripts, {first} the newest.",
            len(found),
        )
        said = said.format(n=len(found), first=f"{found[0].title} ({words.length(found[0])})")
    return Step("manuscripts", _("Manuscript"), bool(found), said, _("Bring in a manuscript"))


def _datasets() -> Step:
    found = datasets.list_all()
    said = _("The manuscript is cut into passages, each with what came before it.")
    if found:
        said = n_("{n} passage to learn from.", "{n} passages to learn from.", found[0].train)
        said = said.format(n=words.count(found[0].train))
    return Step("datasets", _("Dataset"), bool(found), said, _("Prepare a dataset"))


def _training() -> Step:
    found = adapters.list_all()
    said = _("A language model reads the passages until it picks up your voice.")
    if found:
        said = n_("{n} voice taught.", "{n} voices taught.", len(found)).format(n=len(found))
    return Step("preflight", _("Training"), bool(found), said, _("Teach a voice"))


def _conversion() -> Step:
    ready = [voice for voice in writing.voices() if voice.taught]
    said = _("The voice is packed for this machine, and checked that nothing got lost.")
    if ready:
        said = n_(
            "{n} voice ready for the desk.", "{n} voices ready for the desk.", len(ready)
        ).format(n=len(ready))
    return Step("convert", _("Conversion"), bool(ready), said, _("Convert the voice"))


def _desk() -> Step:
    found = stories.list_all()
    said = _("You write, and the voice goes on where you stop.")
    if found:
        said = n_("{n} story on the desk.", "{n} stories on the desk.", len(found))
        said = said.format(n=len(found))
    return Step("desk", _("Desk"), bool(found), said, _("Sit down at the desk"))
