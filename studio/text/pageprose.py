"""Whether a part of a page that seldom is prose holds the page's prose nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from studio.text import composition
from studio.text.markup import attribute, local

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element

WORTH = 1000
"""Cells of sentences that make a chapter, wherever they stand."""
SHOWN = 40
"""Characters by which a part that was left out is named."""
NEVER = frozenset(
    {"head", "script", "style", "select", "datalist", "img", "input", "rt", "rp", "del", "math",
     "embed", "map", "title", "desc", "metadata"}
)  # fmt: skip
"""Elements whose text is no prose, whatever they hold."""

_STOPS = tuple(".!?…。！？”’\"'」』»")


class Weight(NamedTuple):
    """Cells of text."""

    sentences: int
    """Of pieces that end as sentences do, or are as long, outside of links."""
    plain: int
    """Of all pieces outside of links."""
    linked: int

    @property
    def is_listing(self) -> bool:
        """Names and links, as on a cover or in a table of contents, and no chapter's worth."""
        return self.sentences < WORTH and 2 * self.sentences <= self.plain + self.linked


_NOTHING = Weight(0, 0, 0)


class Weights:
    """Of those parts of a page for which ``doubtful`` is true, and of the whole page.

    The page is gone through once, when the first of them is asked for.
    """

    def __init__(self, root: Element, doubtful: Callable[[Element], bool]) -> None:
        self._root = root
        self._doubtful = doubtful
        self._found: dict[Element, Weight] = {}
        self._within: dict[Element, Weight] = {}
        self._around: dict[Element, Element] = {}

    def of(self, element: Element) -> Weight:
        """How much text the element holds."""
        if not self._found:
            self._weigh()
        found = self._found.get(element)
        return found if found is not None else _Scale(element, self._doubtful).whole

    def holds_prose(self, element: Element) -> bool:
        """A chapter's worth of sentences, or some where those around it are the smaller part."""
        weight = self.of(element)
        leads_on = local(element) == "nav" or attribute(element, "role") == "navigation"
        if leads_on and weight.sentences <= weight.linked:
            return False
        around = self._around.get(element, self._root)
        whole, within = self.of(around), self._within.get(around, _NOTHING)
        if not whole.sentences:
            return bool(weight.plain) and within.plain == whole.plain
        lesser = 2 * (whole.sentences - within.sentences) < whole.sentences
        return weight.sentences >= WORTH or (lesser and weight.sentences > 0)

    def holds_most(self, element: Element) -> bool:
        """More than half of the page's sentences."""
        return 2 * self.of(element).sentences > self.of(self._root).sentences

    def _weigh(self) -> None:
        scale = _Scale(self._root, self._doubtful)
        self._found = scale.found
        self._within, self._around = scale.within, scale.around
        self._found[self._root] = scale.whole


class _Scale:
    """Weighs all text below an element in one pass."""

    def __init__(self, root: Element, doubtful: Callable[[Element], bool]) -> None:
        from lxml import etree

        self.found: dict[Element, Weight] = {}
        self.within: dict[Element, Weight] = {}
        """What the doubtful parts directly in a doubtful one, or in the root, hold together."""
        self.around: dict[Element, Element] = {}
        """The doubtful part around a doubtful one, if it is not the root."""
        self._sums = [0, 0, 0]
        self._links = 0
        begun: list[tuple[Element, Weight]] = []
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                if local(element) in NEVER or not isinstance(element.tag, str):
                    walk.skip_subtree()
                    continue
                self._links += _is_link(element)
                if doubtful(element):
                    self.around[element] = _outer(begun, root)
                    begun.append((element, Weight(*self._sums)))
                self._add(element.text)
                continue
            if begun and begun[-1][0] is element:
                _element, before = begun.pop()
                pairs = zip(self._sums, before, strict=True)
                self.found[element] = weight = Weight(*(now - then for now, then in pairs))
                if local(element) != "table":
                    outer = self.around[element]
                    known = self.within.get(outer, _NOTHING)
                    sums = (one + other for one, other in zip(known, weight, strict=True))
                    self.within[outer] = Weight(*sums)
            if local(element) not in NEVER:
                self._links -= _is_link(element)
            if element is not root:
                self._add(element.tail)
        self.whole = Weight(*self._sums)

    def _add(self, text: str | None) -> None:
        if not text or not (text := text.strip()):
            return
        cells = composition.cells_of(text)
        if self._links:
            self._sums[2] += cells
            return
        self._sums[1] += cells
        if cells >= composition.SENTENCE or text.endswith(_STOPS):
            self._sums[0] += cells


def _outer(begun: list[tuple[Element, Weight]], root: Element) -> Element:
    """The innermost part that is not judged as a table."""
    return next((e for e, _before in reversed(begun) if local(e) != "table"), root)


def _is_link(element: Element) -> bool:
    return local(element) == "a" and bool(attribute(element, "href"))


def listed(
    root: Element, marks: frozenset[str], weights: Weights, is_block: Callable[[Element], bool]
) -> set[Element]:
    """The lists of names that links with these marks lead to; nothing that is prose.

    A mark on a heading, or on no more than a place, means what follows up to the prose.
    """
    found: set[Element] = set()
    left = set(marks)
    for element in root.iter():
        here = {element.get("id"), element.get("name")} & left if element.attrib else None
        if not here:
            continue
        left -= here
        place = element
        while not is_block(place) and (above := place.getparent()) is not None:
            place = above
        if place is root or place in found or not weights.of(place).is_listing:
            continue
        following: list[Element] = []
        for sibling in place.itersiblings():
            weight = weights.of(sibling)
            if sibling in found or weight.linked <= weight.plain or not weight.is_listing:
                break
            following.append(sibling)
        if following or weights.of(place).linked or len(place) > 1:
            found.update((place, *following))
    return found


def first_words(element: Element) -> str:
    """What a part begins with, to name it by; empty when it says nothing."""
    from lxml import etree

    words: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, each in walk:
        if event == "start" and (local(each) in ("script", "style") or not local(each)):
            walk.skip_subtree()
        elif event == "start":
            words += (each.text or "").split()
        if event == "end" and each is not element:
            words += (each.tail or "").split()
        if len(words) > SHOWN:
            break
    return shown(" ".join(words))


def shown(words: str) -> str:
    """In quotation marks, and cut where it is long; empty for nothing."""
    if not words:
        return ""
    return f"“{words}”" if len(words) <= SHOWN else f"“{words[:SHOWN].rstrip()}…”"
