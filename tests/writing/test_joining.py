"""What stands between a story and the page that follows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.writing.joining import joined

SEAMS = """
She said, “|Hello            Er sagte: „|Hallo        « Oui », dit-il. «|Non
She said, ‘|Hello            (|she thought            ¿|Quién
She said, "|Hello            "|Hello                  "No." He said, "|Yes
He said ('|no                "'|No                    ’|Tis
wait—|what                   wait--|what              “Wait—|what
well-|known                  well|-known              wait|—what
1914–|18                     and/|or                  $|5
5|%                          She ran|, and fell       She ran|.
“Run|,” she said             “Run|”                   (she ran|)
"Run|" he said               the boys|’ hats          “No,|” she said
don|'t                       don|’t                   she|’s
don’|t                       we'|ll                   did|n’t
O’|Brien                     o'|clock                 3.|14
1,|000                       10:|30                   3|rd
the 19|th                    the 1990|s                   And then|…               “…|and then
And then|...                 *|Hello                  It was un|believable
walk|ing                     b|elieve                 str|eet
unbeliev|able: unbelievable  The cat|s                beauti|fully
beauti|ful                   It was on|ly             She was do|ing
They walk. He walk|ing       great|est                tall. The tallest. tall|est
"""
GAPS = """
“Hello.”|She                 ‘Hello,’|she said        "Hello."|She
"No." He said "yes"|and      He is 5'10"|tall         the boys’|hats
It rained.|She ran           It rained,|and           The door|opened
wait —|what                  wait -|what              wait|— what
wait …|what                  wait…|what               It rained.|...and then
He said,|“Hello              He said,|"Hello          He said,|'Hello
He said,|‘Hello              He said|(low             He has 5 €|left
In 1914,|12 men              In 1914.|12 men          room|12
to|him                       to|be                    the|ally
the UN|said                  a|cat                    12 km|on
Charles de|Gaulle            Dr|who                   hmm|yes
5%|of                        Vitamin C|is             say|’tis
get|'em                      *Hello*|she              über|alles
Он|сказал                    그는|말했다                 e.g|and
*He* said,|*no               »Hallo«|sagte            It rained.|—And
It was|est                   the|ish                  Red. Red or red|ish
"""


def pairs(table: str) -> list[tuple[str, str]]:
    cells = [cell.strip() for row in table.strip().splitlines() for cell in row.split("  ")]
    return [tuple(cell.split("|")) for cell in cells if cell]  # type: ignore[misc]


@pytest.mark.parametrize(("text", "page"), pairs(SEAMS))
def test_no_space_where_none_belongs(text: str, page: str) -> None:
    assert joined(text, page, "en") == text + page


@pytest.mark.parametrize(("text", "page"), pairs(GAPS))
def test_a_space_between_words(text: str, page: str) -> None:
    assert joined(text, page, "en") == f"{text} {page}"


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("他说：“", "你好"), ("“你好。”", "她说"), ("“你好。”", "“再见。”"),
        ("雨停了。", "她走了。"),
        ("他说：“", "Hello"), ("他用", "iPhone"), ("他用 iPhone", "打电话"), ("那时候……", "她"),
        ("他——", "她"), ("有3", "个"), ("「", "はい"), ("彼は", "カメラ"), ("他说，", "“好"),
        ("《", "红楼梦"), ("他说", "，好"), ("“OK，”", "他说"), ("สวัสดี", "ครับ"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lead", ["", " "])
def test_chinese_and_its_neighbours_have_no_space(text: str, page: str, lead: str) -> None:
    assert joined(text, lead + page, "zh") == text + page
    assert joined(text, lead + page) == text + page


def test_a_language_with_spaces_keeps_them_around_a_foreign_name() -> None:
    assert joined("She met", "阿九", "en") == "She met 阿九"
    assert joined("阿九", "said", "en") == "阿九 said"
    assert joined("用 iPhone", "Pro", "zh") == "用 iPhone Pro"


@pytest.mark.parametrize(
    ("text", "page", "whole"),
    [
        ("", "She ran.", "She ran."),
        ("", "\n\n She ran.", "She ran."),
        ("It rained.\n\n", "She ran.\n", "It rained.\n\nShe ran."),
        ("It rained.\n\n", "\n\nShe ran.", "It rained.\n\nShe ran."),
        ("It rained.\n", "\n\nShe ran.", "It rained.\n\nShe ran."),
        ("It rained.", "\n\nShe ran.", "It rained.\n\nShe ran."),
        ("It rained. ", " She ran.", "It rained. She ran."),
        ("It rained. ", "She ran.", "It rained. She ran."),
        ("un", " believable", "un believable"),
        ("wait—", " what", "wait—what"),
        ("雨停了。\n", "　　她走了。", "雨停了。\n　　她走了。"),
        ("雨停了。", "\n　　她走了。", "雨停了。\n　　她走了。"),
        ("It rained.\n\n* * *", "She ran.", "It rained.\n\n* * *\n\nShe ran."),
        ("It rained.", " \n ", "It rained."),
    ],
)
def test_what_a_page_wants_is_heard(text: str, page: str, whole: str) -> None:
    assert joined(text, page) == whole


def test_a_page_that_is_known_to_go_on_within_a_word_does() -> None:
    assert joined("to", "morrow", "en", goes_on=True) == "tomorrow"
    assert joined("un", "believable", "en", goes_on=False) == "un believable"
    assert joined("It rained.", "She ran.", "en", goes_on=True) == "It rained. She ran."


def test_the_words_of_a_story_tell_a_cut_one() -> None:
    story = "He would come tomorrow. He spoke to"
    assert joined(story, "morrow", "en").endswith("spoke tomorrow")
    assert joined(story, "him", "en").endswith("spoke to him")
    assert joined("He went into it. She looked in", "to him", "en").endswith("looked in to him")


BITS = st.text(st.sampled_from(list("ab .,'\"“”‘’—-…\n　他。，（）3«»*_!")), max_size=12)


@given(text=BITS, page=BITS, goes_on=st.sampled_from([None, True, False]))
def test_the_story_is_never_changed(text: str, page: str, goes_on: bool | None) -> None:
    for language in ("en", "zh"):
        whole = joined(text, page, language, goes_on=goes_on)
        assert whole.startswith(text)
        assert whole.endswith(page.strip())
        assert set(whole[len(text) : len(whole) - len(page.strip())]) <= set(" \n\u3000")
