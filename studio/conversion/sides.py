"""An adapter as training left it and as it was converted, each at the strength asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from studio.inference.runtime import Runtime
from studio.models.loading import load_model


class Passage(Protocol):
    @property
    def ids(self) -> list[int]: ...

    @property
    def before(self) -> list[int]: ...


class Reference:
    """The trained model as training leaves it, computed in 32 bits on the processor."""

    def __init__(self, folder: Path, adapter: Path) -> None:
        import torch
        from peft import PeftModel

        model = load_model(folder, device="cpu", dtype=torch.float32)
        self.model: Any = PeftModel.from_pretrained(model, str(adapter)).eval()

    def logits(self, passage: Passage, strength: float) -> Any:
        """A float array [places, vocabulary]; a strength of 0 is the base model alone."""
        from peft.helpers import rescale_adapter_scale

        if not strength:
            with self.model.disable_adapter():
                return self._run(passage)
        if strength == 1.0:
            return self._run(passage)
        with rescale_adapter_scale(self.model, strength):
            return self._run(passage)

    def _run(self, passage: Passage) -> Any:
        import torch

        ids, places = torch.tensor([passage.ids]), torch.tensor(passage.before)
        with torch.inference_mode():
            found = self.model(input_ids=ids, logits_to_keep=places, use_cache=False)
        return found.logits[0].float().numpy()


@dataclass(frozen=True)
class Converted:
    """A base model in llama.cpp with a converted adapter; None where that is part of the model."""

    runtime: Runtime
    adapter: Path | None

    def logits(self, passage: Passage, strength: float) -> Any:
        """A float array [places, vocabulary]."""
        self.runtime.use(self.adapter, strength)
        return self.runtime.logits(passage.ids, passage.before)
