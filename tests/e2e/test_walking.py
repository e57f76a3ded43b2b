"""What the browser tests rely on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.e2e.walking import Runs

pytestmark = pytest.mark.browser
TWICE = """<button>Go</button><button id=old>Go</button>
<script>setTimeout(() => document.getElementById("old").remove(), %d)</script>"""


def test_what_is_there_twice_for_a_moment_is_waited_for(page: Page) -> None:
    page.set_content(TWICE % 1000)
    expect(page.get_by_role("button", name="Go")).to_be_enabled()
    page.set_content(TWICE % 1000)
    page.get_by_role("button", name="Go").click()
    page.set_content("<p>Other</p>")
    with pytest.raises(Error, match="Timeout"):
        page.get_by_role("button", name="Go").click(timeout=100)


def asked(part: str = "", *, by_itself: bool = False) -> bytes:
    told = BackMsg()
    told.rerun_script.fragment_id = part
    told.rerun_script.is_auto_rerun = by_itself
    return told.SerializeToString()


def begun(*parts: str) -> bytes:
    told = ForwardMsg()
    told.metadata.run.fragment_ids.extend(parts)
    told.new_session.name = "Home.py"
    return told.SerializeToString()


def ended(how: ForwardMsg.ScriptFinishedStatus.ValueType) -> bytes:
    return ForwardMsg(script_finished=how).SerializeToString()


WHOLE = ended(ForwardMsg.FINISHED_SUCCESSFULLY)
PART = ended(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
BROKEN_OFF = ended(ForwardMsg.FINISHED_EARLY_FOR_RERUN)


@pytest.mark.parametrize(
    ("wanted", "heard", "stands"),
    [
        ("", [begun(), WHOLE], "done"),
        ("", [WHOLE], "asked"),
        ("", [begun("clock"), PART], "asked"),
        ("", [begun(), BROKEN_OFF], "asked"),
        ("", [begun(), BROKEN_OFF, begun(), WHOLE], "done"),
        ("form", [begun("clock"), PART], "asked"),
        ("form", [begun("clock", "form"), PART], "done"),
        ("form", [begun(), WHOLE], "done"),
        ("form", [begun("form"), BROKEN_OFF, begun()], "running"),
        ("form", [begun("form"), BROKEN_OFF, begun("clock"), PART], "done"),
        ("", [begun(), WHOLE, begun("clock"), PART], "done"),
        ("", [begun(), WHOLE, begun("clock"), BROKEN_OFF, begun()], "running"),
    ],
)
def test_a_page_is_ready_when_what_was_asked_for_has_run(
    page: Page, wanted: str, heard: list[bytes], stands: str
) -> None:
    runs = Runs(page)
    runs.sent(asked(wanted))
    runs.sent(asked("clock", by_itself=True))
    for frame in heard:
        runs.received(frame)
    assert runs.stands == stands
