"""Small models with random weights of every family in the catalogue, built as the real ones are:
two layers, the family's way of cutting text, its special tokens and its chat template."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from studio.models.catalogue import Entry
from studio.settings import settings
from tests.datasets.templates import FAMILIES, OF_MODEL, dressed

_ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_CASED = rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+@|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*@"
_SLASH = _REST.replace(r"[\r\n]*", r"[\r\n/]*")
PATTERNS = {
    "digits-alone": rf"{_ENDINGS}|{_WORD}|\p{{N}}|{_REST}",
    "digits-in-threes": rf"{_ENDINGS}|{_WORD}|\p{{N}}{{1,3}}|{_REST}",
    "capitals": rf"{_CASED.replace('@', '')}|\p{{N}}|{_SLASH}",
    "capitals-in-threes": rf"{_CASED.replace('@', _ENDINGS + '?')}|\p{{N}}{{1,3}}|{_SLASH}",
}
"""How text is split before byte-level BPE, told by what sets them apart."""
Cutting = Literal[
    "digits-alone", "digits-in-threes", "capitals", "capitals-in-threes", "pieces", "bare-pieces"
]
"""Or, without splitting first, in sentencepiece's pieces, with a space before each text or none."""


@dataclass(frozen=True)
class Kind:
    """``model_type`` and ``config`` as transformers takes them, ``tokenizer_class`` as published;
    ``template`` is whose chat template it has, where that is not its own."""

    model_type: str
    cutting: Cutting
    tokenizer_class: str = "PreTrainedTokenizerFast"
    config: dict[str, Any] = field(default_factory=dict)
    template: str = ""


_LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 128,
}
_LONG_ROPE = {
    "rope_type": "longrope",
    "rope_theta": 10000.0,
    "long_factor": [1.0 + n / 4 for n in range(8)],
    "short_factor": [1.0 + n / 16 for n in range(8)],
}
_LONG = {"rope_parameters": _LONG_ROPE, "original_max_position_embeddings": 512}
_HEADS = {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 48}
KINDS: dict[str, Kind] = {
    "qwen2.5": Kind("qwen2", "digits-alone", "Qwen2Tokenizer"),
    "qwen3": Kind("qwen3", "digits-alone", "Qwen2Tokenizer", {"head_dim": 32}),
    "deepseek-r1": Kind("qwen2", "digits-alone"),
    "llama3": Kind("llama", "digits-in-threes", config={"rope_parameters": _LLAMA3_ROPE}),
    "mistral-v0.3": Kind("mistral", "pieces", "LlamaTokenizer", {"sliding_window": None}),
    "mistral-nemo": Kind("mistral", "capitals", config={"head_dim": 32, "sliding_window": None}),
    "mistral-small": Kind("mistral", "capitals", config={"head_dim": 32, "sliding_window": None}),
    "gemma2": Kind("gemma2", "bare-pieces", "GemmaTokenizer", _HEADS),
    "gemma3": Kind("gemma3_text", "bare-pieces", "GemmaTokenizer", _HEADS),
    "phi3.5": Kind("phi3", "pieces", "LlamaTokenizer", _LONG),
    "phi4-mini": Kind("phi3", "capitals-in-threes", "GPT2Tokenizer", _LONG),
    "phi4": Kind("phi3", "digits-in-threes", "GPT2Tokenizer"),
    "yi1.5": Kind("llama", "pieces", "LlamaTokenizer"),
    "glm4-0414": Kind("glm4", "digits-in-threes", config={"head_dim": 16}),
}

OTHERS: dict[str, Kind] = {
    "gemma": Kind("gemma", "bare-pieces", "GemmaTokenizer", {"head_dim": 16}, "gemma2"),
    "phi": Kind("phi", "digits-in-threes", template="qwen2.5"),
    "glm": Kind("glm", "digits-in-threes", config={"head_dim": 16}, template="glm4-0414"),
}
"""Families that can be taught and of which the catalogue has no model."""


def family_name(entry: Entry) -> str:
    """The family of a model of the catalogue, as in ``KINDS``."""
    (name,) = {name for begin, name in OF_MODEL.items() if entry.id.startswith(begin)}
    return name


def make(folder: Path, name: str, **config: Any) -> Path:
    """A model of the family in ``folder``, a whole one as the studio takes it."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    kind = (KINDS | OTHERS)[name]
    family = FAMILIES[kind.template or name]
    plain = _pieces(kind.cutting, folder) if "pieces" in kind.cutting else _bytes(kind.cutting)
    tokenizer = dressed(plain, family)
    torch.manual_seed(11)
    numbers = {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "initializer_range": 0.2,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id if family.bos else None,
        "pad_token_id": None,
    }
    told = AutoConfig.for_model(kind.model_type, **numbers | kind.config | config)
    AutoModelForCausalLM.from_config(told, dtype=torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _as_published(folder / "tokenizer_config.json", tokenizer, kind.tokenizer_class)
    return folder


def _as_published(path: Path, tokenizer: Any, name: str) -> None:
    content = json.loads(path.read_text("utf-8")) | {"tokenizer_class": name, "legacy": True}
    content["added_tokens_decoder"] = {
        str(at): {
            "content": token.content,
            "special": token.special,
            "normalized": False,
            "lstrip": token.lstrip,
            "rstrip": token.rstrip,
        }
        for at, token in tokenizer.added_tokens_decoder.items()
    }
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")


def _bytes(cutting: str) -> Any:
    """The starter's tokens, with text split as this family does."""
    from tokenizers import Regex, Tokenizer, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer.from_file(str(settings().starter / "tokenizer.json"))
    split = pre_tokenizers.Split(Regex(PATTERNS[cutting]), "isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>")


def _pieces(cutting: str, folder: Path) -> Any:
    """Pieces that are learned from the sample stories, with their own file beside the rest."""
    from tokenizers import normalizers
    from transformers import GemmaTokenizer, LlamaTokenizer, PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(_sentencepiece(cutting))
    if cutting == "bare-pieces":
        return GemmaTokenizer.from_pretrained(str(folder))
    backend = LlamaTokenizer.from_pretrained(str(folder)).backend_tokenizer
    spaces = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    backend.normalizer, backend.pre_tokenizer = normalizers.Sequence(spaces), None
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


@cache
def _sentencepiece(cutting: str) -> bytes:
    import sentencepiece

    gemma = cutting == "bare-pieces"
    names = {"pad_id": 0, "eos_id": 1, "bos_id": 2, "unk_id": 3} if gemma else {"pad_id": -1}
    pieces = {"bos_piece": "<bos>", "eos_piece": "<eos>"} if gemma else {}
    stories = [path.read_text("utf-8") for path in sorted(settings().samples.glob("*.txt"))]
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for text in stories for line in text.splitlines() if line),
        model_writer=made,
        vocab_size=3000,
        model_type="bpe",
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        add_dummy_prefix=not gemma,
        minloglevel=2,
        **names,
        **pieces,
    )
    return made.getvalue()
