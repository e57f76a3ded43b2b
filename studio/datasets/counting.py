"""Counts tokens of many spans of a text at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from studio.datasets.masking import all_words, encoded
from studio.datasets.pretokens import Pretokens
from studio.models.marks import marks_of
from studio.text.packing import Sizes, Span

STRETCH = 1 << 21
"""Characters up to which all words of a text are held at once."""
UNIT = 1_500
"""Characters that are tokenised together, give or take a sentence. Long enough to cost little
each, and short enough that finding a character's token in them does, too."""
BATCH = 512
"""Units that are held as tokens at a time."""


def sizes_with(tokenizer: Any) -> Sizes:
    """Token counts of spans that tile a text, from one pass over it where the tokenizer tells
    which token a character is in."""
    if not tokenizer.is_fast:
        return _one_by_one(tokenizer)
    by_offsets = _by_offsets(tokenizer)
    pretokens = Pretokens.of(tokenizer.backend_tokenizer)
    return _by_pretokens(pretokens, by_offsets) if pretokens else by_offsets


def _by_pretokens(pretokens: Pretokens, otherwise: Sizes) -> Sizes:
    def sizes(text: str, spans: Sequence[Span]) -> Sequence[int]:
        counts = pretokens.counts(text, spans) if spans and len(text) <= STRETCH else None
        return otherwise(text, spans) if counts is None else counts

    return sizes


class _Parted:
    """A text that holds what looks like a mark, in the tokens of its characters."""

    def __init__(self, tokenizer: Any, text: str) -> None:
        ((_ids, self.offsets),) = encoded(tokenizer, [all_words(text)])

    def __len__(self) -> int:
        return len(self.offsets)

    def char_to_token(self, place: int) -> int | None:
        return next((n for n, (a, b) in enumerate(self.offsets) if a <= place < b), None)


def _by_offsets(tokenizer: Any) -> Sizes:
    backend, marks = tokenizer.backend_tokenizer, marks_of(tokenizer)

    def sizes(text: str, spans: Sequence[Span]) -> list[int]:
        backend.no_truncation()
        counts: list[int] = []
        for units in _batches(_units(text, spans)):
            pieces = [text[start:end] for start, end, _within in units]
            encodings = backend.encode_batch(pieces, add_special_tokens=False)
            for (start, _end, within), piece, encoding in zip(
                units, pieces, encodings, strict=True
            ):
                marked = marks.cuts(piece, [(0, len(piece))])
                _count(counts, _Parted(tokenizer, piece) if marked else encoding, start, within)
        return counts

    return sizes


Unit = tuple[int, int, Sequence[Span]]
"""Start and end of a unit in the text, and the spans that begin within it."""


def _units(text: str, spans: Sequence[Span]) -> Iterator[Unit]:
    """Parts of the text of several spans each, parted before white space: there no tokenizer
    joins anything, so that the tokens are those of the whole text."""
    start, first = 0, 0
    for index, (_begin, end) in enumerate(spans):
        if end - start >= UNIT or index + 1 == len(spans):
            last = index + 1 == len(spans)
            stop = end if last else start + len(text[start:end].rstrip()) or end
            yield start, stop, spans[first : index + 1]
            start, first = stop, index + 1


def _batches(units: Iterator[Unit]) -> Iterator[list[Unit]]:
    while batch := list(itertools.islice(units, BATCH)):
        yield batch


def _count(counts: list[int], encoding: Any, start: int, within: Sequence[Span]) -> None:
    """Add the tokens of each span; those before the first belong to the span before."""
    if not within:
        return
    places = [_token_at(encoding, begin - start) for begin, _end in within]
    if counts:
        counts[-1] += places[0]
    else:
        places[0] = 0
    counts += (b - a for a, b in itertools.pairwise((*places, len(encoding))))


def _token_at(encoding: Any, place: int) -> int:
    """The token that holds this character, or the first that begins later."""
    token = encoding.char_to_token(place)
    if token is not None:
        return int(token)
    return sum(end <= place for _start, end in encoding.offsets)


def _one_by_one(tokenizer: Any) -> Sizes:
    def sizes(text: str, spans: Sequence[Span]) -> list[int]:
        pieces = [text[start:end] for start, end in spans]
        encoded = tokenizer(pieces, add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    return sizes
