"""What the desk asks is, token for token, what training taught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, get_args

import pytest

from studio.datasets.formatting import formatter_of
from studio.domain.prompts import continuation
from studio.domain.recipes import CustomFormat, Format, FormatterSpec, Template
from studio.domain.writing import WriteSpec
from studio.errors import StudioError
from studio.inference import prompt, template
from studio.inference.runtime import Runtime
from studio.models.source import load_tokenizer
from studio.plugins import discover
from studio.settings import settings
from tests.datasets.templates import FAMILIES
from tests.ggufs import PASSAGES, Shelf, answer

GROUND = "0" * 64


@pytest.fixture(scope="module")
def runtime(shelf: Shelf) -> Iterator[Runtime]:
    runtime = Runtime(shelf.gguf(shelf.base()), 512)
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(settings().starter)


@pytest.mark.parametrize("asking", [True, False])
@pytest.mark.parametrize(("language", "before", "after"), PASSAGES)
def test_ids_are_those_of_the_formatter(
    runtime: Runtime, tokenizer: Any, language: Any, before: str, after: str, asking: bool
) -> None:
    turns = continuation(language, before) + ([] if asking else [answer(after)])
    formatter = discover("studio.datasets.formatters")["chat-template"]
    formatted = (formatter.asked if asking else formatter.run)(tokenizer, turns)
    whole, _cut = ([], []) if asking else prompt.ids_as_taught(turns, runtime)
    assert tuple(prompt.ids_of_turns(turns, runtime) if asking else whole) == formatted.ids


CUSTOM = CustomFormat(
    template="{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
    "{{ eos_token }}{% endgeneration %}{% else %}{{ m.role }}: {{ m.content }}\nanswer: {% endif %}"
    "{% endfor %}"
)
FORMATS: list[FormatterSpec] = [
    *(
        Format(kind=kind)
        for kind in get_args(Format.model_fields["kind"].annotation)
        if kind != "llama3"  # ends a turn with a mark that this model does not have
    ),
    CUSTOM,
]


@pytest.mark.parametrize("spec", FORMATS, ids=lambda spec: spec.kind)
@pytest.mark.parametrize(("language", "before", "after"), PASSAGES)
def test_the_desk_asks_in_the_ids_that_training_taught(
    runtime: Runtime,
    tokenizer: Any,
    spec: FormatterSpec,
    language: Any,
    before: str,
    after: str,
) -> None:
    formatter = formatter_of(spec)
    asked = [
        {"role": "system", "content": "Plain."},
        *continuation(language, "One."),
        answer("Two."),
        *continuation(language, before),
    ]
    taught = formatter.run(tokenizer, [*asked, answer(after)])
    ids = prompt.ids_of_turns(asked, runtime, template=formatter.template(tokenizer))
    assert list(taught.ids[: len(ids)]) == ids
    assert tokenizer.decode(taught.ids[len(ids) :]).strip().startswith(after)
    assert not taught.mask[len(ids) - 1]
    assert taught.mask[len(ids)]


@pytest.mark.parametrize("name", ["qwen2.5", "qwen3", "yi1.5", "glm4-0414"])
def test_what_a_family_asks_is_what_it_was_taught(
    runtime: Runtime, tokenizer: Any, name: str
) -> None:
    """In a conversation, with marks in the story, and with the whole as the proof reads it."""
    source = FAMILIES[name].source.replace("'<|' + m.role + '|>", "'<|im_start|>' + m.role + '")
    template = Template(source=source, marks={"eos_token": "<|im_end|>"})
    turns = [
        *continuation("en", "He wrote <|im_end|> on the wall. <|im_start|>user"),
        answer("<|im_end|> One.</think> 水。"),
        *continuation("en", "Two."),
        answer("\nThree <|endoftext|>."),
    ]
    formatter = formatter_of(Format(), template)
    taught = formatter.run(tokenizer, turns)
    assert taught.mask[-1] or taught.pieces[-1] == "\n"
    assert list(taught.ids) in prompt.ids_as_taught(turns, runtime, template)
    for asked in (turns[:1], turns[:3]):
        ids = prompt.ids_of_turns(asked, runtime, template=template)
        assert list(taught.ids[: len(ids)]) == ids
        assert taught.mask[len(ids)]


def test_only_an_untaught_model_is_shown_a_think_block(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FAMILIES["qwen3"].source
    facts = runtime.head.facts | {template.KEY: source}
    monkeypatch.setattr(runtime, "head", replace(runtime.head, facts=facts))
    asked = text_of(runtime, prompt.build(spec("It rained."), runtime).ids)
    assert asked.endswith("</think>\n\n")
    taught = Template(source=source, marks={})
    asked = text_of(runtime, prompt.build(spec("It rained.", template=taught), runtime).ids)
    assert asked.endswith("It rained.\nassistant\n")


def test_raw_text_is_asked_in_the_ids_that_training_taught(
    runtime: Runtime, tokenizer: Any
) -> None:
    text = "The tide <|im_end|> came in. 水。"
    taught = formatter_of(Format()).run(tokenizer, [answer(text)])
    assert [*runtime.tokenise(text, special=False), tokenizer.eos_token_id] == list(taught.ids)


def test_a_template_comes_with_the_request(runtime: Runtime, tokenizer: Any) -> None:
    template = formatter_of(CUSTOM).template(tokenizer)
    built = prompt.build(spec("It rained.", template=template), runtime)
    assert text_of(runtime, built.ids).endswith("It rained.\nanswer: ")


def test_several_turns_and_marks_within_prose(runtime: Runtime, tokenizer: Any) -> None:
    turns = [
        {"role": "system", "content": "Plain.\n\n 1,234 "},
        {"role": "user", "content": " a <|im_end|> b\n"},
        answer("第一回　。\n"),
        {"role": "user", "content": "🦊"},
    ]
    formatter = discover("studio.datasets.formatters")["chat-template"]
    formatted = formatter.asked(tokenizer, turns)
    assert tuple(prompt.ids_of_turns(turns, runtime)) == formatted.ids


def spec(text: str, **changes: Any) -> WriteSpec:
    known = {
        "gguf_base": GROUND,
        "messages": continuation("en", text),
        "context_tokens": 256,
        "max_tokens": 56,
    }
    return WriteSpec.model_validate(known | changes)


def text_of(runtime: Runtime, ids: list[int]) -> str:
    return b"".join(runtime.piece(token) for token in ids).decode()


def test_a_prompt_that_fits_is_whole(runtime: Runtime) -> None:
    built = prompt.build(spec("It rained."), runtime)
    assert not built.shortened
    assert built.room == 56
    assert "It rained." in text_of(runtime, built.ids)


def test_a_long_story_keeps_its_instruction_and_its_end(runtime: Runtime) -> None:
    story = " ".join(f"On day {day} it rained again." for day in range(300))
    built = prompt.build(spec(story), runtime)
    text = text_of(runtime, built.ids)
    assert built.shortened
    assert len(built.ids) <= 200
    assert text.startswith("user\nContinue the story in the author's voice.\n\nOn day")
    assert "On day 299 it rained again." in text
    assert len(built.ids) > 150


def test_what_is_said_about_the_story_goes_behind_the_story(runtime: Runtime) -> None:
    about = "Ann keeps the locks.\n\nNobody crosses the bar."
    story = " ".join(f"On day {day} it rained again." for day in range(300))
    turns = [{"role": "system", "content": "Be plain."}, *continuation("en", story, about)]
    kinds = []
    for tokens in (240, 160, 100, 80, 60):
        asked = spec("", messages=tuple(turns), about=about, context_tokens=256)
        ids = prompt.build(asked.model_copy(update={"max_tokens": 256 - tokens}), runtime).ids
        text = text_of(runtime, ids)
        assert len(ids) <= max(tokens, 128)
        assert "Be plain." in text
        kinds.append((about in text, "it rained" in text))
    assert kinds[0] == (True, True)
    short, _cut = prompt._fit_turns(asked, runtime, 40)
    assert about not in text_of(runtime, short)
    assert "it rained" not in text_of(runtime, short)
    assert "Be plain." in text_of(runtime, short)


def test_one_endless_line_is_cut_too(runtime: Runtime) -> None:
    built = prompt.build(spec("啊" * 3000), runtime)
    assert built.shortened
    assert 100 < len(built.ids) <= 200


def test_old_turns_go_first_and_the_system_turn_stays(runtime: Runtime) -> None:
    turns = [{"role": "system", "content": "Be brief."}]
    for number in range(30):
        turns += [{"role": "user", "content": f"Question {number}?"}, answer(f"Answer {number}.")]
    turns.append({"role": "user", "content": "The last question?"})
    built = prompt.build(spec("", messages=tuple(turns)), runtime)
    text = text_of(runtime, built.ids)
    assert "Be brief." in text
    assert "The last question?" in text
    assert "Answer 29." in text
    assert "Question 0?" not in text


def test_raw_text_is_taken_as_it_is(runtime: Runtime, tokenizer: Any) -> None:
    built = prompt.build(spec("", raw="It rained <|im_end|> on."), runtime)
    assert text_of(runtime, built.ids) == "It rained <|im_end|> on."
    assert tokenizer.eos_token_id not in built.ids


def test_long_raw_text_keeps_its_end(runtime: Runtime) -> None:
    built = prompt.build(spec("", raw="It rained again. " * 300 + "The end."), runtime)
    assert text_of(runtime, built.ids).startswith("It rained again.")
    assert text_of(runtime, built.ids).endswith("The end.")
    assert built.shortened


@pytest.mark.parametrize(
    ("text", "at", "start"),
    [
        ("One. Two two. Three.", 6, "Three."),
        ("one two three", 1, "two three"),
        ("他说：“好。”她笑了。天亮了", 2, "她笑了。天亮了"),
        ("line one\nline two", 2, "line two"),
        ("啊啊啊啊", 2, "啊啊"),
    ],
)
def test_later_start_is_a_good_place(text: str, at: int, start: str) -> None:
    assert text[prompt.later_start(text, at) :] == start


@pytest.fixture
def with_template(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], Any]:
    """The model with another template of its own, or with none."""

    def ask(source: str | None) -> list[int]:
        facts = {k: v for k, v in runtime.head.facts.items() if k != template.KEY}
        facts |= {} if source is None else {template.KEY: source}
        monkeypatch.setattr(runtime, "head", replace(runtime.head, facts=facts))
        return prompt.ids_of_turns([{"role": "user", "content": "x"}], runtime)

    return ask


def test_model_without_a_template_is_refused(with_template: Callable[[str | None], Any]) -> None:
    with pytest.raises(StudioError, match="no chat template"):
        with_template(None)


def test_refusal_of_a_template_is_passed_on(with_template: Callable[[str | None], Any]) -> None:
    with pytest.raises(StudioError, match="No turn, please"):
        with_template("{{ raise_exception('No turn, please.') }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{% for x in range(10**9) %}{% endfor %}",
    ],
)
def test_template_is_held_in_its_sandbox(
    with_template: Callable[[str | None], Any], source: str
) -> None:
    with pytest.raises(StudioError):
        with_template(source)


def test_what_templates_use_is_there(
    runtime: Runtime, with_template: Callable[[str | None], Any]
) -> None:
    source = (
        "{{ eos_token }}{% for m in messages %}{% if m.role == 'x' %}{% break %}{% endif %}"
        "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}"
        "{% endgeneration %}{% else %}{{ m.content | trim | tojson }}{% endif %}{% endfor %}"
        "{{ strftime_now('%Y') | length }}{{ add_generation_prompt }}"
    )
    assert text_of(runtime, with_template(source)) == '"x"'
