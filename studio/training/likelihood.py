"""How well a model foretells held-out text: one measure, used before, during and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.training.examples import IGNORED, Row

LOGITS_AT_ONCE = 16_000_000
"""Most logits (positions times vocabulary) held in memory in one forward pass."""


class Interrupted(Exception):
    """The measuring was stopped on request before it was done."""


@dataclass(frozen=True)
class Likelihood:
    """Sums over the completions of a set of rows; ``nll`` is in nats."""

    nll: float
    tokens: int
    characters: int

    @property
    def loss(self) -> float:
        """Nats a token."""
        return self.nll / max(1, self.tokens)

    @property
    def per_character(self) -> float:
        """Nats a character."""
        return self.nll / max(1, self.characters)

    @property
    def perplexity(self) -> float:
        return math.exp(min(self.loss, 700.0))

    def values(self) -> dict[str, float]:
        return {
            "eval_loss": self.loss,
            "nll_per_character": self.per_character,
            "perplexity": self.perplexity,
        }


def measure(
    model: Any, rows: Sequence[Row], pad_id: int, stopped: Callable[[], bool] = lambda: False
) -> Likelihood:
    """The negative log likelihood of the rows' completions, teacher-forced.

        per_character = - sum over rows r, learned tokens t of r:
                            ln p(token t | all tokens of r before t)
                        / sum over rows r: characters of r's completion

    The learned tokens are those of the loss mask: the completion and the mark that ends it.
    Dropout is off, no random number is drawn, and the model is left in the mode it was in.

    Raises:
        Interrupted: ``stopped()`` turned true between two batches.
    """
    import torch

    training = model.training
    model.eval()
    nll, tokens = 0.0, 0
    try:
        with torch.no_grad():
            for batch in _batches(rows, model.config.get_text_config().vocab_size):
                if stopped():
                    raise Interrupted
                batch_nll, batch_tokens = _score(model, batch, pad_id)
                nll, tokens = nll + batch_nll, tokens + batch_tokens
    finally:
        model.train(training)
    return Likelihood(nll, tokens, sum(row.characters for row in rows))


def _batches(rows: Sequence[Row], vocabulary: int) -> Iterator[list[Row]]:
    """Rows of like length together, so that little is padded."""
    most = max(1, LOGITS_AT_ONCE // vocabulary)
    batch: list[Row] = []
    for row in sorted(rows, key=lambda r: len(r.input_ids)):
        if batch and (len(batch) + 1) * len(row.input_ids) > most:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _score(model: Any, rows: list[Row], pad_id: int) -> tuple[float, int]:
    import torch

    width = max(len(row.input_ids) for row in rows)
    ids = torch.full((len(rows), width), pad_id)
    labels = torch.full((len(rows), width), IGNORED)
    attention = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        length = len(row.input_ids)
        ids[i, :length] = torch.tensor(row.input_ids)
        labels[i, :length] = torch.tensor(row.labels)
        attention[i, :length] = 1
    device = model.device
    logits = model(
        input_ids=ids.to(device), attention_mask=attention.to(device), use_cache=False
    ).logits
    targets = labels[:, 1:].to(device)
    learned = targets != IGNORED
    scores = torch.log_softmax(logits[:, :-1][learned].float(), dim=-1)
    chosen = scores.gather(1, targets[learned].unsqueeze(1))
    return -float(chosen.double().sum()), int(learned.sum())
