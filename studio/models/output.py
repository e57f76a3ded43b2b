"""From a model's last hidden state to its logits, a piece at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Output:
    """The last linear layer and what some families do behind it: logits times ``scale``, then
    ``softcap`` times the hyperbolic tangent of their share of it (Gemma 2)."""

    layer: Any
    scale: float = 1.0
    softcap: float | None = None

    def logits(self, hidden: Any) -> Any:
        found = self.layer(hidden)
        if self.scale != 1.0:
            found = found * self.scale
        return found if self.softcap is None else self.softcap * (found / self.softcap).tanh()


def output_of(base: Any) -> Output:
    """Of a causal language model of transformers, without its adapter's wrapping. The names of
    the scales are those of the families' configs (Cohere multiplies, Granite divides)."""
    config = base.config.get_text_config()
    divisor = getattr(config, "logits_scaling", None)
    scale = getattr(config, "logit_scale", None)
    if scale is None:
        scale = 1.0 if divisor is None else 1.0 / divisor
    softcap = getattr(config, "final_logit_softcapping", None)
    return Output(base.get_output_embeddings(), scale, softcap)
