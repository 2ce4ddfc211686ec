"""A report as CSV (RFC 4180), for spreadsheets: a line a promise, and no text of a stranger is a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from itertools import chain

from caretool.domain.harmless import one_line
from caretool.domain.promise import Overdue, Today
from caretool.reports.addresses import web_address
from caretool.reports.shapes import moment

COLUMNS = ("stage", "owner", "id", "kind", "person", "due_at", "state", "text", "url")
# A full-width sign is a sign to some spreadsheets, too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where a comma is a decimal sign, spreadsheets take lines apart at semicolons, whatever quotes say. A smiley is none.
_WITHIN = re.compile(r"(?<=;)(?=[ \"']*(?:[=+@＝＋＠]|[-－][\w(]))")


def of_overdue(report: Overdue) -> str:
    """The headings and a line a promise, worst first; times in UTC."""
    return _written(_rows(report))


def of_today(report: Today) -> str:
    """The same, owner by owner."""
    return _written(chain.from_iterable(_rows(theirs) for theirs in report.owners.values()))


def _rows(report: Overdue) -> Iterable[tuple[str, ...]]:
    for stage, promises in report.staged:
        for one in promises:
            due, url = moment(one.due_at) or "", web_address(one.url) or ""
            yield (stage, one.owner, one.id, one.kind, one.person_name, due, one.state, one.text, url)


def _written(rows: Iterable[tuple[str, ...]]) -> str:
    return written(COLUMNS, rows)


def written(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Headings and rows, every cell guarded."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(columns)
    lines.writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


def guarded(cell: str) -> str:
    """A cell that a spreadsheet shows and does not work out: an apostrophe stands before what could be a formula."""
    shown = _WITHIN.sub("'", one_line(cell))
    return f"'{shown}" if cell.startswith(_FORMULA) or shown.startswith(_FORMULA) else shown
