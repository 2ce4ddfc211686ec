"""Tables and times for people: calm on a terminal (rich), aligned plain text in a pipe."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from caretool.cli.context import out
from caretool.domain.harmless import one_line
from caretool.domain.moment import stamp

_WIDEST = 60


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], loud: Sequence[bool] = ()) -> None:
    """Rows under headings; `loud` marks rows that want attention (bold on a terminal, the words say it too)."""
    if not rows:
        return
    if sys.stdout.isatty():
        _rich(headings, rows, loud)
        return
    cells = [[one_line(cell, _WIDEST) for cell in row] for row in (headings, *rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        out("  ".join(padded).rstrip())


def _rich(headings: Sequence[str], rows: Sequence[Sequence[str]], loud: Sequence[bool]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    widest = max(range(len(headings)), key=lambda column: max(len(row[column]) for row in rows))
    for column, heading in enumerate(headings):
        flexible = column == widest
        shown.add_column(heading, no_wrap=True, overflow="ellipsis", ratio=1 if flexible else None)
    for index, row in enumerate(rows):
        style = "bold" if index < len(loud) and loud[index] else ""
        shown.add_row(*(Text(one_line(cell)) for cell in row), style=style)
    Console(highlight=False).print(shown)


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


def indented(text: str, by: str = "    ") -> str:
    """A block of text, set in."""
    return "\n".join(by + line for line in text.splitlines())
