"""What trainings of models of true shape, with random weights, take on this machine's GPU."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from studio.models.shape import shape_of
from studio.preflight.setup import Setup
from studio.preflight.truth import GIB, Case, Table
from studio.settings import ROOT
from studio.training.trainers import fuse_head

LONGEST = 300
"""Seconds after which a case is given up."""
STEPS = 3
"""The optimiser's states exist from the second on."""
QWEN = {"model_type": "qwen2", "max_position_embeddings": 32768}
SHAPES: dict[str, dict[str, Any]] = {
    "0.5B": {
        **QWEN, "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
    "1.5B": {
        **QWEN, "vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960,
        "num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
    "7B": {
        **QWEN, "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944,
        "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
        "tie_word_embeddings": False,
    },
    "14B": {
        **QWEN, "vocab_size": 152064, "hidden_size": 5120, "intermediate_size": 13824,
        "num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8,
        "tie_word_embeddings": False,
    },
}  # fmt: skip

CHOICES: tuple[dict[str, Any], ...] = (
    {"checkpointing": False},
    {"loss": "plain"},
    {"loss": "liger"},
    {"paired": True, "loss": "plain"},
    {"batch": 4},
)


def measure() -> Table | None:
    """Every case that fits, each in a process of its own; None where there is no GPU."""
    name = gpu()
    if name is None:
        return None
    done = [_alone(config, setup) for config, setup in matrix()]
    left_out = [why for why in done if isinstance(why, str)]
    return Table(
        source=f"python -m studio bench memory, on {name}",
        reading=f"Runtime and gaps included. Did not run: {'; '.join(left_out) or 'none'}.",
        cases=tuple(case for case in done if isinstance(case, Case)),
    )


def matrix() -> Iterator[tuple[dict[str, Any], Setup]]:
    """The sizes at 1k to 16k tokens in NF4 and bfloat16, and each other choice at one place."""
    for config in SHAPES.values():
        for quantisation in ("nf4", "none"):
            for tokens in (1024, 4096, 16384):
                fields = {"tokens": tokens, "quantisation": quantisation}
                yield config, Setup.model_validate(fields | _ours(quantisation))
    for config in (SHAPES["0.5B"], SHAPES["7B"]):
        for choice in CHOICES:
            fields = {"tokens": 2048, "quantisation": "nf4", **choice}
            yield config, Setup.model_validate(fields | _ours("nf4"))


def take(config: dict[str, Any], setup: Setup) -> dict[str, float]:
    """Run a few steps here; ``allocated`` and ``taken`` are peaks in bytes (0 without a GPU)."""
    import torch

    model = build(config, setup)
    device = next(model.parameters()).device
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    rows = setup.batch * (2 if setup.paired else 1)
    ids = torch.randint(10, config["vocab_size"], (rows, setup.tokens), device=device)
    for _step in range(STEPS):
        with torch.autocast(device.type, torch.bfloat16, enabled=setup.width == 2):
            value = _loss(model, ids, setup)
        value.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    if device.type != "cuda":
        return {"allocated": 0.0, "taken": 0.0}
    reserved = torch.cuda.max_memory_reserved()
    free, everything = torch.cuda.mem_get_info()
    outside = everything - free - torch.cuda.memory_reserved()
    return {
        "allocated": float(torch.cuda.max_memory_allocated()),
        "taken": float(reserved + outside),
    }


def build(config: dict[str, Any], setup: Setup) -> Any:
    """A model of the config's shape with random weights and an adapter, as a training has it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    values = dict(config)
    made = AutoConfig.for_model(values.pop("model_type"), **values)
    dtype = torch.bfloat16 if setup.width == 2 else torch.float32
    with torch.device(setup.kind):
        model = AutoModelForCausalLM.from_config(made, dtype=dtype)
    if setup.quantisation == "nf4":
        _compress(model, dtype, setup.kind)
    if setup.loss == "chunked":
        fuse_head(model)
    if setup.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    lora = setup.adapter
    model = get_peft_model(model, LoraConfig(r=lora.rank, target_modules=lora.targets))
    if not setup.whole_adapter:
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(torch.bfloat16)
    model.enable_input_require_grads()
    return model.train()


def _compress(model: Any, dtype: Any, device: str) -> None:
    """Every linear layer but the last in NF4 with double quantisation."""
    import torch
    from bitsandbytes.nn import Linear4bit, Params4bit

    for name, layer in list(model.named_modules()):
        if not isinstance(layer, torch.nn.Linear) or name == "lm_head":
            continue
        packed = Linear4bit(
            layer.in_features, layer.out_features, bias=layer.bias is not None,
            compute_dtype=dtype, compress_statistics=True, quant_type="nf4", device="meta",
        )  # fmt: skip
        weight = layer.weight.data.cpu()
        packed.weight = Params4bit(weight, False, quant_type="nf4").to(device)
        packed.bias = layer.bias
        parent, _dot, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, packed)
    model.is_loaded_in_4bit = True


def _loss(model: Any, ids: Any, setup: Setup) -> Any:
    """Of the kernel asked for; of pairs, the first half is chosen and the second rejected."""
    import torch

    if setup.paired:
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        chosen = torch.log_softmax(logits.float(), -1).gather(2, ids[:, 1:, None]).mean((1, 2))
        good, bad = chosen.chunk(2)
        return -(good + torch.nn.functional.logsigmoid(good - bad)).mean()
    if setup.loss == "liger":
        from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss

        base = model.get_base_model()
        hidden = base.model(input_ids=ids, use_cache=False)[0][:, :-1]
        flat = hidden.reshape(-1, hidden.shape[-1])
        return LigerFusedLinearCrossEntropyLoss()(base.lm_head.weight, flat, ids[:, 1:].reshape(-1))
    extra = {"fused_lm_head": True} if setup.loss == "chunked" else {}
    return model(input_ids=ids, labels=ids, use_cache=False, **extra).loss


def _ours(quantisation: str) -> dict[str, Any]:
    return {"whole_adapter": quantisation == "none"}


def _alone(config: dict[str, Any], setup: Setup) -> Case | str:
    """One case in a fresh process; why not, where it does not fit or a kernel is missing."""
    order = json.dumps([config, setup.model_dump()])
    done = subprocess.run(
        [sys.executable, "-m", "studio.bench.memory_gpu", order],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST,
    )  # fmt: skip
    if done.returncode:
        what = setup.model_dump(mode="json", exclude_defaults=True)
        return f"{config['hidden_size']} wide, {what}: {done.stderr.strip().splitlines()[-1][:120]}"
    found = json.loads(done.stdout.splitlines()[-1])
    return Case(
        tokens=setup.tokens,
        gib=found["taken"] / GIB,
        allocated_gib=found["allocated"] / GIB,
        setup=setup.model_dump(mode="json", exclude={"tokens"}, exclude_defaults=True),
        config=config,
    )


def gpu() -> str | None:
    import torch

    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None


if __name__ == "__main__":
    asked, fields = json.loads(sys.argv[1])
    shape_of(asked)
    sys.stdout.write(json.dumps(take(asked, Setup.model_validate(fields))) + "\n")
