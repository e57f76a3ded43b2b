"""How well a model foretells held-out text: one measure, used before, during and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from studio.models.output import output_of
from studio.training.examples import IGNORED, Row

TOKENS_AT_ONCE = 4096
"""Most tokens, padding included, that go through the model together; a longer text goes alone."""
LOGITS_AT_ONCE = 16_000_000
"""Most logits (positions times vocabulary) that are in memory together, however long a text or
large a vocabulary is; one position's at least."""


class Score(NamedTuple):
    """Of one text: the sum over its learned tokens in nats, and how many they are."""

    nll: float
    tokens: int

    @property
    def loss(self) -> float:
        return self.nll / max(1, self.tokens)


class Interrupted(Exception):
    """The measuring was stopped on request before it was done."""


@dataclass(frozen=True)
class Likelihood:
    """Sums over the completions of a set of rows; ``nll`` is in nats. Of pairs, the completion
    is the chosen text; ``margin`` and ``accuracy`` say how it stands to the rejected one."""

    nll: float
    tokens: int
    characters: int
    margin: float | None = None
    """Nats a token by which a chosen text is likelier, as the mean over the pairs."""
    accuracy: float | None = None
    """Share of the pairs whose chosen text is the likelier one."""

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

    @property
    def cost(self) -> float:
        """What the best adapter has least of, in nats. With pairs, the surprise at the right one
        being chosen, -ln sigmoid(margin), is added to the loss: preferring the author is worth
        nothing to a model that unlearns how to write, and the other way about."""
        if self.margin is None:
            return self.loss
        return self.loss + math.log1p(math.exp(min(-self.margin, 700.0)))

    def values(self) -> dict[str, float]:
        found = {
            "eval_loss": self.loss,
            "nll_per_character": self.per_character,
            "perplexity": self.perplexity,
        }
        return found | self.preference()

    def preference(self) -> dict[str, float]:
        """``margin`` and ``preference_accuracy``; nothing where there were no pairs."""
        if self.margin is None or self.accuracy is None:
            return {}
        return {"margin": self.margin, "preference_accuracy": self.accuracy}


def measure(
    model: Any, rows: Sequence[Row], pad_id: int, stopped: Callable[[], bool] = lambda: False
) -> Likelihood:
    """The negative log likelihood of the rows' completions, teacher-forced.

        per_character = - sum over rows r, learned tokens t of r:
                            ln p(token t | all tokens of r before t)
                        / sum over rows r: characters of r's completion

        margin = mean over pairs of (nats a token of the rejected text
                                     - nats a token of the chosen text)

    The learned tokens are those of the loss mask: the completion and the mark that ends it.
    Dropout is off, no random number is drawn, and the model is left in the mode it was in.

    Raises:
        Interrupted: ``stopped()`` turned true between two batches.
    """
    import torch

    texts = [text for row in rows for text in row.texts]
    training = model.training
    model.eval()
    scores: dict[int, Score] = {}
    try:
        with torch.no_grad():
            for batch in _batches(texts):
                if stopped():
                    raise Interrupted
                found = _score(model, [texts[i] for i in batch], pad_id)
                scores.update(zip(batch, found, strict=True))
    finally:
        model.train(training)
    return _summed(rows, [scores[i] for i in range(len(texts))])


def _summed(rows: Sequence[Row], scores: Sequence[Score]) -> Likelihood:
    """``scores`` are those of the rows' texts, one after another."""
    left = iter(scores)
    found = [[next(left) for _text in row.texts] for row in rows]
    margins = [pair[1].loss - pair[0].loss for pair in found if len(pair) > 1]
    return Likelihood(
        nll=sum(chosen.nll for chosen, *_rejected in found),
        tokens=sum(chosen.tokens for chosen, *_rejected in found),
        characters=sum(row.characters for row in rows),
        margin=sum(margins) / len(margins) if margins else None,
        accuracy=sum(margin > 0 for margin in margins) / len(margins) if margins else None,
    )


def _batches(texts: Sequence[Row]) -> Iterator[list[int]]:
    """Places of texts of like length together, so that little is padded."""
    batch: list[int] = []
    for place in sorted(range(len(texts)), key=lambda i: len(texts[i].input_ids)):
        if batch and (len(batch) + 1) * len(texts[place].input_ids) > TOKENS_AT_ONCE:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _score(model: Any, rows: list[Row], pad_id: int) -> list[Score]:
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
    counts = learned.sum(dim=1).tolist()
    parts = torch.split(chosen, counts)
    return [Score(-float(p.double().sum()), n) for p, n in zip(parts, counts, strict=True)]


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
