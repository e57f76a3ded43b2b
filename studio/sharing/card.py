"""A model card: what a stranger should know of a voice, and nothing that is private."""

from __future__ import annotations

from collections.abc import Sequence

from studio.domain.prompts import CONTINUE
from studio.domain.provenance import Provenance
from studio.domain.specs import TextSample

LICENCES = ("apache-2.0", "mit", "gemma", "llama3", "llama3.1", "llama3.2", "llama3.3")
"""Those of the catalogue that the Hub knows by the same name."""
OBJECTIVES = {
    "sft": "supervised fine-tuning (SFT)",
    "pretrain": "continued pre-training",
    "orpo": "odds ratio preference optimisation (ORPO)",
    "dpo": "direct preference optimisation (DPO)",
    "kto": "Kahneman-Tversky optimisation (KTO)",
    "cpo": "contrastive preference optimisation (CPO)",
    "simpo": "simple preference optimisation (SimPO)",
}
LANGUAGES = {"en": "English", "zh": "Chinese"}

CARD = """---
{head}---

# {name}

{about}

## Use

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base = AutoModelForCausalLM.from_pretrained("{base}")
tokenizer = AutoTokenizer.from_pretrained("{base}")
model = PeftModel.from_pretrained(base, "{place}")
```

{asking}

In Lorewright: Bring in a voice on the page Voices, or `python -m studio adapters import FOLDER`.

## How it was taught

| | |
|---|---|
{rows}
"""


def card(
    name: str,
    base: str,
    told: Provenance,
    licence: str | None,
    samples: Sequence[TextSample],
    repository: str | None,
) -> str:
    """The README.md of a voice, in Markdown with the Hub's own metadata at its head."""
    text = CARD.format(
        head=_head(name, base, told, licence),
        name=_line(name),
        about=_about(base, told),
        base=base,
        place=repository or "the folder of this file",
        asking=_asking(told),
        rows="\n".join(f"| {label} | {value} |" for label, value in _rows(told)),
    )
    return text + _written(samples)


def _head(name: str, base: str, told: Provenance, licence: str | None) -> str:
    from huggingface_hub import ModelCardData

    listed = licence in LICENCES
    data = ModelCardData(
        base_model=base if "/" in base else None,
        language=told.language,
        library_name="peft",
        license=licence if listed or licence is None else "other",
        license_name=None if listed or licence is None else _slug(licence),
        model_name=_line(name),
        pipeline_tag="text-generation",
        tags=["lora", "lorewright", "fiction"],
    )
    return f"{data.to_yaml()}\n"


def _about(base: str, told: Provenance) -> str:
    language = LANGUAGES.get(told.language or "", "")
    link = f"[{base}](https://huggingface.co/{base})" if "/" in base else f"`{base}`"
    said = (
        f"A voice: a LoRA adapter that makes {link} write {language} prose in one author's manner. "
        "It was made with Lorewright. The prose that it was taught with is not part of it."
    )
    before, after = told.figure("nll_before"), told.figure("nll_after")
    if not before or after is None:
        return said.replace("  ", " ")
    return (
        f"{said} Held-out chapters of that author, which it never read, surprise it "
        f"{(before - after) / before:.0%} less than the base model: {before:.3f} → {after:.3f} "
        "nats a character."
    )


def _asking(told: Provenance) -> str:
    manner = told.manner
    if manner is None:
        return "Ask it to continue a text, in the base model's own chat template."
    if manner.builder == "raw":
        return "It goes on from plain text: give it the text itself, without a chat template."
    form = (
        "the base model's own chat template"
        if manner.formatter.kind == "chat-template"
        else f"the format {manner.formatter.kind}"
    )
    words = CONTINUE[told.language or "en"]
    lines = "these lines about the story, an empty line, " if manner.about else ""
    asking = f"Ask in {form}: “{words}”, an empty line, {lines}and the text that it is to continue."
    return f"{asking}\n\n{_quoted(manner.about)}" if manner.about else asking


def _rows(told: Provenance) -> list[tuple[str, str]]:
    spec, lora = told.spec, told.spec.get("lora")
    lora = lora if isinstance(lora, dict) else {}
    packed = spec.get("quantisation")
    figures: list[tuple[str, str, object]] = [
        ("Objective", "{}", OBJECTIVES.get(told.objective, told.objective)),
        ("Base model's commit", "{}", told.base.revision),
        ("LoRA rank, alpha", "{}", _pair(lora.get("rank"), lora.get("alpha"))),
        ("Base model held in", "{}", None if packed == "none" else packed),
        ("Learning rate", "{}", spec.get("learning_rate")),
        ("Batch, accumulation", "{}", _pair(spec.get("batch_size"), spec.get("accumulation"))),
        ("Longest passage, tokens", "{}", spec.get("max_length")),
        ("Steps", "{:,.0f}", told.figure("steps")),
        ("Best step", "{:,.0f}", told.figure("best_step")),
        ("Tokens read", "{:,.0f}", told.figure("tokens")),
        ("Minutes", "{:,.1f}", _minutes(told)),
        ("Device", "{}", told.device),
        ("Libraries", "{}", ", ".join(f"{n} {v}" for n, v in sorted(told.libraries.items()))),
        ("Lorewright", "{}", told.studio.version),
    ]
    rows = [(label, _line(form.format(value))) for label, form, value in figures if value]
    return rows or [("", "Nothing is known of it.")]


def _pair(first: object, second: object) -> str:
    return f"{first}, {second}" if first and second else ""


def _minutes(told: Provenance) -> float | None:
    seconds = told.figure("seconds")
    return seconds / 60 if seconds else None


def _written(samples: Sequence[TextSample]) -> str:
    if not samples:
        return ""
    parts = [f"{_quoted(s.prompt)}\n>\n> **{_line(s.text)}**\n" for s in samples]
    return "\n## What it writes\n\nIn bold what the voice wrote.\n\n" + "\n".join(parts)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def _line(text: str) -> str:
    """On one line, as no table and no heading may hold more."""
    return " ".join(text.split()).replace("|", "\\|")


def _slug(licence: str) -> str:
    return "-".join(licence.replace(",", " ").split())
