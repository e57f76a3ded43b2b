"""Ids are those of the template, and the mask is exact to the token."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.formatters.chat_template import plugin
from studio.domain.prompts import continuation
from studio.errors import StudioError

PLAIN = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEXTS = st.text(alphabet="ab Z.“”!他说水。\n龘é😀\t", max_size=40).map(str.strip).filter(bool)


def conversation(before: str, completion: str) -> list[dict[str, str]]:
    return [*continuation("en", before), {"role": "assistant", "content": completion}]


def with_template(tokenizer: Any, template: str | None) -> Any:
    other = copy.copy(tokenizer)
    other.chat_template = template
    return other


def check_exact(tokenizer: Any, messages: list[dict[str, str]], closing: str) -> None:
    shown = plugin.run(tokenizer, messages)
    assert list(shown.ids) == tokenizer.apply_chat_template(messages, return_dict=False)
    assert len(shown.ids) == len(shown.mask) == len(shown.pieces)
    learned = [i for i, m in zip(shown.ids, shown.mask, strict=True) if m]
    assert tokenizer.decode(learned) == messages[-1]["content"] + closing
    assert "".join(shown.pieces) == tokenizer.apply_chat_template(messages, tokenize=False)


@given(TEXTS, TEXTS)
def test_what_is_learned_is_the_completion_and_its_end(tokenizer: Any, a: str, b: str) -> None:
    check_exact(tokenizer, conversation(a, b), "<|im_end|>")


@given(TEXTS, TEXTS)
def test_a_template_without_markers_gives_the_same(tokenizer: Any, a: str, b: str) -> None:
    messages = conversation(a, b)
    plain = with_template(tokenizer, PLAIN)
    check_exact(plain, messages, "<|im_end|>")
    assert plugin.run(plain, messages) == plugin.run(tokenizer, messages)


def test_the_end_is_learned_where_markers_leave_it_out(tokenizer: Any) -> None:
    marked = PLAIN.replace(
        "m['content'] + '<|im_end|>\n' }}",
        "'' }}{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}"
        "{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}{{ '<|im_end|>\n' }}",
    )
    check_exact(with_template(tokenizer, marked), conversation("水", "他说龘😀"), "<|im_end|>")


def test_each_of_the_assistants_turns_is_learned(tokenizer: Any) -> None:
    messages = conversation("One.", "Two.") + conversation("Three.", "Four.")
    for template in (tokenizer.chat_template, PLAIN):
        shown = plugin.run(with_template(tokenizer, template), messages)
        pairs = zip(shown.pieces, shown.mask, strict=True)
        assert "".join(p for p, m in pairs if m) == "Two.<|im_end|>Four.<|im_end|>"


def test_the_prompt_is_the_beginning_of_the_whole(tokenizer: Any) -> None:
    messages = conversation("He went.", "She stayed.")
    whole = plugin.run(tokenizer, messages)
    prompt = plugin.asked(tokenizer, messages[:-1])
    assert whole.ids[: len(prompt.ids)] == prompt.ids
    assert not any(prompt.mask)
    assert whole.mask.index(True) == len(prompt.ids)


def test_a_model_without_template_is_refused_with_a_remedy(tokenizer: Any) -> None:
    bare = with_template(tokenizer, None)
    with pytest.raises(StudioError) as caught:
        plugin.run(bare, conversation("a", "b"))
    assert "no chat template" in caught.value.what
    assert "chat_template.jinja" in caught.value.remedy
