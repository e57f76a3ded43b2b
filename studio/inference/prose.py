"""Bytes become text as they come: whole characters only, and nothing past a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Prose:
    """Feeds on the bytes of tokens; gives back text that may be shown at once.

    A character's bytes may come in several tokens and are held back until it is whole; bytes
    that make no character are left out. The beginning of what may become a stop string is
    held back too. ``stopped`` is True once a stop string came; it is not part of the text.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self.stopped = False
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._stops = [stop for stop in stops if stop]
        self._held = ""

    def feed(self, piece: bytes) -> str:
        """The text that these bytes make ready."""
        if self.stopped:
            return ""
        text = self._decoder.decode(piece)
        if not self._stops:
            return text
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            return self._release(min(found), forget=True)
        return self._release(len(self._held) - self._beginning_of_stop())

    def finish(self) -> str:
        """What was held back for a stop string that did not come."""
        return "" if self.stopped else self._release(len(self._held))

    def _release(self, length: int, *, forget: bool = False) -> str:
        ready, rest = self._held[:length], self._held[length:]
        self._held = "" if forget else rest
        return ready

    def _beginning_of_stop(self) -> int:
        """How many of the last characters could be the beginning of a stop string."""
        longest = max(map(len, self._stops)) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0
