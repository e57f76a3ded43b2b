"""Where a base model lies, and whether it is whole: found out without loading it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from studio.domain.base import Model
from studio.domain.models import ModelFacts
from studio.errors import StudioError
from studio.language import _
from studio.models import rows
from studio.models.files import read_json
from studio.models.weights import shards, tensors
from studio.paths import local_path
from studio.settings import settings

CONFIG = "config.json"
SOURCE = "source.json"
"""Written beside a downloaded model: its repository and commit."""
TOKENIZERS = ("tokenizer.json", "tokenizer.model")
SUPPORTED = (
    "LlamaForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
    "MistralForCausalLM",
    "GemmaForCausalLM",
    "Gemma2ForCausalLM",
    "Gemma3ForCausalLM",
    "PhiForCausalLM",
    "Phi3ForCausalLM",
    "GlmForCausalLM",
    "Glm4ForCausalLM",
)
PUBLISHED_WITH_CODE = ("PhiForCausalLM", "Phi3ForCausalLM")
"""Their repositories carry copies of code that transformers has itself; the copies are not run."""


class Fetcher(Protocol):
    def fetch(self, artifact: str) -> Path: ...


def folder_of(model: Model, fetch: Callable[[str], Path]) -> Path:
    """The folder of a base model; artifacts are brought here by ``fetch``.

    Raises:
        StudioError: a local folder is not there.
    """
    if model.source == "starter":
        return settings().starter
    if model.source == "artifact":
        return fetch(model.name)
    folder = local_path(model.name)
    if not folder.is_dir():
        raise StudioError(
            _("There is no model folder {folder}.").format(folder=folder),
            _("The folder may have been moved or renamed, or lie on another machine."),
            _("Choose the folder again on the Settings page."),
        )
    return folder.resolve()


def validate(folder: Path) -> ModelFacts:
    """What the folder holds.

    Raises:
        StudioError: no config, no or broken weights, no tokenizer, an architecture that
            cannot be trained, or a model that wants to run code of its own.
    """
    config = _config(folder)
    architecture = _architecture(folder, config)
    files = shards(folder)
    contents = tensors(folder, files)
    tokenizer = _tokenizer_config(folder)
    vocabulary = _number(folder, config, "vocab_size")
    rows.check_table(folder, vocabulary, contents)
    _refuse_code(folder / "tokenizer_config.json", tokenizer, architecture)
    heads = int(config.get("num_attention_heads") or 1)
    hidden = _number(folder, config, "hidden_size")
    return ModelFacts(
        name=_name(folder),
        architecture=architecture,
        model_type=str(config.get("model_type", "")),
        dtype=Counter(t["dtype"] for t in contents.values()).most_common(1)[0][0],
        parameters=sum(prod(t["shape"]) for t in contents.values()),
        bytes=sum(file.stat().st_size for file in files),
        layers=_number(folder, config, "num_hidden_layers"),
        hidden_size=hidden,
        intermediate_size=int(config.get("intermediate_size") or 4 * hidden),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or hidden // heads),
        vocabulary=vocabulary,
        idle_tokens=rows.idle_tokens(folder, vocabulary),
        context_length=_context(config),
        tied_embeddings=bool(config.get("tie_word_embeddings", False)),
        has_chat_template=_has_chat_template(folder, tokenizer),
        attention_bias=bool(config.get("attention_bias", False)),
        mlp_bias=bool(config.get("mlp_bias", False)),
        weights=tuple(file.name for file in files),
    )


def load_tokenizer(folder: Path) -> Any:
    """The model's own tokenizer, with a padding token, and no token that the model has no row for.

    Raises:
        StudioError: the tokenizer's files are missing or broken, or the model has no row for a
            token that is needed.
    """
    from transformers import AutoTokenizer

    _tokenizer_config(folder)
    try:
        with TemporaryDirectory() as room:
            tokenizer = AutoTokenizer.from_pretrained(
                str(usable(folder, Path(room) / folder.name)),
                local_files_only=True,
                trust_remote_code=False,
            )
    except (ValueError, OSError, KeyError, ImportError) as error:
        raise _broken_tokenizer(folder, str(error)) from error
    tokenizer.name_or_path = str(folder)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def usable(folder: Path, target: Path) -> Path:
    """The model's folder, or one made in ``target`` whose tokenizer knows only tokens that the
    model has a row for. Raises StudioError as ``load_tokenizer`` does."""
    config = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    vocabulary = config.get("vocab_size")
    if not isinstance(vocabulary, int):
        return folder
    return rows.without_idle(folder, vocabulary, target)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if path.is_file():
        return read_json(path)
    raise StudioError(
        _("{folder} is not a model folder.").format(folder=folder),
        _("It has no file {name}, which says how the model is built.").format(name=CONFIG),
        _("Choose the folder that holds config.json, tokenizer.json and the .safetensors files."),
    )


def _name(folder: Path) -> str:
    source = folder / SOURCE
    return str(read_json(source)["repository"]) if source.is_file() else folder.name


def revision_of(folder: Path) -> str | None:
    """The commit on the Hub that a downloaded model is; None where it is not known."""
    source = folder / SOURCE
    return str(read_json(source)["revision"]) if source.is_file() else None


def _number(folder: Path, config: dict[str, Any], key: str) -> int:
    value = config.get(key)
    if isinstance(value, int) and value > 0:
        return value
    raise StudioError(
        _("The file {path} is incomplete.").format(path=folder / CONFIG),
        _("It has no number for {key}.").format(key=key),
        _("Download or copy the model again."),
    )


def _context(config: dict[str, Any]) -> int:
    """Tokens that it reads, at training and at the desk alike: llama.cpp knows the sliding windows
    of Gemma alone, so a model with another window is given nothing longer than that; and one that
    counts places in two ways (Phi's longrope) only what it counts in the first."""
    context = int(config.get("max_position_embeddings") or 2048)
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if (rope.get("rope_type") or rope.get("type")) in ("longrope", "su"):
        named = {**rope, **config}.get("original_max_position_embeddings")
        context = min(context, int(named or context))
    family = str(config.get("model_type", ""))
    slides = config.get("use_sliding_window", not family.startswith("qwen"))
    window = config.get("sliding_window")
    if family.startswith("gemma") or not slides or not window:
        return context
    return min(context, int(window))


def _architecture(folder: Path, config: dict[str, Any]) -> str:
    names = config.get("architectures")
    name = str(names[0]) if isinstance(names, list) and names else ""
    _refuse_code(folder / CONFIG, config, name)
    if name not in SUPPORTED:
        raise StudioError(
            _("The model in {folder} is of a kind that cannot be taught here.").format(
                folder=folder
            ),
            _("{path} names the architecture {name}.").format(
                path=folder / CONFIG, name=name or _("none at all")
            ),
            _("Choose a model of the Llama, Qwen, Mistral, Gemma, Phi or GLM family."),
        )
    if "quantization_config" in config:
        raise StudioError(
            _("The model in {folder} is already compressed.").format(folder=folder),
            _("{path} has a quantization_config, and such weights cannot be converted.").format(
                path=folder / CONFIG
            ),
            _("Choose the original model; Lorewright compresses it while training if you ask."),
        )
    return name


def _refuse_code(path: Path, config: dict[str, Any], architecture: str) -> None:
    if "auto_map" not in config or architecture in PUBLISHED_WITH_CODE:
        return
    raise StudioError(
        _("The model in {folder} wants to run program code of its own.").format(folder=path.parent),
        _("{path} has an auto_map entry; Lorewright never runs code from a model.").format(
            path=path
        ),
        _("Choose a model of the Llama, Qwen, Mistral, Gemma, Phi or GLM family without code."),
    )


def _tokenizer_config(folder: Path) -> dict[str, Any]:
    found = [folder / name for name in TOKENIZERS if (folder / name).is_file()]
    if not found:
        raise StudioError(
            _("The model in {folder} has no tokenizer.").format(folder=folder),
            _("There is no tokenizer.json, which cuts text into the pieces a model reads."),
            _("Download or copy the tokenizer's files into the folder."),
        )
    path = folder / "tokenizer_config.json"
    return read_json(path) if path.is_file() else {}


def _broken_tokenizer(folder: Path, why: str) -> StudioError:
    return StudioError(
        _("The tokenizer in {folder} cannot be loaded.").format(folder=folder),
        _("The library says: {why}").format(why=why.splitlines()[0] if why else _("nothing")),
        _("Download or copy tokenizer.json and tokenizer_config.json again."),
    )


def _has_chat_template(folder: Path, tokenizer: dict[str, Any]) -> bool:
    files = ("chat_template.jinja", "chat_template.json")
    return bool(tokenizer.get("chat_template")) or any((folder / f).is_file() for f in files)
