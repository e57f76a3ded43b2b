"""Who a manuscript is about, by what its names do: they speak, are addressed, come and go.

A rule of thumb, not a reader: what is found is asked for in a prompt and never put into a text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from studio.domain.base import Language

FEWEST = 3
"""Times that a name must do what people do."""
MOST = 40
_TITLES = "Mr|Mrs|Ms|Miss|Dr|Sir|Lady|Lord|Captain|Aunt|Uncle|Father|Mother|Madame|Monsieur"
_TITLED = rf"(?:(?:{_TITLES})\.? )"
_NAME = rf"{_TITLED}?[A-Z][a-z]+(?: [A-Z][a-z]+)?"
_DOES = (
    "said|says|asked|cried|replied|answered|whispered|shouted|called|told|thought|knew|felt|"
    "smiled|laughed|nodded|looked|turned|stood|sat|walked|went|came|took|was|had|would|could|did"
)
_SPEAKS = "said|cried|asked|replied|answered|whispered|shouted|exclaimed|called|added|says"
_ENGLISH = re.compile(
    rf"\b(?P<does>{_NAME}) (?:{_DOES})\b"
    rf"|\b(?:{_SPEAKS}) (?P<speaks>{_NAME})\b"
    rf"|\b(?P<titled>{_TITLED}[A-Z][a-z]+)\b"
)
_PLACE = re.compile(r"\b(?i:in|at|to|from|of|near|through|into) ([A-Z][a-z]+)\b")
_CAPITALISED = (
    "I It He She We You They This That These Those There Here What Who Which When Where Why How If "
    "But And Or So Then Now Not No Yes Oh Ah Well One Some Many All Both Each Every Another Nobody "
    "Somebody Everybody Nothing Something Everything God Heaven Monday Tuesday Wednesday Thursday "
    "Friday Saturday Sunday January February March April May June July August September October "
    "November December Chapter His Her My Your Our Their Its The An As St For Even Only Such While "
    "At On In Of From To With By After Before Nor Never Next"
)
_NO_NAMES = frozenset(_CAPITALISED.split())
_CHINESE = re.compile(
    r"(?:^|(?<=[。！？，、；：“”」』\s]))(?P<name>[\u4e00-\u9fff]{2,3}?)"
    r"(?=(?:[笑哭冷忙便就又也][笑]?)?(?:说|說|道|问|問|答|喊|叫|骂|罵|嚷|点头|站|坐|走|看))"
)
_NO_CHINESE_NAME = re.compile(
    "[我你您他她它们們这這那哪谁誰什甚么麼就又也都不没沒是在了着著的地得一两三几有只却卻便忙还還"
    "听聽看说說道问問答想来來去上下里外前后後边邊笑哭话話再才把被让讓给給对對向从從为為因所以但如果"
    "可很太最更已正将將要会會能和与與跟同大家众眾人自己时時候天夜日年月低高轻輕慢快先后另]"
)


def cast_of(text: str, language: Language) -> tuple[str, ...]:
    """The people of a manuscript, those named most often first."""
    return _chinese(text) if language == "zh" else _english(text)


def present(cast: Sequence[str], passage: str, most: int = 3) -> tuple[str, ...]:
    """Of the cast, who is named in a passage, in the order in which they first are."""
    found = [(place, name) for name in cast if (place := _place(passage, name)) >= 0]
    names = [name for _place, name in sorted(found)]
    longest = [n for n in names if not any(n != other and n in other for other in names)]
    return tuple(longest[:most])


def _place(passage: str, name: str) -> int:
    if not name.isascii():
        return passage.find(name)
    match = re.search(rf"\b{re.escape(name)}\b", passage)
    return match.start() if match else -1


def _english(text: str) -> tuple[str, ...]:
    evidence: Counter[str] = Counter()
    for match in _ENGLISH.finditer(text):
        words = next(group for group in match.groups() if group).split()
        name = words[1:] if words[0] in _NO_NAMES else words
        if name and not _NO_NAMES & set(name):
            evidence[" ".join(name)] += 1
    places = Counter(_PLACE.findall(text))
    sure = {n: c for n, c in evidence.items() if c >= FEWEST and c > places[n]}
    return tuple(sorted(sure, key=lambda name: (-text.count(name), name))[:MOST])


def _chinese(text: str) -> tuple[str, ...]:
    evidence = Counter(
        match["name"]
        for match in _CHINESE.finditer(text)
        if not _NO_CHINESE_NAME.search(match["name"])
    )
    sure = [name for name, count in evidence.items() if count >= FEWEST]
    return tuple(sorted(sure, key=lambda name: (-text.count(name), name))[:MOST])
