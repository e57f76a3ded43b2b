"""What asking a writer will come to, reckoned before it begins. An estimate, and said to be one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from studio.datasets import topics
from studio.datasets.builders import instruction
from studio.datasets.builders.preference import LONGER
from studio.domain.base import Language
from studio.domain.recipes import BuilderSpec, InstructionSpec, PreferenceSpec, SyntheticSpec
from studio.domain.writers import EndpointWriter
from studio.errors import StudioError
from studio.language import _

CHARACTERS_PER_TOKEN: dict[Language, float] = {"en": 4.0, "zh": 1.4}
FILLED = 0.9
"""How full passages come out, as a share of the tokens they may have."""
PROMPT = 160
"""Tokens of what is asked, besides the text that it is about."""
REMOTE_PACE = 40.0
"""Tokens a second that one request to an address is answered at."""
REMOTE_WAIT = 1.0
"""Seconds until a request to an address begins to be answered."""
LOCAL_PACE = 20.0
"""Tokens a second of all answers together that a model on a processor without a graphics card
writes; a small one is faster, one on a graphics card many times so."""


class Estimate(BaseModel):
    """``requests`` to the writer, second tries not counted; ``read`` and ``written`` in tokens;
    ``price`` in the currency of the spec's prices; ``seconds`` of the whole work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int
    read: int
    written: int
    price: float
    seconds: float
    assumptions: tuple[str, ...]


def estimate(spec: BuilderSpec, characters: Mapping[Language, int] | None = None) -> Estimate:
    """The most that a builder is likely to need; ``characters`` are those of the manuscripts.

    Every answer is taken to be as long as it may be. A builder that asks nobody needs nothing.
    """
    requests, read, written = _work(spec, characters or {})
    writer = spec.asks
    price, seconds, assumed = 0.0, written / LOCAL_PACE, [_local()]
    if isinstance(writer, EndpointWriter):
        price = writer.cost(read, written)
        seconds = (requests * REMOTE_WAIT + written / REMOTE_PACE) / writer.at_once
        assumed = [_remote(writer)]
    return Estimate(
        requests=requests,
        read=read,
        written=written,
        price=round(price, 4),
        seconds=round(seconds, 1),
        assumptions=(_counting(), *assumed) if requests else (),
    )


def most_requests(spec: BuilderSpec, questions: int) -> int:
    """Requests that ``questions`` first ones lead to, second tries not counted."""
    judged = isinstance(spec, SyntheticSpec) and spec.judged
    return questions + (spec.count if isinstance(spec, SyntheticSpec) and judged else 0)


def check_cap(spec: BuilderSpec, questions: int) -> None:
    """Raises StudioError where the writer's hard cap does not allow for what must be asked, so
    that nothing is spent on half a dataset."""
    needed = most_requests(spec, questions)
    if not isinstance(spec.asks, EndpointWriter) or needed <= spec.asks.most_requests:
        return
    raise StudioError(
        _("This dataset needs more requests than are allowed."),
        _("{needed} would be asked, and the cap is {cap}.").format(
            needed=needed, cap=spec.asks.most_requests
        ),
        _("Raise the cap, ask for fewer examples, or choose longer passages."),
    )


def _work(spec: BuilderSpec, characters: Mapping[Language, int]) -> tuple[int, int, int]:
    """Requests, tokens read, tokens written."""
    tokens = sum(count / CHARACTERS_PER_TOKEN[lang] for lang, count in characters.items())
    if isinstance(spec, SyntheticSpec):
        first = math.ceil(spec.count / topics.at_once(spec))
        made = spec.count * spec.tokens
        graded = spec.count if spec.judged else 0
        read = first * PROMPT + graded * (PROMPT // 2 + spec.tokens)
        return first + graded, read, made + graded * topics.GRADE_TOKENS
    if isinstance(spec, PreferenceSpec):
        asked = _passages(tokens, spec.passage_tokens)
        return asked, asked * spec.context_tokens, round(tokens * LONGER)
    if isinstance(spec, InstructionSpec) and spec.writer:
        asked = _passages(tokens, spec.passage_tokens)
        return asked, round(asked * PROMPT + tokens), asked * instruction.TOKENS
    return 0, 0, 0


def _passages(tokens: float, budget: int) -> int:
    return math.ceil(tokens / (FILLED * budget))


def _counting() -> str:
    return _(
        "Four English letters or one and a half Chinese characters are taken as a token, and "
        "every answer as long as it may be. What has to be asked for anew is not counted."
    )


def _remote(writer: EndpointWriter) -> str:
    return _(
        "{at_once} requests at a time, each answered after {wait:.0f} s with {pace:.0f} tokens a "
        "second, and the prices that you gave."
    ).format(at_once=writer.at_once, wait=REMOTE_WAIT, pace=REMOTE_PACE)


def _local() -> str:
    return _(
        "A model on this machine without a graphics card writes {pace:.0f} tokens a second; a "
        "small one is faster, and so is one on a graphics card."
    ).format(pace=LOCAL_PACE)
