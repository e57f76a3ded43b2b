"""How well a model foretells held-out text: one measure, used before, during and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.models.output import output_of
from studio.training.examples import IGNORED, Row

TOKENS_AT_ONCE = 4096
"""Most tokens, padding included, that go through the model together; a longer text goes alone."""
LOGITS_AT_ONCE = 16_000_000
"""Most logits (positions times vocabulary) that are in memory together, however long a text or
large a vocabulary is; one position's at least."""


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
            for batch in _batches(rows):
                if stopped():
                    raise Interrupted
                batch_nll, batch_tokens = _score(model, batch, pad_id)
                nll, tokens = nll + batch_nll, tokens + batch_tokens
    finally:
        model.train(training)
    return Likelihood(nll, tokens, sum(row.characters for row in rows))


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows of like length together, so that little is padded."""
    batch: list[Row] = []
    for row in sorted(rows, key=lambda r: len(r.input_ids)):
        if batch and (len(batch) + 1) * len(row.input_ids) > TOKENS_AT_ONCE:
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
    targets = labels[:, 1:].to(model.device)
    learned = targets != IGNORED
    chosen = _log_probabilities(model, ids, attention, learned, targets[learned])
    return -float(chosen.double().sum()), int(learned.sum())


def _log_probabilities(model: Any, ids: Any, attention: Any, where: Any, targets: Any) -> Any:
    """ln p of each of ``targets``, which follow the positions marked in ``where``. The hidden
    states of all are there at once, the logits a piece at a time."""
    import torch

    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    output = output_of(base)
    found = base.base_model(
        input_ids=ids.to(model.device), attention_mask=attention.to(model.device), use_cache=False
    )
    hidden = found.last_hidden_state[:, :-1][where]
    piece = max(1, LOGITS_AT_ONCE // base.config.get_text_config().vocab_size)
    parts = [
        torch.log_softmax(output.logits(some).float(), dim=-1).gather(1, follows.unsqueeze(1))
        for some, follows in zip(hidden.split(piece), targets.split(piece), strict=True)
    ]
    return torch.cat(parts).squeeze(1)
