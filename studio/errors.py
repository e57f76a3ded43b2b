"""The one error that a writer reads."""

from __future__ import annotations

import sqlite3
from typing import Literal

Cause = Literal["", "memory", "diverged", "device", "disk", "base", "checkpoint", "dataset"]
"""What kind of thing went wrong, where a service can offer more than a sentence."""


class StudioError(Exception):
    """What happened, why, and what to do next, each in one plain sentence.

    Raised for everything a person can cause or cure. Anything else that is raised is a
    defect of the studio and shown as such.
    """

    def __init__(self, what: str, why: str, remedy: str, cause: Cause = "") -> None:
        super().__init__(f"{what} {why} {remedy}")
        self.what = what
        self.why = why
        self.remedy = remedy
        self.cause = cause

    def as_dict(self) -> dict[str, str]:
        return {"what": self.what, "why": self.why, "remedy": self.remedy}


class Damaged(StudioError):
    """Something that was stored is not there any more, or not what it was."""


class Overtaken(StudioError):
    """What was to be changed has been changed by someone else since it was read; nothing is
    overwritten."""


class Unwritten(StudioError, sqlite3.OperationalError):
    """Something cannot be written into the database now; it is as it was."""
