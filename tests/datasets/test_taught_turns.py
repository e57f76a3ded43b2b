"""What is learned of a turn and what asks for it are the same, whatever a template puts there."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tokenizers import AddedToken

from studio.datasets.formatting import Formatter, formatter_of
from studio.domain.recipes import CustomFormat, Format
from studio.domain.voices import FormattedExample
from studio.errors import StudioError
from tests.datasets.templates import FAMILIES, QWEN3, Family, dressed

STORY = "The tide came in.\n\nNobody spoke. 水。"
TURNS = [
    {"role": "user", "content": "Begin."},
    {"role": "assistant", "content": "One."},
    {"role": "user", "content": "Go on."},
    {"role": "assistant", "content": STORY},
]
OPENERS = {
    "asks with an open block": QWEN3.replace("{% if enable_thinking", "<think>\n{% if nothing"),
    "asks with a closed block": QWEN3.replace("enable_thinking is false", "true").replace(
        "enable_thinking is defined and", ""
    ),
    "another name": QWEN3.replace("think>", "inner_voice>"),
    "brackets": QWEN3.replace("<think>", "[THINK]").replace("</think>", "[/THINK]"),
    "on every answer": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}"
        "<think></think>\n{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n<think></think>\n{% endif %}"
    ),
    "within what is marked as learned": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}"
        "{% generation %}<think>\n\n</think>\n\n{{ m.content }}<|im_end|>\n{% endgeneration %}"
        "{% else %}{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
}


def own() -> Formatter:
    return formatter_of(Format())


def learned(example: FormattedExample) -> list[str]:
    """The stretches that are learned, as text."""
    found, inside = [""], False
    for piece, is_learned in zip(example.pieces, example.mask, strict=True):
        if is_learned:
            found[-1] += piece
        elif inside:
            found.append("")
        inside = is_learned
    return [stretch for stretch in found if stretch]


def check_the_same(tokenizer: Any, end: str) -> None:
    taught = own().run(tokenizer, TURNS)
    assert [each.strip() for each in learned(taught)] == [f"One.{end}", f"{STORY}{end}"]
    assert taught.unlearned == 0
    for asked in (TURNS[:1], TURNS[:3]):
        ids = own().asked(tokenizer, asked).ids
        assert taught.ids[: len(ids)] == ids
        assert taught.mask[len(ids)]
        assert not taught.mask[len(ids) - 1]
    assert "think" not in "".join(taught.pieces).casefold()


@pytest.mark.parametrize("name", FAMILIES)
def test_each_answer_is_learned_with_its_end_and_asked_for_as_it_was(
    tokenizer: Any, name: str
) -> None:
    check_the_same(dressed(tokenizer, FAMILIES[name]), FAMILIES[name].end)


@pytest.mark.parametrize("name", OPENERS)
def test_a_block_that_a_template_adds_is_in_neither(tokenizer: Any, name: str) -> None:
    family = FAMILIES["qwen3"]._replace(source=OPENERS[name])
    check_the_same(dressed(tokenizer, family), "<|im_end|>")


def test_an_untaught_model_is_shown_that_there_is_nothing_to_think_about(tokenizer: Any) -> None:
    qwen = dressed(tokenizer, FAMILIES["qwen3"])
    asked = "".join(own().asked(qwen, TURNS[:3], untaught=True).pieces)
    assert asked.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert asked.count("<think>") == 1
    plain = dressed(tokenizer, FAMILIES["phi4"])
    assert own().asked(plain, TURNS[:3], untaught=True) == own().asked(plain, TURNS[:3])


def test_a_block_of_the_writers_own_stays(tokenizer: Any) -> None:
    dressed_up = dressed(tokenizer, FAMILIES["qwen3"])
    text = "<think>\n\n</think>\n\nI was thinking.</think> So."
    taught = own().run(dressed_up, [TURNS[0], {"role": "assistant", "content": text}])
    assert learned(taught) == [f"{text}<|im_end|>"]


def test_an_answer_that_a_template_leaves_out_is_counted(tokenizer: Any) -> None:
    source = (
        "{% for m in messages %}{% if m.role == 'user' or loop.last %}"
        "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    short = dressed(tokenizer, FAMILIES["qwen3"]._replace(source=source))
    taught = own().run(short, TURNS)
    assert learned(taught) == [f"{STORY}<|im_end|>"]
    assert taught.unlearned == 1
    assert own().lengths(short, [TURNS, TURNS[:2]]) == [
        (len(taught.ids), 1),
        (len(own().run(short, TURNS[:2]).ids), 0),
    ]


def test_what_a_turn_says_is_not_left_out_in_silence(tokenizer: Any) -> None:
    """Mistral's template writes a system turn where it asks, and not where it teaches."""
    mistral = dressed(tokenizer, FAMILIES["mistral-v0.3"])
    with pytest.raises(StudioError, match="leaves out what a turn says") as caught:
        own().run(mistral, [{"role": "system", "content": "Plain."}, *TURNS])
    assert "system" in caught.value.remedy


CHANGED = {
    "upper": "The template changes",
    "replace('Nobody', 'No one')": "The template changes",
    "replace('\\n\\n', '\\n')": "The template changes",
    "tojson": "The template changes",
    "truncate(20, true)": "does not take this conversation",
    "reverse": "does not take this conversation",
}
SHORTENED = {
    "[5:]": "does not take this conversation",
    "[:60]": "leaves the answer out",
    ".split('.')[0]": "leaves the answer out",
}


@pytest.mark.parametrize(
    ("content", "said"),
    [(f"m.content | {name}", said) for name, said in CHANGED.items()]
    + [(f"m.content{name}", said) for name, said in SHORTENED.items()],
)
def test_what_is_learned_is_what_the_writer_wrote(tokenizer: Any, content: str, said: str) -> None:
    told = f"m.content if m.role == 'user' else {content}"
    source = f"{{% for m in messages %}}{{{{ {told} }}}}<|im_end|>\n{{% endfor %}}"
    changing = dressed(tokenizer, FAMILIES["phi4"]._replace(source=source))
    with pytest.raises(StudioError, match=said) as caught:
        own().run(changing, TURNS)
    assert "choose another format" in caught.value.remedy.casefold()
    assert "generation" not in caught.value.remedy


ENDLESS = {
    "nothing": "{% for m in messages %}\n{{ m.role }}: {{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}\nassistant:{% endif %}",
    "words": "{% for m in messages %}\n{{ m.role }}: {{ m.content }} END.{% endfor %}"
    "{% if add_generation_prompt %}\nassistant:{% endif %}",
    "a token that is a word": "{% for m in messages %}\n{{ m.role }}: {{ m.content }}<think>"
    "{% endfor %}{% if add_generation_prompt %}\nassistant:{% endif %}",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_template_without_an_end_is_refused_beforehand(tokenizer: Any, name: str) -> None:
    endless = dressed(tokenizer, FAMILIES["qwen3"]._replace(source=ENDLESS[name]))
    with pytest.raises(StudioError, match="where an answer ends"):
        own().check(endless)
    with pytest.raises(StudioError, match="where an answer ends"):
        formatter_of(CustomFormat(template=ENDLESS[name])).check(endless)


def test_where_the_next_turn_ends_an_answer_its_mark_is_learned(tokenizer: Any) -> None:
    glm = dressed(tokenizer, FAMILIES["glm4-0414"])
    taught = own().run(glm, TURNS)
    assert taught.ids[-1] == glm.convert_tokens_to_ids("<|user|>")
    assert taught.mask[-1]


def test_an_end_that_takes_the_space_behind_it_along_is_learned(tokenizer: Any) -> None:
    """As the marks of Phi-3.5 do."""
    phi = copy.deepcopy(tokenizer)
    family = FAMILIES["phi3.5"]
    phi.add_tokens([AddedToken(t, rstrip=True, special=True) for t in family.tokens])
    phi.chat_template = family.source
    for told in ("One.", "\n One. \n"):
        turns = [TURNS[0], {"role": "assistant", "content": told}, *TURNS[2:]]
        taught = own().run(phi, turns)
        end = phi.convert_tokens_to_ids("<|end|>")
        assert [i for i, m in zip(taught.ids, taught.mask, strict=True) if m].count(end) == 2
        asked = own().asked(phi, turns[:1]).ids
        assert taught.ids[: len(asked)] == asked
        # The template's own white space is none of its tokens, and the writer's is.
        assert "".join(taught.pieces).startswith(f"<|user|>Begin.<|end|><|assistant|>{told}<|end|>")
        assert phi.decode(asked) == "<|user|>Begin.<|end|><|assistant|>"


ALTERNATE = "turns of user and assistant alternate"
SYSTEM = "Leave out the system turn"


@pytest.mark.parametrize(
    ("name", "roles", "remedy"),
    [
        ("gemma2", "suua", f"{SYSTEM} and let the {ALTERNATE}"),
        ("gemma2", "sua", SYSTEM),
        ("gemma2", "uua", ALTERNATE),
        ("gemma3", "suua", f"Let the {ALTERNATE}"),
        ("gemma3", "aua", "Begin with a turn of the user"),
        ("mistral-v0.3", "uuaua", f"Let the {ALTERNATE}"),
    ],
)
def test_the_remedy_is_one_that_helps(tokenizer: Any, name: str, roles: str, remedy: str) -> None:
    named = {"s": "system", "u": "user", "a": "assistant"}
    turns = [{"role": named[r], "content": f"{n}."} for n, r in enumerate(roles)]
    family: Family = FAMILIES[name]
    for formatter in (own(), formatter_of(CustomFormat(template=family.source))):
        with pytest.raises(StudioError) as caught:
            formatter.run(dressed(tokenizer, family), turns)
        assert remedy in caught.value.remedy
