"""Scenes: after a mark, or after a gap wider than the text's usual one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.text.cleaning import clean
from studio.text.scenes import scenes

PROSE = "He went down to the quay and looked for a long time at the water, which was grey. " * 2
PROSE = PROSE.strip()
HAN = "他走到码头上，看了很久的水，水是灰的，天也是灰的，什么声音也没有。" * 2


@pytest.mark.parametrize("prose", [PROSE, HAN])
@pytest.mark.parametrize(("gap", "scene"), [("\n", "\n\n"), ("\n\n", "\n\n\n\n")])
def test_a_wider_gap_ends_a_scene(prose: str, gap: str, scene: str) -> None:
    part = gap.join([prose] * 5)
    text = clean(scene.join([part] * 2)).text
    assert text.count("\n\n\n") == 1
    assert [text[a:b].strip() for a, b in scenes(text, 0, len(text))] == [
        "\n\n".join([prose] * 5)
    ] * 2


def test_gaps_that_are_wide_everywhere_mean_nothing() -> None:
    assert "\n\n\n" not in clean("\n\n\n".join([PROSE] * 8)).text


@pytest.mark.parametrize("mark", ["* * *", "#", "———", "⁂", "◇"])
def test_marks_end_scenes(mark: str) -> None:
    text = clean(f"{PROSE}\n\n{mark}\n\n{PROSE}").text
    (first, second) = (text[a:b] for a, b in scenes(text, 0, len(text)))
    assert first == f"{PROSE}\n\n{mark}\n\n"
    assert second == PROSE


@given(st.lists(st.sampled_from([PROSE, "", "* * *", "Chapter 1", HAN, "\n"]), max_size=20))
def test_scenes_tile_the_text(blocks: list[str]) -> None:
    text = clean("\n\n".join(blocks)).text
    assert "".join(text[a:b] for a, b in scenes(text, 0, len(text))) == text
    assert clean(text).text == text
