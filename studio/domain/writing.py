"""What a backend is asked to write, and how it chooses its words."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from studio.domain.base import ArtifactRef, Spec
from studio.domain.recipes import Template


class Sampling(Spec):
    temperature: float = Field(0.8, ge=0, le=5)
    top_k: int = Field(40, ge=0)
    top_p: float = Field(0.95, gt=0, le=1)
    min_p: float = Field(0.05, ge=0, le=1)
    repeat_penalty: float = Field(1.1, ge=0.5, le=2)
    seed: int | None = None


class WriteSpec(Spec):
    """Write on from a prompt. Its result has ``text``, ``tokens``, ``first_token_ms``,
    ``tokens_per_second`` and ``finish`` (stop, length)."""

    kind: Literal["write"] = "write"
    backend: str = "llamacpp"
    gguf_base: ArtifactRef
    gguf_adapter: ArtifactRef | None = None
    adapter_scale: float = Field(1.0, ge=0, le=2)
    messages: tuple[dict[str, str], ...] = ()
    """Chat turns (role, content), formatted by the model's own template ..."""
    template: Template | None = None
    """... or by this one, as they were when the voice was taught ..."""
    about: str = ""
    """Lines about the story that stand at the head of the last turn, behind what is asked: where
    the prompt is too long, what came before goes first."""
    raw: str | None = None
    """... or, when given, this text as it is."""
    max_tokens: int = Field(256, ge=1, le=8192)
    context_tokens: int = Field(2048, ge=128)
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Texts that end the page; not part of it."""
