"""What the values of a training's settings are called, where they are words."""

from __future__ import annotations

from studio.language import _


def choices() -> dict[str, dict[str, str]]:
    """What the values of a setting are called, where they are words."""
    auto = _("as the machine needs it")
    compared = {"sigmoid": _("sigmoid, as usual"), "hinge": _("hinge"), "ipo": _("IPO")}
    return {
        "objective.loss": compared,
        "lora.start": {"zero": _("from nothing"), "pissa": _("main directions (PiSSA)")},
        "quantisation": {
            "none": _("whole"),
            "nf4": _("compressed to four bits (NF4)"),
            "int8": _("compressed to eight bits (int8)"),
        },
        "compute.precision": {"auto": auto, "bf16": "bf16", "fp16": "fp16", "fp32": "fp32"},
        "compute.attention": {
            "auto": auto,
            "eager": _("plain (eager)"),
            "sdpa": "SDPA",
            "flash_attention_2": "FlashAttention 2",
            "flash_attention_3": "FlashAttention 3",
        },
        "compute.loss": {
            "auto": auto,
            "plain": _("all at once"),
            "chunked": _("in pieces"),
            "liger": _("Liger's kernel"),
        },
        "compute.optimiser": {
            "adamw": "AdamW",
            "adamw-8bit": _("AdamW, 8 bits"),
            "paged-adamw-8bit": _("AdamW, 8 bits, paged"),
        },
        "compute.checkpointing": {"auto": auto, "on": _("always"), "off": _("never")},
        "compute.sharding": {
            "ddp": _("a whole model in each (DDP)"),
            "fsdp": _("a share in each (FSDP)"),
        },
        "trackers": {
            "tensorboard": "TensorBoard",
            "wandb": "Weights & Biases",
            "trackio": "trackio",
        },
    }


def objectives() -> dict[str, tuple[str, str]]:
    """What each way of learning is called, and what it does to a voice."""
    return {
        "sft": (
            _("Write as I write"),
            _("It learns your passages. The usual choice (supervised fine-tuning)."),
        ),
        "pretrain": (
            _("Soak up my text"),
            _("It learns every word of plain text, without any request (continued pre-training)."),
        ),
        "orpo": (
            _("Write as I write, and away from the model's own manner"),
            _("Your passage and the model's attempt at once. The usual choice for pairs (ORPO)."),
        ),
        "dpo": (
            _("Prefer mine, and stay close to the base model"),
            _("Careful; for a model that writes well already (DPO)."),
        ),
        "kto": (
            _("Learn from thumbs up and thumbs down"),
            _("Texts that were wanted or unwanted, not in pairs (KTO)."),
        ),
        "cpo": (
            _("Prefer mine, in less memory"),
            _("As DPO, without keeping the base model beside it (CPO)."),
        ),
        "simpo": (
            _("Prefer mine by a clear distance"),
            _("Weighs each word alike, so that long passages are not favoured (SimPO)."),
        ),
    }
