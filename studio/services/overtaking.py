"""Two windows with one form: what one of them has saved is not overwritten by the other unseen."""

from __future__ import annotations

from studio.errors import Overtaken
from studio.language import _


def refuse(now: str, opened: str | None, wanted: str) -> None:
    """Call inside the transaction that would put ``wanted`` in the place of ``now``.

    Raises:
        Overtaken: the form was ``opened`` on a text that is neither; None: whatever it was.
    """
    if opened is not None and now not in (opened, wanted):
        raise overtaken(now)


def overtaken(now: str) -> Overtaken:
    """That another window made ``now`` of what is to be changed."""
    return Overtaken(
        _("What you typed is not saved yet."),
        _("It was changed in another window meanwhile, where it now says: {text}").format(
            text=now or "–"
        ),
        _("Save again to put yours in its place, or leave it as it is there."),
    )
