"""The marks of a vocabulary in llama.cpp, the same as those of the tokenizer it was made of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from studio.models.marks import Marks, is_mark

PADDING = re.compile(r"\[PAD\d+\]")
"""What a conversion calls rows of the vocabulary that no token has."""


STRIPS = "lorewright.marks.strips"
"""Under which a conversion tells which marks take white space along, as JSON."""


def marks_of(library: Any, vocabulary: Any, facts: Mapping[str, Any]) -> Marks:
    """Tokens that are not words, by how they are written; ``facts`` are of the file's head."""
    control = library.LLAMA_TOKEN_ATTR_CONTROL
    known = (
        library.LLAMA_TOKEN_ATTR_UNKNOWN
        | library.LLAMA_TOKEN_ATTR_USER_DEFINED
        | library.LLAMA_TOKEN_ATTR_UNUSED
    )
    controls, others = set(), set()
    for token in range(library.llama_vocab_n_tokens(vocabulary)):
        attributes = library.llama_vocab_get_attr(vocabulary, token)
        if not attributes & (control | known):
            continue
        name = library.llama_vocab_get_text(vocabulary, token).decode("utf-8", "replace")
        if attributes & control:
            controls.add(name)
        elif is_mark(name, control=False) and not PADDING.fullmatch(name):
            others.add(name)
    told = json.loads(facts.get(STRIPS, "{}"))
    return Marks(controls, others, {mark: tuple(sides) for mark, sides in told.items()})
