"""Chat turns made into tokens, and voices on the desk's shelf."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FormattedExample(BaseModel):
    """Token ids of a conversation; ``mask[i]`` is True where token i is learned (the loss mask)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: tuple[int, ...]
    mask: tuple[bool, ...]
    pieces: tuple[str, ...]
    """The text of each token, for showing."""
    unlearned: int = 0
    """Answers of the conversation that are read and not learned."""


class Voice(BaseModel):
    """Something the desk can write with: a base model in GGUF, with or without an adapter. A voice
    that no GGUF adapter can hold is in the model itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Adapter id, or ``base:<gguf artifact id>``."""
    name: str
    gguf_base: str
    gguf_adapter: str | None = None
    language: str | None = None

    @property
    def taught(self) -> bool:
        """Whether it stands on the shelf; else it is a base model as it is."""
        return not self.id.startswith("base:")
