"""What a writer is asked so that it makes examples up, and grades them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from studio.datasets.example import Draft, Messages
from studio.datasets.splits import Section, Split
from studio.domain.base import Language
from studio.domain.recipes import SyntheticSpec

Form = Literal["instruction", "dialogue", "character"]
MOST_AT_ONCE = 5
"""Examples of one answer: more of them and a model begins to repeat itself."""
GRADE_TOKENS = 8
_LEAD: dict[Language, dict[Form, str]] = {
    "en": {
        "instruction": (
            "Make up {count} different examples for training a fiction writer. Each has a "
            "writing request about the topic and the piece of prose that answers it."
        ),
        "dialogue": (
            "Make up {count} different conversations between a reader and a storyteller about "
            "the topic, two to four turns each, the storyteller speaking last."
        ),
        "character": (
            "Make up {count} different moments in which somebody says something to the character "
            "below and the character answers, in a voice that could be nobody else's."
        ),
    },
    "zh": {
        "instruction": (
            "请为训练小说写作编写{count}个互不相同的例子。每个例子包括一条与主题有关的写作要求，"
            "以及按要求写成的一段文字。"
        ),
        "dialogue": (
            "请编写{count}段读者与讲故事的人之间关于该主题的不同对话，每段两到四轮，"
            "最后由讲故事的人说话。"
        ),
        "character": (
            "请编写{count}个不同的片段：有人对下面的人物说话，人物以独一无二的口吻回答。"
        ),
    },
}
_SHAPE: dict[Form, str] = {
    "instruction": '[{"instruction": "…", "response": "…"}]',
    "dialogue": '[{"messages": [{"role": "user", "content": "…"}, '
    '{"role": "assistant", "content": "…"}]}]',
    "character": '[{"instruction": "…", "response": "…"}]',
}
_TAIL: dict[Language, str] = {
    "en": "{about}: {topic}\n\nAnswer with a JSON array and nothing else: {shape}",
    "zh": "{about}：{topic}\n\n只回答一个JSON数组，不要有别的内容：{shape}",
}
_ABOUT: dict[Language, dict[Form, str]] = {
    "en": {"instruction": "Topic", "dialogue": "Topic", "character": "Character"},
    "zh": {"instruction": "主题", "dialogue": "主题", "character": "人物"},
}
_IN_CHARACTER: dict[Language, str] = {
    "en": "Answer as this character: {topic}",
    "zh": "请以这个人物的口吻回答：{topic}",
}
_GRADE: dict[Language, str] = {
    "en": (
        "Grade this example for training a fiction writer, from 1 (of no use) to 5 (excellent): "
        "does the answer do what was asked, is it well written, is it whole? Answer with the "
        "number alone.\n\n{example}"
    ),
    "zh": (
        "请为这个用于训练小说写作的例子打分，从1（毫无用处）到5（非常好）：回答是否符合要求，"
        "文字是否出色，是否完整？只回答数字。\n\n{example}"
    ),
}


def at_once(spec: SyntheticSpec) -> int:
    """Examples that one answer is to hold; few where few are wanted, so that some answers can
    be held back whole."""
    return max(1, min(MOST_AT_ONCE, spec.count // 10))


def sections(spec: SyntheticSpec, share: float) -> Split:
    """One section, without text, for each question; those held back are the last ones. The
    topics take turns, so that all are on both sides where there are enough questions."""
    found = list(_sections(spec))
    held = min(len(found) - 1, max(1, round(share * len(found))))
    return Split(found[: len(found) - held], found[len(found) - held :])


def _sections(spec: SyntheticSpec) -> Iterator[Section]:
    questions = -(-spec.count // at_once(spec))
    yield from (_section(spec, number) for number in range(questions))


def _section(spec: SyntheticSpec, number: int) -> Section:
    return Section(0, number, spec.topics[number % len(spec.topics)], "", spec.language)


def further(spec: SyntheticSpec, asked: int, lacking: int) -> list[Section]:
    """Sections for ``lacking`` more examples, when ``asked`` sections gave too few."""
    questions = -(-lacking // at_once(spec))
    return [_section(spec, number) for number in range(asked, asked + questions)]


def wanted(section: Section, spec: SyntheticSpec) -> int:
    """Examples that a section is to give; the last of the first round gives the rest."""
    left = spec.count - section.chapter * at_once(spec)
    return min(at_once(spec), left) if left > 0 else at_once(spec)


def request(section: Section, spec: SyntheticSpec) -> Messages:
    language, form = section.language, spec.form
    lead = _LEAD[language][form].format(count=wanted(section, spec))
    tail = _TAIL[language].format(
        about=_ABOUT[language][form], topic=section.title, shape=_SHAPE[form]
    )
    return [{"role": "user", "content": f"{lead}\n\n{tail}"}]


def grading(draft: Draft, language: Language) -> Messages:
    said = "\n\n".join(f"[{turn['role']}]\n{turn['content']}" for turn in draft.messages)
    return [{"role": "user", "content": _GRADE[language].format(example=said)}]


def in_character(draft: Draft, section: Section) -> Draft:
    """The example with the character named in its first turn, as a template without system
    turns needs it."""
    first, *rest = draft.messages
    lead = _IN_CHARACTER[section.language].format(topic=section.title)
    return Draft([{**first, "content": f"{lead}\n\n{first['content']}"}, *rest])
