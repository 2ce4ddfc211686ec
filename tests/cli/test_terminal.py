"""With a person at a real terminal: the table, the question, the yes and the no."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pexpect
import pytest

from tests.cli.conftest import CONSOLE, LATE, row, write_comments
from tests.cli.program import COMMAND, Program

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@contextmanager
def terminal(desk: Program, *words: str, columns: int = 100) -> Iterator[pexpect.spawn[str]]:
    """A command at a terminal."""
    child = pexpect.spawn(
        sys.executable,
        [*COMMAND[1:], "-C", str(desk.folder), *words],
        env=desk.variables() | {"COLUMNS": str(columns)},
        encoding="utf-8",
        timeout=30,
        dimensions=(50, columns),
    )
    try:
        yield child
    finally:
        child.close()


def seen(desk: Program, *words: str, columns: int = 100) -> tuple[str, int]:
    """What a command shows at a terminal that needs no answer, and its exit code."""
    with terminal(desk, *words, columns=columns) as child:
        text = child.read()
        child.wait()
        return text.replace("\r\n", "\n"), child.exitstatus or 0


def group_of(desk: Program, topic: str) -> str:
    """A group on the page."""
    return str(desk.groups("--account", "page", "--topic", topic)[0]["id"])


@pytest.mark.parametrize("columns", [80, 100, 140])
def test_the_inbox_fits_and_keeps_every_id_whole(desk: Program, columns: int) -> None:
    shown, code = seen(desk, "inbox", columns=columns)
    lines = _ESCAPES.sub("", shown).splitlines()
    assert code == 0
    assert max(map(len, lines)) <= columns
    for group in desk.groups():
        row = next(line for line in lines if group["id"] in line and not line.startswith("Next"))
        assert row.startswith("in 1 h")
    assert "\x1b[1m" in shown


@pytest.mark.parametrize(("columns", "headings"), [(60, "due group people what"), (100, "due group people where")])
def test_the_inbox_fits_where_due_times_are_long(fresh: Program, columns: int, headings: str) -> None:
    closes = {"written_at": "2026-11-20T19:30:00+01:00", "closes_at": "2026-11-21T08:10:00+01:00"}
    write_comments(
        fresh.folder, "page", [row(str(number), LATE, "Anna Neri", **CONSOLE, **closes) for number in (1, 2)]
    )
    write_comments(fresh.folder, "short", [row("s", "La lampada è arrivata rotta.", "Chiara Longo", **closes)])
    friday = fresh.at("2026-11-20T19:40:00+01:00")
    friday.done("fetch")
    shown, code = seen(friday, "inbox", columns=columns)
    _, rows, *_ = _ESCAPES.sub("", shown).split("\n\n")
    lines = rows.splitlines()
    assert code == 0
    assert max(map(len, lines)) <= columns
    assert " ".join(lines[0].split()).startswith(headings)
    assert [line[:23] for line in lines if line.startswith("closes")] == ["closes Sat 21 Nov 08:10"] * 2
    assert all(group["id"] in rows for group in friday.groups())


@pytest.mark.parametrize("columns", [80, 100])
def test_promises_and_the_report_fit_too(desk: Program, columns: int) -> None:
    desk.done("reply", desk.group("delivery-late"), "--yes")
    late = desk.at("2026-11-30T09:00:00+01:00")
    for words, exit_code in ((("promise", "list"), 0), (("report", "overdue"), 8)):
        shown, code = seen(late, *words, columns=columns)
        lines = _ESCAPES.sub("", shown).splitlines()
        assert code == exit_code
        assert max(map(len, lines)) <= columns
        assert all(any(promise["id"] in line for line in lines) for promise in desk.promises())


def test_no_writes_nothing_and_yes_posts(desk: Program) -> None:
    words = ("reply", group_of(desk, "parcel-damaged"))
    with terminal(desk, *words) as child:
        child.expect("Buongiorno Chiara Longo")
        child.expect(r"Promises: reply to 1 person by Tue 24 Nov 18:00")
        child.expect(r"Post it\? \[y/N\]")
        child.sendline("n")
        child.expect("Nothing was written")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 2
    assert desk.posted() == []
    assert desk.promises("--all") == []
    with terminal(desk, *words) as child:
        child.expect(r"Post it\?")
        child.sendline("y")
        child.expect("1 reply written to page-replies.jsonl, answering 1 comment")
        child.expect(pexpect.EOF)
    assert len(desk.posted()) == 1
    assert len(desk.promises()) == 1


@pytest.mark.parametrize("leaving", ["\x03", "\x04"])
def test_leaving_at_the_question_writes_nothing(desk: Program, leaving: str) -> None:
    with terminal(desk, "reply", group_of(desk, "parcel-damaged")) as child:
        child.expect(r"Post it\?")
        child.send(leaving)
        child.expect("Nothing was written")
        told = child.read()
        child.wait()
        assert child.exitstatus == 2
    assert "Traceback" not in told
    assert desk.posted() == []


def test_a_value_that_is_needed_is_asked_for(desk: Program) -> None:
    group = next(one["id"] for one in desk.groups() if one["comments"][0]["native_id"] == "private")
    with terminal(desk, "reply", group, "--template", "order-change") as child:
        child.expect(r"order\?")
        child.sendline("BB-4711")
        child.expect("BB-4711")
        child.expect(r"Post it\?")
        child.sendline("y")
        child.expect("1 reply written to page-replies.jsonl")
        child.expect(pexpect.EOF)
    assert "BB-4711" in desk.posted()[0]["text"]


def test_a_draft_is_read_before_it_is_approved(desk: Program) -> None:
    tom = desk.by("tom")
    reply = tom.done("reply", tom.group("parcel-damaged"), "--yes", "--json").json()["replies"][0]["id"]
    with terminal(desk, "approve", reply) as child:
        child.expect("sono Tom")
        child.expect(r"Approve it\? \[y/N\]")
        child.sendline("y")
        child.expect("1 reply written to page-replies.jsonl")
        child.expect(pexpect.EOF)
    assert len(desk.posted()) == 1


def test_a_refusal_asks_nothing(desk: Program) -> None:
    text = "Buongiorno {{ person.name }}, sono Dario: le rispondo a breve."
    shown, code = seen(desk, "reply", desk.comment("damaged"), "--text", text)
    assert code == 5
    assert "Refused (vague)" in shown
    assert "Post it?" not in shown


def test_markup_in_a_comment_is_shown_as_it_was_typed(desk: Program) -> None:
    text = '{"id": "rich", "author": "x", "text": "[bold red]Quanto costa[/bold red] la lampada? \\u001b[31m"}\n'
    with (desk.folder / "page.jsonl").open("a", encoding="utf-8") as export:
        export.write(text)
    desk.done("fetch")
    shown, _ = seen(desk, "inbox", "--search", "lampada", columns=140)
    assert "[bold red]Quanto costa[/bold red]" in shown
    assert "\x1b[31m" not in shown


def test_with_nothing_overdue_a_person_is_told_so(desk: Program) -> None:
    shown, code = seen(desk, "report", "overdue")
    assert code == 0
    assert "Nothing is overdue" in shown


def test_json_at_a_terminal_is_one_value_too(desk: Program) -> None:
    import json

    shown, _ = seen(desk, "report", "overdue", "--json")
    assert json.loads(shown)["overdue"] == []
