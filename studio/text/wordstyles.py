"""What the styles and properties of a Word document mean for its text.

Element names are those of ECMA-376 part 1, chapter 17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.text.markup import attribute, children, local, named

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

OFF = ("0", "false", "off", "none")

_HEADING_NAME = re.compile(r"(?:heading|标题|標題)\s?(?P<level>[1-9])", re.IGNORECASE)
_CONTENTS_NAME = re.compile(r"toc\s?(?:[1-9]|heading)|目录.*", re.IGNORECASE)


class Styles:
    """What the styles of a document mean: heading levels, and the kinds that are no prose."""

    def __init__(self, root: Element | None) -> None:
        self._styles = {} if root is None else {
            attribute(style, "styleId"): style for style in children(root, "style")
        }  # fmt: skip
        self._roles: dict[str, str] = {}
        hiding = {key for key, style in self._styles.items() if _shows(style) == "hidden"}
        self._hidden = {
            key for key in (self._styles if hiding else ())
            if next(filter(None, map(_shows, self._line(key))), "") == "hidden"
        }  # fmt: skip

    def role(self, style_id: str) -> str:
        """``"1"`` to ``"9"`` for headings, ``title``, ``subtitle``, ``contents``, or empty."""
        if style_id not in self._roles:
            line = self._line(style_id) if style_id in self._styles else ()
            roles = map(_role, line) if line else (_role_of(style_id),)
            self._roles[style_id] = next(filter(None, roles), "")
        return self._roles[style_id]

    def hide(self, run: Element) -> bool:
        """Whether the style of these words, or of their paragraph, does not show them."""
        if not self._hidden:
            return False
        paragraph = next((e for e in run.iterancestors() if local(e) == "p"), None)
        styles = value(_of(run, "rPr"), "rStyle"), value(_of(paragraph, "pPr"), "pStyle")
        return not self._hidden.isdisjoint(styles)

    def numbered(self, style_id: str) -> tuple[str, str]:
        """The list and the level (from 0) that a style numbers its paragraphs in, as written."""
        found = [listed(properties) for properties in self._properties(style_id)]
        numbers = next((number for number, _level in found if number), "")
        return numbers, next((level for _number, level in found if level), "")

    def _properties(self, style_id: str) -> Iterator[Element | None]:
        for style in self._line(style_id):
            yield next(iter(children(style, "pPr")), None)

    def _line(self, style_id: str) -> Iterator[Element]:
        """The style and those that it is based on."""
        seen: set[str] = set()
        while style_id in self._styles and style_id not in seen:
            seen.add(style_id)
            style = self._styles[style_id]
            yield style
            style_id = value(style, "basedOn")


def _of(element: Element | None, name: str) -> Element | None:
    return None if element is None else next(iter(children(element, name)), None)


def _shows(style: Element) -> str:
    """``hidden`` or ``shown``, where this style says either."""
    mark = _of(_of(style, "rPr"), "vanish")
    return "" if mark is None else "shown" if attribute(mark, "val") in OFF else "hidden"


def _role(style: Element) -> str:
    if role := _role_of(value(style, "name")):
        return role
    (properties, *_more) = [*children(style, "pPr"), None]
    return outline(properties)


def _role_of(name: str) -> str:
    if match := _HEADING_NAME.fullmatch(name):
        return match["level"]
    if _CONTENTS_NAME.fullmatch(name):
        return "contents"
    return name.lower() if name.lower() in ("title", "subtitle") else ""


def outline(properties: Element | None) -> str:
    """The level of a heading that the properties of a paragraph give; empty where none."""
    level = value(properties, "outlineLvl")
    return str(int(level) + 1) if level.isdecimal() and int(level) < 9 else ""


def listed(properties: Element | None) -> tuple[str, str]:
    """List and level of a numbered paragraph, or of a style; empty where they are not said."""
    found = [] if properties is None else children(properties, "numPr")
    return (value(found[0], "numId"), value(found[0], "ilvl")) if found else ("", "")


def value(element: Element | None, name: str) -> str:
    """The ``val`` of a child element; empty where there is none."""
    found = [] if element is None else children(element, name)
    return attribute(found[0], "val") if found else ""


def properties_of(paragraph: Element) -> Element | None:
    """The properties of a paragraph."""
    return next(iter(children(paragraph, "pPr")), None)


def is_joined(properties: Element | None) -> bool:
    """The paragraph runs on into the next: the mark at its end was deleted, or it is a large
    first letter that stands in a frame of its own."""
    if properties is None:
        return False
    if any(attribute(f, "dropCap") in ("drop", "margin") for f in children(properties, "framePr")):
        return True
    run = next(iter(children(properties, "rPr")), None)
    return run is not None and any(local(mark) in ("del", "moveFrom") for mark in run)


def has_rule(properties: Element | None) -> bool:
    """A line drawn above or below an empty paragraph."""
    borders = [] if properties is None else children(properties, "pBdr")
    return any(
        local(side) in ("top", "bottom", "between") and attribute(side, "val") not in OFF
        for border in borders
        for side in border
    )


def is_contents(control: Element) -> bool:
    """Whether a content control says of itself that it is a table of contents."""
    galleries = (
        attribute(gallery, "val")
        for properties in children(control, "sdtPr")
        for gallery in named(properties, "docPartGallery")
    )
    return any("contents" in gallery.lower() for gallery in galleries)


def is_prompt(control: Element) -> bool:
    """Whether a content control shows only what it asks for, as “Click here to enter text”."""
    return any(
        attribute(shows, "val") not in OFF
        for properties in children(control, "sdtPr")
        for shows in children(properties, "showingPlcHdr")
    )


def stands_for_object(picture: Element) -> bool:
    """Whether a picture only shows an embedded object, which is counted as that."""
    objects = (e for e in picture.iterancestors() if local(e) == "object")
    return any(next(named(each, "OLEObject", "control"), None) is not None for each in objects)
