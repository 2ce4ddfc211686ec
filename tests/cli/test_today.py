"""report today, and every format of both reports, as somebody types them."""

from __future__ import annotations

import csv
import io

import pytest
from icalendar import Calendar

from tests.cli.conftest import CONSOLE, LATE, row, write_comments
from tests.cli.program import Program
from tests.cli.shapes import OVERDUE, PROMISE, Time, conforms

TODAY = {
    "as_of": Time,
    "owners": [{"owner": str, "overdue": [PROMISE], "at_risk": [PROMISE], "due_next": [PROMISE]}],
}


def promised(desk: Program, kind: str, due: str, comment: str = "damaged") -> str:
    """One logged by hand."""
    words = ("promise", "add", kind, "--for", desk.comment(comment), "--due", due, "--json")
    return str(desk.done(*words).json()["promises"][0]["id"])


@pytest.fixture
def busy(desk: Program) -> tuple[Program, str, str]:
    """A call and a refund that were promised; the morning after the call was due."""
    call, refund = promised(desk, "callback", "2026-11-24 12:00"), promised(desk, "refund", "2026-11-30 18:00")
    return desk.at("2026-11-25T09:00:00+01:00"), call, refund


def test_each_owner_is_shown_what_is_theirs(busy: tuple[Program, str, str]) -> None:
    desk, call, refund = busy
    found = desk.done("report", "today", "--json").json()
    conforms(found, TODAY)
    assert [(one["owner"], [p["id"] for p in one["overdue"]]) for one in found["owners"]] == [("desk", [call])]
    later = desk.done("report", "today", "--as-of", "2026-11-30 10:00", "--json").json()
    assert [one["owner"] for one in later["owners"]] == ["accounting", "desk"]
    accounting = later["owners"][0]
    assert [p["id"] for p in (*accounting["at_risk"], *accounting["due_next"])] == [refund]
    shown = desk.done("report", "today").stdout
    assert [part in shown for part in ("desk\n", "Overdue (1)", call, "Chiara Longo", "accounting")] == [True] * 4 + [
        False
    ]


def test_one_owner_alone(busy: tuple[Program, str, str]) -> None:
    desk, call, _ = busy
    assert call in desk.done("report", "today", "--owner", "desk").stdout
    assert desk.done("report", "today", "--owner", "accounting").stdout == ""
    ran = desk.run("report", "today", "--owner", "nobody")
    assert (ran.code, ran.stdout) == (2, "")
    assert "No owner is called 'nobody'" in ran.stderr


@pytest.mark.parametrize("report", ["overdue", "today"])
def test_every_format_has_the_promise(busy: tuple[Program, str, str], report: str) -> None:
    desk, call, refund = busy
    code = 8 if report == "overdue" else 0
    for layout in ("table", "json", "markdown", "html", "csv", "ics"):
        ran = desk.run("report", report, "--format", layout)
        assert (ran.code, ran.stderr) == (code, ""), layout
        assert call in ran.stdout, layout
        assert (refund in ran.stdout) == (layout == "ics"), layout
    rows = list(csv.DictReader(io.StringIO(desk.run("report", report, "--format", "csv").stdout, newline="")))
    assert [(row["id"], row["stage"], row["due_at"]) for row in rows] == [(call, "overdue", "2026-11-24T11:00:00Z")]


def test_a_feed_has_all_that_is_open_or_one_owners(busy: tuple[Program, str, str]) -> None:
    desk, call, refund = busy

    def events(*words: str) -> list[str]:
        feed = Calendar.from_ical(desk.run("report", *words, "--format", "ics").stdout)
        return [str(event["UID"]).split("@")[0] for event in feed.events]

    assert events("overdue") == events("today") == [call, refund]
    assert events("today", "--owner", "accounting") == [refund]


def test_with_an_empty_ledger_each_format_is_still_valid(desk: Program) -> None:
    for report in ("overdue", "today"):
        feed = desk.done("report", report, "--format", "ics").stdout
        assert Calendar.from_ical(feed).events == []
        assert feed.endswith("END:VCALENDAR\r\n")
        assert desk.done("report", report, "--format", "csv").stdout.count("\r\n") == 1
        assert desk.done("report", report, "--format", "html").stdout.startswith("<!DOCTYPE html>")
        assert desk.done("report", report).stdout == ""
    assert desk.done("report", "today", "--json").json()["owners"] == []
    conforms(desk.done("report", "overdue", "--json").json(), OVERDUE)


def test_where_it_was_asked_for_is_told_if_the_platform_says(fresh: Program) -> None:
    url = "https://social.example/1"
    rows = [row("late1", LATE, "Anna Neri", url=url, **CONSOLE), row("damaged", "La lampada è rotta.", "Chiara Longo")]
    write_comments(fresh.folder, "page", rows)
    fresh.done("fetch")
    fresh.done("reply", fresh.comment("late1"), "--yes")
    call = promised(fresh, "callback", "2026-11-24 12:00")
    later = fresh.at("2026-12-10T09:00:00+01:00")
    found = later.run("report", "overdue", "--json").json()["overdue"]
    assert {one["person"]["name"]: one["url"] for one in found}["Anna Neri"] == url
    assert {one["id"] for one in found} > {call}
    assert f"<{url}>" in later.done("report", "today", "--format", "markdown").stdout
    assert url in later.done("report", "today", "--format", "html").stdout
