"""Examples of continuing: whole sentences, with what came before them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.builders.continuation import plugin
from studio.datasets.example import CUT_SENTENCE, Draft
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.domain.prompts import CONTINUE
from studio.domain.recipes import ContinuationSpec
from studio.errors import StudioError
from studio.text.packing import Span

SPEC = ContinuationSpec(passage_tokens=40, context_tokens=40)
SENTENCES = ["He went.", "She stayed where she was.", "The water came up to the mark."]


def words(text: str, spans: Sequence[Span]) -> list[int]:
    """Stands for a tokenizer that makes a token of each word."""
    return [len(text[a:b].split()) for a, b in spans]


def drafts(text: str, spec: ContinuationSpec = SPEC) -> list[tuple[str, str] | None]:
    """What each passage was shown and written as; None for one that was left out."""
    section = Section(0, 0, "Chapter 1", text, "en")
    found = plugin.run(section, Tools(words), spec)
    return [_shown_and_written(*d.messages) if isinstance(d, Draft) else None for d in found]


def _shown_and_written(user: dict[str, str], assistant: dict[str, str]) -> tuple[str, str]:
    return user["content"].split("\n\n", 1)[1], assistant["content"]


@given(st.lists(st.sampled_from([*SENTENCES, "\n\n"]), min_size=1, max_size=80))
def test_completions_are_the_text(pieces: list[str]) -> None:
    text = " ".join(pieces).strip()
    made = drafts(text)
    joined = " ".join(draft[1] for draft in made if draft)
    assert joined.split() == text.split()
    assert all(draft and draft[1].endswith(".") for draft in made)


@given(st.lists(st.sampled_from(SENTENCES), min_size=30, max_size=80))
def test_what_comes_before_is_the_text_right_before(pieces: list[str]) -> None:
    text = " ".join(pieces)
    (title, first), *others = [draft for draft in drafts(text) if draft]
    assert title == "Chapter 1"
    reached = len(first)
    for before, completion in others:
        assert text[:reached].rstrip().endswith(before)
        assert 0 < len(before.split()) <= 40
        assert len(completion.split()) <= 40
        assert before[0].isupper()
        reached += 1 + len(completion)


def test_a_long_sentence_takes_room_from_its_context() -> None:
    long = "One " + "and ".join(["word "] * 24) + "end."
    made = drafts(" ".join(SENTENCES * 4) + " " + long)
    assert made[-1] is not None
    before, completion = made[-1]
    assert completion.startswith("One word")
    assert len(before.split()) + len(completion.split()) <= 80


def test_a_sentence_that_leaves_no_room_is_cut_and_flagged() -> None:
    text = " ".join(SENTENCES * 4) + " " + "word " * 90 + "end."
    made = list(plugin.run(Section(0, 0, "A", text, "en"), Tools(words), SPEC))
    assert " ".join(d.messages[-1]["content"] for d in made).split() == text.split()
    assert made[0].flags == ()
    assert made[-1].flags == (CUT_SENTENCE,)


@pytest.mark.parametrize(("language", "words_of"), [("en", "author's voice"), ("zh", "作者的笔调")])
def test_the_request_is_in_the_language_of_the_text(language: str, words_of: str) -> None:
    section = Section(0, 0, "A", "He went.", language)  # type: ignore[arg-type]
    (draft,) = plugin.run(section, Tools(words), SPEC)
    assert isinstance(draft, Draft)
    assert draft.messages[0]["content"] == f"{CONTINUE[section.language]}\n\nA"
    assert words_of in draft.messages[0]["content"]


def test_too_little_context_is_refused() -> None:
    with pytest.raises(StudioError, match="3000"):
        plugin.check(ContinuationSpec(passage_tokens=3000, context_tokens=64))
    plugin.check(ContinuationSpec())


def test_lines_about_the_story_stand_before_what_came_before() -> None:
    spec = SPEC.model_copy(update={"about": "Oona keeps the books.\n"})
    section = Section(0, 0, "Chapter 1", " ".join(SENTENCES * 8), "en")
    found = [draft for draft in plugin.run(section, Tools(words), spec) if isinstance(draft, Draft)]
    assert len(found) > 1
    for messages, *_rest in found:
        asked, about, before = messages[0]["content"].split("\n\n", 2)
        assert (asked, about) == (CONTINUE["en"], "Oona keeps the books.")
        assert before
