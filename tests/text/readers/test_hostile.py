"""Whatever is in a file: a StudioError or a reading, in time, in memory, and nothing outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.bench import resident
from studio.errors import StudioError
from studio.plugins import discover
from studio.settings import ROOT
from studio.text import filesets
from studio.text.importing import read_file
from studio.text.reading import Reading
from tests import manuscripts
from tests.manuscripts import CHINESE, ENGLISH, raw_docx, zipped

pytestmark = pytest.mark.slow
READERS = discover("studio.text.readers")
FILES = manuscripts.of_every_kind(f"{ENGLISH} {CHINESE}")
MEMORY = 500 << 20
"""Bytes, with the interpreter and its libraries."""
FUZZED = settings(max_examples=40, suppress_health_check=list(HealthCheck))


def outcome(kind: str, data: bytes) -> Reading | StudioError:
    """What the reader makes of it; anything it raises but StudioError is a failure."""
    name = "novel" + READERS[kind].endings[0]
    try:
        found: Reading | StudioError = read_file(name, data)
    except StudioError as refused:
        found = refused
    assert not isinstance(found, StudioError) or found.remedy.endswith(".")
    if isinstance(found, Reading):
        found.model_dump_json().encode()  # Halves of characters would not survive this.
    return found


@pytest.mark.parametrize("kind", FILES)
class TestFuzz:
    @FUZZED
    @given(data=st.data())
    def test_cut_off(self, kind: str, data: st.DataObject) -> None:
        whole = FILES[kind]
        outcome(kind, whole[: data.draw(st.integers(0, len(whole) - 1))])

    @FUZZED
    @given(data=st.data())
    def test_flipped_bits(self, kind: str, data: st.DataObject) -> None:
        whole = bytearray(FILES[kind])
        places = st.integers(0, 8 * len(whole) - 1)
        for place in data.draw(st.lists(places, min_size=1, max_size=12)):
            whole[place // 8] ^= 1 << place % 8
        outcome(kind, bytes(whole))

    @FUZZED
    @given(data=st.data())
    def test_pieces_put_in(self, kind: str, data: st.DataObject) -> None:
        pieces = [b"\0", b"<", b"{", b'"', b"\\u-1 ", b"\xff\xfe", b"]]>", b"&x;", b"PK\x05\x06"]
        whole = bytearray(FILES[kind])
        for _turn in range(data.draw(st.integers(1, 5))):
            place = data.draw(st.integers(0, len(whole)))
            whole[place:place] = data.draw(st.sampled_from(pieces) | st.binary(max_size=20))
        outcome(kind, bytes(whole))

    @FUZZED
    @given(content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
    def test_anything(self, kind: str, content: bytes) -> None:
        outcome(kind, content)


@FUZZED
@given(part=st.text("<>/&;:w#x\"'= pt\n", max_size=80))
def test_damage_inside_the_package(part: str) -> None:
    """Bits flipped in a zip are found by its checksums; this gets past them."""
    outcome("docx", raw_docx(f"<w:p><w:r><w:t>{ENGLISH}</w:t></w:r></w:p>{part}"))
    outcome("epub", manuscripts.epub({"a.xhtml": f"<p>{ENGLISH}</p>{part}"}))
    outcome("html", f"<p>{ENGLISH}</p>{part}".encode())


@FUZZED
@given(
    body=st.lists(
        st.sampled_from(["{", "}", "\\par ", "\\u", "\\u-3 ", "\\'", "\\'9", "\\*", "\\bin9",
                         "\\s1", "{\\fonttbl", "{\\stylesheet", "{\\footnote ", "\\f7 ", "x",
                         "\\ansicpg5 ", "\\", "\\cpg65001 ", "\\fcharset134 ", "\\uc-1 "])
    )
)  # fmt: skip
def test_any_order_of_control_words(body: list[str]) -> None:
    outcome("rtf", b"{\\rtf1 " + "".join(body).encode() + b"\\par}")


SECRET = "file:///etc/passwd"
XXE = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{SECRET}">]>'
LAUGHS = "<!DOCTYPE d [" + '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
) + "]>"  # fmt: skip
REMOTE = '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">'


def document(before: str, reference: str) -> bytes:
    body = f"<w:body><w:p><w:r><w:t>{ENGLISH}{reference}</w:t></w:r></w:p></w:body>"
    return zipped({"word/document.xml": f"{before}<w:document {manuscripts.W}>{body}</w:document>"})


def book(before: str, reference: str) -> bytes:
    page = f'{before}<html xmlns="http://www.w3.org/1999/xhtml"><p>{ENGLISH}{reference}</p></html>'
    return manuscripts.epub({"a.xhtml": ""}, **{"OEBPS__a.xhtml": page})


def project(before: str, reference: str) -> bytes:
    files = manuscripts.scrivener()
    binder = str(files["Novel.scriv/Novel.scrivx"]).replace("Morning", f"Morning{reference}")
    return zipped(files | {"Novel.scriv/Novel.scrivx": before + binder})


@pytest.mark.parametrize("make", [document, book, project])
@pytest.mark.parametrize(
    ("before", "reference"), [(XXE, "&x;"), (LAUGHS, "&a11;"), (REMOTE, ""), ("", "&x;")]
)
def test_entities_are_never_followed(
    make: Callable[[str, str], bytes], before: str, reference: str
) -> None:
    kind = {document: "docx", book: "epub", project: "scrivener"}[make]
    found = outcome(kind, make(before, reference))
    if isinstance(found, Reading):
        assert "root:" not in found.text
        assert "haha" not in found.text
    elif before in (XXE, LAUGHS):
        assert "safely" in found.what or "damaged" in found.what


def test_nothing_is_included_from_elsewhere() -> None:
    include = (
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{SECRET}"/>'
    )
    found = outcome("docx", raw_docx(f"<w:p><w:r><w:t>{ENGLISH}{include}</w:t></w:r></w:p>"))
    assert isinstance(found, Reading)
    assert found.text == ENGLISH


def test_entities_in_utf_16_are_found_too() -> None:
    xml = f"{XXE}<w:document {manuscripts.W}><w:body>&x;</w:body></w:document>"
    data = zipped(
        {"word/document.xml": f'<?xml version="1.0" encoding="utf-16"?>{xml}'.encode("utf-16")}
    )
    assert isinstance(outcome("docx", data), StudioError)


def nested(before: str, after: str, depth: int) -> str:
    return before * depth + ENGLISH + after * depth


@pytest.mark.parametrize("depth", [250, 5_000, 100_000])
def test_deep_nesting(depth: int) -> None:
    outcome("html", nested("<div>", "</div>", depth).encode())
    outcome("html", nested("<table><tr><td>", "</td></tr></table>", depth // 10).encode())
    outcome("docx", raw_docx(nested("<w:p>", "</w:p>", depth)))
    outcome("docx", raw_docx(nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", depth // 4)))
    outcome("json", nested('[{"a":', "}]", depth).encode())
    outcome("json", nested("[", "]", depth).encode())
    outcome("rtf", b"{\\rtf1 " + nested("{", "}", depth).encode() + b"}")
    item = '<BinderItem Type="DraftFolder"><Children>'
    binder = nested(item, "</Children></BinderItem>", depth // 8)
    outcome("scrivener", zipped({"a.scrivx": f"<Binder>{binder}</Binder>"}))


@pytest.mark.parametrize("kind", FILES)
def test_half_characters_and_nul_bytes(kind: str) -> None:
    for text in ("a\0b" * 40, '{"text": "\\ud800\\udc00\\ud800"}', "&#xD800;&#0;", "\\u-10000 ?"):
        outcome(kind, text.encode())
        outcome(kind, text.encode("utf-16"))


def test_a_zip_of_itself_is_not_followed() -> None:
    inner = zipped({"a.txt": ENGLISH})
    for _turn in range(5):
        inner = zipped({"inner.zip": inner})
    with pytest.raises(StudioError, match="holds no manuscript"):
        filesets.expand("a.zip", inner)


# Each makes a file of the worst kind for one reader, at the largest size that gets past the limits
# or just beyond; they run in processes of their own, whose memory is measured.
WORST = {
    "million columns": ("csv", "b'x,' * 1_000_000 + b'\\n' + b'y,' * 1_000_000"),
    "open quote": ("csv", "b'text\\n\"' + b'a,b\\n' * 9_000_000"),
    "wide characters": ("csv", "('text\\n' + ('水' * 900 + '\\n') * 16_000 + '😀').encode()"),
    "many lists": ("json", "b'[' + b'[],' * 1_400_000 + b'[]]'"),
    "open string": ("json", "b'\"' + b'\\\\\"' * 15_000_000"),
    "small elements": ("html", "b'<p>' + b'<b/>' * 1_100_000"),
    "many attributes": ("html", "b'<p>' + b'<b a= b= c=>' * 290_000"),
    "one endless text": ("html", "b'<p>' + b'word ' * 8_000_000"),
    "comments": ("html", "b'<!--' * 1_000_000"),
    "many runs": ("docx", "m.raw_docx('<w:p><w:r><w:t>x</w:t></w:r></w:p>' * 140_000, m.stored)"),
    "empty tags": ("docx", "m.raw_docx('<w:p/>' * 800_000, m.stored)"),
    "bomb": ("docx", "m.raw_docx(' ' * (90 << 20))"),
    "nested tables": ("docx", "m.raw_docx('<w:tbl>' * 99 + '<w:tc/>' * 300_000 + '</w:tbl>' * 99, "
                              "m.stored)"),
    "many pages": ("epub", "m.epub({f'{n}.xhtml': '<p>x</p>' for n in range(3000)})"),
    "control words": ("rtf", "b'{\\\\rtf1 ' + b'\\\\b' * 5_000_000"),
    "long text": ("rtf", "b'{\\\\rtf1 ' + b'word ' * 9_000_000"),
    "same text again": ("parquet", "m.parquet(text=['x' * 10_000_000] * 30)"),
    "many members": ("zip", "m.zipped({f'{n}.txt': 'x' for n in range(20_001)})"),
}  # fmt: skip

MEASURE = """
import json, os, pathlib, sys, tempfile
from studio.bench import resident
from studio.errors import StudioError
from studio.text.importing import read_file
from tests import manuscripts as m
found = []
for kind, ending, expression in json.loads(sys.argv[1]):
    file = pathlib.Path(tempfile.mkdtemp()) / "data"
    if not os.fork():
        file.write_bytes(eval(expression))
        os._exit(0)
    os.wait()
    data = file.read_bytes()
    file.unlink()
    file.parent.rmdir()
    try:
        said = len(read_file("novel" + ending, data).text)
    except StudioError as refused:
        said = str(refused)
    found.append([resident.peak(), said])
print(json.dumps(found))
"""


@pytest.mark.skipif(resident.peak() is None, reason="memory is measured by Linux's /proc")
@pytest.mark.parametrize("case", WORST)
def test_the_worst_files_are_read_in_little_memory(case: str) -> None:
    """And in seconds: hours, if a reader went over them again and again."""
    kind, expression = WORST[case]
    (found,) = measured([[kind, READERS[kind].endings[0], expression]])
    peak, said = found
    assert peak < MEMORY, (peak >> 20, said)


def measured(cases: list[list[str]]) -> Any:
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps(cases)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)
