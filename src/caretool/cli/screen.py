"""Tables and times for people: fitted to a terminal, aligned plain text in a pipe."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from caretool.cli.context import clear_progress, out
from caretool.domain.harmless import block, one_line
from caretool.domain.moment import stamp

if TYPE_CHECKING:
    from caretool.domain.draft import Refusal

_LONGEST = 10_000
_WIDEST = 60
_WHOLE = 20
_NARROWEST = 8
_GAP = 2
_BELOW = "    "
_TO_DO = (
    "missing-value",
    "too-long",
    "group-changed",
    "already-answered",
    "wrong-language",
    "claimed",
    "no-reward",
    "by-hand-only",
    "window-closed",
)


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    loud: Sequence[bool] = (),
    below: Sequence[Sequence[str]] = (),
    whole: Collection[str] = (),
    least: Sequence[str] = (),
) -> None:
    """Rows under headings; `loud` marks rows that want attention (bold on a terminal, the words say it too). `below`
    are harmless lines that stand under a row. On a terminal the columns called `whole` are never cut, however narrow
    the others become, and those called `least` go, the first one first, where not even what is cut fits."""
    if not rows:
        return
    on_terminal = sys.stdout.isatty()
    cells = [[one_line(cell, _WIDEST) for cell in row] for row in (headings, *rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headings))]
    if on_terminal:
        kept, widths = _chosen(headings, widths, whole, least)
        cells = [[row[column] for column in kept] for row in cells]
    lines = ["".join(_filled(cell, width + _GAP) for cell, width in zip(row, widths, strict=True)) for row in cells]
    under = [[], *below, *([] for _ in range(len(rows) - len(below)))]
    if not on_terminal:
        for line, more in zip(lines, under, strict=True):
            out("\n".join([line.rstrip(), *(_BELOW + one for one in more)]))
        return
    from rich.console import Console
    from rich.text import Text

    clear_progress()
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(lines[0].rstrip(), style="dim"))
    room = shutil.get_terminal_size().columns
    for index, line in enumerate(lines[1:]):
        console.print(Text(line.rstrip(), style="bold" if index < len(loud) and loud[index] else ""))
        for one in under[index + 1]:
            console.print(Text(_filled(_BELOW + one, room + _GAP).rstrip(), style="dim"))


def _chosen(
    headings: Sequence[str], widths: Sequence[int], whole: Collection[str], least: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Which columns a terminal has room for, and how wide each is there."""
    kept = list(range(len(headings)))
    going = [headings.index(heading) for heading in least]
    while True:
        room = shutil.get_terminal_size().columns - _GAP * (len(kept) - 1)
        left = [widths[column] for column in kept]
        texts = [place for place, column in enumerate(kept) if headings[column] not in whole]
        fitted = _fitted(left, room, [place for place in texts if left[place] > _WHOLE])
        if sum(fitted) > room and not going and whole:
            fitted = _fitted(fitted, room, texts)
        if sum(fitted) <= room or not going:
            return kept, fitted
        kept.remove(going.pop(0))


def _fitted(widths: Sequence[int], room: int, texts: Sequence[int]) -> list[int]:
    """The widest of the columns `texts` give way until all fit; ids, times and numbers are narrow and stay whole."""
    fitted = list(widths)
    while texts and sum(fitted) > room:
        widest = max(texts, key=fitted.__getitem__)
        if fitted[widest] <= _NARROWEST:
            break
        fitted[widest] -= 1
    return fitted


def _filled(text: str, width: int) -> str:
    """A cell cut to its column, counted as a terminal does (two for wide characters)."""
    if _width(text) > width - _GAP:
        while text and _width(text) > width - _GAP - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def when(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """A due time as a person reads it: how long ago, minutes and hours ahead, else the day and hour."""
    if at is None:
        return ""
    apart = at - now
    length = abs(apart)
    if length < timedelta(hours=1):
        text = f"{int(length.total_seconds() // 60)} min"
    elif length < timedelta(hours=12):
        text = f"{int(length.total_seconds() // 3600)} h"
    elif apart < timedelta(0):
        if length > timedelta(days=60):
            return f"since {stamp(at, zone).split()[2]} {at.astimezone(zone).year}"
        text = f"{int(length.total_seconds() // 3600)} h" if length < timedelta(days=2) else f"{length.days} days"
    else:
        return stamp(at, zone)
    return f"{text} ago" if apart < timedelta(0) else f"in {text}"


def count(number: int, one: str, many: str) -> str:
    """`1 person waits`, `3 people wait`."""
    return f"{number} {one if number == 1 else many}"


def advice(refusal: Refusal) -> str:
    """What would pass instead of what was refused: words to say, or else what to do; empty where nothing would."""
    if not refusal.suggest:
        return ""
    return f"What helps: {refusal.suggest}" if refusal.check in _TO_DO else f'Would pass: "{refusal.suggest}"'


def said(text: str, hide: Callable[[str], str] = str) -> str:
    """What somebody wrote, made harmless and set in; of a huge text the beginning, and how much is left out. `hide`
    takes out what is not for the screen."""
    shown = indented(block(hide(text[:_LONGEST])))
    left = len(text) - _LONGEST
    if left <= 0:
        return shown
    return f"{shown}\n    … {count(left, 'more character', 'more characters')}: --json has them all"


def indented(text: str, by: str = "    ", hanging: str = "") -> str:
    """A block of text, set in; on a terminal folded at words, what is folded set in by `hanging` too."""
    lines = text.splitlines()
    if sys.stderr.isatty():
        width = max(shutil.get_terminal_size().columns - len(by), 20)
        fold = textwrap.TextWrapper(width, subsequent_indent=hanging, break_on_hyphens=False).wrap
        lines = [folded for line in lines for folded in fold(line) or [""]]
    return "\n".join(by + line for line in lines)
