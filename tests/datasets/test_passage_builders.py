"""Raw text, conversations and requests, made of passages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.builders.chat import plugin as chat
from studio.datasets.builders.instruction import plugin as instruction
from studio.datasets.builders.raw import plugin as raw
from studio.datasets.example import CUT_SENTENCE, Draft, Skipped
from studio.datasets.splits import Section
from studio.datasets.tools import Question, Tools
from studio.domain.base import Language
from studio.domain.prompts import BEGIN, CONTINUE, GO_ON
from studio.domain.recipes import Aspect, ChatSpec, InstructionSpec, RawSpec
from studio.domain.writers import LocalWriter
from studio.text.packing import Span

SENTENCES = ["He went.", "She stayed where she was.", "The water came up to the mark."]
TEXTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=80).map(" ".join)


def words(text: str, spans: Sequence[Span]) -> list[int]:
    """Stands for a tokenizer that makes a token of each word."""
    return [len(text[a:b].split()) for a, b in spans]


def section(text: str, language: Language = "en") -> Section:
    return Section(0, 0, "Chapter 1", text, language)


def drafts(plugin: object, text: str, spec: object, language: Language = "en") -> list[Draft]:
    found = list(plugin.run(section(text, language), Tools(words), spec))  # type: ignore[attr-defined]
    assert all(isinstance(draft, Draft) for draft in found)
    return found


@given(TEXTS)
def test_raw_pieces_are_the_text(text: str) -> None:
    made = drafts(raw, text, RawSpec(passage_tokens=32))
    assert all([m["role"] for m in d.messages] == ["assistant"] for d in made)
    assert " ".join(d.messages[0]["content"] for d in made).split() == text.split()


@given(TEXTS)
def test_raw_pieces_may_begin_with_the_end_of_the_one_before(text: str) -> None:
    plain = [d.messages[0]["content"] for d in drafts(raw, text, RawSpec(passage_tokens=32))]
    spec = RawSpec(passage_tokens=32, overlap_tokens=16)
    wide = [d.messages[0]["content"] for d in drafts(raw, text, spec)]
    assert len(wide) == len(plain)
    assert wide[0] == plain[0]
    for before, alone, found in zip(plain, plain[1:], wide[1:], strict=False):
        repeated = found.removesuffix(alone).strip()
        assert repeated
        assert before.endswith(repeated)
        assert len(repeated.split()) <= 16


def test_no_more_than_half_of_a_piece_is_repeated() -> None:
    with pytest.raises(ValueError, match="At most half"):
        RawSpec(passage_tokens=32, overlap_tokens=17)


def test_a_sentence_without_end_is_cut_and_flagged() -> None:
    text = "He went. " + "Word " * 90 + "end. She stayed where she was."
    for plugin, spec in (
        (raw, RawSpec(passage_tokens=32)),
        (chat, ChatSpec(passage_tokens=32)),
        (instruction, InstructionSpec(passage_tokens=32)),
    ):
        found = list(plugin.run(section(text), Tools(words), spec))  # type: ignore[attr-defined]
        answers = [m["content"] for d in found for m in d.messages if m["role"] == "assistant"]
        assert " ".join(answers).split() == text.split()
        assert any(draft.flags == (CUT_SENTENCE,) for draft in found)


@given(TEXTS, st.integers(1, 5))
def test_the_answers_of_conversations_are_the_text(text: str, turns: int) -> None:
    made = drafts(chat, text, ChatSpec(passage_tokens=32, turns=turns))
    answers = [m["content"] for d in made for m in d.messages if m["role"] == "assistant"]
    assert " ".join(answers).split() == text.split()
    for draft in made:
        roles = [m["role"] for m in draft.messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert 1 <= len(roles) // 2 <= turns


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_conversation_opens_with_the_title_or_the_passage_before(language: Language) -> None:
    first, second, *_more = drafts(
        chat, " ".join(SENTENCES * 12), ChatSpec(passage_tokens=32, turns=2), language
    )
    assert first.messages[0]["content"] == f"{BEGIN[language]}\n\nChapter 1"
    assert first.messages[2]["content"] in GO_ON[language]
    before = first.messages[-1]["content"]
    assert second.messages[0]["content"] == f"{CONTINUE[language]}\n\n{before}"


def test_a_conversation_that_opens_with_a_new_paragraph_says_so() -> None:
    text = "\n\n".join(SENTENCES * 12)
    first, second, *_more = drafts(chat, text, ChatSpec(passage_tokens=32, turns=2), "en")
    before = first.messages[-1]["content"]
    assert second.messages[0]["content"] == f"{CONTINUE['en']}\n\n{before}\n\n"


ENGLISH = (
    "I went down to the quay in the rain, and Marta Pell said nothing at all to me. "
    "My lamp was out. I thought of the letter, and of my father, who wrote it."
)
CHINESE = "我跟着老魏走到码头，天下着雨。老魏不说话，我也不说话。我想起那封信，是我外公写的。"


def asked(text: str, language: Language, *aspects: Aspect) -> str:
    spec = InstructionSpec(passage_tokens=96, aspects=aspects)
    tools = Tools(words, cast=lambda _n: ("Marta Pell", "Marta", "老魏", "Gedge"))
    (draft,) = instruction.run(section(text, language), tools, spec)
    assert isinstance(draft, Draft)
    assert draft.messages[1]["content"] == text
    return draft.messages[0]["content"]


def test_a_request_says_what_the_passage_shows() -> None:
    request = asked(ENGLISH, "en", "mood", "view", "present", "length")
    assert "Marta Pell" in request
    assert "Gedge" not in request
    assert "30 words" in request
    assert "in the rain" in request
    assert any(view in request for view in ("first person", "“I”", "narrator"))


def test_a_chinese_request_says_what_the_passage_shows() -> None:
    request = asked(CHINESE, "zh", "mood", "view", "present", "length")
    assert "老魏" in request
    assert "40字" in request
    assert "有雨" in request
    assert "我" in request or "第一人称" in request
    assert not any(letter.isascii() and letter.isalpha() for letter in request)


def test_only_what_is_wanted_is_said() -> None:
    assert "words" not in asked(ENGLISH, "en", "present")
    assert "Marta" not in asked(ENGLISH, "en", "length")


def test_requests_vary_and_stay_the_same() -> None:
    text = " ".join(
        f"In year {i} he counted {i} waves on the bar and went home." for i in range(90)
    )
    made = drafts(instruction, text, InstructionSpec(passage_tokens=32))
    prompts = [d.messages[0]["content"] for d in made]
    assert len(set(prompts)) >= len(prompts) / 3
    assert made == drafts(instruction, text, InstructionSpec(passage_tokens=32))


def test_a_request_that_gives_the_passage_away_is_asked_for_again() -> None:
    heard: list[Question] = []

    def ask(questions: Sequence[Question]) -> list[str | None]:
        heard.extend(questions)
        good = "Write about a lamp, briefly and without comfort."
        return [good if q.seed else f"Write: {ENGLISH[:90]}" for q in questions]

    spec = InstructionSpec(passage_tokens=96, writer=LocalWriter())
    (draft,) = instruction.run(section(ENGLISH), Tools(words, ask), spec)
    assert isinstance(draft, Draft)
    assert draft.messages[0]["content"].startswith("Write about a lamp")
    assert [q.seed for q in heard] == [0, 1]
    assert ENGLISH in heard[0].messages[0]["content"]


def test_a_writer_that_words_nothing_leaves_the_passage_out() -> None:
    spec = InstructionSpec(passage_tokens=96, writer=LocalWriter())
    assert list(instruction.run(section(ENGLISH), Tools(words), spec)) == [Skipped("no_request")]
