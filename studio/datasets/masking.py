"""A rendered conversation as token ids, with the mask that says which of them are learned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from studio.domain.voices import FormattedExample

Offsets = Sequence[tuple[int, int]]
Spans = Sequence[tuple[int, int]]


def masked(tokenizer: Any, text: str, learned: Spans) -> FormattedExample:
    """Ids of the text, and True for the tokens within ``learned`` (characters).

    ``"".join(pieces)`` is the text. The ids before the last span are always those of that
    text alone, which is all that there is when the model writes: where a token would reach
    across, the text is cut there first.
    """
    (ids, offsets), *_none = encoded(tokenizer, [text], [learned])
    starts, ends = _bounds(offsets)
    mask = np.zeros(len(ids), bool)
    for a, b in learned:
        mask |= (a <= starts) & (ends <= b)
    return FormattedExample(ids=tuple(ids), mask=tuple(mask.tolist()), pieces=_pieces(text, ends))


def encoded(
    tokenizer: Any, texts: Sequence[str], learned: Sequence[Spans]
) -> list[tuple[list[int], Offsets]]:
    """Ids and the places in the text of each, as ``masked`` takes them; many texts at once."""
    if not texts:
        return []
    found = _encoded(tokenizer, texts)
    return [
        (ids, places) if not _reaches_across(places, spans) else _in_two(tokenizer, text, spans)
        for (ids, places), text, spans in zip(found, texts, learned, strict=True)
    ]


def _encoded(tokenizer: Any, texts: Sequence[str]) -> list[tuple[list[int], Offsets]]:
    found = tokenizer(
        list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False
    )
    return list(zip(found["input_ids"], found["offset_mapping"], strict=True))


def _reaches_across(offsets: Offsets, learned: Spans) -> bool:
    if not learned:
        return False
    starts, ends = _bounds(offsets)
    return bool(((starts < learned[-1][0]) & (learned[-1][0] < ends)).any())


def _in_two(tokenizer: Any, text: str, learned: Spans) -> tuple[list[int], Offsets]:
    cut = learned[-1][0]
    (ids, places), (more, further) = _encoded(tokenizer, [text[:cut], text[cut:]])
    return [*ids, *more], [*places, *((a + cut, b + cut) for a, b in further)]


def _bounds(offsets: Offsets) -> tuple[np.ndarray, np.ndarray]:
    """Where each token begins and ends; those of a character that takes several are equal."""
    places = np.fromiter(chain.from_iterable(offsets), int, 2 * len(offsets))
    return places[::2], places[1::2]


def _pieces(text: str, ends: np.ndarray) -> tuple[str, ...]:
    reached = np.maximum.accumulate(ends).tolist() if len(ends) else []
    return tuple(text[a:b] for a, b in zip([0, *reached], ends.tolist(), strict=False))


def raw(tokenizer: Any, text: str) -> FormattedExample:
    """The text as it is, learned from its first word to the token that ends it.

    A name of a special token within it is prose. A begin token comes first where the tokenizer
    puts one.
    """
    begin = [i for i in tokenizer("")["input_ids"] if i == tokenizer.bos_token_id]
    found = tokenizer(
        text,
        add_special_tokens=False,
        return_offsets_mapping=True,
        split_special_tokens=True,
        verbose=False,
    )
    ids = [*begin, *found["input_ids"], tokenizer.eos_token_id]
    return FormattedExample(
        ids=tuple(ids),
        mask=(*(False for _ in begin), *(True for _ in found["input_ids"]), True),
        pieces=(
            *(tokenizer.bos_token for _ in begin),
            *_pieces(text, _bounds(found["offset_mapping"])[1]),
            tokenizer.eos_token,
        ),
    )
