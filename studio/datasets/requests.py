"""Words a request for a passage from what its portrait shows, in one of several ways."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from studio.datasets.example import Messages
from studio.datasets.likeness import copies
from studio.datasets.portrait import Mood, Portrait, View
from studio.domain.base import Language
from studio.domain.recipes import Aspect

_OPENINGS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Write a passage of a story",
        "Write a scene",
        "Write a page of fiction",
        "Write a short piece of narrative prose",
        "Write part of a chapter",
    ),
    "zh": ("写一段小说", "写一个场景", "写一段故事", "写一段叙事文字", "写小说里的一节"),
}
_SPOKEN: dict[Language, tuple[str, ...]] = {
    "en": ("Write a scene that is mostly dialogue", "Write a conversation", "Write a dialogue"),
    "zh": ("写一段以对话为主的场景", "写一场对话", "写一段人物对话"),
}
_VIEWS: dict[Language, dict[View, tuple[str, ...]]] = {
    "en": {
        "first": ("in the first person", "told by an “I”", "from the narrator's own view"),
        "third": ("in the third person", "told from outside", "told in the third person"),
    },
    "zh": {
        "first": ("用第一人称", "以“我”的口吻", "由“我”来讲述"),
        "third": ("用第三人称", "以旁观者的口吻", "以第三人称叙述"),
    },
}
_MOODS: dict[Language, dict[Mood, str]] = {
    "en": {
        "night": "at night", "dawn": "at daybreak", "evening": "in the evening",
        "winter": "in the cold", "rain": "in the rain", "snow": "with snow",
        "fog": "in fog", "storm": "in a storm", "sea": "by the water",
        "fear": "with fear in it", "grief": "with grief in it", "joy": "with joy in it",
        "anger": "with anger in it",
    },
    "zh": {
        "night": "时间在夜晚", "dawn": "时间在清晨", "evening": "时间在黄昏", "winter": "天气寒冷",
        "rain": "有雨", "snow": "有雪", "fog": "有雾", "storm": "风雨大作", "sea": "在水边",
        "fear": "带着恐惧", "grief": "带着悲伤", "joy": "带着欢喜", "anger": "带着愤怒",
    },
}  # fmt: skip
_PRESENT: dict[Language, tuple[str, ...]] = {
    "en": ("{names} should appear in it.", "It has {names} in it.", "Let {names} appear."),
    "zh": ("出场人物：{names}。", "其中要有{names}。", "让{names}出场。"),
}
_LENGTHS: dict[Language, tuple[str, ...]] = {
    "en": ("About {count} words.", "Around {count} words.", "Write about {count} words."),
    "zh": ("大约{count}字。", "约{count}字。", "篇幅{count}字左右。"),
}
_SOME_SPEECH: dict[Language, str] = {"en": "with some dialogue", "zh": "带一些对话"}

_TASK: dict[Language, str] = {
    "en": (
        "Below is a passage from a novel. Write the request that an editor could have sent to "
        "its author before it existed: one to three sentences that ask for such a passage and "
        "say {aspects}. Do not quote the passage and do not mention that it exists. Answer with "
        "the request alone.\n\n{passage}"
    ),
    "zh": (
        "下面是小说中的一段。请写出编辑在这段文字写成之前可能发给作者的写作要求：用一到三句话要求"
        "写这样一段文字，并说明{aspects}。不要引用原文，不要提到原文已经存在。只回答这条要求。"
        "\n\n{passage}"
    ),
}
_ASPECTS: dict[Language, dict[Aspect, str]] = {
    "en": {
        "mood": "its mood and setting",
        "view": "its point of view",
        "present": "who is in it",
        "length": "about how long it is ({length} words)",
    },
    "zh": {
        "mood": "气氛和场景",
        "view": "叙述视角",
        "present": "出场人物",
        "length": "大致篇幅（{length}字）",
    },
}
LONGEST = 800
"""Characters of a request."""
COPIED: dict[Language, int] = {"en": 28, "zh": 12}
"""Letters in a row that stand in the passage too, from which a request gives it away."""
_LABEL = re.compile(r"^(?:the )?(?:request|instruction|prompt|写作要求|要求|指令)\s*[:：]\s*", re.I)


def worded(seen: Portrait, aspects: Sequence[Aspect], text: str) -> str:
    """A request by templates. The same passage is always asked for in the same words."""
    choice = _Choice(text)
    english = seen.language == "en"
    opening = choice.of((_SPOKEN if seen.speech == "much" else _OPENINGS)[seen.language])
    manner = _manner(seen, aspects, choice)
    first = f"{opening} {', '.join(manner)}." if english else f"{'，'.join([opening, *manner])}。"
    sentences = [first.replace(" .", "."), *_demands(seen, aspects, choice)]
    return (" " if english else "").join(sentences)


def _manner(seen: Portrait, aspects: Sequence[Aspect], choice: _Choice) -> list[str]:
    language = seen.language
    parts = []
    if "view" in aspects and seen.view:
        parts.append(choice.of(_VIEWS[language][seen.view]))
    if "mood" in aspects:
        parts += [_MOODS[language][mood] for mood in seen.moods]
        parts += [_SOME_SPEECH[language]] if seen.speech == "some" else []
    return parts


def _demands(seen: Portrait, aspects: Sequence[Aspect], choice: _Choice) -> list[str]:
    parts = []
    if "present" in aspects and seen.present:
        names = _listed(seen.present, seen.language)
        parts.append(choice.of(_PRESENT[seen.language]).format(names=names))
    if "length" in aspects:
        parts.append(choice.of(_LENGTHS[seen.language]).format(count=seen.length))
    return parts


def asked_for(seen: Portrait, aspects: Sequence[Aspect], text: str) -> Messages:
    """What a writer is asked, so that it words the request."""
    said = [_ASPECTS[seen.language][aspect].format(length=seen.length) for aspect in aspects]
    wanted = _listed(said, seen.language) or _ASPECTS[seen.language]["mood"]
    content = _TASK[seen.language].format(aspects=wanted, passage=text)
    return [{"role": "user", "content": content}]


def usable(answer: str, text: str, language: Language) -> str | None:
    """The request in a writer's answer; None where there is none, or it gives the passage away."""
    first = answer.strip().strip("`").strip().split("\n\n")[0]
    request = _LABEL.sub("", first).strip().strip('"“”「」').strip()
    if not 8 <= len(request) <= LONGEST or copies(answer, text, COPIED[language]):
        return None
    return request


def _listed(names: Sequence[str], language: Language) -> str:
    if language == "zh":
        return "、".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


class _Choice:
    """Picks wordings by a text's own hash: varied, and always the same."""

    def __init__(self, text: str) -> None:
        self._left = int.from_bytes(hashlib.sha256(text.encode()).digest())

    def of(self, wordings: Sequence[str]) -> str:
        self._left, which = divmod(self._left, len(wordings))
        return wordings[which]
