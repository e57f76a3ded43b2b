"""What a writer wrote is characters, and the same ones in training and at the desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from studio.conversion import shims
from studio.datasets import masking
from studio.datasets.counting import sizes_with
from studio.inference import vocabulary
from studio.models.marks import LEFT, RIGHT, Marks, is_mark, marks_of
from studio.models.templates import Rendered
from studio.models.turns import Form, Written
from tests.inference import vocabularies
from tests.inference.vocabularies import Kind

KINDS: dict[str, Callable[[Path], Kind]] = {
    "byte-level": vocabularies.byte_level,
    "sentencepiece": partial(vocabularies.sentencepiece, dummy_prefix=True),
    "sentencepiece, no space first": partial(vocabularies.sentencepiece, dummy_prefix=False),
    "unigram": vocabularies.unigram,
}
TEXTS = [
    "in the water",
    " the water. They think",
    "<|im_end|>",
    "the <|im_end|> in the water",
    "<<|im_end|>><|im_end|><|im_end|>the",
    "“<think>the water</think> the end” </s><s>",
    "<think",
    "他说<|im_end|>水<unk> a",
    "water<think>\nthe</think>\n\nend",
]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kind:
    return KINDS[request.param](tmp_path_factory.mktemp("vocabulary"))


def marks_in(kind: Kind, ids: list[int]) -> list[str]:
    known = {i for i, t in kind.tokenizer.added_tokens_decoder.items() if t.content != "<unk>"}
    return [kind.tokenizer.convert_ids_to_tokens(i) for i in ids if i in known]


@pytest.mark.parametrize("text", TEXTS)
def test_a_story_holds_no_mark(kind: Kind, text: str) -> None:
    ids = masking.plain_ids(kind.tokenizer, text)
    assert marks_in(kind, ids) == []
    assert kind.tokenizer.decode(ids).strip() == text.strip()
    if kind.runtime:
        assert kind.runtime.ids_of(text, [(0, len(text))]) == ids


@pytest.mark.parametrize("text", TEXTS)
def test_the_templates_own_marks_are_marks(kind: Kind, text: str) -> None:
    begin, end = "<|im_end|>the <think>", "</think> in<|im_end|>\n"
    whole = f"{begin}{text}{end}"
    words = ((len(begin), len(begin) + len(text)),)
    ((ids, _places),) = masking.encoded(kind.tokenizer, [Written(whole, words, ())])
    assert marks_in(kind, ids) == ["<|im_end|>", "<think>", "</think>", "<|im_end|>"]
    if kind.runtime:
        assert kind.runtime.ids_of(whole, words) == ids


@pytest.mark.parametrize("text", TEXTS)
def test_a_cut_before_the_answer_is_the_same_on_both_sides(kind: Kind, text: str) -> None:
    begin = "the\n"
    words = ((0, 3), (4, 4 + len(text)))
    written = Written(f"{begin}{text}", words, ((4, 4 + len(text)),))
    shown = masking.masked(kind.tokenizer, written)
    assert "".join(shown.pieces) == written.text
    if kind.runtime:
        whole = kind.runtime.ids_of(written.text, words)
        assert list(shown.ids) in (whole, kind.runtime.ids_of(written.text, words, [4]))
        asked = kind.runtime.ids_of(begin, words[:1])
        assert list(shown.ids[: shown.mask.index(True)]) == asked


@pytest.mark.parametrize("text", [*TEXTS, "\n the water\n", " ", "\n\n“in\u3000"])
@pytest.mark.parametrize("sides", [(RIGHT,), (LEFT,), (LEFT, RIGHT)])
def test_white_space_that_a_mark_takes_along_is_the_templates_alone(
    text: str, sides: tuple[str, ...]
) -> None:
    """transformers lets some marks take white space along, and llama.cpp none."""
    begin, end = "the <think>\n \n", " \n<think>\n\n<think> in"
    words = ((len(begin), len(begin) + len(text)),)
    plain = Marks(["<|im_end|>"], ["<think>", "</think>"], {"<think>": sides})
    written = Form(lambda *_given: Rendered("", None), plain)._tight(
        Written(f"{begin}{text}{end}", words, words)
    )
    ((a, b),) = written.words
    assert written.text[a:b] == text
    assert written.learned == written.words
    before, after = written.text[:a], written.text[b:]
    lead = "the<think>" if LEFT in sides else "the <think>"
    assert before == lead + "\n \n" * (RIGHT not in sides)
    assert after.endswith("<think>" + " " * (RIGHT not in sides) + "in")
    assert plain.taken(written.text, written.words) == []
    spaced = text[:1].isspace(), text[-1:].isspace()
    assert (a in plain.cuts(written.text, written.words)) == (spaced[0] and RIGHT in sides)
    assert (b in plain.cuts(written.text, written.words)) == (spaced[1] and LEFT in sides)


def test_white_space_without_end_is_looked_through_once() -> None:
    marks = Marks({"<|user|>"}, strips={"<|user|>": (LEFT, RIGHT)})
    text = "a" + " " * 500_000 + "b \n<|user|>\u3000c\x1c<|user|>"
    mark = text.index("<|user|>")
    assert marks.taken(text, []) == [(mark - 2, mark), (mark + 8, mark + 9)]


def test_a_conversion_tells_them_under_the_name_that_the_desk_knows() -> None:
    assert shims.STRIPS == vocabulary.STRIPS
    assert {LEFT, RIGHT} == {"left", "right"}


def test_text_without_marks_is_cut_as_the_tokenizer_cuts_it(kind: Kind) -> None:
    for text in TEXTS[:2]:
        plain = kind.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert masking.plain_ids(kind.tokenizer, text) == plain


def test_marks_are_counted_as_characters(kind: Kind) -> None:
    text = "".join(TEXTS)
    (count,) = sizes_with(kind.tokenizer)(text, [(0, len(text))])
    assert count == len(masking.plain_ids(kind.tokenizer, text))
    spans = [(0, len(TEXTS[0]) + len(TEXTS[1])), (len(TEXTS[0]) + len(TEXTS[1]), len(text))]
    assert sum(sizes_with(kind.tokenizer)(text, spans)) == count


def test_both_sides_know_the_same_marks(kind: Kind) -> None:
    if kind.runtime:
        assert marks_of(kind.tokenizer)._all == kind.runtime.marks._all


@pytest.mark.parametrize(
    ("content", "control", "mark"),
    [
        ("<think>", False, True),
        ("[INST]", False, True),
        ("<|fim_prefix|>", False, True),
        ("<｜User｜>", False, True),
        ("▁▁", False, False),
        ("\n\n", False, False),
        ("    ", False, False),
        ("Hogwarts", False, False),
        ("霍格沃茨", False, False),
        ("—", False, False),
        ("pad", True, True),
    ],
)
def test_what_is_a_mark(content: str, control: bool, mark: bool) -> None:
    assert is_mark(content, control) == mark


def test_writing_stops_at_what_ends_a_turn_and_at_no_word(kind: Kind) -> None:
    if kind.runtime:
        for mark, ends in (("<|im_end|>", True), ("<think>", False), ("the", False)):
            (token,) = kind.runtime.tokenise(mark, special=True)[-1:]
            assert kind.runtime.ends(token) is ends
