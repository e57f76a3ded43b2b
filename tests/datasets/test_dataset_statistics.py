"""The figures of a dataset add up."""

from __future__ import annotations

import itertools
import json

from studio.datasets.example import Example, Turn
from studio.datasets.quality import screen
from studio.datasets.statistics import (
    BINS,
    CHARACTERS_A_MINUTE,
    SHOWN,
    WORDS_A_MINUTE,
    describe,
)
from studio.domain.recipes import Quality


def example(tokens: int, chapter: str = "One") -> Example:
    return Example.model_validate(
        {"id": "a", "messages": [{"role": "assistant", "content": "b"}], "chapter": chapter,
         "tokens": tokens, "characters": 2 * tokens}
    )  # fmt: skip


def test_figures() -> None:
    train = [example(n) for n in range(100, 200)] + [example(400, "Two")]
    figures = describe(train, [example(150)], {"repeated": 1})
    assert figures["train"]["examples"] == 101
    assert figures["train"]["shortest"] == 100
    assert figures["train"]["longest"] == 400
    assert figures["train"]["median"] == 150
    assert figures["train"]["characters"] == 2 * figures["train"]["tokens"]
    assert figures["train"]["chapters"] == ["One", "Two"]
    assert figures["validation"]["tokens"] == 150
    assert figures["left_out"] == {"repeated": 1}


def test_each_example_is_in_one_bar() -> None:
    bars = describe([example(n) for n in (5, 5, 90, 1000)], [example(7)], {})["histogram"]
    assert len(bars) <= BINS
    assert sum(bar["train"] for bar in bars) == 4
    assert sum(bar["validation"] for bar in bars) == 1
    assert all(a["to"] == b["from"] for a, b in itertools.pairwise(bars))


def test_characters_have_bars_of_their_own() -> None:
    bars = describe([example(n) for n in (5, 9, 90)], [], {})["characters"]
    assert (bars[0]["from"], sum(bar["train"] for bar in bars)) == (10, 3)
    assert bars[-1]["to"] > 180


def test_nothing_has_no_bars() -> None:
    figures = describe([], [], {})
    assert figures["histogram"] == figures["characters"] == []
    assert figures["leakage"] == {"characters": 0, "text": ""}
    assert figures["reading"] == {"words": 0, "minutes": 0}
    assert figures["flags"] == {}


def said(text: str, *flags: str) -> Example:
    return example(3).model_copy(
        update={"messages": (Turn(role="assistant", content=text),), "flags": flags}
    )


def test_reading_time_goes_by_words_and_characters() -> None:
    english, chinese = said("word " * WORDS_A_MINUTE), said("字" * CHARACTERS_A_MINUTE)
    assert describe([english], [], {})["reading"] == {"words": WORDS_A_MINUTE, "minutes": 1}
    assert describe([english], [chinese], {})["reading"]["minutes"] == 2


def test_what_is_shared_is_shown_and_cut_short() -> None:
    refrain = "the water leaned there and thought of going "
    figures = describe([said(f"One day {refrain}out.")], [said(f"And so {refrain}in.")], {})
    assert figures["leakage"]["text"].strip() == refrain.strip()
    long = describe([said(refrain * 50)], [said(refrain * 50)], {})["leakage"]
    assert long["characters"] > 2000
    assert len(long["text"]) == SHOWN


def test_flags_are_counted_over_both_splits() -> None:
    figures = describe([said("a", "email", "list")], [said("b", "email")], {})
    assert figures["flags"] == {"email": 2, "list": 1}


def test_figures_are_plain_json() -> None:
    removed = screen([said("a"), said("a")], [], Quality()).removed
    figures = describe([said("a")], [said("b")], {}, removed)
    assert json.loads(json.dumps(figures)) == figures
    assert figures["removed"][0]["reason"] == "duplicates"


def test_the_form_of_the_examples_is_named() -> None:
    text, told = example(9), Turn(role="user", content="Go on.")
    answer = text.model_copy(update={"messages": (told, *text.messages)})
    pair = answer.model_copy(update={"rejected": "c"})
    unwanted = answer.model_copy(update={"wanted": False})
    forms = [describe([e], [answer], {})["form"] for e in (answer, pair, unwanted)]
    assert forms == ["completion", "preference", "rated"]
    assert describe([text], [text], {})["form"] == "text"
    assert describe([], [], {})["form"] == "completion"
