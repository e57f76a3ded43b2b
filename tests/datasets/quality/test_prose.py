"""Tables of contents, copyright pages, indexes and lists are known; stories are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.datasets.quality.prose import non_prose
from studio.settings import ROOT

CONTENTS = """Contents

Chapter 1. The Tide ........ 3
Chapter 2. The Ledger ........ 21
Chapter 3. The Lock ........ 47
Chapter 4. Low Water ........ 80"""
CONTENTS_ZH = (
    "目录\n\n第一章　红漆\n\n第二章　石阶\n\n第三章　渡船\n\n第四章　皂角树\n\n第五章　水位"
)
ROMAN = "I. The Letter\nII. The Answer\nIII. The Journey\nIV. The House\nV. The End"
COPYRIGHT = """Copyright © 2019 by A. Writer. All rights reserved.

No part of this book may be reproduced. First published in 2019 by Some House.

ISBN 978-3-16-148410-0. Printed in the United States."""
COPYRIGHT_ZH = "版权所有\n\n出版发行：某某出版社　印刷：某某印刷厂\n\n定价：39.00元　ISBN 978"
INDEX = """anchor, 12, 45
barge, 3, 17–19
harbour, 22, 30, 31
ledger, 5
tide, 1, 9, 88–90"""
LIST = "- two lamps\n- a coil of rope\n- the ledger\n- bread\n- oil for the hinges"
LIST_ZH = "一、煤油两斤\n二、麻绳一卷\n三、账本\n四、干粮\n五、盐"
SHORT_SPEECHES = "“No.”\n\n“Yes.”\n\n“Since when?”\n\n“Since the water came.”\n\n“Ah.”"
LETTER = "Dear Anna,\n\nI arrived on the 12.\n\nThe room is No. 14, and it rains.\n\nYours,\n\nTom"
POEM = "The water came, the water stood,\nthe water leaned against the wood,\nand stayed."
PUBLISHER = (
    "The publisher printed a hundred copies, and a copyright lawyer bought the first edition."
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CONTENTS, "contents"),
        (CONTENTS_ZH, "contents"),
        (ROMAN, "contents"),
        (COPYRIGHT, "copyright"),
        (COPYRIGHT_ZH, "copyright"),
        (INDEX, "index"),
        (LIST, "list"),
        (LIST_ZH, "list"),
        (SHORT_SPEECHES, None),
        (LETTER, None),
        (POEM, None),
        ("", None),
        ("Chapter 1", None),
    ],
)
def test_what_a_passage_is(text: str, kind: str | None) -> None:
    assert non_prose(text) == kind


def test_a_story_about_publishing_is_a_story() -> None:
    assert non_prose(PUBLISHER.replace("first edition", "book")) is None


@pytest.mark.parametrize("name", ["tide-clerk", "last-ferry"])
def test_the_samples_are_prose(name: str) -> None:
    text = (ROOT / f"data/samples/{name}.txt").read_text(encoding="utf-8")
    pieces = [text[i : i + 500] for i in range(0, len(text), 500)]
    assert [p for p in pieces if non_prose(p)] == []


def passages(path: Path) -> list[str]:
    paragraphs = path.read_text("utf-8", errors="replace").split("\n\n")
    return ["\n\n".join(paragraphs[i : i + 6]) for i in range(0, len(paragraphs), 6)]


def test_of_the_novels_only_their_front_and_back_is_none(corpus: Path) -> None:
    for path in sorted(corpus.glob("*/*.txt")):
        found = passages(path)
        # A table of contents stands at the front; a tenth of a long novel is more than that.
        wrong = [p for p in found[len(found) // 10 : -12] if non_prose(p) not in (None, "list")]
        assert len(wrong) <= 1, (path.name, wrong)
