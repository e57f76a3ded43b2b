"""Runs one converter script, or the quantiser, in a process of its own.

Started by path as ``python -I launch.py convert TOOLKIT SCRIPT ARGUMENTS…`` or
``… quantise SOURCE TARGET FTYPE THREADS``; imports nothing of the studio. Its standard input
is a pipe that the parent holds open: when the parent is gone, by whatever signal, so is this.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
from pathlib import Path
from typing import Any

PRE_TOKENIZERS = (
    # How the Split patterns of tokenizer.json are told apart, and llama.cpp's name for each:
    # llama-bpe takes digits in threes, qwen2 one by one, gpt-2 in any number.
    (r"\p{N}{1,3}", "llama-bpe"),
    (r"|\p{N}|", "qwen2"),
    (r"| ?\p{N}+", "gpt-2"),
)
GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def _steps(pre_tokenizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if not pre_tokenizer:
        return []
    return list(pre_tokenizer.get("pretokenizers", [pre_tokenizer]))


def pre_tokenizer_of(tokenizer: dict[str, Any]) -> str | None:
    """llama.cpp's name for how a tokenizer.json splits text, or None where it has none."""
    steps = _steps(tokenizer.get("pre_tokenizer"))
    patterns = [s["pattern"].get("Regex", "") for s in steps if s["type"] == "Split"]
    if not patterns and any(s["type"] == "ByteLevel" and s.get("use_regex", True) for s in steps):
        patterns = [GPT2_PATTERN]
    if len(patterns) != 1:
        return None
    return next((name for mark, name in PRE_TOKENIZERS if mark in patterns[0]), None)


def _install_shim() -> None:
    """Let llama.cpp's converter know tokenizers by their pattern where it has no fingerprint."""
    from conversion.base import TextModel  # type: ignore[import-not-found]

    known = TextModel.get_vocab_base_pre

    def get_vocab_base_pre(self: Any, tokenizer: Any) -> str:
        try:
            return str(known(self, tokenizer))
        except NotImplementedError:
            content = json.loads((Path(self.dir_model) / "tokenizer.json").read_text("utf-8"))
            if name := pre_tokenizer_of(content):
                return name
            raise

    TextModel.get_vocab_base_pre = get_vocab_base_pre
    pieces = TextModel._create_vocab_sentencepiece

    def create_vocab_sentencepiece(self: Any) -> Any:
        # The script imports sentencepiece before it looks whether the model has such a vocabulary.
        if not (path := Path(self.dir_model) / "tokenizer.model").is_file():
            raise FileNotFoundError(path)
        return pieces(self)

    TextModel._create_vocab_sentencepiece = create_vocab_sentencepiece


def _convert(toolkit: str, script: str, *arguments: str) -> None:
    sys.path[:0] = [toolkit, str(Path(toolkit) / "gguf-py")]
    _install_shim()
    path = str(Path(toolkit) / script)
    sys.argv = [path, *arguments]
    runpy.run_path(path, run_name="__main__")


def _quantise(source: str, target: str, ftype: str, threads: str) -> None:
    import llama_cpp

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = int(ftype)
    params.nthread = int(threads)
    if code := llama_cpp.llama_model_quantize(source.encode(), target.encode(), params):
        sys.exit(f"llama_model_quantize returned {code}")


def _die_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def main(mode: str, *arguments: str) -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if mode == "convert":
        _convert(*arguments)
    else:
        _quantise(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
