"""Where the logits of the loss are: all at once, or in Liger's kernel; trl's own way is in pieces.

trl 1.16 gives a model a forward that answers ``fused_lm_head=True`` with the log-probability of
every label instead of logits, worked out in pieces. The other ways answer the same call.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

from studio.models.output import output_of
from studio.training.computing import Computing
from studio.training.examples import IGNORED
from studio.training.trainers import fused_answer

Scores = Callable[[Any, Any, Any, Any], Any]
"""What trl's fused forward answers, by the base model, the labels that follow each position, and
the positional and named arguments of the call."""


def prepare(trainer: Any, way: Computing) -> None:
    """See to what trl's configuration has no word for; call it before the trainer starts."""
    if way.replaces_loss:
        scores = _liger if way.loss == "liger" else _plain
        _answer_with(trainer.model.get_base_model(), scores)
    if way.precision == "fp16":
        _widen(trainer.model)


def _widen(model: Any) -> None:
    """Adapters in float32, whatever trl made of them: half precision scales the loss, and only
    gradients in float32 can be scaled back."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def _answer_with(base: Any, scores: Scores) -> None:
    fused = base.forward

    def forward(
        self: Any, *args: Any, fused_lm_head: bool = False, labels: Any = None, **rest: Any
    ) -> Any:
        if not fused_lm_head:
            return fused(*args, **({} if labels is None else {"labels": labels}), **rest)
        return scores(self, labels[:, 1:], args, rest | {"use_cache": False})

    base.forward = MethodType(forward, base)


def _plain(base: Any, labels: Any, args: Any, rest: Any) -> Any:
    import torch

    logits = base(*args, **rest).logits[:, :-1].float()
    mask = labels != IGNORED
    scores = torch.log_softmax(logits, dim=-1)
    chosen = scores.gather(2, labels.clamp(min=0).unsqueeze(2)).squeeze(2).masked_fill(~mask, 0)
    with torch.no_grad():
        entropy = -(scores.exp() * scores).sum(dim=-1).masked_fill(~mask, 0)
        right = (scores.argmax(dim=-1) == labels) & mask
    return fused_answer(chosen, mask, entropy, right)


def _liger(base: Any, labels: Any, args: Any, rest: Any) -> Any:
    """Liger's fused linear cross-entropy (Hsu et al. 2024), which knows the sum alone: it stands
    in the place of the log-probabilities, and what trl logs beside the loss is not known."""
    from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss

    output = output_of(base)
    hidden = base.base_model(*args, **rest).last_hidden_state[:, :-1] * output.scale
    kernel = LigerFusedLinearCrossEntropyLoss(
        ignore_index=IGNORED, reduction="sum", softcap=output.softcap
    )
    flat = hidden.reshape(-1, hidden.shape[-1])
    loss = kernel(output.layer.weight, flat, labels.reshape(-1), output.layer.bias)
    unknown = loss.detach().new_full((1,), float("nan"))
    return fused_answer(-loss.reshape(1), labels != IGNORED, unknown, unknown)
