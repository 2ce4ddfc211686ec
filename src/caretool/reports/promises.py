"""The report on promises kept: as headings and tables, as CSV, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from caretool.domain.harmless import one_line
from caretool.domain.moment import stamp
from caretool.domain.record import Record, Tally, Waiver
from caretool.reports.csv import written
from caretool.reports.shapes import Shape, moment
from caretool.reports.sheet import Section, Sheet

_COLUMNS = ("kept", "in time", "late", "broken", "overdue", "late by (median)", "at worst")
_CSV = ("by", "name", "rate", "in_time", "late", "broken", "overdue", "median_late_minutes", "worst_late_minutes")
_DAY = timedelta(days=1)


def sheet(report: Record, zone: ZoneInfo) -> Sheet:
    """For people: the whole, by kind, by owner, by supplier, by week; then what checks stopped, and what was waived."""
    until = stamp(report.as_of, zone)
    period = f"until {until}" if report.since is None else f"from {stamp(report.since, zone)} to {until}"
    sections = [*_tallies(report), *_checks(report), *_waived(report, zone)]
    return Sheet(f"Promises {period}", tuple(sections), "Nothing was promised, refused or waived.")


def _tallies(report: Record) -> Iterator[Section]:
    if not (report.total.due or report.moved or report.released):
        return
    rate = f"Kept in time: {report.total.in_time} of {report.total.due} ({_percent(report.total)})"
    yield Section(f"{rate} · {report.moved} moved · {report.released} released")
    for heading, tallies in _groups(report):
        if tallies:
            rows = tuple((one.name, *_cells(one)) for one in tallies)
            yield Section(f"By {heading}", 1, (heading, *_COLUMNS), rows)


def _groups(report: Record) -> tuple[tuple[str, tuple[Tally, ...]], ...]:
    suppliers = report.suppliers
    return ("kind", report.kinds), ("owner", report.owners), ("supplier", suppliers), ("week", report.weeks)


def _checks(report: Record) -> Iterator[Section]:
    refused = report.refused
    if refused.by_check:
        heading = (
            f"Drafts stopped by a check before they were said: {refused.attempts} ({refused.approved} were approved)"
        )
        yield Section(heading, 1, ("check", "times"), tuple((c, str(n)) for c, n in refused.by_check.items()))


def _waived(report: Record, zone: ZoneInfo) -> Iterator[Section]:
    if report.waivers:
        rows = tuple(
            (stamp(one.at, zone), one.agent, ", ".join(one.replies), one_line(one.excerpt, 100))
            for one in report.waivers
        )
        yield Section(f"Said to be no promise ({len(rows)})", 1, ("when", "by", "replies", "words"), rows)


def _cells(one: Tally) -> tuple[str, ...]:
    numbers = (one.in_time, one.late, one.broken, one.overdue)
    return (_percent(one), *map(str, numbers), _length(one.median_late), _length(one.worst_late))


def _percent(one: Tally) -> str:
    """Rounded down: all is 100 % only where it was all."""
    return "–" if one.rate is None else f"{int(100 * one.rate)} %"


def _length(late: timedelta | None) -> str:
    if late is None:
        return ""
    if late >= 2 * _DAY:
        return f"{late.days} days"
    minutes = _minutes(late)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def csv(report: Record) -> str:
    """A line a tally: all, by kind, by owner, by supplier, by week."""
    groups = (("all", (report.total,)), *_groups(report))
    return written(
        _CSV, ((by, *(str(v) if v is not None else "" for v in _values(one))) for by, ts in groups for one in ts)
    )


def _values(one: Tally) -> tuple[Any, ...]:
    rate = None if one.rate is None else round(one.rate, 4)
    lengths = [None if late is None else _minutes(late) for late in (one.median_late, one.worst_late)]
    return (one.name, rate, one.in_time, one.late, one.broken, one.overdue, *lengths)


def shape(report: Record) -> Shape:
    """The JSON."""
    return {
        "since": moment(report.since),
        "as_of": moment(report.as_of),
        "total": _tally(report.total),
        "kinds": [_tally(one) for one in report.kinds],
        "owners": [_tally(one) for one in report.owners],
        "suppliers": [_tally(one) for one in report.suppliers],
        "weeks": [_tally(one) for one in report.weeks],
        "moved": report.moved,
        "released": report.released,
        "checks": {
            "attempts_changed": report.refused.attempts,
            "approved": report.refused.approved,
            "by_check": dict(report.refused.by_check),
        },
        "waivers": [_waiver(one) for one in report.waivers],
    }


def _tally(one: Tally) -> Shape:
    return dict(zip(_CSV[1:], _values(one), strict=True))


def _waiver(one: Waiver) -> Shape:
    return {
        "excerpt": one.excerpt,
        "agent": one.agent,
        "draft": one.draft,
        "replies": list(one.replies),
        "at": moment(one.at),
    }
