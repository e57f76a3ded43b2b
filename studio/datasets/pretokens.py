"""Token counts from the pieces into which a tokenizer cuts a text before it looks for tokens.

Byte-level BPE tokenizers (GPT-2, Llama 3, Qwen …) part a text by one regular expression into
words with the space before them, numbers, and marks; no token reaches across two of these. In
languages that write spaces the same words come again and again, so that each is tokenised once
and then looked up. Chinese has no such words, and is better tokenised as it stands.
"""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from studio.text.languages import language_of
from studio.text.packing import Span

MOST_REMEMBERED = 1 << 16
"""Pieces whose counts are kept; a novel has some ten thousand."""
GPT2 = r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""What the ByteLevel pre-tokenizer cuts by when it is not told otherwise."""

_SHOWN = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
LETTERS = {
    byte: chr(256 + n) for n, byte in enumerate(b for b in range(256) if b not in _SHOWN)
}  # fmt: skip
"""How byte-level BPE writes the bytes that show nothing; the others stand for themselves
(``bytes_to_unicode`` of GPT-2)."""


class Pretokens:
    """Counts with one tokenizer, and remembers what it has counted."""

    def __init__(self, backend: Any, expression: str) -> None:
        import regex

        self._backend = backend
        self._expression = regex.compile(expression)
        self._added = [t.content for t in backend.get_added_tokens_decoder().values()]
        self._heads = {content[:2] for content in self._added}
        self._composes = backend.normalizer is not None
        self._sizes: dict[str, int] = {}
        self._inner: dict[tuple[str, int], int] = {}

    @classmethod
    def of(cls, backend: Any) -> Self | None:
        """None for a tokenizer that cuts in another way, or changes the text beforehand."""
        expression = _expression(backend)
        return cls(backend, expression) if expression and _is_plain(backend) else None

    def counts(self, text: str, spans: Sequence[Span]) -> list[int] | None:
        """Tokens of each span; together they are the text. A token that begins before a span
        belongs to the one before. None for a text that has to be tokenised as it stands."""
        if not self._suits(text):
            return None
        pieces = self._expression.findall(text)
        lengths = _numbers(map(len, pieces), pieces)
        ends = lengths.cumsum()
        if not pieces or ends[-1] != len(text):
            return None
        sizes = self._sizes_of(pieces)
        through = sizes.cumsum()
        places = _numbers((start for start, _end in spans), spans)
        at = np.searchsorted(ends, places, "right")
        before = through[at] - sizes[at] + self._within(pieces, at, places - ends[at] + lengths[at])
        before[0] = 0
        return [int(n) for n in np.diff(before, append=through[-1])]

    def _suits(self, text: str) -> bool:
        if any(head in text for head in self._heads) and any(t in text for t in self._added):
            return False
        composed = not self._composes or unicodedata.is_normalized("NFC", text)
        return composed and language_of(text) == "en"

    def _sizes_of(self, pieces: Sequence[str]) -> npt.NDArray[np.int64]:
        if len(self._sizes) > MOST_REMEMBERED:
            self._sizes.clear()
        for piece in set(pieces).difference(self._sizes):
            self._sizes[piece] = len(self._ends(piece))
        return _numbers(map(self._sizes.__getitem__, pieces), pieces)

    def _within(
        self, pieces: Sequence[str], at: npt.NDArray[np.int64], inside: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Whole tokens of the piece at each place in its first ``inside`` characters."""
        if len(self._inner) > MOST_REMEMBERED:
            self._inner.clear()
        keys = [(pieces[i], n) for i, n in zip(at.tolist(), inside.tolist(), strict=True)]
        for piece, n in set(keys).difference(self._inner):
            reach = len(piece[:n].encode())
            ends = self._ends(piece) if n and self._sizes[piece] > 1 else []
            self._inner[piece, n] = sum(end <= reach for end in ends)
        return _numbers(map(self._inner.__getitem__, keys), keys)

    def _ends(self, piece: str) -> list[int]:
        """Where each token of a piece ends, in bytes."""
        letters = piece.encode().decode("latin-1").translate(LETTERS)
        tokens = self._backend.model.tokenize(letters)
        return list(itertools.accumulate(len(token.value) for token in tokens))


def _numbers(values: Any, of: Sequence[Any]) -> npt.NDArray[np.int64]:
    return np.fromiter(values, np.int64, len(of))


def _expression(backend: Any) -> str:
    """The regular expression of a tokenizer that cuts by one and by nothing else, or nothing."""
    steps = _state(backend.pre_tokenizer)
    kinds = [step["type"] for step in steps]
    if not steps or kinds[-1] != "ByteLevel" or steps[-1]["add_prefix_space"]:
        return ""
    if kinds == ["ByteLevel"] and steps[0]["use_regex"]:
        return GPT2
    if kinds != ["Split", "ByteLevel"] or steps[1]["use_regex"]:
        return ""
    split = steps[0]
    isolated = split["behavior"] == "Isolated" and not split["invert"]
    return str(split["pattern"].get("Regex", "")) if isolated else ""


def _is_plain(backend: Any) -> bool:
    """Tokens are BPE without chance, of text that is at most composed beforehand."""
    from tokenizers.models import BPE

    changes = [step["type"] for step in _state(backend.normalizer)]
    return isinstance(backend.model, BPE) and not backend.model.dropout and changes in ([], ["NFC"])


def _state(part: Any) -> list[dict[str, Any]]:
    """The steps of a normalizer or pre-tokenizer, as its tokenizer.json would say them."""
    if part is None:
        return []
    state = json.loads(part.__getstate__())
    return list(state.get("pretokenizers") or state.get("normalizers") or [state])
