"""No word is lost on the way in: it stands in the text once, or a note names its part."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.text.importing import read_file
from tests import manuscripts

FUZZED = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
_WORD = re.compile(r"w\d+w")


class Words:
    """Gives out words that stand nowhere else; of each, what a note may say in its place."""

    def __init__(self) -> None:
        self.said_as: dict[str, set[str]] = {}

    def sentence(self, *instead: str, end: str = ".") -> str:
        words = [f"w{len(self.said_as) + n}w" for n in range(3)]
        self.said_as |= {word: set(instead) for word in words}
        return " ".join(words) + end

    def check(self, name: str, data: bytes) -> None:
        reading = read_file(name, data)
        found = Counter(_WORD.findall(reading.text))
        said = " ".join(reading.notes)
        for word, instead in self.said_as.items():
            assert found[word] <= 1, (word, reading.text)
            many = instead and re.search(r"and \d+ more", said)
            named = any(part in said for part in instead) or many
            assert found[word] == 1 or named, (word, instead, reading)


AROUND = ["form", "nav", "footer", "noscript", "template", "button", "dialog", "svg", "object",
          "del", "select", "div hidden='hidden'", "div style='display:none'", "iframe",
          "section epub:type='toc'"]  # fmt: skip
PLAIN = ["div", "aside", "header", "section", "details", "blockquote", "p", "ul"]
PARTS = {"table": "table", "aside epub:type='footnote'": "footnote", "rt": "reading"}
TREES = st.recursive(
    st.sampled_from(["p", "div", "li", "h2", "pre", "br", "dd", "rt", "option", "a href='#x'"]),
    lambda inner: st.tuples(
        st.sampled_from([*AROUND, *PLAIN, "table", "aside epub:type='footnote'"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


def html(tree: object, words: Words) -> str:
    """The tree as HTML. What may be left out as a whole is named by the first word in it."""
    opening, inner = tree if isinstance(tree, tuple) else (str(tree), ())
    before = len(words.said_as)
    body = "".join(html(each, words) for each in inner) or words.sentence()
    within = list(words.said_as)[before:]
    instead = within[0] if opening in AROUND else PARTS.get(opening, "")
    for word in within if instead else ():
        words.said_as[word].add(instead)
    if opening.startswith("a href"):  # Nothing but links is navigation, and goes without a word.
        body += words.sentence()
    end = "" if opening == "br" else f"</{opening.partition(' ')[0]}>"
    return f"{body}<br/>" if not end else f"<{opening}>{body}{end}"


@FUZZED
@given(trees=st.lists(TREES, min_size=1, max_size=4))
def test_web_pages(trees: list[object]) -> None:
    words = Words()
    body = "".join(html(tree, words) for tree in trees)
    words.check("a.html", f"<html><body>{body}</body></html>".encode())


DOCUMENT = st.fixed_dictionaries(
    {
        "is": st.sampled_from(["there", "there", "gone", "unlisted", "aside", "other case"]),
        "called": st.sampled_from(["", "", "toc", "toc#x", "cover#gone", "nav"]),
        "trees": st.lists(TREES, min_size=1, max_size=2),
    }
)


@FUZZED
@given(documents=st.lists(DOCUMENT, min_size=1, max_size=4), cut=st.integers(0, 400))
def test_books(documents: list[dict[str, object]], cut: int) -> None:
    words = Words()
    manifest = spine = guide = ""
    files: dict[str, bytes | str] = {}
    for number, document in enumerate(documents):
        before, name = len(words.said_as), f"Page{number}.xhtml"
        body = "".join(html(tree, words) for tree in document["trees"])  # type: ignore[attr-defined]
        for word in list(words.said_as)[before:]:
            words.said_as[word].add(name)
        written = name.swapcase() if document["is"] == "other case" else name
        if document["is"] != "gone":
            files[f"OEBPS/{name}"] = manuscripts.xhtml(body)
        manifest += f'<item id="i{number}" href="{written}" media-type="application/xhtml+xml"/>'
        linear = "no" if document["is"] == "aside" else "yes"
        if document["is"] != "unlisted":
            spine += f'<itemref idref="i{number}" linear="{linear}"/>'
        kind, _hash, mark = str(document["called"]).partition("#")
        guide += f'<reference type="{kind}" href="{name}#{mark}"/>' if kind else ""
    ncx = "<ncx><navMap>" + "".join(
        f"<navPoint><navLabel><text>Title {n}</text></navLabel><content src='Page{n}.xhtml#gone'/>"
        "</navPoint>" for n in range(len(documents))
    )  # fmt: skip
    files |= {
        "META-INF/container.xml": '<container><rootfile full-path="OEBPS/b.opf"/></container>',
        "OEBPS/toc.ncx": ncx[:cut],
        "OEBPS/b.opf": f"<package><manifest>{manifest}{manuscripts.NCX_ITEM}</manifest>"
        f"<spine>{spine}</spine><guide>{guide}</guide></package>",
    }
    words.check("a.epub", manuscripts.zipped(files))


LINES = st.sampled_from(
    ["{}", "{}  ", "{}\\", "# {}", "- {}", "> {}", "1. {}", "1\\. {}", "\\# {}", "| {} | {} |",
     "---", "===", "***", "~~~", "```", "", "", "&amp; {}", "`{} \\* {}`", "*{}*", "~~{}~~",
     "[{}](a)", "![{}](a)", "[^1]: {}", "<div>{}</div>", "<!-- {} -->", "<!-- {}", "{} -->",
     "title: {}", "    {}", "<$Scr_Ps::0>{}"]
)  # fmt: skip


@FUZZED
@given(lines=st.lists(LINES, min_size=1, max_size=14))
def test_markdown(lines: list[str]) -> None:
    words = Words()
    rows = []
    for line in lines:
        instead = ("comment", "fields") if "<!--" in "".join(lines) else ("fields",)
        rows.append(re.sub(r"\{\}", lambda _: words.sentence(*instead), line))  # noqa: B023
    words.check("a.md", "\n".join([*rows, "The end of it."]).encode())


SCRIVENINGS = st.sampled_from(
    ["{}", "<$Scr_Ps::0>{}<!$Scr_Ps::0>", "<$Scr_H::1>{}<!$Scr_H::1>", "<$ScrKeepWithNext>{}",
     "<$n>{}", "\\{{\\\\Scrv_annot \\\\text={annotation}\\\\end_Scrv_annot\\}}{}",
     "{}\\{{\\\\Scrv_fn={footnote}\\\\end_Scrv_fn\\}}", "\\{{\\\\Scrv_annot {}", "", "* * *",
     "\\{{\\\\Scrv_annot \\\\text={annotation}\\par {annotation}\\\\end_Scrv_annot\\}}"]
)  # fmt: skip
ITEM = st.recursive(
    st.lists(SCRIVENINGS, max_size=3),
    lambda inner: st.tuples(st.lists(SCRIVENINGS, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=6,
)
PLACES = ["Files/Data/U{}/content.rtf", "Files/Docs/{}.rtf", "files/data/u{}/Content.rtf",
          "Files/Data/U{}/content.rtfd/TXT.rtf"]  # fmt: skip


@FUZZED
@given(
    draft=st.lists(ITEM, min_size=1, max_size=3),
    beside=st.lists(ITEM, max_size=2),
    place=st.sampled_from(PLACES),
    compiled=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_scrivener_projects(
    draft: list[object], beside: list[object], place: str, compiled: list[bool]
) -> None:
    words = Words()
    files: dict[str, bytes | str] = {}

    def items(trees: list[object], outside: bool) -> str:
        return "".join(item(tree, outside) for tree in trees)

    def item(tree: object, outside: bool) -> str:
        lines, below = tree if isinstance(tree, tuple) else (tree, [])
        number = len(files) + 1
        title = f"Part {number}x"
        is_in = outside or compiled[number % 12]
        instead = () if is_in and not outside else (title,)
        body = ""
        for line in lines:
            pieces = line.replace("{}", "{text}").replace("{{", "\0").replace("}}", "\1")
            for kind in ("text", "annotation", "footnote"):
                while f"{{{kind}}}" in pieces:
                    named = (*instead, *((kind,) if kind != "text" else ()))
                    if "annot {text}" in pieces:
                        named = (*named, "annotation")
                    pieces = pieces.replace(f"{{{kind}}}", words.sentence(*named), 1)
            body += pieces.replace("\0", "{").replace("\1", "}") + "\\par "
        files[f"N.scriv/{place.format(number)}"] = f"{{\\rtf1 {body}}}"
        return (
            f'<BinderItem ID="{number}" UUID="U{number}" Type="Text"><Title>{title}</Title>'
            f"<MetaData><IncludeInCompile>{'Yes' if is_in else 'No'}</IncludeInCompile></MetaData>"
            f"<Children>{items(below, outside)}</Children></BinderItem>"
        )

    inside = items(draft, False)
    binder = f'<BinderItem Type="DraftFolder"><Children>{inside}</Children></BinderItem>'
    binder += f'<BinderItem Type="TrashFolder"><Children>{items(beside, True)}</Children>'
    files["N.scriv/n.scrivx"] = f"<P><Binder>{binder}</BinderItem></Binder></P>"
    words.check("N.scriv", manuscripts.zipped(files))
