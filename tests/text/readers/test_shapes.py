"""Documents built of every shape that word processors write, one within another: each word is in
the text once, or a note names the part that it stands in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.text.readers.docx import plugin as docx
from studio.text.readers.rtf import plugin as rtf
from studio.text.reading import Reading
from tests import manuscripts
from tests.manuscripts import ENGLISH, zipped

BUILT = settings(max_examples=60, suppress_health_check=list(HealthCheck))
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = re.compile(r"w\d+x")

Tree = Any
"""The name of a shape with the trees in it."""


def trees(inline: list[str], block: list[str]) -> st.SearchStrategy[list[Tree]]:
    leaf = st.tuples(st.sampled_from(inline + block), st.just([]))
    return st.lists(
        st.recursive(
            leaf,
            lambda inner: st.tuples(
                st.sampled_from(inline + block), st.lists(inner, min_size=1, max_size=3)
            ),
            max_leaves=6,
        ),
        min_size=1,
        max_size=4,
    )


class Words:
    """Hands out words, and remembers which notes may answer for each."""

    def __init__(self) -> None:
        self.notes: dict[str, frozenset[str]] = {}
        self.around: frozenset[str] = frozenset()

    def next(self) -> str:
        word = f"w{len(self.notes)}x"
        self.notes[word] = self.around
        return f" {word} "

    def within(self, note: str, make: Callable[[], str]) -> str:
        before, self.around = self.around, self.around | {note}
        made = make()
        self.around = before
        return made

    def check(self, reading: Reading) -> None:
        found = WORD.findall(reading.text)
        for word, notes in self.notes.items():
            named = any(re.search(name, note) for name in notes for note in reading.notes)
            assert found.count(word) == 1 or (word not in found and named), (word, notes)
        assert set(found) <= set(self.notes)


def run(inside: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr>{inside}</w:r>"


class Docx:
    """Renders a tree; runs stand where runs may stand, paragraphs where those may."""

    INLINE: ClassVar[dict[str, str]] = {
        "text": "{runs}", "ins": "<w:ins>{runs}</w:ins>", "moveTo": "<w:moveTo>{runs}</w:moveTo>",
        "smartTag": "<w:smartTag>{runs}</w:smartTag>",
        "customXml": "<w:customXml>{runs}</w:customXml>",
        "link": "<w:hyperlink>{runs}</w:hyperlink>",
        "simple": "<w:fldSimple w:instr='REF x'>{runs}</w:fldSimple>",
        "field": "<w:r><w:fldChar w:fldCharType='begin'/><w:instrText>REF x</w:instrText>"
                 "<w:fldChar w:fldCharType='separate'/></w:r>{runs}"
                 "<w:r><w:fldChar w:fldCharType='end'/></w:r>",
        "control": "<w:sdt><w:sdtPr/><w:sdtContent>{runs}</w:sdtContent></w:sdt>",
        "base": "<w:r><w:ruby><w:rubyBase>{runs}</w:rubyBase></w:ruby></w:r>",
        "formula": "<m:oMath><m:f><m:num>{runs}</m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
                   "</m:oMath>",
        "box": "<w:r><w:drawing><wp:posOffset>1</wp:posOffset><wps:txbx><w:txbxContent>{blocks}"
               "</w:txbxContent></wps:txbx></w:drawing></w:r>",
        "vml": "<w:r><w:pict><v:textbox><w:txbxContent>{blocks}</w:txbxContent></v:textbox>"
               "</w:pict></w:r>",
        "object": "<w:r><w:object><v:textbox><w:txbxContent>{blocks}</w:txbxContent></v:textbox>"
                  "<o:OLEObject/></w:object></w:r>",
        "either": "<mc:AlternateContent><mc:Choice><w:r><w:drawing><w:txbxContent>{blocks}"
                  "</w:txbxContent></w:drawing></w:r></mc:Choice><mc:Fallback><w:r><w:pict>"
                  "<w:txbxContent>{blocks}</w:txbxContent></w:pict></w:r></mc:Fallback>"
                  "</mc:AlternateContent>",
        "fallback": "<mc:AlternateContent><mc:Choice><x:new/></mc:Choice><mc:Fallback>{runs}"
                    "</mc:Fallback></mc:AlternateContent>",
    }  # fmt: skip
    GONE: ClassVar[dict[str, tuple[str, str]]] = {
        "del": ("tracked change", "<w:del>{runs}</w:del>"),
        "moveFrom": ("tracked change", "<w:moveFrom>{runs}</w:moveFrom>"),
        "deleted": ("tracked change", "<w:r><w:delText>{word}</w:delText></w:r>"),
        "hidden": ("hidden text", "<w:r><w:rPr><w:vanish/></w:rPr><w:t>{word}</w:t></w:r>"),
        "reading": ("reading aid", "<w:r><w:ruby><w:rt>{runs}</w:rt></w:ruby></w:r>"),
        "strange": ("not known", "<w:strange>{word}</w:strange>"),
    }
    BLOCK: ClassVar[dict[str, str]] = {
        "controls": "<w:sdt><w:sdtPr/><w:sdtContent>{blocks}</w:sdtContent></w:sdt>",
        "custom": "<w:customXml>{blocks}</w:customXml>", "inserted": "<w:ins>{blocks}</w:ins>",
    }  # fmt: skip
    GONE_BLOCK: ClassVar[dict[str, tuple[str, str]]] = {
        "table": (r"\btables? w", "<w:tbl><w:tr><w:tc>{blocks}</w:tc></w:tr></w:tbl>"),
        "story": (r"\btables? w", "<w:tbl><w:tr><w:tc><w:p>" + run(f"<w:t>{ENGLISH * 9}</w:t>")
                  + "</w:p>{blocks}</w:tc></w:tr></w:tbl>"),
        "contents": ("table of contents", "<w:sdt><w:sdtPr><w:docPartGallery w:val='Table of "
                     "Contents'/></w:sdtPr><w:sdtContent>{blocks}</w:sdtContent></w:sdt>"),
        "row": (r"tracked change|\btables? w", "<w:tbl><w:tr><w:trPr>"
                "<w:del/></w:trPr><w:tc>{blocks}</w:tc>"
                "</w:tr></w:tbl>"),
    }  # fmt: skip

    def __init__(self) -> None:
        self.words = Words()
        self.chunks: dict[str, bytes | str] = {}
        self.notes = ""

    def blocks(self, found: list[Tree]) -> str:
        return "".join(self.block(*tree) for tree in found)

    def block(self, shape: str, inner: list[Tree]) -> str:
        if shape in self.BLOCK:
            return self.BLOCK[shape].replace("{blocks}", self.blocks(inner))
        if shape in self.GONE_BLOCK:
            note, form = self.GONE_BLOCK[shape]
            return self.words.within(note, lambda: form.replace("{blocks}", self.blocks(inner)))
        if shape in ("html", "rtf", "txt"):
            return self.chunk(shape)
        return f"<w:p>{self.run(shape, inner)}</w:p>"

    def runs(self, found: list[Tree]) -> str:
        own = run(f"<w:t>{self.words.next()}</w:t>")
        return own + "".join(self.run(*tree) for tree in found)

    def run(self, shape: str, inner: list[Tree]) -> str:
        if shape == "footnote":
            number = len(self.notes)
            text = self.words.within("footnote", self.words.next)
            self.notes += f"<w:footnote w:id='{number}'><w:p>{run(f'<w:t>{text}</w:t>')}</w:p>"
            self.notes += "</w:footnote>"
            return run(f"<w:footnoteReference w:id='{number}'/>")
        if shape in self.GONE:
            note, form = self.GONE[shape]
            return self.words.within(note, lambda: self.filled(form, inner))
        return self.filled(self.INLINE.get(shape, "{runs}"), inner)

    def filled(self, form: str, inner: list[Tree]) -> str:
        if "{blocks}" in form:
            inside = self.blocks([("text", []), *inner])
            return form.replace("{blocks}", inside)
        if "{word}" in form:
            return form.replace("{word}", self.words.next())
        return form.replace("{runs}", self.runs(inner))

    def chunk(self, kind: str) -> str:
        word = self.words.next()
        text = {"html": f"<p>{word}</p>", "txt": word, "rtf": "{\\rtf1 " + word + "\\par}"}
        number = f"c{len(self.chunks)}"
        self.chunks[f"{number}.{kind}"] = text[kind]
        return f"<w:altChunk r:id='{number}'/>"

    def file(self, body: str) -> bytes:
        names = "".join(f" xmlns:{p}='{p}'" for p in ("m", "wp", "wps", "v", "o", "mc", "x"))
        root = f"{manuscripts.W} xmlns:r='{R}'{names}"
        relations = "".join(
            f"<Relationship Id='{name.partition('.')[0]}' Type='{R}/aFChunk' Target='{name}'/>"
            for name in self.chunks
        )
        return zipped(
            {
                "word/document.xml": f"<w:document {root}><w:body>{body}</w:body></w:document>",
                "word/footnotes.xml": f"<w:footnotes {root}>{self.notes}</w:footnotes>",
                "word/_rels/document.xml.rels": f"<Relationships>{relations}</Relationships>",
            }
            | {f"word/{name}": text for name, text in self.chunks.items()}
        )


@BUILT
@given(
    found=trees(
        [*Docx.INLINE, *Docx.GONE, "footnote"],
        [*Docx.BLOCK, *Docx.GONE_BLOCK, "html", "rtf", "txt"],
    ),
    keep=st.booleans(),
)
def test_each_word_of_a_word_document(found: list[Tree], keep: bool) -> None:
    built = Docx()
    data = built.file(built.blocks([*found, ("text", [])]))
    built.words.check(docx.run("a.docx", data, docx.Spec(footnotes=keep)))


RICH = {
    "text": "{all}", "bold": "{\\b {all}}",
    "link": "{\\field{\\*\\fldinst REF x}{\\fldrslt {all}}}",
    "box": "{\\shp{\\*\\shpinst\\shpleft0{\\sp{\\sn a}{\\sv 1}}{\\shptxt \\pard {all}\\par}}"
           "{\\shprslt{\\*\\do{\\dptxbx{\\dptxbxtext \\pard {all}\\par}}}}}",
    "drawn": "{\\*\\do\\dobxpage{\\dptxbx{\\dptxbxtext \\pard {all}\\par}}}",
    "group": "{\\shpgrp{\\*\\shpinst{\\shp{\\*\\shpinst{\\shptxt {all}}}}}}",
    "art": "{\\shp{\\*\\shpinst{\\sp{\\sn gtextUNICODE}{\\sv {word}}}}}",
    "object": "{\\object{\\*\\objclass X}{\\*\\objdata 0a0b}{\\result {all}}}",
    "both": "{\\upr{{all}}{\\*\\ud{{all}}}}", "break": "{all}\\column ",
    "cell": "{all}\\cell\\row ",
    "picture": "{\\*\\shppict{\\pict 0a0b}}{\\nonshppict{\\pict 0a0b}}{all}",
    "formula": "{\\*\\moMath{\\mf{\\*\\mfPr\\mtype}{\\mnum{\\mr {word}}}{\\mden{\\mr 2}}}}",
    "unicode": "{\\uc1 {coded}}",
}  # fmt: skip
RICH_GONE = {
    "hidden": ("hidden text", "{\\v {word}}"), "deleted": ("tracked change", "{\\deleted {word}}"),
    "header": ("header", "{\\header {all}\\par}"), "footer": ("header", "{\\footerf {all}}"),
    "comment": ("comment", "{\\*\\annotation{\\*\\atndate 1} {all}}"),
    "footnote": ("footnote", "{\\footnote {word}}"),
    "strange": ("not known", "{\\*\\strange {all}}"),
}  # fmt: skip


def rich(words: Words, shape: str, inner: list[Tree]) -> str:
    def filled(form: str) -> str:
        if "{word}" in form:
            return form.replace("{word}", words.next())
        if "{coded}" in form:
            return form.replace("{coded}", "".join(f"\\u{ord(c)}?" for c in words.next()))
        inside = words.next() + "".join(rich(words, *tree) for tree in inner)
        return form.replace("{all}", inside)

    if shape in RICH_GONE:
        note, form = RICH_GONE[shape]
        return words.within(note, lambda: filled(form))
    return filled(RICH[shape])


@BUILT
@given(found=trees([*RICH, *RICH_GONE], []), keep=st.booleans())
def test_each_word_of_a_rich_text_document(found: list[Tree], keep: bool) -> None:
    words = Words()
    parts = itertools.chain.from_iterable(
        (rich(words, *tree), "\\par ") for tree in [*found, ("text", [])]
    )
    data = ("{\\rtf1\\ansi " + "".join(parts) + "}").encode()
    words.check(rtf.run("a.rtf", data, rtf.Spec(footnotes=keep)))
