"""Copies and near copies, in both languages; nothing else is taken for one."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.quality import duplicates
from studio.datasets.quality.duplicates import Twin, normalised, similarity, twins
from studio.settings import ROOT

ENGLISH = (
    "The harbour clerk wrote down the height of the water every evening, and every evening he "
    "wondered who would read it. The ledger was older than his father. It smelled of salt and "
    "of the oil they used on the hinges of the lock."
)
CHINESE = (
    "船工把缆绳绕在石柱上，抬头看了看天色。风从江心吹过来，带着一点煤烟的味道。他说今天不会再有人过江了，"
    "可是码头上还站着一个提篮子的女人，篮子上盖着一块蓝布。"
)
THRESHOLD = 0.45


def passages(name: str, length: int) -> list[str]:
    text = (ROOT / f"data/samples/{name}.txt").read_text(encoding="utf-8")
    return [text[i : i + length] for i in range(0, len(text) - length, length)]


def edited(text: str, pieces: list[str], dice: random.Random) -> list[str]:
    """Every tenth piece replaced, left out or doubled."""
    result = []
    for piece in pieces:
        if dice.random() >= 0.1:
            result.append(piece)
        else:
            result += dice.choice([[], [dice.choice(pieces)], [piece, dice.choice(pieces)]])
    return result


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("He went,  to\nthe QUAY.", "he went to the quay"),
        ("“水涨了。”他说", "「水涨了」，他说。"),
        ("ＡＢＣ１２３！", "abc123"),
        ("It’s late.", 'It\'s "late".'),
    ],
)
def test_space_case_width_and_punctuation_do_not_matter(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert twins([one, other], None) == [Twin(1, 0, 1.0)]


def test_texts_without_letters_are_compared_as_they_are() -> None:
    assert twins(["***", "……", "***"], THRESHOLD) == [Twin(2, 0, 1.0)]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_the_same_is_entirely_alike_and_another_is_not(text: str) -> None:
    letters = normalised(text)
    assert similarity(letters, letters) == 1
    assert similarity(letters, normalised(ENGLISH if text is CHINESE else CHINESE)) == 0
    assert similarity("ab", "ab") == 0


def test_a_chinese_shingle_is_shorter() -> None:
    assert duplicates.shingles("水涨了三尺abcdef") >= {"水涨了", "abcde"}


@pytest.mark.parametrize(("name", "length"), [("tide-clerk", 700), ("last-ferry", 250)])
def test_edited_copies_of_real_prose_are_found_and_nothing_else(name: str, length: int) -> None:
    dice = random.Random(5)
    originals = passages(name, length)
    joint = " " if name == "tide-clerk" else ""
    copies = [
        joint.join(edited(text, text.split() if joint else list(text), dice)) for text in originals
    ]
    found = twins([*originals, *copies], THRESHOLD)
    right = [t for t in found if t.number == t.of + len(originals)]
    assert len(right) >= 0.9 * len(originals)
    assert len(right) >= 0.95 * len(found)
    assert all(THRESHOLD <= t.similarity <= 1 for t in found)


@pytest.mark.parametrize(("name", "length"), [("tide-clerk", 700), ("last-ferry", 250)])
def test_half_a_passage_in_common_is_no_copy(name: str, length: int) -> None:
    found = passages(name, length)
    halves = [a[: length // 2] + b[length // 2 :] for a, b in pairwise(found)]
    assert twins([*found, *halves], 0.55) == []


def test_what_is_found_is_truly_as_alike_as_it_says() -> None:
    dice = random.Random(7)
    texts = [*passages("tide-clerk", 500)]
    texts += [" ".join(edited(text, text.split(), dice)) for text in texts]
    for twin in twins(texts, 0.4):
        true = similarity(normalised(texts[twin.number]), normalised(texts[twin.of]))
        assert twin.similarity == true >= 0.4


def test_the_first_stays_and_a_copy_of_a_near_copy_goes_with_it() -> None:
    near = ENGLISH.replace("harbour", "river").replace("father", "mother")
    found = twins([ENGLISH, near, near.upper(), CHINESE], THRESHOLD)
    assert [(t.number, t.of) for t in found] == [(1, 0), (2, 0)]
    assert found[0].similarity == found[1].similarity < 1


def test_small_changes_do_not_run_together() -> None:
    """Each passage is like the one before it, but the last is not like the first."""
    words = ENGLISH.split()
    chain = [" ".join([*words[3 * i :], *map(str, range(3 * i))]) for i in range(len(words) // 3)]
    found = twins(chain, THRESHOLD)
    dropped = {t.number for t in found}
    assert all(t.of not in dropped for t in found)
    assert len(chain) - len(dropped) > 1


def test_many_copies_of_one_passage_all_go() -> None:
    dice = random.Random(3)
    words = ENGLISH.split() * 3
    copies = [" ".join([*words[:-1], f"end{dice.random()}"]) for _ in range(300)]
    found = twins(copies, THRESHOLD)
    assert {t.of for t in found} == {0}
    assert len(found) == 299


def test_without_a_threshold_only_copies_count() -> None:
    near = ENGLISH.replace("harbour", "river")
    assert twins([ENGLISH, near, ENGLISH.upper()], None) == [Twin(2, 0, 1.0)]
    assert twins([], THRESHOLD) == twins([ENGLISH], THRESHOLD) == []


@given(st.lists(st.text(alphabet="abc水 ,。", max_size=30), max_size=12))
def test_any_texts_give_one_answer(texts: list[str]) -> None:
    found = twins(texts, THRESHOLD)
    assert found == twins(texts, THRESHOLD)
    numbers = [t.number for t in found]
    assert numbers == sorted(set(numbers))
    assert all(t.of < t.number and t.of not in numbers for t in found)
    exact = {t.number for t in twins(texts, None)}
    assert exact <= set(numbers)


def test_another_process_finds_the_same() -> None:
    code = (
        "from studio.datasets.quality.duplicates import twins; from studio.settings import ROOT;"
        "t=(ROOT/'data/samples/tide-clerk.txt').read_text(encoding='utf-8');"
        "p=[t[i:i+400] for i in range(0,4000,300)]; print(twins(p,0.3))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_the_batch_of_hashes_is_that_of_single_ones() -> None:
    """The library takes the array of a text's hashes as it takes them one by one."""
    from datasketch import MinHash

    letters = normalised(ENGLISH)
    single = MinHash(duplicates.PERMUTATIONS, seed=duplicates.SEED, hashfunc=int)
    single.update_batch(duplicates._hashes(letters).tolist())
    (row,) = duplicates._sketches([letters])
    assert np.array_equal(row, single.hashvalues)


@pytest.mark.parametrize("threshold", [0.3, 0.45, 0.6, 0.8, 1.0])
def test_the_bands_fit_the_sketch(threshold: float) -> None:
    count, rows = duplicates.bands(threshold)
    assert count >= 2
    assert count * rows <= duplicates.PERMUTATIONS
    assert rows == 3 or 1 - (1 - threshold**rows) ** count >= duplicates.SURE
