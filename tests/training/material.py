"""Small datasets in an unmistakable voice, made up on the spot, and specs that learn them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from studio.domain.base import Language
from studio.domain.learning import LoraSpec
from studio.domain.prompts import continuation
from studio.domain.specs import TrainSpec

WHO = ("Old Marrin", "The ferrywoman", "Tam", "The lamplighter", "Sister Aud", "Nobody")
DID = ("counted", "mended", "forgot", "weighed", "sang to", "buried")
WHAT = ("the nets", "the seven bells", "his brother's boat", "the salt", "the last lamp")
WHEN = ("before the tide", "as the fog came", "all that winter", "without a word", "twice")
PLAIN_WHO = ("He", "She", "The man", "The woman", "The old man")
PLAIN_DID = ("went", "looked", "walked", "came back")
PLAIN_WHERE = ("to the door", "to the house", "into the room", "down the road")
ZH_WHO = ("老马林", "摆渡的女人", "阿潭", "点灯人", "没有人")
ZH_DID = ("数着", "修补", "忘记了", "掂量", "埋下")
ZH_WHAT = ("渔网", "七口钟", "哥哥的船", "盐", "最后一盏灯")


def passage(language: Language, dice: random.Random, sentences: int) -> str:
    if language == "zh":
        return "".join(
            f"{dice.choice(ZH_WHO)}{dice.choice(ZH_DID)}{dice.choice(ZH_WHAT)}。"
            for _ in range(sentences)
        )
    return " ".join(
        f"{dice.choice(WHO)} {dice.choice(DID)} {dice.choice(WHAT)} {dice.choice(WHEN)}."
        for _ in range(sentences)
    )


def examples(
    count: int, seed: int, language: Language = "en", sentences: int = 2
) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    found = []
    for number in range(count):
        before, after = (passage(language, dice, sentences) for _ in range(2))
        turns = [*continuation(language, before), {"role": "assistant", "content": after}]
        found.append(
            {
                "id": f"{seed}.{number}",
                "messages": turns,
                "chapter": "One",
                "tokens": 0,
                "characters": len(after),
            }
        )
    return found


def pairs(count: int, seed: int, language: Language = "en") -> list[dict[str, Any]]:
    """Each passage beside plain prose that any model finds likelier."""
    found = examples(count, seed, language)
    for example in found:
        dice = random.Random(example["id"])
        example["rejected"] = " ".join(
            f"{dice.choice(PLAIN_WHO)} {dice.choice(PLAIN_DID)} {dice.choice(PLAIN_WHERE)}."
            for _ in range(4)
        )
    return found


def rated(count: int, seed: int) -> list[dict[str, Any]]:
    """Single texts, the passages wanted and the plain prose not."""
    found = []
    for example in pairs(count, seed):
        rejected = example.pop("rejected")
        *before, last = example["messages"]
        unwanted = {**example, "id": f"{example['id']}.no", "wanted": False}
        found += [example, unwanted | {"messages": [*before, {**last, "content": rejected}]}]
    return found


def raw(
    count: int, seed: int, language: Language = "en", sentences: int = 6
) -> list[dict[str, Any]]:
    """Text as it is, without any request."""
    found = examples(count, seed, language, sentences)
    for example in found:
        example["messages"] = example["messages"][-1:]
    return found


def write_dataset(
    folder: Path,
    train: list[dict[str, Any]] | None = None,
    validation: list[dict[str, Any]] | None = None,
) -> Path:
    """A dataset's folder: 12 passages to learn and 4 held out unless others are given."""
    folder.mkdir(parents=True, exist_ok=True)
    splits = {
        "train": examples(12, seed=1) if train is None else train,
        "validation": examples(4, seed=2) if validation is None else validation,
    }
    for name, found in splits.items():
        lines = (json.dumps(example, ensure_ascii=False) + "\n" for example in found)
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    recipe = {"manuscripts": [{"language": "en", "characters": 4000}]}
    (folder / "recipe.json").write_text(json.dumps(recipe))
    return folder


def small(dataset: str, **changes: Any) -> TrainSpec:
    """A training of eight short steps, with dropout so that random states matter."""
    fields: dict[str, Any] = {
        "name": "Test voice",
        "dataset": dataset,
        "lora": LoraSpec(rank=4, alpha=8, dropout=0.1),
        "learning_rate": 3e-3,
        "batch_size": 2,
        "epochs": 2.0,
        "max_steps": 8,
        "max_length": 256,
        "evaluate_every": 4,
        "save_every": 3,
        "sample_tokens": 6,
        "samples": 1,
    }
    return TrainSpec(**(fields | changes))
