"""What people suggest and which faults they report: as headings and tables, as CSV, as JSON, as a letter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from caretool.domain.harmless import one_line
from caretool.domain.moment import stamp
from caretool.domain.suggestion import Collection, Suggestion
from caretool.reports.addresses import web_address
from caretool.reports.csv import written
from caretool.reports.html import html
from caretool.reports.letter import Letter
from caretool.reports.shapes import Shape, moment
from caretool.reports.sheet import WHERE, Row, Section, Sheet

_COLUMNS = ("people", "times", "what they say", "comment", "on", "since", "last", "answered", "thanked", "who")
_CSV = (
    "kind", "people", "times", "text", "topic", "comment", "accounts", "first_at", "last_at", "answered", "thanked",
    "who", "url",
)  # fmt: skip
_HEADINGS = {"suggestion": "Suggestions", "fault": "Faults reported"}
_FIRST_WORDS = 100
_FEW = 5


def sheet(found: Collection, zone: ZoneInfo) -> Sheet:
    """For people: suggestions, then faults, what the most people say on top."""
    until = stamp(found.as_of, zone)
    period = f"until {until}" if found.since is None else f"from {stamp(found.since, zone)} to {until}"
    return Sheet(f"What people suggest, {period}", tuple(_sections(found, zone)), "Nobody suggested anything.")


def _sections(found: Collection, zone: ZoneInfo) -> Iterator[Section]:
    for kind, heading in _HEADINGS.items():
        those = [one for one in found.suggestions if one.kind == kind]
        if those:
            placed = any(web_address(one.url) for one in those)
            rows = tuple(_row(one, zone) + ((web_address(one.url) or "",) if placed else ()) for one in those)
            yield Section(f"{heading} ({len(those)})", 1, (*_COLUMNS, *((WHERE,) if placed else ())), rows)


def _row(one: Suggestion, zone: ZoneInfo) -> Row:
    return (
        str(len(one.people)),
        str(len(one.comments)),
        one_line(one.text, _FIRST_WORDS),
        one.comment,
        ", ".join(one.accounts),
        _day(one.first_at, zone),
        _day(one.last_at, zone),
        _share(one.answered, one),
        _share(one.thanked, one),
        ", ".join(one.people[:_FEW]) + (f" and {len(one.people) - _FEW} more" if len(one.people) > _FEW else ""),
    )


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"


def _share(number: int, one: Suggestion) -> str:
    return "all" if number == len(one.comments) else f"{number} of {len(one.comments)}" if number else "no"


def csv(found: Collection) -> str:
    """A line for each thing that is said; times in UTC."""
    return written(_CSV, (_line(one) for one in found.suggestions))


def _line(one: Suggestion) -> Row:
    return (
        one.kind,
        str(len(one.people)),
        str(len(one.comments)),
        one_line(one.text),
        one.topic or "",
        one.comment,
        " ".join(one.accounts),
        moment(one.first_at) or "",
        moment(one.last_at) or "",
        str(one.answered),
        str(one.thanked),
        " ".join(one.people),
        web_address(one.url) or "",
    )


def shape(found: Collection) -> Shape:
    """The JSON."""
    return {
        "since": moment(found.since),
        "as_of": moment(found.as_of),
        "people": found.people,
        "suggestions": [
            {
                "kind": one.kind,
                "text": one.text,
                "topic": one.topic,
                "comment": one.comment,
                "comments": list(one.comments),
                "times": len(one.comments),
                "people": list(one.people),
                "accounts": list(one.accounts),
                "first_at": moment(one.first_at),
                "last_at": moment(one.last_at),
                "answered": one.answered,
                "thanked": one.thanked,
                "url": one.url,
            }
            for one in found.suggestions
        ],
    }


def letter(found: Collection, company: str, zone: ZoneInfo) -> Letter:
    """What whoever makes the product is told. A chat gets the numbers alone: nothing that a stranger wrote."""
    whole = sheet(found, zone)
    counted = _counted(found)
    lines = [whole.title]
    for section in whole.sections:
        lines += ["", section.heading]
        for row in section.rows:
            cells = dict(zip(section.columns, row, strict=True))
            lines += ["", f"{cells['what they say']}", f"    {_said_by(cells)}"]
            lines += [f"    {cells[WHERE]}"] if cells.get(WHERE) else []
    return Letter(
        subject=f"{one_line(company, 60)}: {counted}",
        text="\n".join([*lines, ""]),
        short=f"{counted}: caretool report suggestions",
        html=html(whole),
    )


def _said_by(cells: dict[str, str]) -> str:
    times = f"{cells['people']} people, {cells['times']} times" if cells["times"] != "1" else "one person"
    return f"{times} since {cells['since']} on {cells['on']} · answered: {cells['answered']} · {cells['comment']}"


def _counted(found: Collection) -> str:
    numbers = {kind: sum(one.kind == kind for one in found.suggestions) for kind in _HEADINGS}
    told = [f"{number} {kind if number == 1 else kind + 's'}" for kind, number in numbers.items() if number]
    return f"{' and '.join(told)} by {found.people} {'person' if found.people == 1 else 'people'}"
