"""A rendered conversation as token ids, with the mask that says which of them are learned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

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
    mask = [any(a <= start and end <= b for a, b in learned) for start, end in offsets]
    return FormattedExample(
        ids=tuple(ids), mask=_whole_characters(mask, offsets), pieces=_pieces(text, offsets)
    )


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
    return bool(learned) and any(start < learned[-1][0] < end for start, end in offsets)


def _in_two(tokenizer: Any, text: str, learned: Spans) -> tuple[list[int], Offsets]:
    cut = learned[-1][0]
    (ids, places), (more, further) = _encoded(tokenizer, [text[:cut], text[cut:]])
    return [*ids, *more], [*places, *((a + cut, b + cut) for a, b in further)]


def _whole_characters(mask: Sequence[bool], offsets: Offsets) -> tuple[bool, ...]:
    """A rare character takes several tokens with one offset; all of them are learned or none."""
    result = list(mask)
    for i, (before, after) in enumerate(pairwise(offsets)):
        if before == after:
            result[i + 1] = result[i]
    return tuple(result)


def _pieces(text: str, offsets: Offsets) -> tuple[str, ...]:
    shown, reached = [], 0
    for _start, end in offsets:
        shown.append(text[reached:end])
        reached = max(reached, end)
    return tuple(shown)


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
            *_pieces(text, found["offset_mapping"]),
            tokenizer.eos_token,
        ),
    )
