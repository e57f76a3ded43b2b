"""How the next token is drawn: the writer's settings as a llama.cpp sampler chain."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from studio.domain.writing import Sampling
from studio.inference.runtime import Runtime, library

PENALTY_WINDOW = 64
"""Tokens back that the repeat penalty looks, the end of the prompt included."""


def seed_of(sampling: Sampling) -> int:
    """The seed asked for, or a fresh one; 32 bits without llama.cpp's sign for "any"."""
    if sampling.seed is not None:
        return sampling.seed % 0xFFFFFFFF
    return secrets.randbelow(0xFFFFFFFF)


class Chain:
    """A sampler chain; ``close`` it or use it as a context manager.

    Penalties come first, then the cuts (top-k, top-p, min-p), then temperature and the draw;
    a temperature of 0 takes the likeliest token.
    """

    def __init__(self, sampling: Sampling, seed: int, vocabulary: int) -> None:
        self._lib = lib = library()
        self.handle: Any = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if sampling.repeat_penalty != 1:
            self._add(
                lib.llama_sampler_init_penalties(
                    vocabulary, PENALTY_WINDOW, sampling.repeat_penalty, 0.0, 0.0
                )
            )
        if sampling.temperature == 0:
            self._add(lib.llama_sampler_init_greedy())
            return
        if sampling.top_k:
            self._add(lib.llama_sampler_init_top_k(sampling.top_k))
        self._add(lib.llama_sampler_init_top_p(sampling.top_p, 1))
        self._add(lib.llama_sampler_init_min_p(sampling.min_p, 1))
        self._add(lib.llama_sampler_init_temp(sampling.temperature))
        self._add(lib.llama_sampler_init_dist(seed))

    def _add(self, link: Any) -> None:
        self._lib.llama_sampler_chain_add(self.handle, link)

    def remember(self, runtime: Runtime, ids: Sequence[int]) -> None:
        """Count the end of the prompt as said, except for marks that are no prose."""
        for token in ids[-PENALTY_WINDOW:]:
            if not runtime.ends(token):
                self._lib.llama_sampler_accept(self.handle, token)

    def close(self) -> None:
        if self.handle:
            self._lib.llama_sampler_free(self.handle)
        self.handle = None

    def __enter__(self) -> Chain:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
