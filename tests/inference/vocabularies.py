"""Small tokenizers of each kind, for transformers and as a vocabulary of llama.cpp."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

from studio.inference.gguf import Head
from studio.inference.runtime import Runtime, library
from studio.models.source import load_tokenizer
from studio.settings import settings

LETTERS = sorted(set("abcdefghijklmnopqrstuvwxyzTWN<>|_/[].,”“—1234567890?!' 水他说") - {" "})
PIECES = (
    "th", "the", "▁t", "▁the", "in", "▁in", "er", "▁w", "▁wa", "wat", "water", "▁water", "im",
    "end", "▁end", "thin", "think", "▁think", "<t", "<th", "▁<", "st", "art", "start", "▁▁", "▁a",
)  # fmt: skip
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


class Kind(NamedTuple):
    tokenizer: Any
    runtime: Runtime | None


class Vocabulary(Runtime):
    """A vocabulary without a model: it cuts text, and computes nothing."""

    def __init__(self, path: Path) -> None:
        self._lib = library()
        self._context = None
        self._adapters = {}
        params = self._lib.llama_model_default_params()
        params.vocab_only = True
        self._model = self._lib.llama_model_load_from_file(str(path).encode(), params)
        assert self._model
        self._vocab = self._lib.llama_model_get_vocab(self._model)
        self.head = Head(path, {}, (), 0)


def byte_level(folder: Path) -> Kind:
    """Byte-level BPE, as of Qwen and Llama 3: the starter's, with marks that are not special."""
    tokenizer = load_tokenizer(settings().starter)
    tokenizer.add_tokens(["<think>", "</think>"])
    tokenizer.add_tokens(["<|eot_id|>"], special_tokens=True)
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    added = tokenizer.added_tokens_decoder
    names = [tokenizer.convert_ids_to_tokens(i) for i in range(len(tokenizer))]
    types = [
        NORMAL if i not in added else CONTROL if added[i].special else USER_DEFINED
        for i in range(len(names))
    ]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    facts = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"}
    facts |= {"tokenizer.ggml.add_bos_token": False}
    return Kind(tokenizer, _written(folder, facts, names, types, merges=merges))


def sentencepiece(folder: Path, *, dummy_prefix: bool) -> Kind:
    """BPE over whole texts, as of Mistral (a space before each text) and Gemma (none)."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256]
    pieces = ["▁", *LETTERS, *PIECES]
    merges = []
    for piece in PIECES:
        known = set(pieces[: pieces.index(piece)])
        splits = [(piece[:n], piece[n:]) for n in range(1, len(piece))]
        merges += [pair for pair in splits if {*pair} <= known]
    names += pieces
    types += [NORMAL] * len(pieces)
    vocabulary = {name: i for i, name in enumerate(names)}
    backend = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    steps = [normalizers.Prepend("▁")] if dummy_prefix else []
    backend.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback()])
    special = ["<unk>", "<s>", "</s>", "<|im_end|>"]
    backend.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in special])
    backend.add_tokens([AddedToken(t, normalized=False) for t in ("<think>", "</think>")])
    names += ["<|im_end|>", "<think>", "</think>"]
    types += [CONTROL, USER_DEFINED, USER_DEFINED]
    facts = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.add_space_prefix": dummy_prefix,
        "tokenizer.ggml.add_bos_token": False,
    }
    scores = [float(-i) for i in range(len(names))]
    return Kind(_fast(backend), _written(folder, facts, names, types, scores=scores))


def unigram(_folder: Path) -> Kind:
    """The likeliest way to cut a text, with a space before each text. No model that can be taught
    here has such a tokenizer, and llama.cpp knows it of T5 alone."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    pieces = ["▁", "\n", *LETTERS, *PIECES]
    scores = [-9.0 + len(piece) / 2 - n / 999 for n, piece in enumerate(pieces)]
    special = ["<unk>", "<s>", "</s>"]
    known = [*((name, 0.0) for name in special), *zip(pieces, scores, strict=True)]
    backend = Tokenizer(models.Unigram(known, unk_id=0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    backend.decoder = decoders.Metaspace(prepend_scheme="always", split=False)
    marks = [AddedToken(t, normalized=False, special=True) for t in (*special, "<|im_end|>")]
    backend.add_special_tokens(marks)
    backend.add_tokens([AddedToken(t, normalized=False) for t in ("<think>", "</think>")])
    return Kind(_fast(backend), None)


def _fast(backend: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def _written(
    folder: Path,
    facts: dict[str, Any],
    names: list[str],
    types: list[int],
    scores: list[float] | None = None,
    merges: list[str] | None = None,
) -> Runtime:
    """A GGUF file with a vocabulary and nothing else."""
    known = {"general.architecture": "llama", **facts}
    known |= {"tokenizer.ggml.tokens": names, "tokenizer.ggml.token_type": types}
    known |= {"tokenizer.ggml.scores": scores} if scores else {}
    known |= {"tokenizer.ggml.merges": merges} if merges else {}
    known |= {"tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.bos_token_id": 1}
    body = b"".join(_text(key) + _value(value) for key, value in known.items())
    path = folder / "vocabulary.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(known)) + body)
    return Vocabulary(path)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: Any) -> bytes:
    """A value behind the number of its type."""
    kinds = {bool: (7, "?"), int: (5, "i"), float: (6, "f")}
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if isinstance(value, list):
        number = 8 if isinstance(value[0], str) else kinds[type(value[0])][0]
        items = b"".join(_value(item)[4:] for item in value)  # small numbers, signed or not
        return struct.pack("<IIQ", 9, number, len(value)) + items
    number, form = (4, "I") if type(value) is int else kinds[type(value)]
    return struct.pack(f"<I{form}", number, value)
