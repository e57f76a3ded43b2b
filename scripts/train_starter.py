"""Train the starter model from scratch on a folder of novels.

    python -m scripts.train_starter FOLDER data/starter --minutes 90

The result is a Qwen2-architecture model of about 7 million parameters that fits in
16 MB. It exists so that every step of Lorewright can be walked for real without a
network or a GPU. It babbles. Matrices are trained with Muon (Jordan 2024), embeddings,
norms and biases with AdamW; the schedule is by wall clock, so the same command makes
good use of two cores or of a GPU.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from scripts.starter_card import write_card
from studio.domain.prompts import CONTINUE
from studio.text.cleaning import clean
from studio.text.languages import language_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

VOCABULARY = 8192
CONTEXT = 512
END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
HELD_OUT_SHARE = 0.03
CHAT_SHARE = 0.2
# The split of Qwen2, which llama.cpp knows by the name "qwen2".
PRE_TOKENIZER = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}"
    "{% endgeneration %}{{ '\n' }}{% else %}{{ message['content'] + '<|im_end|>\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
OPENINGS = {"en": "The old house stood", "zh": "却说那行者"}


@dataclass
class Book:
    """One novel, cut into the part that is trained on and the part that is held out."""

    name: str
    language: str
    train: str
    held_out: str


def read_books(folder: Path) -> list[Book]:
    """Every .txt file of a folder, its paragraphs as the studio itself reads them."""
    books = []
    for path in sorted(folder.glob("*.txt")):
        text = clean(path.read_text(encoding="utf-8")).text
        cut = int(len(text) * (1 - HELD_OUT_SHARE))
        books.append(Book(path.stem, language_of(text), text[:cut], text[cut:]))
    if not books:
        raise SystemExit(f"No .txt files in {folder}.")
    return books


def train_tokenizer(books: list[Book]) -> PreTrainedTokenizerFast:
    """A byte-level BPE in which both languages get a fair share of the vocabulary."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRE_TOKENIZER), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT, TURN_START, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator((p for b in books for p in b.train.split("\n")), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[TURN_START, TURN_END],
        model_max_length=2048,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def new_model(tokenizer: PreTrainedTokenizerFast) -> Qwen2ForCausalLM:
    """Hidden size and every row are multiples of 256, so that every k-quant fits."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        use_sliding_window=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="sdpa",
    )
    return Qwen2ForCausalLM(config)


class Batches:
    """Draws rows of CONTEXT + 1 tokens: mostly running prose, some as one chat turn."""

    def __init__(self, books: list[Book], tokenizer: PreTrainedTokenizerFast, seed: int):
        self.random = random.Random(seed)
        self.books = [
            (b.language, np.array(tokenizer(b.train)["input_ids"], dtype=np.int64)) for b in books
        ]
        self.weights = [len(ids) for _, ids in self.books]
        self.prefix = {
            lang: tokenizer(f"{TURN_START}user\n{text}\n\n")["input_ids"]
            for lang, text in CONTINUE.items()
        }
        self.turn = tokenizer(f"{TURN_END}\n{TURN_START}assistant\n")["input_ids"]
        self.close = tokenizer(f"{TURN_END}\n{END_OF_TEXT}")["input_ids"]

    def row(self) -> np.ndarray:
        language, ids = self.random.choices(self.books, self.weights)[0]
        start = self.random.randrange(len(ids) - CONTEXT - 1)
        window = ids[start : start + CONTEXT + 1]
        if self.random.random() >= CHAT_SHARE:
            return window
        cut = self.random.randrange(40, CONTEXT - 80)
        parts = [self.prefix[language], window[:cut], self.turn, window[cut:]]
        row = np.concatenate([np.asarray(p) for p in parts])[: CONTEXT + 1 - len(self.close)]
        return np.concatenate([row, self.close])

    def draw(self, rows: int, device: str) -> torch.Tensor:
        import torch

        return torch.from_numpy(np.stack([self.row() for _ in range(rows)])).to(device)


def held_out_loss(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, books: list[Book], device: str
) -> dict[str, float]:
    """Held-out negative log likelihood per character, in nats, for each language."""
    import torch

    totals: dict[str, list[float]] = {}
    model.eval()
    with torch.no_grad():
        for book in books:
            ids = tokenizer(book.held_out, return_tensors="pt")["input_ids"][0].to(device)
            rows = ids[: len(ids) // CONTEXT * CONTEXT].view(-1, CONTEXT)
            total = totals.setdefault(book.language, [0.0, 0.0])
            for chunk in rows.split(8):
                loss = model(input_ids=chunk, labels=chunk).loss.item()
                total[0] += loss * chunk.shape[0] * (CONTEXT - 1)
                total[1] += sum(len(tokenizer.decode(r[1:])) for r in chunk)
    model.train()
    return {language: nll / characters for language, (nll, characters) in totals.items()}


def rate(spent: float, total: float) -> float:
    """Learning-rate factor: 2 % warm-up, flat, then linear to nought over the last 45 %."""
    share = spent / total
    return min(1.0, share / 0.02, max(0.0, (1 - share) / 0.45))


def optimisers_of(model: Qwen2ForCausalLM, lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices, AdamW for embeddings, norms and biases; one learning rate."""
    import torch

    hidden = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed_tokens" not in n]
    chosen = {id(p) for p in hidden}
    others = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(hidden, lr=lr, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def take_step(
    model: Qwen2ForCausalLM, optimisers: list[torch.optim.Optimizer], rows: torch.Tensor, lr: float
) -> float:
    """One step on rows of tokens; the loss before it, in nats a token."""
    import torch

    with torch.autocast(rows.device.type, torch.bfloat16):
        logits = model(input_ids=rows[:, :-1]).logits
    loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = lr
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    return loss.item()


def train(args: argparse.Namespace, books: list[Book], tokenizer: PreTrainedTokenizerFast) -> dict:
    """Train until the time is spent, save, and return the figures for the model card."""
    import torch

    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = new_model(tokenizer).to(device)
    optimisers = optimisers_of(model, args.lr)
    batches = Batches(books, tokenizer, args.seed)
    began, step, tokens, total = time.monotonic(), 0, 0, args.minutes * 60
    while (spent := time.monotonic() - began) < total:
        rows = batches.draw(args.rows, device)
        loss = take_step(model, optimisers, rows, args.lr * max(rate(spent, total), 1e-3))
        step, tokens = step + 1, tokens + rows[:, 1:].numel()
        if not math.isfinite(loss):
            raise SystemExit(f"The loss is {loss} at step {step}; lower --lr.")
        if step % 20 == 0:
            pace = tokens / spent
            print(f"step {step}  {spent / 60:.1f} min  loss {loss:.3f}  {pace:.0f} tokens/s")
        if step % 200 == 0:
            print("held-out nats per character", held_out_loss(model, tokenizer, books, device))
    losses = held_out_loss(model, tokenizer, books, device)
    babble = {lang: continue_text(model, tokenizer, text) for lang, text in OPENINGS.items()}
    model.to(torch.float16).save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": step,
        "tokens": tokens,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "device": device,
        "held_out_nats_per_character": losses,
        "books": [
            {"name": b.name, "language": b.language, "characters": len(b.train)} for b in books
        ],
        "babble": babble,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


def continue_text(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, text: str) -> str:
    """A short sample, to show in the model card what to expect."""
    ids = tokenizer(text, return_tensors="pt").to(model.device)
    written = model.generate(
        **ids, max_new_tokens=60, do_sample=True, temperature=0.7, top_p=0.9, repetition_penalty=1.1
    )
    return tokenizer.decode(written[0], skip_special_tokens=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of .txt novels")
    parser.add_argument("out", type=Path, help="folder for the model")
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--rows", type=int, default=12, help="rows of 512 tokens a step")
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--seed", type=int, default=20)
    args = parser.parse_args()
    books = read_books(args.folder)
    tokenizer = train_tokenizer(books)
    facts = train(args, books, tokenizer)
    (args.out / "training.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    write_card(args.out, facts)
    print(json.dumps(facts, ensure_ascii=False))


if __name__ == "__main__":
    main()
