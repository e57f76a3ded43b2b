"""Proves that llama.cpp cuts text into the same tokens as the tokenizer used in training."""

from __future__ import annotations

from pathlib import Path

from studio.errors import StudioError
from studio.inference.runtime import Runtime
from studio.language import _
from studio.models.source import load_tokenizer

PROBE = (
    "“I couldn't,” she'd said — 12 or 1,234 times!  Don't  ask…\n\n\tThe café's naïve coöperation"
    " (in 1889) cost £3.50; they'll, WE'VE, it's.\r\n   \n"
    "第一回　林黛玉見到賈寶玉，笑道：“今日是２０２４年，天氣很好！”\n\n老殘遊記——一千零一夜。"
    "Mixed 中英文text夹在一起123个。🦊 x²+y³ \t end "
)


def check_tokens(gguf: Path, model: Path) -> None:
    """Compare the ids of a text in two languages and of every special token.

    Raises:
        StudioError: llama.cpp cannot open the file, or the ids differ.
    """
    runtime = Runtime(gguf, context=256)
    try:
        if text := unlike(runtime, model):
            raise _differ(gguf, text)
    finally:
        runtime.close()


def unlike(runtime: Runtime, model: Path) -> str | None:
    """The first of some texts that llama.cpp cuts into other tokens than the model's tokenizer."""
    tokenizer = load_tokenizer(model)
    for text in (PROBE, *(f"a{mark}b" for mark in tokenizer.all_special_tokens)):
        ours = runtime.tokenise(text, special=True)
        if ours != tokenizer(text, add_special_tokens=False)["input_ids"]:
            return text
    return None


def _differ(gguf: Path, text: str) -> StudioError:
    return StudioError(
        _("The converted model {name} would misread your text.").format(name=gguf.name),
        _("llama.cpp cuts “{text}” into other tokens than the model was trained on.").format(
            text=text[:40]
        ),
        _("Choose another model; this one's tokenizer is not one that llama.cpp knows."),
    )
