"""Strangers' text made safe to show: no control or escape characters, no direction tricks, nothing invisible (§4.9)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

HIDDEN: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Letters and marks by their category that nobody sees: fillers and joiners."""

UNSEEN: Final = re.compile(
    "[\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""One character beyond the ASCII controls that a terminal obeys or that nobody sees, for what has to escape it."""

LONGEST_NAME: Final = 40
"""How much of a name or a handle is shown: enough to know whose it is, and one person fills no screen."""
NAME_COLUMN: Final = 30
"""The same in a table, where others stand beside it."""

# A letter of any script bears fewer; heaped on one they run into the lines above and below.
_MOST_MARKS = 4
_PILE = re.compile(f"(?<=m{{{_MOST_MARKS}}})m+")


class _Shown(dict[int, str]):
    """By its code, what is shown for a character; worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        hidden = UNSEEN.match(character) or unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn")
        self[code] = "" if hidden else character
        return self[code]


class _Marks(dict[int, str]):
    """By its code, `m` for a character that stands on the one before it, else `-`."""

    def __missing__(self, code: int) -> str:
        self[code] = "m" if unicodedata.category(chr(code)) in ("Mn", "Me") else "-"
        return self[code]


_SHOWN = _Shown({ord(end): "\n" for end in "\n\r\v\f\x85\u2028\u2029"})
_SHOWN[ord("\t")] = " "
_SHOWN.update(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))
_MARKS = _Marks()


def block(text: str) -> str:
    """Several lines stay several lines; tabs become blanks; everything that is not to be seen is left out, and so are
    marks heaped on a letter beyond the fourth."""
    shown = text.replace("\r\n", "\n").translate(_SHOWN)
    return shown if shown.isascii() else _unpiled(shown)


def one_line(text: str, longest: int | None = None) -> str:
    """The same on one line, cut to `longest` characters with an ellipsis."""
    line = " ".join(block(text[: 4 * longest + 200] if longest else text).split())
    if longest is not None and len(line) > longest:
        return line[: max(longest - 1, 0)].rstrip() + "…"
    return line


def short_name(name: str, longest: int = LONGEST_NAME) -> str:
    """A name or a handle as a screen shows it, or one of its tables (`NAME_COLUMN`): cut. Never for what is posted, nor
    for programs."""
    return one_line(name, longest)


def _unpiled(text: str) -> str:
    kept, end = [], 0
    for pile in _PILE.finditer(text.translate(_MARKS)):
        kept.append(text[end : pile.start()])
        end = pile.end()
    return "".join([*kept, text[end:]])
