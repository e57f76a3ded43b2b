"""Short texts from fixed prompts, so that a writer hears the voice grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.training import ranks
from studio.training.examples import IGNORED, Row, prompt_ids

SHOWN = 160
"""Characters of a prompt's end that are shown with its sample."""


@dataclass(frozen=True)
class Sample:
    prompt: str
    text: str


def write(
    model: Any, tokenizer: Any, row: Row, tokens: int, seed: int, stopped: Callable[[], bool]
) -> Sample:
    """At most ``tokens`` tokens after the row's prompt; the same seed writes the same text.

    The random state of the caller is left as it was, and so is the model's mode.
    """
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class OnRequest(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, ids: Any, scores: Any, **_rest: Any) -> Any:
            return torch.full((ids.shape[0],), stopped(), dtype=torch.bool, device=ids.device)

    ids = torch.tensor([prompt_ids(row)], device=model.device)
    training = model.training
    model.eval()
    devices = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            torch.manual_seed(seed)
            written = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=tokens,
                do_sample=True,
                temperature=0.8,
                top_p=0.95,
                top_k=40,
                repetition_penalty=1.1,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=_ends(row, tokenizer),
                stopping_criteria=StoppingCriteriaList([OnRequest()]),
                use_cache=True,
                synced_gpus=ranks.several(),
            )
    finally:
        model.train(training)
    text = tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
    opening = row.prompt or tokenizer.decode(ids[0], skip_special_tokens=True)
    return Sample(opening[-SHOWN:], text.strip())


def _ends(row: Row, tokenizer: Any) -> list[int]:
    """Where writing stops: the model's own end, and the mark that ends the answer which is
    learned."""
    learned = [label for label in row.labels if label != IGNORED]
    return sorted({tokenizer.eos_token_id, *(learned[-1:] if row.prompt else ())})
