"""What llama.cpp's converter does not know of a model, told to it; imports nothing of the studio.

The converter writes some of a config's numbers for some families only, and takes others for
granted. llama.cpp itself reads all of them, so they are written for every family.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

PRE_TOKENIZERS = (
    # How the Split patterns of tokenizer.json are told apart, and llama.cpp's name for each:
    # those that tell capitals from other letters first, then digits in threes, one by one, in
    # any number.
    ((r"\p{Lu}", r"\p{N}{1,3}"), "gpt-4o"),
    ((r"\p{Lu}", r"|\p{N}|"), "tekken"),
    ((r"\p{N}{1,3}",), "llama-bpe"),
    ((r"|\p{N}|",), "qwen2"),
    ((r"| ?\p{N}+",), "gpt-2"),
)
GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
WINDOWED = ("gemma2", "gemma3")
"""llama.cpp's names of the families whose sliding windows it computes; it gives every other one
full attention, which is the same as long as nothing longer than the window is read."""

GELU = ("gelu", "gelu_new", "gelu_pytorch_tanh")
ACTIVATIONS = {"gemma": GELU, "gemma2": GELU, "gemma3": GELU, "phi2": GELU}
"""What lies between the layers of a family in llama.cpp; "silu" where nothing is said."""
ROPE = ("default", "linear", "yarn", "dynamic")
"""Ways of counting places that llama.cpp computes for every family; "dynamic" is none as long as
no more is read than the model was made for."""
ROPE_OF = {"llama": "llama3", "phi3": "longrope"}
"""Another that it computes for one family."""
LARGEST = {"gemma2": 46, "gemma3": 62}
"""Layers by which llama.cpp knows those whose scores are divided by another number."""

STRIPS = "lorewright.marks.strips"
"""Our own key: the marks with which transformers takes white space along, and on which sides;
llama.cpp knows of none."""


class UnlikeError(Exception):
    """llama.cpp would compute something else than was taught; ``kind`` says what of it."""

    def __init__(self, kind: str, value: object) -> None:
        super().__init__(f"llama.cpp does not compute this model's {kind} ({value})")
        self.kind, self.value = kind, str(value)


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
    found = (name for marks, name in PRE_TOKENIZERS if all(m in patterns[0] for m in marks))
    return next(found, None)


def install(*, whole: bool) -> None:
    """Change the converter of this process; ``whole`` where a model is converted and not an
    adapter, which has no numbers of its own."""
    from conversion import base  # type: ignore[import-not-found]

    _know_tokenizers(base.TextModel)
    if whole:
        _tell_numbers(base.ModelBase, base.TextModel)


def _know_tokenizers(text_model: Any) -> None:
    """By their pattern where the converter has no fingerprint of them."""
    known = text_model.get_vocab_base_pre

    def get_vocab_base_pre(self: Any, tokenizer: Any) -> str:
        try:
            return str(known(self, tokenizer))
        except NotImplementedError:
            content = json.loads((Path(self.dir_model) / "tokenizer.json").read_text("utf-8"))
            if name := pre_tokenizer_of(content):
                return name
            raise

    text_model.get_vocab_base_pre = get_vocab_base_pre
    pieces = text_model._create_vocab_sentencepiece

    def create_vocab_sentencepiece(self: Any) -> Any:
        # The script imports sentencepiece before it looks whether the model has such a vocabulary.
        if not (path := Path(self.dir_model) / "tokenizer.model").is_file():
            raise FileNotFoundError(path)
        return pieces(self)

    text_model._create_vocab_sentencepiece = create_vocab_sentencepiece


def _tell_numbers(model_base: Any, text_model: Any) -> None:
    """What every family has in common is written first, then what the converter knows of this
    one, and last what it takes for granted."""
    prepare = model_base.prepare_metadata

    def prepare_metadata(self: Any, vocab_only: bool) -> None:
        own = self.set_gguf_parameters

        def set_gguf_parameters() -> None:
            told = logging.getLogger("gguf.gguf_writer")
            level = told.level
            told.setLevel(logging.ERROR)  # it warns of every number that is written twice
            try:
                text_model.set_gguf_parameters(self)
                own()
                _correct(self)
            finally:
                told.setLevel(level)

        self.set_gguf_parameters = set_gguf_parameters
        prepare(self, vocab_only)

    model_base.prepare_metadata = prepare_metadata


def _correct(model: Any) -> None:
    config, writer = model.hparams, model.gguf_writer
    rope = model.rope_parameters.get("full_attention", model.rope_parameters)
    _refuse(config, writer.arch, rope, model.rope_parameters.get("sliding_attention") or {})
    if inner := config.get("intermediate_size"):
        writer.add_feed_forward_length(inner)
    if heads := config.get("num_key_value_heads"):
        writer.add_head_count_kv(heads)
    if least := config.get("rms_norm_eps"):
        writer.add_layer_norm_rms_eps(least)
    if base := rope.get("rope_theta"):
        writer.add_rope_freq_base(base)
    if context := config.get("max_position_embeddings"):
        first = rope.get("original_max_position_embeddings") if _long(rope) else None
        window = _window(config, writer.arch)
        writer.add_context_length(min(context, window or context, first or context))
    if told := strips(Path(model.dir_model) / "tokenizer.json"):
        writer.add_string(STRIPS, json.dumps(told))
    sliding = [kind == "sliding_attention" for kind in config.get("layer_types") or ()]
    if writer.arch in WINDOWED and sliding:
        writer.add_sliding_window_pattern(sliding)


def strips(tokenizer: Path) -> dict[str, list[str]]:
    """The marks that take white space along, and on which sides, as a tokenizer.json says."""
    content = json.loads(tokenizer.read_text("utf-8")) if tokenizer.is_file() else {}
    sides = {
        told["content"]: [side for side in ("left", "right") if told.get(f"{side[0]}strip")]
        for told in content.get("added_tokens") or ()
    }
    return {mark: those for mark, those in sides.items() if those and mark.strip()}


def _refuse(config: dict[str, Any], arch: str, rope: dict[str, Any], near: dict[str, Any]) -> None:
    """What no number in the file could tell llama.cpp."""
    activation = config.get("hidden_activation") or config.get("hidden_act") or "silu"
    if activation not in ACTIVATIONS.get(arch, ("silu", "swish")):
        raise UnlikeError("activation", activation)
    for kind, known in ((rope, (*ROPE, ROPE_OF.get(arch, ""))), (near, ("default",))):
        name = str(kind.get("rope_type") or "default")
        if name not in known or (name == "yarn" and (kind.get("mscale") or "truncate" in kind)):
            raise UnlikeError("rope", name)
    if scale := config.get("query_pre_attn_scalar"):
        width, heads = config["hidden_size"], config["num_attention_heads"]
        largest = config["num_hidden_layers"] == LARGEST.get(arch)
        if arch in LARGEST and scale != (width // heads if largest else config["head_dim"]):
            raise UnlikeError("scores", scale)
    if arch in ("gemma", "gemma2") and config.get("tie_word_embeddings") is False:
        raise UnlikeError("output", "lm_head")


def _long(rope: dict[str, Any]) -> bool:
    """Whether places are counted in another way as soon as a text is long: there llama.cpp goes by
    how long a text may become, and the model by how long it is."""
    return rope.get("rope_type") in ("longrope", "su")


def _window(config: dict[str, Any], arch: str) -> int | None:
    """The window of a model that llama.cpp reads as if it had none."""
    if arch in WINDOWED or not config.get("use_sliding_window", True):
        return None
    kinds = config.get("layer_types")
    if kinds and "sliding_attention" not in kinds:
        return None
    return config.get("sliding_window")
