"""Steps that several browser tests take through the studio."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection
from functools import wraps
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Error, Locator, LocatorAssertions, Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.waiting import PATIENCE

SENDING = 200
"""Milliseconds in which the browser tells the server of a click, before anyone looks."""
LOOK = 100


def bear_with_doubles() -> None:
    """What moves on a page is there twice until the page's script has ended, and Playwright would
    fail at once when it finds two of what should be one: it is to look again."""
    asserted = [name for name in dir(LocatorAssertions) if name.startswith(("to_", "not_to_"))]
    for name in asserted:
        setattr(LocatorAssertions, name, _patient(getattr(LocatorAssertions, name)))
    for name in ("check", "click", "evaluate", "fill", "press", "select_option", "text_content"):
        setattr(Locator, name, _patient(getattr(Locator, name)))
    for name in ("check", "click", "fill", "select_option"):
        setattr(Locator, name, _at_rest(getattr(Locator, name)))


def _at_rest(method: Callable[..., Any]) -> Callable[..., Any]:
    """What is about to move away from under a click is not clicked."""

    @wraps(method)
    def rested(self: Any, *args: Any, **kwargs: Any) -> Any:
        runs = _RUNS.get(self.page)
        if runs and runs.heard:
            looked_for(self.page, lambda: runs.stands == "done", "the page's script to end")
        return method(self, *args, **kwargs)

    return rested


def _patient(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def patient(self: Any, *args: Any, **kwargs: Any) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return method(self, *args, **kwargs)
            except (AssertionError, Error) as problem:
                if "strict mode violation" not in str(problem) or time.monotonic() > end:
                    raise
            time.sleep(LOOK / 1000)

    return patient


class Runs:
    """Whether a page's script has run since the page last asked for it, heard on its web socket."""

    def __init__(self, page: Page) -> None:
        self.stands = "asked"
        self.heard = False
        """Whether the page is a studio's at all."""
        self._part: str | None = None
        """What was asked for: "" is the whole page, None is whatever runs next."""
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        self.heard = True
        self._ask("")  # a page that opens wants its script to run
        socket.on("framesent", self.sent)
        socket.on("framereceived", self.received)

    def sent(self, frame: str | bytes) -> None:
        """What runs again by itself every second is not waited for."""
        if not isinstance(frame, bytes):
            return
        told = BackMsg.FromString(frame)
        if told.HasField("rerun_script") and not told.rerun_script.is_auto_rerun:
            self._ask(told.rerun_script.fragment_id)

    def _ask(self, part: str | None) -> None:
        self.stands, self._part = "asked", part

    def received(self, frame: str | bytes) -> None:
        """The end of an earlier run is none of this one's, and a run that breaks off to begin
        anew has not ended."""
        if not isinstance(frame, bytes):
            return
        told = ForwardMsg.FromString(frame)
        kind = told.WhichOneof("type")
        if kind == "new_session" and self._is_awaited(told.metadata.run.fragment_ids):
            self.stands = "running"
        elif kind == "script_finished" and self.stands == "running":
            if told.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self._ask(None)
            else:
                self.stands = "done"

    def _is_awaited(self, parts: Collection[str]) -> bool:
        """Whether a run is of what was asked for. One of the whole page always is: every part
        runs with it."""
        return not parts or (self.stands == "asked" and (self._part is None or self._part in parts))


_RUNS: WeakKeyDictionary[Page, Runs] = WeakKeyDictionary()


def listen(page: Page) -> Page:
    """The page, whose script ``settled`` can wait for."""
    _RUNS[page] = Runs(page)
    return page


def looked_for(page: Page, ready: Callable[[], bool], what: str) -> None:
    """Look again and again; a page tells nothing while its test sleeps."""
    for _look in range(int(PATIENCE * 1000 / LOOK)):
        if ready():
            return
        page.wait_for_timeout(LOOK)
    raise AssertionError(f"waited in vain for {what}")


def settled(page: Page) -> None:
    """The script that the last click set off has run."""
    page.wait_for_timeout(SENDING)
    looked_for(page, lambda: _RUNS[page].stands == "done", "the page's script to end")
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def connected(page: Page) -> None:
    """The page has found the server that took the old one's place, and its script has run."""
    expect(page.locator('[data-test-connection-state="CONNECTED"]')).to_have_count(1)
    settled(page)


def unfold(fold: Locator) -> None:
    """What is in a fold moves until it is open, and a click on it might miss. One that is open
    stays so."""
    settled(fold.page)
    if fold.evaluate("e => e.closest('details').open"):
        return
    fold.click()
    heights = [-1.0, -2.0]

    def still() -> bool:
        is_open, height = fold.evaluate(
            "e => (d => [d.open, d.offsetHeight])(e.closest('details'))"
        )
        heights.append(height)
        return is_open and heights[-1] == heights[-2] == heights[-3]

    looked_for(fold.page, still, "the fold to be open")
    settled(fold.page)


def open_the_form(fold: Locator, within: Locator) -> None:
    """A form that lies in a fold, unless there is nothing on the page yet beside it."""
    settled(fold.page)
    expect(fold.or_(within).first).to_be_visible()
    if fold.count():
        unfold(fold)


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).first.click()


def go_to(page: Page, name: str) -> None:
    """By the navigation, so that the session goes on."""
    page.get_by_role("link", name=name, exact=True).click()
    heading(page, name)


def take_the_sample(page: Page) -> None:
    """From the Manuscripts page on: the English sample."""
    press(page, re.compile(r"\(English\)"))
    expect(page.get_by_text(re.compile(r"words of English in \d+ chapters"))).to_be_visible()


def prepare_the_dataset(page: Page) -> None:
    """From the Manuscripts page on, to the end of a real job."""
    press(page, "Prepare a dataset of it")
    heading(page, "Datasets")
    press(page, "Prepare the dataset")
    expect(
        page.get_by_text(re.compile(r"passages to learn from and \d+ kept aside"))
    ).to_be_visible()


def choose_a_lesson(page: Page, *, readings: int) -> None:
    """On the Training page, before the lesson starts: one with twelve small steps in each reading
    of the sample."""
    unfold(page.get_by_text("Details", exact=True))
    page.get_by_label("Readings of the text (epochs)", exact=True).fill(str(readings))
    page.get_by_label("Passages at once (batch)", exact=True).fill("2")
    page.get_by_role("tab", name="Watching").click()
    page.get_by_label("Save every … steps", exact=True).fill("3")
    press(page, "Use these numbers")
    settled(page)


def picture(page: Page, name: str) -> None:
    """A screenshot where one is wanted, in the light and in the dark."""
    folder = os.environ.get("LOREWRIGHT_SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(1500)
        page.screenshot(path=str(Path(folder) / f"{name}-{scheme}.png"), full_page=True)
    page.emulate_media(color_scheme="light")
