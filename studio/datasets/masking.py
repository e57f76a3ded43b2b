"""A conversation as token ids, with the mask that says which of them are learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np

from studio.domain.voices import FormattedExample
from studio.models import marks
from studio.models.turns import Written

Offsets = Sequence[tuple[int, int]]


def masked(tokenizer: Any, written: Written) -> FormattedExample:
    """Ids of the text, and True for the tokens within what is learned.

    ``"".join(pieces)`` is the text. The ids before the last answer are always those of that
    text alone, which is all that there is when the model writes: where a token would reach
    across, the text is cut there first. No mark is found in what people wrote.
    """
    ((ids, offsets),) = encoded(tokenizer, [written])
    starts, ends = _bounds(offsets)
    mask = np.zeros(len(ids), bool)
    known = marks.marks_of(tokenizer)
    for a, b in written.learned:
        mask |= (a <= starts) & (ends <= b)
        for reaching in np.flatnonzero((starts < b) & (b < ends)):
            # Some marks take the white space behind them along.
            mask[reaching] = known.control_at(written.text, int(starts[reaching])) == b
    return FormattedExample(
        ids=tuple(ids),
        mask=tuple(mask.tolist()),
        pieces=_pieces(written.text, ends),
        unlearned=written.unlearned,
    )


def encoded(tokenizer: Any, written: Sequence[Written]) -> list[tuple[list[int], Offsets]]:
    """Ids and the places in the text of each, as ``masked`` takes them; many texts at once."""
    if not written:
        return []
    known = marks.marks_of(tokenizer)
    cuts = [known.cuts(each.text, each.words) for each in written]
    whole = iter(_encoded(tokenizer, [w.text for w, c in zip(written, cuts, strict=True) if not c]))
    found = []
    for each, places in zip(written, cuts, strict=True):
        ids, offsets = _in_parts(tokenizer, each.text, places) if places else next(whole)
        if _reaches_across(offsets, each.learned):
            places = sorted({*places, each.learned[-1][0]})
            ids, offsets = _in_parts(tokenizer, each.text, places)
        found.append((ids, offsets))
    return found


def _encoded(tokenizer: Any, texts: Sequence[str]) -> list[tuple[list[int], Offsets]]:
    if not texts:
        return []
    found = tokenizer(
        list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )
    return list(zip(found["input_ids"], found["offset_mapping"], strict=True))


def _in_parts(tokenizer: Any, text: str, cuts: Sequence[int]) -> tuple[list[int], Offsets]:
    """Ids as ``marks.ids_of`` gives them, with their places."""
    pieces = marks.parts(text, cuts)
    ids: list[int] = []
    places: list[tuple[int, int]] = []
    for start, piece in zip([0, *accumulate(map(len, pieces))], pieces, strict=False):
        before = marks.guard(_plain(tokenizer), piece) if start else ""
        skipped = len(_plain(tokenizer)(before)) if before else 0
        ((more, further),) = _encoded(tokenizer, [before + piece])
        ids += more[skipped:]
        places += _moved(further[skipped:], start, len(before))
    return ids, places


def _moved(places: Offsets, start: int, dropped: int) -> Iterator[tuple[int, int]]:
    for a, b in places:
        yield start + max(0, a - dropped), start + max(0, b - dropped)


def _plain(tokenizer: Any) -> marks.Encode:
    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    return encode


def _reaches_across(offsets: Offsets, learned: Sequence[marks.Span]) -> bool:
    if not learned:
        return False
    starts, ends = _bounds(offsets)
    return bool(((starts < learned[-1][0]) & (learned[-1][0] < ends)).any())


def _bounds(offsets: Offsets) -> tuple[np.ndarray, np.ndarray]:
    """Where each token begins and ends; those of a character that takes several are equal."""
    places = np.fromiter(chain.from_iterable(offsets), int, 2 * len(offsets))
    return places[::2], places[1::2]


def _pieces(text: str, ends: np.ndarray) -> tuple[str, ...]:
    reached = np.maximum.accumulate(ends).tolist() if len(ends) else []
    return tuple(text[a:b] for a, b in zip([0, *reached], ends.tolist(), strict=False))


def all_words(text: str) -> Written:
    """A text that a person wrote, with nothing of a template around it."""
    return Written(text, ((0, len(text)),), ())


def raw(tokenizer: Any, text: str) -> FormattedExample:
    """The text as it is, learned from its first word to the token that ends it.

    A begin token comes first where the tokenizer puts one.
    """
    begin = [i for i in tokenizer("")["input_ids"] if i == tokenizer.bos_token_id]
    ((found, offsets),) = encoded(tokenizer, [all_words(text)])
    return FormattedExample(
        ids=(*begin, *found, tokenizer.eos_token_id),
        mask=(*(False for _ in begin), *(True for _ in found), True),
        pieces=(
            *(tokenizer.bos_token for _ in begin),
            *_pieces(text, _bounds(offsets)[1]),
            tokenizer.eos_token,
        ),
    )


def plain_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of words that a person wrote."""
    ((found, _offsets),) = encoded(tokenizer, [all_words(text)])
    return found
