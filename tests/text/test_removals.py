"""What is found beside the prose is listed, can be put back, and is taken out when asked."""

from __future__ import annotations

import textwrap

import pytest

from studio.domain.manuscripts import Decisions, Manuscript
from studio.text.cleaning import Cleaned, clean
from studio.text.importing import read_manuscript

PROSE = (
    "The clock at Saltreach does not belong to the church, which would be usual, nor to the "
    "Board, which would be sensible. It belongs to the light, and nobody is grateful for it.",
    "He sat on the steps from slack to slack with his collar up and his nose streaming, and was "
    "told that there were a hundred and nine of them, all of them bad for a chest like his.",
)
BODY = "\n\n".join(textwrap.fill(p, 66) for p in PROSE * 4)
HEADER = "The Project Gutenberg EBook of Salt\n\n*** START OF THIS PROJECT GUTENBERG EBOOK SALT ***"
FOOTER = "*** END OF THIS PROJECT GUTENBERG EBOOK SALT ***\n\nUpdated editions will replace this."


def kinds(cleaned: Cleaned) -> list[tuple[str, bool]]:
    return [(removal.kind, removal.removed) for removal in cleaned.removals]


def test_gutenbergs_header_and_licence_go_and_come_back() -> None:
    raw = f"{HEADER}\n\n{BODY}\n\n{FOOTER}"
    cleaned = clean(raw)
    assert cleaned.text.split("\n\n") == list(PROSE * 4)
    assert kinds(cleaned) == [("boilerplate", True)] * 2
    header, licence = cleaned.removals
    assert (header.at, licence.at) == (0, len(cleaned.text))
    back = clean(raw, Decisions(keep=frozenset({licence.id})))
    assert back.text.endswith("Updated editions will replace this.")
    assert back.text[back.removals[1].at :].startswith("*** END OF")
    assert [r.id for r in back.removals] == [r.id for r in cleaned.removals]


@pytest.mark.parametrize(
    "note",
    [
        "Produced by A. Reader and the Proofreaders",
        "[Transcriber's note: the spelling of the original is kept.]",
        "Transcribed from the 1910 edition by A. Reader",
        "本书由某某书屋整理制作",
    ],
)
def test_credits_go(note: str) -> None:
    assert kinds(clean(f"{note}\n\n{BODY}")) == [("boilerplate", True)]


def test_places_of_pictures_go_together() -> None:
    raw = BODY.replace("\n\n", "\n\n[Illustration: The light]\n\n", 2)
    (removal,) = clean(raw).removals
    assert (removal.kind, removal.count) == ("illustrations", 2)


def paged(head: str = "") -> str:
    """Prose in pages of eight lines, cut wherever they end."""
    lines = textwrap.fill(" ".join(PROSE * 12), 66).split("\n")
    pages = ["\n".join(lines[i : i + 7]) for i in range(0, len(lines), 7)]
    top = f"\n\n{head}\n\n" if head else "\n\n"
    return "".join(f"{page}\n\n{n}{top}" for n, page in enumerate(pages, 12))


def test_page_numbers_go_and_the_paragraphs_they_cut_are_whole() -> None:
    cleaned = clean(paged())
    assert cleaned.text == " ".join(PROSE * 12)
    assert kinds(cleaned) == [("page-numbers", True)]
    (removal,) = cleaned.removals
    back = clean(paged(), Decisions(keep=frozenset({removal.id})))
    assert "\n\n12\n\n" in back.text


def test_running_heads_go_with_them() -> None:
    cleaned = clean(paged("The Tide Clerk"))
    assert "Tide Clerk" not in cleaned.text
    assert ("running-head", True) in kinds(cleaned)


def test_numbers_of_chapters_are_no_page_numbers() -> None:
    assert clean("\n\n".join(f"{n}\n\n{BODY}" for n in range(1, 9))).removals == ()


def test_words_broken_at_line_ends_are_mended_where_the_text_knows_them() -> None:
    broken = (
        "It was, as everyone on the quay would have told you, quite sens-\n"
        "ible to keep away from the well-\nknown man, and so nobody at all kept near to him."
    )
    raw = f"{BODY}\n\n{broken}\n\nA well-known man and a sensible one are two."
    cleaned = clean(raw)
    assert "quite sensible to keep" in cleaned.text
    assert "the well-known man" in cleaned.text
    (removal,) = cleaned.removals
    assert (removal.kind, removal.text) == ("hyphenation", "sens-\nible")
    assert "sens-ible" in clean(raw, Decisions(keep=frozenset({removal.id}))).text


@pytest.mark.parametrize("head", ["Translator's Note", "Notes", "About the Author", "译后记"])
def test_editors_notes_are_offered_and_taken_out_when_asked(head: str) -> None:
    raw = f"Chapter 1\n\n{BODY}\n\n{head}\n\nSome words on the text, and thanks to many."
    cleaned = clean(raw)
    assert kinds(cleaned) == [("notes", False)]
    assert cleaned.text.endswith("thanks to many.")
    (removal,) = cleaned.removals
    assert cleaned.text[removal.at :].startswith(head)
    without = clean(raw, Decisions(drop=frozenset({removal.id})))
    assert without.text == cleaned.text[: removal.at].rstrip()
    assert kinds(without) == [("notes", True)]


def test_a_manuscript_lists_them_and_one_of_before_still_loads() -> None:
    raw = f"{HEADER}\n\n{BODY}".encode()
    manuscript = read_manuscript("salt.txt", raw)
    (removal,) = manuscript.removals
    again = read_manuscript("salt.txt", raw, Decisions(keep=frozenset({removal.id})))
    assert again.text.startswith("The Project Gutenberg EBook")
    assert read_manuscript("salt.txt", raw) == manuscript
    stored = manuscript.model_dump_json(exclude={"removals"})
    assert Manuscript.model_validate_json(stored).removals == ()
