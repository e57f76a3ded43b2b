"""Something in a file that may not be the author's prose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from studio.domain.manuscripts import RemovalKind
from studio.text.blocks import Block


class Finding(NamedTuple):
    kind: RemovalKind
    note: str
    text: str
    lines: Mapping[int, frozenset[int]]
    """The numbers of its lines in each block that has some."""
    times: int = 1
    offered: bool = False
    """Left where it is until the writer says otherwise."""
    bridges: frozenset[int] = frozenset()
    """Blocks that go on in the paragraph before what was found."""


def whole(blocks: Sequence[Block], indices: Iterable[int]) -> dict[int, frozenset[int]]:
    """All lines of these blocks."""
    return {i: frozenset(range(blocks[i].text.count("\n") + 1)) for i in indices}


def text_of(blocks: Sequence[Block], indices: Iterable[int]) -> str:
    return "\n\n".join(blocks[i].text for i in indices)
