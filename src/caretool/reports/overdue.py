"""The overdue report for people: plain lines for a terminal or a mail, and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from caretool.domain.harmless import one_line
from caretool.domain.moment import stamp
from caretool.domain.promise import Overdue, Promise

HEADINGS = ("Overdue", "At risk", "Due within 24 h")


def is_quiet(report: Overdue) -> bool:
    """Whether nobody needs to be told: nothing overdue, nothing at risk."""
    return not report.overdue and not report.at_risk


def sections(report: Overdue) -> list[tuple[str, Sequence[Promise]]]:
    """The report's parts that hold something, with their headings, worst first."""
    parts = zip(HEADINGS, (report.overdue, report.at_risk, report.due_next), strict=True)
    return [(heading, promises) for heading, promises in parts if promises]


def row(promise: Promise, zone: ZoneInfo) -> tuple[str, str, str, str, str, str]:
    """Due, id, owner, person, kind, what was said."""
    return (
        stamp(promise.due_at, zone),
        promise.id,
        promise.owner,
        one_line(promise.person_name, 30),
        promise.kind,
        one_line(promise.text, 70),
    )


def markdown(report: Overdue, zone: ZoneInfo) -> str:
    """A heading and a table a section; what people wrote cannot break out of its cell."""
    lines = [f"# Promises on {stamp(report.as_of, zone)}", ""]
    for heading, promises in sections(report):
        lines += [f"## {heading} ({len(promises)})", "", "| due | id | owner | person | kind | said |"]
        lines.append("| --- | --- | --- | --- | --- | --- |")
        lines += ["| " + " | ".join(_cell(value) for value in row(promise, zone)) + " |" for promise in promises]
        lines.append("")
    if len(lines) == 2:
        lines += ["Nothing is overdue, at risk or due within 24 h.", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    escaped = "".join("\\" + character if character in "\\`*_{}[]<>()#+!|~" else character for character in text)
    return escaped.replace("&", "&amp;").replace("://", "&#58;//").replace("@", "&#64;")
