"""The templates that tests use write what the real ones do, for each model of the catalogue."""

from __future__ import annotations

import pytest

from studio.models import templates
from studio.models.catalogue import catalogue
from tests.datasets.templates import FAMILIES, family_of

TURNS = [
    {"role": "user", "content": "Q1"},
    {"role": "assistant", "content": "A1"},
    {"role": "user", "content": "Q2"},
]
WRITTEN = {
    "qwen2.5": "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful "
    "assistant.<|im_end|>\n<|im_start|>user\nQ1<|im_end|>\n<|im_start|>assistant\nA1<|im_end|>\n"
    "<|im_start|>user\nQ2<|im_end|>\n<|im_start|>assistant\n",
    "qwen3": "<|im_start|>user\nQ1<|im_end|>\n<|im_start|>assistant\nA1<|im_end|>\n"
    "<|im_start|>user\nQ2<|im_end|>\n<|im_start|>assistant\n",
    "mistral-v0.3": "<s>[INST] Q1[/INST] A1</s>[INST] Q2[/INST]",
    "mistral-nemo": "<s>[INST]Q1[/INST]A1</s>[INST]Q2[/INST]",
    "gemma2": "<bos><start_of_turn>user\nQ1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n"
    "<start_of_turn>user\nQ2<end_of_turn>\n<start_of_turn>model\n",
    "phi3.5": "<|user|>\nQ1<|end|>\n<|assistant|>\nA1<|end|>\n<|user|>\nQ2<|end|>\n<|assistant|>\n",
    "phi4-mini": "<|user|>Q1<|end|><|assistant|>A1<|end|><|user|>Q2<|end|><|assistant|>",
    "phi4": "<|im_start|>user<|im_sep|>Q1<|im_end|><|im_start|>assistant<|im_sep|>A1<|im_end|>"
    "<|im_start|>user<|im_sep|>Q2<|im_end|><|im_start|>assistant<|im_sep|>",
    "yi1.5": "<|im_start|>user\nQ1<|im_end|>\n<|im_start|>assistant\nA1<|im_end|>\n"
    "<|im_start|>user\nQ2<|im_end|>\n<|im_start|>assistant\n",
}


def test_each_model_of_the_catalogue_has_a_family() -> None:
    assert all(family_of(entry.id) for entry in catalogue())


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_family_writes(name: str) -> None:
    family = FAMILIES[name]
    marks = {"eos_token": family.eos, "bos_token": family.bos or ""}
    assert templates.render(family.source, TURNS, marks, asking=True).text == WRITTEN[name]
