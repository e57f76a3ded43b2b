"""XML and HTML as trees, without entities of their own, without a look outside the file."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn, Protocol

from studio.errors import StudioError
from studio.language import _
from studio.text import closing, encoding, entities
from studio.text.encoding import Decoded

if TYPE_CHECKING:
    from lxml import etree
    from lxml.etree import _Element as Element

LARGEST = 48 << 20
"""Bytes of one document."""
MOST_MARKS = 1_200_000
"""Tags and attributes in one document: each takes up to 250 bytes in memory."""

_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_OF_XML = {"amp", "lt", "gt", "quot", "apos"}
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_\-]{2,20})"
    rb"|<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_\-]{2,20})",
    re.IGNORECASE,
)
_XHTML = "http://www.w3.org/1999/xhtml"
_ENDS_OF_PREFIX = ("", "}", ":")
_XML_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,1000}\?>")
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "big5": "cp950",
    "windows-1252": "cp1252",
}
_KNOWN = re.compile(
    r"utf-?8|utf-?16(-?[lb]e)?|gb18030|cp\d{3,5}|windows-\d{3,4}|iso-8859-\d{1,2}|euc-(jp|kr)|"
    r"koi8-[ru]|big5-?hkscs|euc_kr|euc_jp|iso-2022-jp|macintosh"
)


class Empty(StudioError):
    """A document without any text."""


class Visitor(Protocol):
    def enter(self, element: Element) -> bool:
        """Whether to go into the element; its content is left out otherwise."""

    def leave(self, element: Element) -> None: ...

    def text(self, text: str) -> None: ...


def xml(name: str, data: bytes) -> Element:
    """The root of an XML document.

    Raises:
        StudioError: not well formed, too large, nested too deep, or with entities of its own.
    """
    from lxml import etree

    _check_size(name, data)
    try:
        root = etree.fromstring(data, _xml_parser())
    except (etree.XMLSyntaxError, ValueError) as problem:
        _damaged(name, problem)
    _refuse_entities(name, root)
    return root


def recovered(name: str, data: bytes) -> tuple[Element | None, bool]:
    """The root of an XML document, as far as it can be read, and whether it is damaged.

    Raises:
        StudioError: too large, or with entities of its own.
    """
    from lxml import etree

    try:
        return xml(name, data), False
    except StudioError as problem:
        if not isinstance(problem.__cause__, (etree.XMLSyntaxError, ValueError)):
            raise
    try:
        root = etree.fromstring(data, _xml_parser(recover=True))
    except (etree.XMLSyntaxError, ValueError):
        return None, True
    if root is not None:
        _refuse_entities(name, root)
    return root, True


def page(name: str, data: bytes) -> tuple[Element, Decoded]:
    """The root of an HTML or XHTML document, and how its bytes were read (without the text).

    Raises:
        StudioError: no text, too large, or with entities of its own.
    """
    from lxml import etree

    _check_size(name, data)
    decoded = _decoded(name, data)
    text, found = decoded.text.replace("\0", ""), decoded._replace(text="")
    text = entities.filled_in(text)
    if _XML_DECLARATION.match(text) or _XHTML in text[:4000]:
        named = _NAMED.sub(_character, _XML_DECLARATION.sub("", text))
        try:
            root = etree.fromstring(named.encode(), _xml_parser(utf8=True))
        except (etree.XMLSyntaxError, ValueError):
            pass  # Most pages that say they are XML are not; they are read as what they are.
        else:
            _refuse_entities(name, root)
            return root, found
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        whole = closing.closed(_XML_DECLARATION.sub("", text))
        root = etree.fromstring(whole.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        _damaged(name, problem)
    # A parser that stops at a limit of its own returns what it has until then, and says so here.
    stops = parser.error_log.filter_from_fatals()
    if stops:
        _damaged(name, ValueError(stops[0].message))
    if root is None:
        _damaged(name, ValueError(_("it holds no text at all")), Empty)
    return root, found


def traverse(root: Element, visitor: Visitor) -> None:
    """Lead the visitor through the tree in the order of the document."""
    stack = [(root, True)]
    while stack:
        element, opening = stack.pop()
        if not opening:
            visitor.leave(element)
        elif isinstance(element.tag, str) and visitor.enter(element):
            stack.append((element, False))
            visitor.text(element.text or "")
            stack += [(child, True) for child in reversed(element)]
            continue
        if element is not root:
            visitor.text(element.tail or "")


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """The value of an attribute, whatever its namespace; empty where there is none."""
    for key, value in element.attrib.items():
        whole = str(key)
        if whole.endswith(name) and whole[: -len(name)][-1:] in _ENDS_OF_PREFIX:
            return str(value)
    return ""


def named(root: Element, *names: str) -> Iterator[Element]:
    """The elements below of these names, whatever their namespace."""
    return (element for element in root.iter() if local(element) in names)


def words(element: Element) -> str:
    """All text in the element, each run of white space as one space."""
    return " ".join("".join(str(text) for text in element.itertext()).split())


def children(element: Element, name: str) -> list[Element]:
    return [child for child in element if local(child) == name]


def _xml_parser(utf8: bool = False, recover: bool = False) -> etree.XMLParser:
    from lxml import etree

    return etree.XMLParser(
        encoding="utf-8" if utf8 else None,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def _character(match: re.Match[str]) -> str:
    if match[1] in _OF_XML:
        return match[0]
    character = html.unescape(match[0])
    return match[0] if character.startswith("&") else html.escape(character)


def _decoded(name: str, data: bytes) -> Decoded:
    """By its mark, by what it says of itself if that is true, or by what it looks like."""
    said = _DECLARED.search(data[:4096])
    if said and not data.startswith(tuple(mark for mark, _encoding in encoding.BOMS)):
        declared = (said[1] or said[2]).decode("ascii").lower()
        declared = _WIDER.get(declared, declared)
        # A declaration in plain letters cannot be true of an encoding of two bytes each.
        if _KNOWN.fullmatch(declared) and not declared.startswith(("utf-16", "utf16")):
            try:
                text = data.decode(declared)
                return Decoded(text, codecs.lookup(declared).name, 0)
            except (UnicodeDecodeError, LookupError):
                pass  # It was saved in another encoding than it says: look at the bytes.
    return encoding.decode(name, data)


def _refuse_entities(name: str, root: Element) -> None:
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _entity in dtd.iterentities()):  # type: ignore[attr-defined]
        raise StudioError(
            _("“{name}” cannot be opened safely.").format(name=name),
            _("It defines entities of its own, which no manuscript needs."),
            _("Save it again in the program it was made with, and import that."),
        )


def _check_size(name: str, data: bytes) -> None:
    marks = data.count(b"<") + data.count(b"=")
    if len(data) > LARGEST or marks > MOST_MARKS:
        raise StudioError(
            _("“{name}” is too large.").format(name=name),
            _("It has {size} MB of text and {marks} marks; a long novel has a tenth.").format(
                size=len(data) >> 20, marks=marks
            ),
            _("Check that it is the manuscript; if it is, split it into volumes and import each."),
        )


def _damaged(name: str, problem: Exception, kind: type[StudioError] = StudioError) -> NoReturn:
    raise kind(
        _("“{name}” is damaged.").format(name=name),
        _("Its text cannot be found: {problem}.").format(problem=str(problem).rstrip(".")),
        _("Open it in the program it was made with, save it again, and import that."),
    ) from problem
