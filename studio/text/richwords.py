"""What control words of Rich Text mean, and which encoding its bytes are in.

Control words are those of the RTF specification 1.9.1; which groups hold no text and which
encoding a font has is known to striprtf.
"""

from __future__ import annotations

import codecs
import functools
import re

SIGNS = {b"~": "\u00a0", b"_": "-"}
WORDS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "emspace": " ",
    "enspace": " ", "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "zwj": "\u200d", "zwnj": "\u200c",
    "pmartabql": "\t", "pmartabqc": "\t", "pmartabqr": "\t",
    "pindtabql": "\t", "pindtabqc": "\t", "pindtabqr": "\t",
}  # fmt: skip
ENDS = frozenset(["par", "sect", "page", "column", "cell", "nestcell", "row", "nestrow"])
HEADING = re.compile(r"(?:heading|标题|標題)\s?(?P<level>[1-9])", re.IGNORECASE)
BOXES = frozenset(["shptxt", "dptxbxtext"])
RUNNING = frozenset(["header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr",
                     "footerf"])  # fmt: skip
FORMULAS = {
    "mden": "/", "msup": "^", "msub": "_", "mr": "", "mf": "", "mnum": "", "me": "", "msSup": "",
    "msSub": "", "msSubSup": "", "msPre": "", "mrad": "", "mdeg": "", "mnary": "", "md": "",
    "mm": "", "mmr": "", "mbox": "", "mborderBox": "", "mbar": "", "macc": "", "mfunc": "",
    "mfName": "", "mlim": "", "mlimlow": "", "mlimupp": "", "meqArr": "", "mgroupChr": "",
    "mphant": "", "moMathPara": "", "mmath": "",
}  # fmt: skip
"""Parts of a formula, with what stands before them where it is written in one line."""
THROUGH = frozenset(["sp", "shp", "shpinst", "shpgrp", "shprslt", "shppict", "do", "object",
                     "result", "field", "moMath", *FORMULAS])  # fmt: skip
"""Groups of their own whose text, if they have any, is that of the document."""

_OURS = THROUGH | BOXES | RUNNING | {"fonttbl", "stylesheet", "footnote", "nonshppict", "ud"}
_QUIET = frozenset(["pgdsctbl", "pgdscno", "expandedcolortbl", "flymaincnt", "ftnnalt", "cs", "ds",
                    "ts"])  # fmt: skip
"""Groups that other programs write beside those of the specification; none has text."""
_UNNAMED_CHARSETS = (0, 1, 2)
_WIDER = {"cp936": "gb18030", "cp10008": "gb18030", "cp10000": "mac_roman", "cp0": "cp1252"}


@functools.cache
def destinations() -> frozenset[str]:
    """The words that begin a group which is no plain part of the text around it."""
    from striprtf import striprtf

    return frozenset(striprtf.destinations) | _OURS | _QUIET


def encoding_of(word: str, value: int) -> str:
    """Empty for the charsets that mean “that of the document”."""
    from striprtf import striprtf

    if word == "cpg":
        return codec(f"cp{value}")
    if value in _UNNAMED_CHARSETS:
        return ""
    return codec(striprtf.charset_map.get(value, ""))


def codec(name: str) -> str:
    """The name of the codec to read with; empty where Python has none."""
    name = _WIDER.get(name, name)
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
