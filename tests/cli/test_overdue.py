from __future__ import annotations

from tests.cli.program import Program
from tests.cli.shapes import OVERDUE, conforms

WEEK_LATER = "2026-11-30T09:00:00+01:00"
FORMATS = (("--format", "table"), ("--format", "markdown"))


def promised(desk: Program, due: str = "2026-11-24 12:00") -> str:
    """A call promised on the phone."""
    words = ("promise", "add", "callback", "--for", desk.comment("damaged"), "--due", due, "--json")
    return str(desk.done(*words).json()["promises"][0]["id"])


def test_a_promise_past_its_time_is_overdue_and_exits_8(desk: Program) -> None:
    promise = promised(desk)
    ran = desk.at(WEEK_LATER).run("report", "overdue", "--format", "json")
    assert ran.code == 8
    found = ran.json()
    conforms(found, OVERDUE)
    assert found["as_of"] == "2026-11-30T08:00:00Z"
    assert [(one["id"], one["overdue"], one["at_risk"]) for one in found["overdue"]] == [(promise, True, False)]
    assert (found["at_risk"], found["due_next"]) == ([], [])
    assert desk.at(WEEK_LATER).run("report", "overdue", "--json") == ran


def test_every_format_names_the_promise_its_owner_and_its_time(desk: Program) -> None:
    promise = promised(desk)
    for words in FORMATS:
        ran = desk.at(WEEK_LATER).run("report", "overdue", *words)
        assert (ran.code, ran.stderr) == (8, "")
        for part in (promise, "Overdue (1)", "Tue 24 Nov 12:00", "desk", "Chiara Longo", "callback"):
            assert part in ran.stdout, (words, part)


def test_overdue_stays_overdue_however_long_ago(desk: Program) -> None:
    promised(desk)
    ran = desk.at("2028-01-10T09:00:00+01:00").run("report", "overdue")
    assert ran.code == 8
    assert "Overdue (1)" in ran.stdout


def test_with_nothing_overdue_it_says_nothing_in_a_pipe_so_that_cron_sends_no_mail(desk: Program) -> None:
    for words in FORMATS:
        ran = desk.run("report", "overdue", *words)
        assert (ran.code, ran.stdout, ran.stderr) == (0, "", "")
    promised(desk)
    for words in FORMATS:
        ran = desk.run("report", "overdue", *words)
        assert (ran.code, ran.stdout, ran.stderr) == (0, "", "")


def test_as_json_it_always_has_its_shape(desk: Program) -> None:
    found = desk.done("report", "overdue", "--json").json()
    conforms(found, OVERDUE)
    assert (found["overdue"], found["at_risk"], found["due_next"]) == ([], [], [])
    promise = promised(desk, "2026-11-23 18:00")
    found = desk.done("report", "overdue", "--json").json()
    conforms(found, OVERDUE)
    assert [one["id"] for one in found["due_next"]] == [promise]


def test_what_should_have_been_looked_at_is_at_risk_and_told_without_exit_8(desk: Program) -> None:
    promise = promised(desk)
    soon = desk.at("2026-11-24T10:30:00+01:00")
    found = soon.done("report", "overdue", "--json").json()
    assert [(one["id"], one["at_risk"]) for one in found["at_risk"]] == [(promise, True)]
    assert "At risk (1)" in soon.done("report", "overdue").stdout


def test_the_report_as_of_another_time(desk: Program) -> None:
    promised(desk)
    ran = desk.run("report", "overdue", "--as-of", "2026-11-24 12:01", "--json")
    assert ran.code == 8
    assert ran.json()["as_of"] == "2026-11-24T11:01:00Z"
    assert desk.run("report", "overdue", "--as-of", "2026-11-24 11:59").code == 0
    for wrong in ("yesterday", "2026-13-40", ""):
        ran = desk.run("report", "overdue", "--as-of", wrong, "--json")
        assert (ran.code, ran.stdout) == (2, "")


def test_what_was_kept_is_no_longer_overdue(desk: Program) -> None:
    promise = promised(desk)
    late = desk.at(WEEK_LATER)
    late.done("promise", "keep", promise)
    assert late.run("report", "overdue").code == 0


def test_a_promise_in_the_outbox_is_not_overdue_before_it_was_said(desk: Program) -> None:
    desk.done("reply", desk.group("parcel-damaged"), "--later", "--yes")
    found = desk.at(WEEK_LATER).done("report", "overdue", "--json").json()
    assert found["overdue"] == []


def test_the_report_needs_nobody_at_the_desk(desk: Program) -> None:
    promised(desk)
    assert desk.by(None).at(WEEK_LATER).run("report", "overdue").code == 8
