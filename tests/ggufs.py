"""Converted models and voices for tests, each made for real and once in a run."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from studio.conversion import engine
from studio.domain.base import Language, Model
from studio.domain.prompts import continuation
from studio.domain.specs import ConvertSpec
from studio.settings import settings
from tests.workroom import LocalRoom

PASSAGES: list[tuple[Language, str, str]] = [
    (
        "en",
        "The ferry had not come for three days.",
        "“It will come,” said the clerk, and lit the lamp.",
    ),
    (
        "en",
        "Nobody in the harbour spoke of it.",
        "The water rose to the second step; then it stood still.",
    ),
    ("zh", "渡口的灯一夜没有灭。", "老船工说：“今天的潮水比往年都高。”他把缆绳又系紧了一圈。"),
    ("zh", "城里的人都睡了。", "只有更夫还在走，一步一步，像数着谁的日子。"),
]


class Shelf:
    """Artifact ids of GGUF files made from the starter model, made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room = LocalRoom(folder / "room")

    @cache  # noqa: B019 - lives as long as the test run
    def base(self, quantisation: str = "F16", model: Model | None = None) -> str:
        spec = ConvertSpec(
            name=quantisation,
            converter="base-gguf",
            model=model or Model(),
            quantisation=quantisation,
        )
        return str(engine.run(spec, self.room)["gguf"])

    @cache  # noqa: B019
    def adapter(self, model: Model | None = None, **options: Any) -> str:
        folder = self.folder / f"adapter-{len(list(self.folder.iterdir()))}"
        make_adapter(folder, model_folder(model), **options)
        return self.room.put(folder)

    @cache  # noqa: B019
    def voice(self, quantisation: str = "F32", model: Model | None = None, **options: Any) -> str:
        return self.convert_adapter(self.adapter(model, **options), quantisation, model)

    def convert_adapter(
        self, adapter: str, quantisation: str = "F32", model: Model | None = None
    ) -> str:
        spec = ConvertSpec(
            name="voice",
            converter="adapter-gguf",
            model=model or Model(),
            adapter=adapter,
            quantisation=quantisation,
        )
        return str(engine.run(spec, self.room)["gguf"])

    def gguf(self, artifact: str) -> Path:
        return next(self.room.fetch(artifact).glob("*.gguf"))

    @cache  # noqa: B019
    def other_model(self, architecture: str = "llama", hidden: int = 256) -> Model:
        """An untrained model of another kind or size with the starter's tokenizer."""
        folder = self.folder / f"{architecture}-{hidden}"
        make_model(folder, architecture, hidden)
        return Model(source="local", name=str(folder))

    @cache  # noqa: B019
    def dataset(self) -> str:
        told = [
            [*continuation(language, before), answer(after)] for language, before, after in PASSAGES
        ]
        return self.room.put(held_out(self.folder / "dataset", *told))


def held_out(folder: Path, *conversations: list[dict[str, str]]) -> Path:
    """A dataset of which only the held-out conversations are there."""
    folder.mkdir(exist_ok=True)
    examples = (
        {"id": str(n), "messages": turns, "chapter": "One", "tokens": 0, "characters": 0}
        for n, turns in enumerate(conversations)
    )
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in examples)
    (folder / "validation.jsonl").write_text(text, "utf-8")
    return folder


@lru_cache(maxsize=1)
def shelf_in(folder: Path) -> Shelf:
    folder.mkdir()
    return Shelf(folder)


def answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def model_folder(model: Model | None) -> Path:
    return Path(model.name) if model and model.source == "local" else settings().starter


def make_model(folder: Path, architecture: str, hidden: int, layers: int = 2) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(settings().starter)
    torch.manual_seed(5)
    config = AutoConfig.for_model(
        architecture,
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_adapter(folder: Path, model: Path, std: float = 0.05, **options: Any) -> None:
    """A LoRA adapter whose every module changes what the model says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    for name, value in options.items():
        if isinstance(value, tuple):
            options[name] = dict(value)
    options = {"r": 8, "lora_alpha": 16, "target_modules": "all-linear"} | options
    whole = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    adapted = get_peft_model(whole, LoraConfig(task_type="CAUSAL_LM", **options))
    for name, weights in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=std)
    adapted.save_pretrained(folder)
