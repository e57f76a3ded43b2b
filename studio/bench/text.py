"""How fast books become passages, beside other splitters and beside the tokenizer alone; how well
sentences, chapters and near copies are found."""

from __future__ import annotations

import itertools
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from studio.bench import machine, near_duplicates, resident
from studio.settings import ROOT, settings
from studio.text import segmentation
from studio.text.cleaning import clean
from studio.text.packing import Sizes
from studio.text.passages import of_sections
from studio.text.scenes import scenes
from studio.text.scoring import chapter_f1, sentence_f1

BUDGET = 512
ROUNDS = 3
"""Each book is timed this often with each tool; the median counts."""
LIBRARIES = ("langchain_text_splitters", "semantic_text_splitter", "chonkie")
GOLD = ROOT / "tests" / "text" / "gold"
PROSE_MB = 100
_SENTENCE_END = re.compile(r"(?:[.!?…。！？]|[—–-](?=[”\"]))[\"'”’)\]»」』）》〉】_*]*$")

Splitter = Callable[[str], list[str]]


class Timed(NamedTuple):
    seconds: float
    """Of processor time."""
    at_sentence_end: float
    """Share of cuts that are at the end of a sentence or a paragraph."""


def run(corpus: Path | None = None, near_among: int = near_duplicates.PASSAGES) -> dict[str, Any]:
    """Throughput as ratios within one run, on the novels under ``corpus`` (``en`` and ``zh``),
    each tool with the starter model's tokenizer and passages of 512 tokens; near copies are
    looked for among ``near_among`` made-up passages.

    A library that is not installed, a corpus that is not there, and ``/proc`` on a system without
    it, are named in ``missing``, and what depends on them is left out.
    """
    corpus = corpus or ROOT.parent / "shared" / "corpus"
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    results: dict[str, float] = {}
    for language in ("en", "zh"):
        books = [p.read_text(encoding="utf-8") for p in sorted((corpus / language).glob("*.txt"))]
        if not books:
            missing.append(str(corpus / language))
            continue
        results |= _speeds(language, books)
    results |= _accuracy()
    results |= near_duplicates.measure(near_among, near_among // 50)
    if not resident.STATUS.is_file():
        missing.append(str(resident.STATUS))
    elif any(corpus.glob("*/*.txt")):
        results["memory_mb_100mb"] = _memory(corpus)
    shares = [results[key] for key in results if key.startswith("cut_at_sentence_end_ours")]
    if shares:
        results["cut_at_sentence_end"] = min(shares)
    return {**_report(results), "missing": missing}


def _report(results: dict[str, float]) -> dict[str, Any]:
    at_least = {
        "en_ratio_langchain": 3.0, "zh_ratio_langchain": 3.0, "limit_ratio_en": 0.6,
        "limit_ratio_zh": 0.6, "cut_at_sentence_end": 1.0, "sentence_f1_en": 0.98,
        "sentence_f1_zh": 0.98, "chapter_f1": 0.99, "near_dup_recall": 0.9,
        "near_dup_precision": 0.95,
    }  # fmt: skip
    at_most = {"memory_mb_100mb": 500.0, "near_dup_seconds_100k": 60.0}
    return machine.report(
        "text",
        results,
        at_most={k: v for k, v in at_most.items() if k in results},
        at_least={k: v for k, v in at_least.items() if k in results},
    )


def _speeds(language: str, books: list[str]) -> dict[str, float]:
    size = sum(len(book.encode()) for book in books) / 1e6
    timed = _in_turn(_tools(), books)
    ours, limit = timed["ours"].seconds, timed.pop("tokenizer").seconds
    results = {f"limit_ratio_{language}": round(limit / ours, 3)}
    results[f"mb_per_second_{language}_tokenizer"] = round(size / limit, 2)
    for name, tool in timed.items():
        results[f"mb_per_second_{language}_{name}"] = round(size / tool.seconds, 2)
        results[f"cut_at_sentence_end_{name}_{language}"] = round(tool.at_sentence_end, 4)
        if name != "ours":
            results[f"{language}_ratio_{name}"] = round(tool.seconds / ours, 2)
    return results


def _in_turn(tools: dict[str, Splitter], books: list[str]) -> dict[str, Timed]:
    """Each book with each tool, one tool right after the other, so that all meet one machine.

    What counts is the processor time of all threads together: what else runs on the machine
    does not change it, and no tool wins by taking a second core.
    """
    spent: dict[str, list[list[float]]] = {name: [[] for _book in books] for name in tools}
    chunks: dict[str, list[list[str]]] = {name: [[] for _book in books] for name in tools}
    for _round in range(ROUNDS):
        for number, book in enumerate(books):
            for name, split in tools.items():
                began = time.process_time()
                chunks[name][number] = split(book)
                spent[name][number].append(time.process_time() - began)
    return {
        name: Timed(sum(map(statistics.median, spent[name])), _share_at_sentence_end(chunks[name]))
        for name in tools
    }


def _share_at_sentence_end(books: list[list[str]]) -> float:
    """A cut is good after a stop with its closing marks, or where a blank line follows."""
    cuts = [pair for chunks in books for pair in itertools.pairwise(chunks)]
    good = sum(
        bool(_SENTENCE_END.search(a.rstrip()[-12:])) or a.endswith("\n\n") or b.startswith("\n\n")
        for a, b in cuts
    )
    return good / max(1, len(cuts))


def _tokenizer() -> Any:
    from studio.models.source import load_tokenizer

    return load_tokenizer(settings().starter)


def _tokenised(book: str, backend: Any) -> list[str]:
    """Every paragraph tokenised once, without offsets, in one batch: the limit."""
    backend.encode_batch_fast(book.split("\n\n"), add_special_tokens=False)
    return []


def _tools() -> dict[str, Splitter]:
    from studio.datasets.counting import sizes_with

    tokenizer = _tokenizer()
    backend = tokenizer.backend_tokenizer
    tools: dict[str, Splitter] = {
        "tokenizer": lambda book: _tokenised(book, backend),
        # Anew for each book, so that no word is known from the round before.
        "ours": lambda book: _ours(book, sizes_with(tokenizer)),
    }
    if find_spec("langchain_text_splitters"):
        tools |= _langchain(tokenizer)
    if find_spec("semantic_text_splitter"):
        tools["semantic"] = _semantic()
    if find_spec("chonkie"):
        tools["chonkie"] = _chonkie(tokenizer)
    return tools


def _ours(book: str, sizes: Sizes) -> list[str]:
    """Cleaned, cut into chapters and scenes, and those into passages."""
    cleaned = clean(book)
    chapters = segmentation.chapters_of(cleaned.text, cleaned.centred, "")
    sections = [s for c in chapters for s in scenes(cleaned.text, c.prose_start, c.end)]
    found = of_sections(cleaned.text, sections, BUDGET, sizes)
    return [cleaned.text[p.start : p.end] for passages in found for p in passages]


def _langchain(tokenizer: Any) -> dict[str, Splitter]:
    """As it counts with a Hugging Face tokenizer by itself, and with the bare tokenizer below
    that one, which is faster."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    backend = tokenizer.backend_tokenizer
    options: dict[str, Any] = {
        "chunk_size": BUDGET,
        "chunk_overlap": 0,
        "separators": ["\n\n", "\n", "。", "！", "？", ". ", "! ", "? ", "，", " ", ""],
        "keep_separator": "end",
    }
    plain = RecursiveCharacterTextSplitter.from_huggingface_tokenizer(tokenizer, **options)
    bare = RecursiveCharacterTextSplitter(
        length_function=lambda text: len(backend.encode(text, add_special_tokens=False)), **options
    )
    return {
        "langchain": lambda book: list(plain.split_text(book)),
        "langchain_bare": lambda book: list(bare.split_text(book)),
    }


def _semantic() -> Splitter:
    from semantic_text_splitter import TextSplitter

    path = settings().starter / "tokenizer.json"
    splitter = TextSplitter.from_huggingface_tokenizer_str(path.read_text("utf-8"), BUDGET)
    return lambda book: list(splitter.chunks(book))


def _chonkie(tokenizer: Any) -> Splitter:
    from chonkie import RecursiveChunker, RecursiveLevel, RecursiveRules

    # Its own recipes come from the network; these rules are of the same kind.
    rules = RecursiveRules(
        levels=[
            RecursiveLevel(delimiters=["\n\n"]),
            RecursiveLevel(delimiters=["。", "！", "？", ". ", "! ", "? "]),
            RecursiveLevel(whitespace=True),
            RecursiveLevel(),
        ]
    )
    chunker = RecursiveChunker(tokenizer.backend_tokenizer, chunk_size=BUDGET, rules=rules)
    return lambda book: [chunk.text for chunk in chunker.chunk(book)]


def _accuracy() -> dict[str, float]:
    """Against the texts marked by hand; empty where the tests are not installed."""
    if not GOLD.is_dir():
        return {}
    found = {
        f"sentence_f1_{language}": sentence_f1(
            (GOLD / f"sentences.{language}.txt").read_text(encoding="utf-8"), joint
        )
        for language, joint in (("en", " "), ("zh", ""))
    }
    marked = [path.read_text(encoding="utf-8") for path in sorted(GOLD.glob("chapters.*.txt"))]
    found["chapter_f1"] = chapter_f1(marked)
    return {name: round(value, 4) for name, value in found.items()}


def _memory(corpus: Path, megabytes: int = PROSE_MB) -> float:
    """Megabytes by which a process of its own grows while so much prose becomes passages."""
    command = [sys.executable, "-m", "studio.bench.text", str(corpus), str(megabytes)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return round(float(done.stdout), 1)


def _books(corpus: Path, megabytes: int) -> Iterator[bytes]:
    size = 0
    books = [path.read_bytes() for path in sorted(corpus.glob("??/*.txt"))]
    while size < megabytes * 1e6:
        for book in books:
            size += len(book)
            yield book


def grow(corpus: Path, megabytes: int) -> float:
    """Megabytes of peak memory above what the imports and the tokenizer take; needs ``/proc``."""
    from studio.datasets.counting import sizes_with

    sizes = sizes_with(_tokenizer())
    _ours("Chapter 1\n\nHe went to the quay.", sizes)
    before = resident.peak() or 0
    text = b"\n\n".join(_books(corpus, megabytes))[: int(megabytes * 1e6)].decode(errors="ignore")
    cleaned = clean(text)
    del text
    chapters = segmentation.chapters_of(cleaned.text, cleaned.centred, "")
    sections = [(c.prose_start, c.end) for c in chapters]
    for _passages in of_sections(cleaned.text, sections, BUDGET, sizes):
        pass
    return ((resident.peak() or 0) - before) / 1e6


if __name__ == "__main__":
    sys.stdout.write(f"{grow(Path(sys.argv[1]), int(sys.argv[2]))}\n")
