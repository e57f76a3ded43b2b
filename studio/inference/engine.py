"""The job that writes: tokens are told as they come, and the page is the result."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from studio.domain.events import LogLine, Token
from studio.domain.workroom import Stopped, Workroom
from studio.domain.writing import WriteSpec
from studio.errors import StudioError
from studio.inference.draft import Draft, Piece
from studio.language import _
from studio.plugins import discover

BACKENDS = "studio.inference.backends"


class _Page:
    """What was written so far, and when."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tokens = 0
        self._began = perf_counter()
        self._first: float | None = None
        self._last = self._began

    def add(self, piece: Piece) -> None:
        self.texts.append(piece.text)
        self.tokens += piece.tokens
        if piece.tokens:
            self._last = perf_counter()
            self._first = self._first or self._last

    def result(self, draft: Draft, finish: str) -> dict[str, Any]:
        """The rate is that of the tokens after the first, which waited for the prompt."""
        first = self._first or self._last
        seconds = self._last - first
        return {
            "text": "".join(self.texts),
            "tokens": self.tokens,
            "prompt_tokens": draft.prompt_tokens,
            "first_token_ms": round((first - self._began) * 1000, 3),
            "tokens_per_second": round((self.tokens - 1) / seconds, 2) if seconds else 0.0,
            "finish": finish,
            "seed": draft.seed,
            "shortened": draft.shortened,
        }


def run(spec: WriteSpec, room: Workroom) -> dict[str, Any]:
    """Write a page.

    Result: ``text``, ``tokens``, ``prompt_tokens``, ``first_token_ms`` (from the call on,
    loading included), ``tokens_per_second``, ``finish`` ("stop", "length"; "stopped" in the
    result of Stopped), ``seed`` and ``shortened`` (the prompt's beginning was left out).

    Raises:
        StudioError: the backend is unknown, or a file is missing, damaged or does not fit.
        Stopped: the writer asked to stop; its result holds the text so far.
    """
    page = _Page()
    base = room.fetch(spec.gguf_base)
    adapter = room.fetch(spec.gguf_adapter) if spec.gguf_adapter else None
    draft: Draft = _backend(spec).run(spec, base, adapter)
    try:
        for piece in draft:
            page.add(piece)
            if piece.text:
                room.emit(Token(text=piece.text))
            if room.stopped():
                raise Stopped(page.result(draft, "stopped"))
    finally:
        draft.close()
    if draft.shortened:
        room.emit(LogLine(text=_("The beginning of the text was left out to fit the context.")))
    return page.result(draft, draft.finish)


def _backend(spec: WriteSpec) -> Any:
    backends = discover(BACKENDS)
    if spec.backend not in backends:
        raise StudioError(
            _("There is no way of writing called “{name}”.").format(name=spec.backend),
            _("This studio knows {names}.").format(names=", ".join(backends)),
            _("Choose one of these in the settings of the desk."),
        )
    backend = backends[spec.backend]
    if finding := backend.check(spec):
        raise StudioError(
            finding.sentence, finding.reason, _("Run “make setup” in the studio's folder.")
        )
    return backend
