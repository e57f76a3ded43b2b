"""What a backend gives back: a page in the making. The seam of ``studio.inference.backends``.

A backend plugin has ``kind``, ``label``, ``Spec`` and

    check(spec: WriteSpec) -> Finding | None     what stands in the way, before any work
    run(spec: WriteSpec, base: Path, adapter: Path | None) -> Draft

where base and adapter are artifact folders. A server such as vLLM fits the same shape: its
plugin loads the adapter there, posts the prompt and yields what the stream brings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

Finish = Literal["", "stop", "length"]


@dataclass(frozen=True)
class Piece:
    """Newly written text, which may be empty while the prompt is read or a character is not
    whole, and how many tokens it took."""

    text: str
    tokens: int


class Draft(Protocol):
    """Iterate to write. Closing it early, by ``close``, frees what it holds."""

    prompt_tokens: int
    shortened: bool
    """Whether the beginning of the prompt was left out to fit the context."""
    seed: int
    finish: Finish
    """Empty until the end: ``stop`` when the text ended itself, ``length`` when it was cut."""

    def __iter__(self) -> Iterator[Piece]: ...

    def close(self) -> None: ...
