"""A form's mistakes are told in plain words."""

from __future__ import annotations

import pytest

from studio.domain.recipes import HubRows, RawSpec
from studio.domain.writers import EndpointWriter
from studio.errors import StudioError
from studio.ui.given import valid


def test_what_fits_becomes_a_spec() -> None:
    assert valid(HubRows, repository="a/b").split == "train"


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(StudioError, match="repository") as caught:
        valid(HubRows, repository="no slash in it")
    assert "nothing was begun" in caught.value.remedy
    with pytest.raises(StudioError, match="address"):
        valid(EndpointWriter, address="ftp://x", model="m")


def test_what_does_not_go_together_is_told_in_the_specs_own_words() -> None:
    with pytest.raises(StudioError) as caught:
        valid(RawSpec, passage_tokens=64, overlap_tokens=96)
    assert caught.value.why == "At most half of a passage may be repeated from the one before."
