"""What a browser tab sends before anyone has signed in may be anything."""

from __future__ import annotations

import pytest

from studio.ui.again import parsed


@pytest.mark.parametrize(
    "sent", [None, 5, "", "5", "null", "[]", '"x"', "nope", "[" * 200_000, '{"a":' * 100_000]
)
def test_what_is_no_object_is_nothing(sent: object) -> None:
    assert parsed(sent) == {}


def test_what_a_page_had_held_comes_back() -> None:
    assert parsed('{"teach_begun": true}') == {"teach_begun": True}
