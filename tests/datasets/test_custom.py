"""Templates of one's own: checked before use, and stopped when they do not end."""

from __future__ import annotations

from typing import Any

import pytest

from studio.datasets.formatting import Formatter, formatter_of
from studio.domain.recipes import CustomFormat
from studio.errors import StudioError
from studio.models.guarded import GUARD, LONGEST, Guard

GOOD = (
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}"
    "{% else %}{{ m.role }}: {{ m.content }}\nanswer: {% endif %}{% endfor %}"
)
PLAIN = GOOD.replace("{% generation %}", "").replace("{% endgeneration %}", "")


def of(template: str) -> Formatter:
    return formatter_of(CustomFormat(template=template))


@pytest.fixture(scope="module", autouse=True)
def _started() -> None:
    GUARD.render("a", [], {}, asking=False)


@pytest.mark.parametrize("template", [GOOD, PLAIN])
def test_a_good_template_is_taken(tokenizer: Any, template: str) -> None:
    assert of(template).check(tokenizer) == ()
    turns = [{"role": "user", "content": "水?"}, {"role": "assistant", "content": "Yes."}]
    shown = of(template).run(tokenizer, turns)
    pairs = zip(shown.pieces, shown.mask, strict=True)
    assert "".join(p for p, m in pairs if m) == "Yes.<|im_end|>"


def test_a_template_that_ends_with_nothing_is_refused(tokenizer: Any) -> None:
    with pytest.raises(StudioError, match="where an answer ends") as caught:
        of(GOOD.replace("{{ eos_token }}", "")).check(tokenizer)
    assert "never learn to stop" in caught.value.why


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for %}", "TemplateSyntaxError"),
        ("{{ messages[9].content.x }}", "UndefinedError"),
        ("{{ 1 + 'a' }}", "TypeError"),
        ("{{ raise_exception('No.') }}", "No"),
        ("fixed", "leaves the answer out"),
        ("{% for m in messages %}{{ m.content }}{% endfor %}{{ messages | length }}", "say|words"),
        (
            GOOD + "{% if add_generation_prompt %}now: {% endif %}",
            "asks in other words than it teaches",
        ),
    ],
)
def test_a_bad_template_is_refused(tokenizer: Any, template: str, said: str) -> None:
    with pytest.raises(StudioError, match=said):
        of(template).check(tokenizer)


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10**10 }}",
        "{{ 'x' * 10**8 }}",
        "{{ 9 ** (9 ** (9 ** 9)) }}",
        "{{ '%01000000000d' % 7 }}",
        "{{ '{:>2000000000}'.format(7) }}",
        "{{ 'x' | center(2000000000) }}",
        "{% set n = namespace(s='xxxxxxxxxxxxxxxx') %}"
        "{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for i in range(99999) %}" + "x" * 50 + "{% endfor %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ (('a' * 30) + '!') | wordwrap(0) }}",
    ],
)
def test_what_would_not_end_is_ended(template: str) -> None:
    with pytest.raises(StudioError) as caught:
        GUARD.render(template, [{"role": "user", "content": "x"}], {}, asking=True)
    assert caught.value.remedy
    assert GUARD.render("{{ 1 }}", [], {}, asking=False).text == "1"


def test_a_conversation_has_a_longest_length() -> None:
    assert len(GUARD.render("x" * LONGEST, [], {}, asking=False).text) == LONGEST
    with pytest.raises(StudioError, match="more than 1,000,000 characters"):
        GUARD.render("x" * (LONGEST + 1), [], {}, asking=False)


def test_the_process_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    guard = Guard()
    assert guard.render("a", [], {}, asking=False).text == "a"
    process = guard._running()
    with open(f"/proc/{process.pid}/environ", "rb") as file:  # noqa: PTH123
        assert b"hf_secret" not in file.read()
    guard._end(process)
    assert guard.render("b", [], {}, asking=False).text == "b"
    guard._end(guard._running())


def test_many_conversations_are_rendered_by_one_process() -> None:
    process = GUARD._running()
    for number in range(300):
        turns = [{"role": "user", "content": f"{number} 水"}]
        assert GUARD.render(GOOD, turns, {}, asking=True).text.startswith(f"user: {number} 水")
    assert GUARD._running() is process
