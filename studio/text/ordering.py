"""The order in which a person reads files, as their names tell it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import PurePosixPath

from studio.text.numerals import number

Piece = tuple[int, int, str]
"""What stands before all else of its number (-1), a number (0) and what follows its point,
words (1), what stands behind."""
Key = tuple[int, tuple[Piece, ...]]
"""Before the chapters (below 0), among them (0), behind them (above 0); then the name itself."""

_HAN = "零〇○一二两三四五六七八九十百千廿卅"
_FRONT = (
    r"cover|half ?title|title ?page|copyright|imprint|dedication|epigraph|(?:table of )?contents"
    r"|front ?matter|dramatis personae|封面|扉页|版权页?|献词|题记|目录|人物表",
    r"foreword|preface|vorwort|avant propos|自序|序言|序文|代序|总序|序|前言|作者的话"
    r"|まえがき|はじめに|предисловие|머리말",
    r"introduction|introductory|引言|导言|导读|文案|简介|内容简介",
    r"prologue|prolog|prologo|prelude|overture|序章|序幕|序曲|楔子|引子"
    r"|プロローグ|пролог|프롤로그",
)
_BACK = (
    r"finale|final chapter|last chapter|大结局|大結局|结局|結局|终章|終章|终幕|最终章",
    r"epilogue|epilog|epilogo|coda|postlude|尾声|尾聲|尾章|余音"
    r"|エピローグ|эпилог|에필로그",
    r"bonus(?: chapter| scene)?|extras?|side stor(?:y|ies)|deleted scenes?|番外.*|外传|外傳|特别篇",
    r"afterword|postscript|postface|conclusion|nachwort|后记|後記|后序|跋|结语|結語"
    r"|あとがき|おわりに|послесловие|후기",
    r"acknowledge?ments?|致谢|致謝|鸣谢",
    r"appendi(?:x|ces)|back ?matter|glossary|endnotes|bibliography|附录.*|附錄.*",
    r"about the authors?|author ?bio|colophon|作者简介|关于作者|完本感言|完结感言",
)
_AFTER = r"(?=$|[\W\d_]|[篇章部集卷之上中下一二三四五六七八九十])"
_PLACES = tuple(
    (re.compile(rf"[\W_]*(?:(?:the|an?|author s) )?(?:{words}){_AFTER}"), place)
    for place, words in (
        *enumerate(_FRONT, -len(_FRONT)),
        *enumerate(_BACK, 1),
    )
)
_LEADING_DIGITS = re.compile(r"[\W_]*\d+(?:[.-]\d+)*[\W_]*")
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_LEAD = re.compile(rf"[\W_]*(?:([a-z]+(?: (?:{_ONES})\b)?)\b|([{_HAN}]{{1,12}}))")
_WORDS = "chapter|chap|ch|part|book|volume|vol|act|section|scene|episode|letter|canto|stave"
_COUNTS = re.compile(rf"\b(?:{_WORDS}) $")
_NUMBER = re.compile(
    r"(?P<digits>\d{1,30})(?P<within>(?:[.-]\d{1,30})*)"
    rf"|第 ?(?P<ordinal>[{_HAN}]{{1,12}})"
    rf"|(?<=[卷部篇集册冊])(?P<volume>[{_HAN}]{{1,12}})"
    rf"|(?P<han>[{_HAN}]{{1,12}})(?=[章回节節卷部篇集册冊幕折话話、，.。:\W_]|$)"
    r"|(?P<third>[上中下])(?=[卷部篇册冊集])"
    r"|(?:^|(?<=[章回节節卷部篇集册冊外\W_]))(?P<half>[上中下])(?=$|[\W_])"
    rf"|\b(?P<word>{_WORDS}) (?:the )?(?P<spelled>[a-z]+(?: (?:{_ONES})\b)?)\b"
)
_TITLE_END = re.compile(
    r"[\W_]*(?:\b(?:chapter|chap|ch|part|book|volume|vol|act|scene|episode|file|doc)|第?)?[\W\d_]*$",
    re.IGNORECASE,
)
_THIRDS = {"上": 1, "中": 2, "下": 3}
_SEPARATORS = re.compile(r"(?:[\s_–—'’]|[.-](?!\d)|(?<!\d)[.-])+")


def in_order(names: Iterable[str]) -> list[str]:
    """Paths like ``part/chapter.txt`` as a reader takes them: numbers count as numbers, also
    Chinese, Roman and spelled ones; a prologue comes before the chapters of its folder and an
    epilogue behind them, unless all of them are numbered."""
    paths = {name: PurePosixPath(name) for name in names}
    folders: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    steps: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for name, path in paths.items():
        shown = [_plain(part) for part in (*path.parts[:-1], path.stem)]
        steps[name] = [(path.parts[:depth], part) for depth, part in enumerate(shown)]
        for folder, part in steps[name]:
            folders[folder][part] = None
    keys = {folder: _keys([*parts]) for folder, parts in folders.items()}

    def key(name: str) -> tuple[tuple[Key, ...], str]:
        return tuple(keys[folder][part] for folder, part in steps[name]), name

    return sorted(paths, key=key)


def are_chapters(names: Sequence[str]) -> bool:
    """Whether most of several files are called like parts of one book: by numbers, or by what
    stands before and behind the chapters."""
    plain = [_plain(PurePosixPath(name).stem) for name in names]
    told = sum(bool(_place(name)) or bool(_NUMBER.search(name)) for name in plain)
    return len(plain) > 1 and told * 2 > len(plain)


def common_title(names: Sequence[str]) -> str:
    """What all names begin with before their numbers: the book's title, if they hold it."""
    stems = [PurePosixPath(name).stem for name in names]
    shared = _SEPARATORS.sub(" ", "".join(_common(stems))[:200]) if len(stems) > 1 else ""
    title = _TITLE_END.sub("", shared).strip()
    return title if len(title) > 1 and are_chapters(names) else ""


def _common(names: list[str]) -> Iterator[str]:
    pairs = zip(min(names), max(names), strict=False)
    return (a for a, _b in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _plain(name: str) -> str:
    """One way to write what looks alike: wide digits, accents, case, and what parts words."""
    letters = unicodedata.normalize("NFKD", name)
    bare = "".join(c for c in letters if not unicodedata.combining(c) or c > "\u036f")
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFKC", bare).casefold()).strip()


def _keys(parts: list[str]) -> dict[str, Key]:
    """The key of each name in one folder."""
    shared = _shared(parts)
    short = {part: part[shared:] for part in parts}
    numbered = sum(bool(_LEADING_DIGITS.match(name)) for name in short.values()) * 2 > len(parts)
    places = {part: _placed(name, numbered) for part, name in short.items()}
    body = [part for part in parts if not places[part]]
    leads = _leads([short[part] for part in body])
    return {
        part: (places[part], ((0, leads[short[part]], ""), *_pieces(short[part])))
        if short[part] in leads and not places[part]
        else (places[part], _pieces(short[part]))
        for part in parts
    }


def _shared(parts: list[str]) -> int:
    """How much all names begin with, up to the end of a word: the book's title, most often."""
    if len(parts) < 2:
        return 0
    shared = "".join(_common(parts))
    end = shared.rfind(" ") + 1
    counts = _COUNTS.search(shared, 0, end)
    return counts.start() if counts and all(_lead(part[end:]) for part in parts) else end


def _placed(name: str, numbered: bool) -> int:
    if found := _place(name):
        return found
    digits = _LEADING_DIGITS.match(name)
    return 0 if numbered or not digits else _place(name[digits.end() :])


def _place(name: str) -> int:
    return next((place for words, place in _PLACES if words.match(name)), 0)


def _leads(names: list[str]) -> dict[str, int]:
    """The numbers that all of the names begin with, where they are written in letters."""
    found: dict[str, int] = {}
    for name in names:
        value = _lead(name)
        if value is None:
            return {}
        found[name] = value
    values = set(found.values())
    return found if len(values) == len(names) > 1 and min(values) <= 2 else {}


def _lead(name: str) -> int | None:
    """The number in letters that a name begins with."""
    lead = _LEAD.match(name)
    return number((lead[1] or lead[2]).replace(" ", "-")) if lead else None


def _pieces(name: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    end = 0
    for match in _NUMBER.finditer(name):
        value = _value(match)
        if value is not None:
            within = " ".join(each.zfill(30) for each in re.findall(r"\d+", match["within"] or ""))
            pieces += [(1, 0, name[end : match.start()].strip()), (0, value, within)]
            end = match.end()
    rest = name[end:].strip()
    place = _place(rest)
    return (*pieces, (1 if not place else 2 if place > 0 else -1, place, rest))


def _value(match: re.Match[str]) -> int | None:
    if match["digits"]:
        return int(match["digits"])
    if third := match["third"] or match["half"]:
        return _THIRDS[third]
    word = match["ordinal"] or match["volume"] or match["han"] or match["spelled"]
    return number(word.replace(" ", "-"))
