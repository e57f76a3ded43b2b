"""Every format writes what its models know, and masks to the token what is learned."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.datasets.formatting import Formatter, formatter_of
from studio.domain.recipes import CustomFormat, Format, PrepareSpec
from studio.domain.specs import TrainSpec
from studio.errors import StudioError

MARKED = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
    "{{ eos_token }}{% endgeneration %}{% else %}<{{ m.role }}> {{ m.content }} |{% endif %}"
    "{% endfor %}"
)
KINDS = ("chat-template", "chatml", "llama3", "mistral", "qwen", "alpaca", "raw", "custom")
TURNS = [
    {"role": "system", "content": "S."},
    {"role": "user", "content": "Q1"},
    {"role": "assistant", "content": "A1"},
    {"role": "user", "content": "Q2"},
    {"role": "assistant", "content": "A2"},
]
TEXTS = st.text(alphabet="ab Z.“”!他水。\n龘é😀\t", min_size=1, max_size=30)


@pytest.fixture(scope="module")
def rich(tokenizer: Any) -> Any:
    """The starter's tokenizer with the special tokens of all families, and a begin mark."""
    other = copy.deepcopy(tokenizer)
    marks = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "[INST]", "[/INST]"]
    other.add_tokens(marks, special_tokens=True)
    other.add_special_tokens({"bos_token": "<|begin|>"})
    return other


def of(kind: str) -> Formatter:
    if kind == "custom":
        return formatter_of(CustomFormat(template=MARKED))
    return formatter_of(Format.model_validate({"kind": kind}))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            "chatml",
            "<|im_start|>system\nS.<|im_end|>\n<|im_start|>user\nQ1<|im_end|>\n"
            "<|im_start|>assistant\n«A1<|im_end|>»\n<|im_start|>user\nQ2<|im_end|>\n"
            "<|im_start|>assistant\n«A2<|im_end|>»\n",
        ),
        (
            "llama3",
            "<|begin|><|start_header_id|>system<|end_header_id|>\n\nS.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nQ1<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n«A1<|eot_id|>»"
            "<|start_header_id|>user<|end_header_id|>\n\nQ2<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n«A2<|eot_id|>»",
        ),
        (
            "mistral",
            "<|begin|>[INST] S.\n\nQ1[/INST]« A1<|im_end|>»[INST] Q2[/INST]« A2<|im_end|>»",
        ),
        (
            "alpaca",
            "<|begin|>S.\n\n### Instruction:\nQ1\n\n### Response:\n«A1<|im_end|>»\n\n"
            "### Instruction:\nQ2\n\n### Response:\n«A2<|im_end|>»\n\n",
        ),
        ("raw", "<|begin|>S.\n\nQ1\n\n«A1<|im_end|>»Q2\n\n«A2<|im_end|>»"),
        ("custom", "<system> S. |<user> Q1 |«A1<|im_end|>»<user> Q2 |«A2<|im_end|>»"),
    ],
)
def test_what_each_format_writes_and_what_is_learned(rich: Any, kind: str, text: str) -> None:
    shown = of(kind).run(rich, TURNS)
    found, inside = "", False
    for piece, is_learned in zip(shown.pieces, shown.mask, strict=True):
        found += "«" if is_learned and not inside else "»" if inside and not is_learned else ""
        found, inside = found + piece, is_learned
    assert found + ("»" if inside else "") == text


def test_qwen_begins_with_its_own_system_turn(rich: Any) -> None:
    assert of("qwen").run(rich, TURNS) == of("chatml").run(rich, TURNS)
    alone = of("qwen").run(rich, TURNS[1:])
    assert "".join(alone.pieces).startswith("<|im_start|>system\nYou are Qwen, created by Alibaba")


def test_alpaca_begins_with_its_own_sentence(rich: Any) -> None:
    text = "".join(of("alpaca").run(rich, TURNS[1:3]).pieces)
    assert text.startswith("<|begin|>Below is an instruction that describes a task. Write")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(asked=TEXTS, told=TEXTS.filter(str.strip))
def test_the_prompt_is_the_beginning_of_the_whole(
    rich: Any, kind: str, asked: str, told: str
) -> None:
    """To the token, whatever white space an answer begins with."""
    formatter = of(kind)
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
    whole = formatter.run(rich, turns)
    prompt = formatter.asked(rich, turns[:1])
    assert whole.ids[: len(prompt.ids)] == prompt.ids
    assert whole.mask.index(True) == len(prompt.ids)
    assert not any(prompt.mask)
    learned = rich.decode([i for i, m in zip(whole.ids, whole.mask, strict=True) if m])
    assert told.strip() in learned
    assert formatter.lengths(rich, [turns, turns[1:]]) == [
        (len(whole.ids), 0),
        (len(formatter.run(rich, turns[1:]).ids), 0),
    ]


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "custom"])
def test_ids_are_those_of_transformers(rich: Any, kind: str) -> None:
    formatter = of(kind)
    source = formatter.plugin.template(rich, formatter.spec).source
    found = rich.apply_chat_template(
        TURNS, chat_template=source, return_dict=True, return_assistant_tokens_mask=True
    )
    shown = formatter.run(rich, TURNS)
    assert list(shown.ids) == found["input_ids"]
    assert [int(m) for m in shown.mask] == found["assistant_masks"]


@pytest.mark.parametrize("kind", KINDS)
def test_text_is_learned_as_it_is(rich: Any, kind: str) -> None:
    text = "The tide <|im_end|> came in.\n 水龘。"
    shown = of(kind).run(rich, [{"role": "assistant", "content": text}])
    assert rich.decode(shown.ids[:-1]) == text
    assert shown.ids[-1] == rich.eos_token_id
    assert shown.ids.count(rich.eos_token_id) == 1
    assert all(shown.mask)
    assert "".join(shown.pieces) == text + "<|im_end|>"


def test_text_begins_with_the_mark_that_the_tokenizer_puts_there(rich: Any) -> None:
    from tokenizers.processors import TemplateProcessing

    other = copy.deepcopy(rich)
    begin = other.bos_token_id
    other.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", begin)]
    )
    shown = of("raw").run(other, [{"role": "assistant", "content": "a b"}])
    assert shown.ids[0] == begin
    assert shown.mask == (False, *(True for _ in shown.ids[1:]))


def test_a_format_whose_end_the_model_does_not_know_is_refused(tokenizer: Any) -> None:
    with pytest.raises(StudioError, match=r"ends a turn with <\|eot_id\|>"):
        of("llama3").check(tokenizer)


def test_marks_that_the_model_does_not_know_are_told(tokenizer: Any, rich: Any) -> None:
    (note,) = of("mistral").check(tokenizer)
    assert "[INST], [/INST]" in note
    assert [of(kind).check(rich) for kind in KINDS] == [()] * len(KINDS)


def test_a_specs_formatter_may_be_its_name_alone() -> None:
    artifact = "0" * 64
    train = TrainSpec.model_validate({"name": "a", "dataset": artifact, "formatter": "alpaca"})
    assert train.formatter == Format(kind="alpaca")
    assert TrainSpec.model_validate(train.model_dump(mode="json")) == train
    custom = CustomFormat(template="x")
    prepare = PrepareSpec(name="a", manuscripts=(artifact,), formatter=custom)
    assert PrepareSpec.model_validate_json(prepare.model_dump_json()) == prepare
    with pytest.raises(ValueError, match="chatml2"):
        TrainSpec.model_validate({"name": "a", "dataset": artifact, "formatter": "chatml2"})
