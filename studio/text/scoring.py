"""How well boundaries that were found agree with those that a person marked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from studio.text.cleaning import clean
from studio.text.languages import language_of
from studio.text.segmentation import chapters_of
from studio.text.sentences import sentences

BOOK = "\n=====\n"
HEAD, PROSE = "@", "~"
_FILLER = {
    "en": "The tide had turned before anyone thought to look, and by noon the boats lay dry. " * 5,
    "zh": "潮水在没有人留意的时候退了，到了中午，船都搁在泥里，一动也不动。" * 12,
}


class Gold(NamedTuple):
    """A text, and the offsets within its paragraphs at which sentences end by hand."""

    text: str
    ends: frozenset[int]


def f1(found: Collection[object], wanted: Collection[object]) -> float:
    """The harmonic mean of precision and recall, 0 to 1 (van Rijsbergen, 1979)."""
    right = len(set(found) & set(wanted))
    return 2 * right / (len(set(found)) + len(set(wanted))) if right else 0.0


def gold_of(marked: str, joint: str) -> Gold:
    """Read a gold file: a sentence a line, a blank line between paragraphs; ``joint`` is what
    stands between two sentences (a space in English, nothing in Chinese)."""
    parts: list[str] = []
    ends: set[int] = set()
    offset = 0
    for paragraph in marked.strip().split("\n\n"):
        lines = paragraph.split("\n")
        for number, line in enumerate(lines):
            last = number + 1 == len(lines)
            parts.append(line + ("\n\n" if last else joint))
            offset += len(parts[-1])
            if not last:
                ends.add(offset - len(joint))
    return Gold("".join(parts).rstrip("\n"), frozenset(ends))


def sentence_ends(text: str) -> frozenset[int]:
    """Where sentences end within the paragraphs of a text, white space left out; the ends of
    paragraphs are no merit."""
    ends = set()
    for _start, end in sentences(text):
        if "\n\n" not in text[max(0, end - 2) : end] and end < len(text):
            ends.add(len(text[:end].rstrip()) if text[end - 1].isspace() else end)
    return frozenset(ends)


def sentence_f1(marked: str, joint: str) -> float:
    """F1 of the sentence ends within paragraphs against a gold file."""
    gold = gold_of(marked, joint)
    return f1(sentence_ends(gold.text), gold.ends)


def listing(text: str, ends: Sequence[int] | frozenset[int]) -> list[str]:
    """The text around each offset, to see where found and wanted differ."""
    return [f"{text[max(0, end - 30) : end]}|{text[end : end + 30]}" for end in sorted(ends)]


def chapter_f1(gold: Sequence[str]) -> float:
    """F1 of chapter heads against gold files: books parted by ``=====``, each head marked with
    ``@``, and ``~`` where prose stands."""
    found: set[object] = set()
    wanted: set[object] = set()
    for number, book in enumerate(book for marked in gold for book in marked.split(BOOK)):
        heads, starts = chapter_heads(book)
        wanted |= {(number, head) for head in heads}
        found |= {(number, start) for start in starts}
    return f1(found, wanted)


def chapter_heads(book: str) -> tuple[list[int], list[int]]:
    """Offsets at which heads are marked in a book, and those at which chapters were found; one
    that was found without a marked head counts from where its prose begins."""
    filler = "\n" + _FILLER[language_of(book)].strip() + "\n"
    lines = [filler if line == PROSE else line for line in book.strip().split("\n")]
    cleaned = clean("\n".join(f"\n{x[1:]}\n" if x.startswith(HEAD) else x for x in lines))
    heads, place = [], 0
    for line in lines:
        shown = line.removeprefix(HEAD).strip()
        place = cleaned.text.find(shown, place)
        if line.startswith(HEAD):
            heads.append(place)
        place += len(shown)
    starts = []
    for chapter in chapters_of(cleaned.text, cleaned.centred, ""):
        within = [head for head in heads if chapter.start <= head < chapter.prose_start]
        starts.append(within[-1] if within else chapter.prose_start)
    return heads, starts
