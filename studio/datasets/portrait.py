"""What can be said of a passage by plain signs: its view, length, speech, hour and weather."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from studio.datasets.cast import present
from studio.domain.base import Language
from studio.text.statistics import characters, words

View = Literal["first", "third"]
Mood = Literal[
    "night", "dawn", "evening", "winter", "rain", "snow", "fog", "storm", "sea",
    "fear", "grief", "joy", "anger",
]  # fmt: skip
SIGNS: dict[Language, dict[Mood, str]] = {
    "en": {
        "night": r"\b(?:night|midnight|moonlight|starlight)\b",
        "dawn": r"\b(?:dawn|daybreak|sunrise|early morning)\b",
        "evening": r"\b(?:evening|dusk|twilight|sunset)\b",
        "winter": r"\b(?:winter|frost|frozen|icicles?)\b",
        "rain": r"\b(?:rain|rained|raining|drizzle|downpour)\b",
        "snow": r"\b(?:snow|snowed|snowing|snowflakes?)\b",
        "fog": r"\b(?:fog|foggy|mist|misty)\b",
        "storm": r"\b(?:storm|thunder|lightning|gale|tempest)\b",
        "sea": r"\b(?:tide|waves|harbour|shore|quay)\b",
        "fear": r"\b(?:afraid|fear|feared|terror|frightened|horror|dread)\b",
        "grief": r"\b(?:grief|wept|weeping|tears|sorrow|mourning|sobbed)\b",
        "joy": r"\b(?:laughed|laughing|joy|delight|merry|merrily|happiness)\b",
        "anger": r"\b(?:angry|anger|rage|furious|fury|angrily)\b",
    },
    "zh": {
        "night": "夜里|半夜|深夜|月光|夜色|星星",
        "dawn": "清晨|黎明|天亮|破晓|早晨",
        "evening": "黄昏|傍晚|夕阳|日落|暮色",
        "winter": "冬天|冬日|严寒|结冰|霜",
        "rain": "下[着了起]?雨|雨水|细雨|大雨|雨声|雨点",
        "snow": "下[着了起]?雪|大雪|雪花|雪地|初雪|第一场雪",
        "fog": "[大起]雾|雾气|薄雾|雾里",
        "storm": "暴风|雷声|闪电|狂风|风暴",
        "sea": "海边|潮水|波浪|码头|湖面|江水|水面",
        "fear": "害怕|恐惧|惊恐|吓|战栗",
        "grief": "哭|眼泪|流泪|悲|伤心",
        "joy": "大笑|高兴|欢喜|快活|喜悦",
        "anger": "生气|发怒|愤怒|怒气|恼",
    },
}
_SPEECH = re.compile(r"“[^”]*”?|「[^」]*」?|『[^』]*』?|\"[^\"]*\"?")
_FIRST: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\b(?:I|me|my|mine|myself|we|us|our)\b"),
    "zh": re.compile("[我咱]"),
}
_THIRD: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\b(?:he|she|they|him|her|them|his|their)\b", re.IGNORECASE),
    "zh": re.compile("[他她]"),
}
TALK, SOME_TALK = 0.5, 0.15
"""Shares of the characters between quotation marks."""
MOST_MOODS = 2


class Portrait(NamedTuple):
    """Only what the passage shows; where it shows nothing, None or empty."""

    language: Language
    length: int
    """Words in English, characters in Chinese; rounded as a person would."""
    view: View | None
    present: tuple[str, ...]
    speech: Literal["none", "some", "much"]
    moods: tuple[Mood, ...]


def portrait(text: str, language: Language, cast: Sequence[str] = ()) -> Portrait:
    """A passage seen from outside. ``cast`` are the people of the whole manuscript."""
    told = _SPEECH.sub(" ", text)
    share = 1 - len(told) / len(text) if text else 0.0
    return Portrait(
        language=language,
        length=_rounded(characters(text) if language == "zh" else words(text)),
        view=_view(told, language),
        present=present(cast, text),
        speech="much" if share >= TALK else "some" if share >= SOME_TALK else "none",
        moods=_moods(text, language),
    )


def _view(told: str, language: Language) -> View | None:
    first = len(_FIRST[language].findall(told))
    third = len(_THIRD[language].findall(told))
    if first >= 2 or (first and not third):
        return "first"
    return "third" if third and not first else None


def _moods(text: str, language: Language) -> tuple[Mood, ...]:
    """Those with most signs, in a fixed order where they have as many."""
    signs = {m: len(re.findall(p, text, re.I)) for m, p in SIGNS[language].items()}
    found = sorted((m for m in signs if signs[m]), key=lambda m: -signs[m])
    return tuple(found[:MOST_MOODS])


def _rounded(count: int) -> int:
    step = 10 if count < 200 else 50
    return max(step, round(count / step) * step)
