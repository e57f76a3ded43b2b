"""Reads examples and grades out of what a model answered, however it wrapped them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from studio.datasets.example import Draft, Messages

ASKED = ("instruction", "prompt", "request", "question", "input", "user", "要求", "问题", "指令")
ANSWERED = ("response", "answer", "output", "completion", "reply", "text", "assistant", "回答")
TURNS = ("messages", "turns", "conversation", "conversations", "dialogue", "对话")
ROLES = {
    "user": "user", "human": "user", "reader": "user", "读者": "user", "用户": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant",
    "storyteller": "assistant", "讲故事的人": "assistant", "助手": "assistant",
}  # fmt: skip
MOST_OBJECTS = 64
_GRADE = re.compile(r"(?<![\d.])([1-5])(?:\.0)?(?![\d.]*\d)")
_THOUGHTS = re.compile(
    # Some models are asked within a block that they only close.
    r"\s*(?:<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)"
    r"|(?:(?!<(?:think|thinking|thought|reasoning)>).)*?</(?:think|thinking|thought|reasoning)>)",
    re.I | re.S,
)
_LABELLED = re.compile(
    r"(?:^|\n)\W*(?:instruction|prompt|request|写作要求|要求)\W*?[:：]\s*(?P<asked>.+?)"
    r"\n\W*(?:response|answer|output|回答|正文)\W*?[:：]\s*(?P<answered>.+?)"
    r"(?=\n\W*(?:instruction|prompt|request|写作要求|要求|example|例)\W*?\d*\W*?[:：]|\Z)",
    re.I | re.S,
)


def without_thoughts(answer: str) -> str:
    """An answer without what its model thought before it; empty where it was still thinking when
    it was cut off."""
    found = _THOUGHTS.match(answer)
    return (answer[found.end() :] if found else answer).strip()


def drafts_of(answer: str) -> list[Draft]:
    """The examples of an answer, whole ones only: of JSON anywhere in it, else of labelled
    lines. A last one that was cut off is not among them."""
    found = [d for value in _objects(answer) for d in _examples(value)]
    return found or [
        Draft(_pair(match["asked"].strip(), match["answered"].strip()))
        for match in _LABELLED.finditer(answer)
    ]


def grade_of(answer: str) -> int | None:
    """The first grade from 1 to 5 in an answer; None where there is none."""
    match = _GRADE.search(answer.replace("/5", "").replace("1-5", "").replace("1 to 5", ""))
    return int(match[1]) if match else None


def _objects(answer: str) -> Iterator[Any]:
    """JSON values in a text, each read as far as it is whole."""
    reader = json.JSONDecoder(strict=False)
    place = 0
    for _each in range(MOST_OBJECTS):
        start = min((p for c in "[{" if (p := answer.find(c, place)) >= 0), default=-1)
        if start < 0:
            return
        try:
            value, place = reader.raw_decode(answer, start)
        except (ValueError, RecursionError):
            place = start + 1
        else:
            yield value


def _examples(value: Any) -> Iterator[Draft]:
    if isinstance(value, list):
        if turns := _turns(value):
            yield Draft(turns)
            return
        for each in value:
            yield from _examples(each)
    elif isinstance(value, dict):
        yield from _of_object(value)


def _of_object(value: dict[str, Any]) -> Iterator[Draft]:
    lower = {str(name).strip().lower(): part for name, part in value.items()}
    for name in TURNS:
        if turns := _turns(lower.get(name)):
            yield Draft(turns)
            return
    asked, answered = _first(lower, ASKED), _first(lower, ANSWERED)
    if asked and answered:
        yield Draft(_pair(asked, answered))
        return
    for part in value.values():
        if isinstance(part, list):
            yield from _examples(part)


def _turns(value: Any) -> Messages:
    """A conversation that alternates and ends with the assistant; empty where it is none."""
    if not isinstance(value, list) or not all(isinstance(turn, dict) for turn in value):
        return []
    turns: Messages = []
    for turn in value:
        role = ROLES.get(str(turn.get("role") or turn.get("from")).strip().lower())
        text = turn.get("content") or turn.get("value") or turn.get("text")
        if role is None or not isinstance(text, str) or not text.strip():
            return []
        turns.append({"role": role, "content": text.strip()})
    while turns and turns[-1]["role"] != "assistant":
        turns.pop()
    in_turn = all(t["role"] == ("user", "assistant")[i % 2] for i, t in enumerate(turns))
    return turns if in_turn else []


def _first(value: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        if isinstance(text := value.get(name), str) and text.strip():
            return text.strip()
    return ""


def _pair(asked: str, answered: str) -> Messages:
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
