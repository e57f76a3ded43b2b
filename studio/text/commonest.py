"""How much like Chinese prose bytes are, by the commonest characters."""

from __future__ import annotations

# The commonest characters, in both scripts, make up about a third of any Chinese prose, and
# nearly nothing of bytes read in the wrong table.
COMMON = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家"
    "学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手见又儿笑头听什"
    "這來個國說們為時會過學對裡後麼沒於還發當無開見兒頭聽著與從經問間話東車門給誰請話"
)
CHINESE = ("gb18030", "big5")
PLAUSIBLE = 0.12
"""Share of these characters from which on bytes are taken for Chinese."""


def plausibility(sample: bytes, encoding: str) -> float:
    """Share of the commonest characters among the Chinese ones, less what is broken (0 to 1)."""
    text = sample.decode(encoding, errors="replace")
    foreign = [c for c in text if c > "\u2e7f" and not "\uff00" <= c <= "\uffef"]
    letters = [c for c in foreign if not "\u3000" <= c <= "\u303f"]
    if not letters:
        return 0.0
    common = sum(c in COMMON for c in letters)
    return (common - 2 * (text.count("\ufffd") - text.endswith("\ufffd"))) / len(letters)


def points(line: bytes, encoding: str) -> float:
    """How many of the commonest characters a line has, less twice what no prose has."""
    text = line.decode(encoding, errors="replace")
    odd = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in text)
    return sum(c in COMMON for c in text) - 2.0 * odd
