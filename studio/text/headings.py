"""What one line says of itself: is it the heading of a part, a chapter, a section?"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from studio.text.numerals import CHINESE, SPELLED, number

Kind = Literal[
    "part", "chapter", "titled", "bare", "counted", "section", "special", "markdown", "centred",
    "capitals",
]  # fmt: skip
LONGEST = 90
LONGEST_CHAPTER = 240
"""Of a line that names itself a chapter; old novels tell what happens in it."""

RUN_ON = "~"
"""The form of a Chinese title that follows its number without a mark."""
LOWER = "lower"
"""The form of an English title with a small initial."""
ENGLISH_WORDS = {"chap.": "chapter", "chap": "chapter", "ch": "chapter", "ep": "episode"}
ENGLISH_WORDS |= dict.fromkeys(("book", "part", "volume", "vol"), "part")
"""Of words that are written in several ways, the one that counts."""
DOUBTFUL = "!"
"""The form of the same where the line may as well be prose: 第一回合, 第三章里, 第五章程."""

_ENGLISH = re.compile(
    r"(?P<word>chapter|chap\.|letter|stave|canto|adventure|episode|book|part|volume)\s+"
    rf"(?:the\s+)?(?P<number>{SPELLED}|[ivxlcd]{{1,9}}|\d{{1,4}})(?:(?<=\d)[a-h](?![^\W\d_]))?"
    r"(?P<rest>$|\s*[.:：—–-].*|\s+.*)",
    re.IGNORECASE,
)
_ENGLISH_VOLUME = re.compile(
    rf"(?P<volume>(?:book|part|volume|vol\.)\s+(?:the\s+)?(?:{SPELLED}|[ivxlcd]{{1,9}}|\d{{1,4}})"
    r"(?:\s*[.:：—–-]\s*[^,;]{1,60}?)?)[\s,;.:：|/—–-]+(?P<chapter>(?:chapter|chap\.)\s.+)",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"第\s?(?P<number>{CHINESE})(?:(?<=\d)[.．]\d{{1,2}})?\s?"
    r"(?P<word>章[节節]?|部分?|[回节節卷篇集幕折话話册冊季])(?P<rest>.*)"
)
_VOLUME_NAME = (
    rf"(?:第\s?{CHINESE}\s?(?:部分?|[卷篇集册冊季])|卷之?{CHINESE}|卷[上中下]|[上中下][卷部篇册冊])"
)
_CHINESE_VOLUME = re.compile(
    rf"(?:卷之?(?P<number>{CHINESE})|卷[上中下]|[上中下][卷部篇册冊])(?P<rest>.*)"
)
_CHINESE_BOTH = re.compile(
    rf"(?P<volume>{_VOLUME_NAME}(?P<name>[^。！？，；“”]{{0,30}}?))"
    r"(?P<gap>[\s:：·、|｜/／—–_-]*)"
    rf"(?P<chapter>第\s?{CHINESE}\s?[章回节節话話幕折].*)"
)
_VOLUME = re.compile(_VOLUME_NAME)
_GAP = re.compile(r"[\s:：·、|｜/／—–_-]+")
_LABEL = re.compile(r"(?:正文卷?|VIP章[节節]|作品相[关關]|最新章[节節])[\s:：、_—–-]+")
_OTHER_WORDS = {
    "章": "程鱼魚法", "回": "合头頭见見", "集": "团團市合中体體会會装裝训訓邮郵结結权權资資聚",
    "节": "课課车車目日点點奏约約省气氣拍食育电電骨脊竹台", "卷": "宗轴軸子尺烟煙毛土录錄胶膠纸紙",
    "部": "队隊门門长長落委署族将將位件级級电電手法小作", "篇": "文幅小日论論稿报報",
    "幕": "僚后後布府墙牆", "折": "扣叠疊磨", "话": "题題音语語剧劇筒费費", "季": "度节節风風",
    "册": "子",
}  # fmt: skip
"""What makes another word of the one that counts: 章程, 回合, 集团, 节课."""
_SAME_WORD = str.maketrans("節話冊", "节话册")
_PROSE_AFTER = re.compile(
    "[的了里裡中是就也都和与與才还還没沒内內末时時]|[写寫]|[说說讲講]|[结結]束|[开開]始|之?[前后後]|[过過完]"
)
_ENDED = re.compile(
    r"[\s（(【\[—–-]*(?:[完终終]|[结結]束|全[文书書]?完|未完|(?:未完)?待[续續]|ends?|fin)"
    r"[\s.。！!）)】\]—–-]*",
    re.IGNORECASE,
)
"""What a line says that closes a chapter and opens none."""
_PUBLISHED = re.compile(r"更新|字[数數]|首[发發]|www\.|https?:")
"""What sites write behind a title, however long the line becomes."""
_TITLED = re.compile(
    r"(?:(?P<roman>[IVXLC]{1,9})(?:[.:]\s*|\s{2,}|\s*[—–]\s*)|(?P<digits>\d{1,4})[.:)）、．：]\s*"
    r"|[（(](?:(?P<inner>\d{1,3})|(?P<inner_han>[一二三四五六七八九十百]{1,5}))[)）]\s*"
    r"|(?P<han>[一二三四五六七八九十百]{1,5})(?:[、.．：]|[ \u3000])\s*)(?P<title>\S.*)"
)
_BARE = re.compile(
    r"[—–\-\[(（【#\s]{0,3}(?P<number>[IVXLC]{1,9}|[Ⅰ-Ⅻ]|\d{1,3}|[一二三四五六七八九十百]{1,5})"
    r"[.、—–\-\])）】\s]{0,3}"
)
_MARKDOWN = re.compile(r"(?P<marks>#{1,6})\s+(?P<title>\S.*?)\s*#*")
_SPECIAL = re.compile(
    r"(?:(?:the|author['’]s)\s+)?(?:preface|prologue|introduction|foreword|interlude|epilogue|afterword|"
    rf"conclusion|postscript|prelude|coda|intermission)(?:\s+(?:{SPELLED}|[ivx]{{1,5}}|\d{{1,3}}))?"
    r"(?:[.:]|[.:—–-]\s*.{1,60}|\s(?:[:—–-]\s*)(?-i:[^\sa-z]).{0,60})?"
    r"|(?:自序|序[\s]?[章言幕曲篇]|序|前言|楔\s?子|引\s?[子言]|尾[\s]?[声聲章]|[后後][\s]?[记記]|跋|"
    r"[终終][\s]?[章幕]|最[终終][章回]|最[后後]一[章回]|[结結][语語]|大[结結]局|[间間]章|幕[间間]|写在前面|写在最后|"
    rf"(?:番外|外[传傳])篇?(?:之?{CHINESE}|[（(]{CHINESE}[）)])?)"
    r"(?:[\s：:（(、·—].{1,30})?",
    re.IGNORECASE,
)
_SCENE_BREAK = re.compile(
    r"(?:[*＊⁂#＃~～◇◆※☆★○●·•・=＝_—–\-…\s\u3000☙⁕⯌⯍\u2719-\u2767\U0001f650-\U0001f67f]"
    r"|\. ){1,80}\.?"
)
_STOPS = "。！？，；、…”’」』"
_ENGLISH_INITIALS = frozenset("clsaebpvCLSAEBPV")
_CHINESE_INITIALS = frozenset("第卷上中下")
_LABEL_INITIALS = frozenset("正V作最")
_DECORATION = "☆★◇◆□■△▲※*＊#=＝~～—–_·•●○|｜【】[]〖〗〔〕<>（）()-、,，.:： \u3000"
_QUOTES = {"「": "」", "『": "』", "“": "”", '"': '"'}
QUOTED = re.compile(r"[「『“\"](?=[第卷上中下]|(?i:chap|letter|episode|book|part|volume))")
_SET_OFF = " \u3000\t：:、.．·—–-_|｜~～/／（(【[〖〔「『《<】）)]〗〕>"


class Heading(NamedTuple):
    kind: Kind
    number: int | None = None
    level: int = 1
    """Depth of a Markdown heading, 1 to 6."""
    titled: bool = False
    """A title stands on the line besides the number."""
    form: str = ""
    """How it is written, if it is a heading only where several of its form count upwards."""
    word: str = ""
    """What it counts: chapters of one word count together."""
    volume: str = ""
    """The beginning of the line that names the volume, if both stand on it."""


def is_scene_break(line: str) -> bool:
    """``* * *``, ``———``, ``◇`` and the like: marks and nothing else."""
    return bool(line.strip()) and bool(_SCENE_BREAK.fullmatch(line.strip()))


def strong(line: str) -> Heading | None:
    """The heading a line is beyond doubt, wherever it stands: it names itself a chapter."""
    if not 0 < len(line) <= LONGEST_CHAPTER or "\n" in line:
        return None
    found = _markdown(line) or named(line)
    if found and found.kind == "part" and found.titled:
        found = _special(line) or found
    if found is None or found.form not in ("", RUN_ON):
        return None
    return found if len(line) <= LONGEST or found.kind == "chapter" else None


def named(line: str) -> Heading | None:
    """The heading of a part, chapter or section that a line begins with, marks around it apart;
    one with a ``form`` is in doubt."""
    found = _english(line) or _chinese(line)
    if found is None and (line[0] in _DECORATION or line[0] in _LABEL_INITIALS):
        plain = _plain(line)
        found = _english(plain) or _chinese(plain) if plain else None
        return found._replace(form=f"☆{found.form}") if found and found.form else found
    if found is None and QUOTED.match(line):
        said, _mark, rest = line[1:].partition(_QUOTES[line[0]])
        if said[-1:] in ",.!?，。！？" or rest.lstrip()[:1].islower():  # it is said by someone
            return None
        plain = f"{said} {rest}".strip()
        found = _english(plain) or _chinese(plain)
        return found._replace(form=f"{line[0]}{found.form}") if found else None
    return found


def _plain(line: str) -> str:
    """Without marks around it, and without what sites write before every heading."""
    plain = line.strip(_DECORATION) if line[0] in _DECORATION else line
    label = _LABEL.match(plain)
    return plain[label.end() :] if label else plain


def read(line: str) -> Heading | None:
    """The heading a line may be when it stands alone as a paragraph."""
    if found := strong(line):
        return found
    if not 0 < len(line) <= LONGEST or "\n" in line:
        return None
    return _special(line) or _bare(line) or _titled(line) or _capitals(line)


def _markdown(line: str) -> Heading | None:
    match = _MARKDOWN.fullmatch(line)
    if not match or is_scene_break(line):
        return None
    inner = _english(match["title"]) or _chinese(match["title"])
    number_of, volume = (inner.number, inner.volume) if inner else (None, "")
    return Heading("markdown", number_of, len(match["marks"]), True, volume=volume)


def _english(line: str) -> Heading | None:
    if line[0] not in _ENGLISH_INITIALS:
        return None
    if (both := _ENGLISH_VOLUME.fullmatch(line)) and (inner := _english(both["chapter"])):
        return inner._replace(volume=both["volume"])
    match = _ENGLISH.fullmatch(line)
    if not match or not (value := number(match["number"])):
        return None
    rest = match["rest"].strip(" .:：—–-")
    closes = rest.lower() in ("end", "ends", "ended") and match["rest"].lstrip()[0] not in ".:："
    if closes or rest.endswith((",", ";")):
        return None
    sure = not rest or (match["word"][0].isupper() and _opens_a_title(match["rest"]))
    part = match["word"].lower() in ("book", "part", "volume")
    kind: Kind = "part" if part else "chapter"
    counts = ENGLISH_WORDS.get(match["word"].lower(), match["word"].lower())
    return Heading(kind, value, titled=bool(rest), form="" if sure else LOWER, word=counts)


def _opens_a_title(rest: str) -> bool:
    title = rest.strip(" .:：—–-")
    separated = rest.lstrip()[:1] in ".:：—–-" or title[0] + title[-1] == "()"
    capital = title.lstrip("“”‘’\"'_*([")[:1]
    return separated or not capital.islower()


def _chinese(line: str) -> Heading | None:
    if line[0] not in _CHINESE_INITIALS:
        return None
    if (both := _CHINESE_BOTH.fullmatch(line)) and (inner := _chinese(both["chapter"])):
        apart = not both["name"] or both["name"][0] in _SET_OFF or both["gap"]
        return inner._replace(volume=both["volume"], form=inner.form if apart else RUN_ON + "卷")
    if match := _CHINESE.fullmatch(line):
        word = match["word"].translate(_SAME_WORD)[0]
        value, form = number(match["number"]), _form_of(word, match["rest"])
        if value is None or form is None:
            return None
        kind: Kind = "chapter"
        if word in "卷部篇册季":
            kind = "part"
        elif word == "节":
            kind = "section"
        return Heading(kind, value, titled=bool(match["rest"].strip()), form=form, word=word)
    volume = _CHINESE_VOLUME.fullmatch(line)
    if volume and (not volume["rest"] or volume["rest"][0] in " \u3000：:·"):
        value = number(volume["number"]) if volume["number"] else None
        return Heading("part", value, titled=bool(volume["rest"].strip()), word="卷")
    return None


def _form_of(word: str, rest: str) -> str | None:
    """How the title stands after its number; None where what stands there is none.

    Set off by a space or a mark it may hold stops; run on, it must be bare of them.
    """
    if not rest.strip(_SET_OFF):
        return ""
    if _ENDED.fullmatch(rest) or (len(rest) > 50 and not _PUBLISHED.search(rest)):
        return None
    if rest[0] in _SET_OFF:
        if rest.endswith(("，", "；", ",", "：")):
            return None
        return "。" if rest.endswith("。") else ""
    if rest[0] in "，。“" and len(rest) <= 24 and not any(c in rest[1:-1] for c in _STOPS):
        return rest[0] if rest[0] != "“" or rest[-1] == "”" else None
    if len(rest) > 34 or any(c in rest for c in _STOPS + "“‘「『："):
        return None
    doubtful = rest[0] in _OTHER_WORDS.get(word, "") or _PROSE_AFTER.match(rest)
    return DOUBTFUL if doubtful else RUN_ON


def _special(line: str) -> Heading | None:
    plain = _plain(line)
    if _SPECIAL.fullmatch(plain):
        return Heading("special", titled=True)
    if _VOLUME.match(plain):
        for gap in _GAP.finditer(plain):
            if _SPECIAL.fullmatch(plain, gap.end()):
                return Heading("special", titled=True, volume=plain[: gap.start()])
    return None


def _bare(line: str) -> Heading | None:
    match = _BARE.fullmatch(line)
    value = number(match["number"]) if match else None
    return Heading("bare", value) if value else None


def _titled(line: str) -> Heading | None:
    match = _TITLED.fullmatch(line)
    if not match:
        return None
    value = number(next(filter(None, match.groups())))
    title = match["title"]
    first = title.lstrip("“‘\"'_*(")[:1]
    full_stop = title.endswith((".", "。", "，", ",", ";", "；", ":", "："))
    if (
        not value
        or first.islower()
        or (match["digits"] and first.isdecimal())
        or (full_stop and not title.isupper())
    ):
        return None
    return Heading("titled", value, titled=True)


def _capitals(line: str) -> Heading | None:
    if not (line.isupper() and line.isascii()) or line.endswith(("!", "?", ",", '"')):
        return None
    return Heading("capitals", titled=True) if sum(c.isalpha() for c in line) >= 4 else None
