"""A report as headings and tables: the one value that terminal, Markdown and HTML are written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from caretool.domain.harmless import NAME_COLUMN, one_line, short_name
from caretool.domain.moment import stamp
from caretool.domain.promise import Overdue, Promise, Stage, Today
from caretool.reports.addresses import web_address

HEADINGS: dict[Stage, str] = {"overdue": "Overdue", "at-risk": "At risk", "due-next": "Due within 24 h"}
WHERE = "where"
_OVERDUE = ("due", "promise", "owner", "for", "kind", "said")
_TODAY = ("due", "promise", "for", "kind", "said", WHERE)

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and the table below it; one without columns only introduces the next. `level` 1 is below the title.
    Cells are harmless text on one line; in the column `where` (left out where none is known) web addresses or empty."""

    heading: str
    level: int = 1
    columns: Row = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report. `nothing` is said where there are no sections."""

    title: str
    sections: tuple[Section, ...]
    nothing: str


def of_overdue(report: Overdue, zone: ZoneInfo) -> Sheet:
    """What is overdue, at risk and due next, over all owners."""
    nothing = "Nothing is overdue, at risk or due within 24 h."
    return Sheet(f"Promises on {stamp(report.as_of, zone)}", tuple(_sections(report, zone, 1, _OVERDUE)), nothing)


def of_today(report: Today, zone: ZoneInfo) -> Sheet:
    """The same by owner, with where it was said."""
    sections: list[Section] = []
    for owner, theirs in report.owners.items():
        sections += [Section(owner), *_sections(theirs, zone, 2, _TODAY)]
    nothing = "Nobody has anything overdue, at risk or due within 24 h."
    return Sheet(f"Today, {stamp(report.as_of, zone)}, by owner", tuple(sections), nothing)


def of_owner(theirs: Overdue, title: str, zone: ZoneInfo) -> Sheet:
    """One owner's promises."""
    return Sheet(title, tuple(_sections(theirs, zone, 1, _TODAY)), "Nothing.")


def _sections(report: Overdue, zone: ZoneInfo, level: int, columns: Row) -> Iterator[Section]:
    for stage, promises in report.staged:
        if promises:
            placed = any(web_address(promise.url) for promise in promises)
            told = tuple(column for column in columns if placed or column != WHERE)
            rows = tuple(_row(promise, zone, told) for promise in promises)
            yield Section(f"{HEADINGS[stage]} ({len(promises)})", level, told, rows)


def _row(promise: Promise, zone: ZoneInfo, columns: Row) -> Row:
    cells = {
        "due": stamp(promise.due_at, zone),
        "promise": promise.id,
        "owner": promise.owner + (f", {promise.escalated_to}" if promise.escalated_to else ""),
        "for": short_name(promise.person_name, NAME_COLUMN),
        "kind": promise.kind,
        "said": one_line(promise.text, 70),
        WHERE: web_address(promise.url) or "",
    }
    return tuple(cells[column] for column in columns)
