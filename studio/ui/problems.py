"""Shows a StudioError as what happened, why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from studio.domain.jobs import Failure
from studio.errors import StudioError
from studio.ui.words import plain


def show(problem: StudioError | Failure) -> None:
    """The error in a box; the parts may hold file names and are shown as they are."""
    st.error(
        f"**{plain(problem.what)}**\n\n{plain(problem.why)}\n\n{plain(problem.remedy)}",
        icon=":material/error:",
    )


@contextmanager
def told() -> Iterator[None]:
    """Show a StudioError of the body instead of raising it."""
    try:
        yield
    except StudioError as problem:
        show(problem)
