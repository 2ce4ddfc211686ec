"""Strangers' text made safe to show: no control or escape characters, no direction tricks, nothing invisible (§4.9)."""

from __future__ import annotations

import unicodedata

_LINES = str.maketrans({"\r": "\n", "\v": "\n", "\f": "\n", "\u2028": "\n", "\u2029": "\n", "\x85": "\n"})


def block(text: str) -> str:
    """Several lines stay several lines; tabs become blanks; everything that is not to be seen is left out."""
    text = text.replace("\r\n", "\n").translate(_LINES)
    return "".join(_shown(character) for character in text)


def one_line(text: str, longest: int | None = None) -> str:
    """The same on one line, cut to `longest` characters with an ellipsis."""
    line = " ".join(block(text[: 4 * longest + 200] if longest else text).split())
    if longest is not None and len(line) > longest:
        return line[: max(longest - 1, 0)].rstrip() + "…"
    return line


def _shown(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category in ("Cc", "Cf", "Co", "Cn") else character
