"""Templates made ready for use, for training and for the desk, and what to do about a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from studio.errors import StudioError
from studio.language import _
from studio.models import templates
from studio.models.guarded import GUARD
from studio.models.marks import Marks
from studio.models.templates import Rendered
from studio.models.turns import Form, Messages


def form(source: str, names: Mapping[str, str], marks: Marks, *, guarded: bool) -> Form:
    """The template with the names of the model's special tokens; ``guarded`` where a person
    wrote it."""
    return _form(source, tuple(sorted(names.items())), marks, guarded)


@lru_cache(maxsize=8)
def _form(source: str, names: tuple[tuple[str, str], ...], marks: Marks, guarded: bool) -> Form:
    write = _guarded if guarded else _plainly
    known = dict(names)

    def render(messages: Messages, asking: bool) -> Rendered:
        try:
            return write(source, messages, known, asking)
        except StudioError as refusal:
            found = remedy(messages, lambda turns: write(source, turns, known, asking))
            if found is None:
                raise
            raise StudioError(refusal.what, refusal.why, found) from refusal

    return Form(render, marks)


def _guarded(source: str, messages: Messages, names: Mapping[str, str], asking: bool) -> Rendered:
    return GUARD.render(source, messages, names, asking=asking)


def _plainly(source: str, messages: Messages, names: Mapping[str, str], asking: bool) -> Rendered:
    try:
        return templates.render(source, messages, names, asking=asking)
    except templates.REFUSALS as error:
        raise StudioError(
            _("The template does not take this conversation."),
            _("It says: {why}").format(why=error),
            _("Choose another format."),
        ) from error


def remedy(messages: Messages, take: Callable[[Messages], object]) -> str | None:
    """What would let a template take the turns that it has refused, found out by trying."""
    told = [turn for turn in messages if turn["role"] != "system"]
    leave = _("Leave out the system turn, or choose another format.")
    alternate = _("Let the turns of user and assistant alternate, or choose another format.")
    begin = _("Begin with a turn of the user, or choose another format.")
    both = _(
        "Leave out the system turn and let the turns of user and assistant alternate, or choose "
        "another format."
    )
    tries = (
        (leave, told),
        (alternate, _joined(messages)),
        (begin, _begun(messages)),
        (both, _joined(told)),
        (both, _begun(_joined(told))),
    )
    for said, turns in tries:
        if turns and list(turns) != list(messages) and _takes(turns, take):
            return said
    return None


def _takes(turns: Messages, take: Callable[[Messages], object]) -> bool:
    try:
        take(turns)
    except StudioError:
        return False
    return True


def _joined(messages: Messages) -> Messages:
    """Neighbours of one role as one turn."""
    joined: list[dict[str, str]] = []
    for turn in messages:
        if joined and joined[-1]["role"] == turn["role"]:
            content = f"{joined[-1]['content']}\n\n{turn['content']}"
            joined[-1] = {**joined[-1], "content": content}
        else:
            joined.append(dict(turn))
    return joined


def _begun(messages: Messages) -> Messages:
    """From the first turn of the user on, behind the system turn."""
    first = next((i for i, turn in enumerate(messages) if turn["role"] == "user"), len(messages))
    system = [turn for turn in messages[:first] if turn["role"] == "system"]
    return [*system, *messages[first:]]
