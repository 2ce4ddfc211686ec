"""Nothing personal in the talk of commands that nobody sits in front of: what cron mails, what a log file keeps."""

from __future__ import annotations

import pytest

from tests.cli.conftest import row, write_comments
from tests.cli.program import Program

NAME, HANDLE = "Zaccaria Quaglierini", "zaccaria.quaglierini"
PHONE, MAIL = "347 1234567", "zaccaria@quaglierini.example"
WORDS = "la cassettiera color petrolio"
THEIRS = (NAME, "Quaglierini", HANDLE, PHONE, MAIL, WORDS)


def comment(native_id: str, **more: object) -> dict[str, object]:
    """What he writes, with all that nobody else should read."""
    text = f"Buongiorno, {WORDS} non è ancora arrivata! Scrivetemi a {MAIL} o al {PHONE}, vergogna."
    return row(native_id, text, NAME, **more) | {"author": HANDLE}


def quiet(ran: object) -> None:
    """Not a word of his stands on stderr."""
    told = ran.stderr  # type: ignore[attr-defined]
    assert [word for word in THEIRS if word.casefold() in told.casefold()] == [], told


@pytest.fixture
def his(desk: Program) -> Program:
    """The desk with his comments fetched, and one answered."""
    write_comments(desk.folder, "page", [comment("first"), comment("second", thread="console")])
    quiet(desk.done("fetch"))
    text = "Buongiorno {{ person.name }}, sono {{ agent.name }}: mi scuso, le rispondo qui {{ promises.reply.when }}."
    quiet(desk.done("reply", desk.comment("first"), "--text", text, "--include-new", "--yes", "--later"))
    return desk


def test_commands_of_cron_say_nothing_of_anybody(his: Program) -> None:
    later = his.at("2026-12-23T09:12:00+01:00")
    for words in (
        ("send",),
        ("fetch",),
        ("inbox",),
        ("triage", his.comment("second"), "--kind", "complaint"),
        ("backup",),
        ("doctor",),
        ("log",),
        ("log", "--verify"),
        ("moderate", "--dry-run"),
        ("report", "moderation"),
        ("schedule",),
    ):
        quiet(later.run(*words))
    for line in later.done("log", "--json", "--limit", "1000").json()["log"]:
        assert [word for word in THEIRS if word in str(line)] == []


def test_what_cannot_be_read_is_told_by_its_line(his: Program) -> None:
    export = his.folder / "page.jsonl"
    bad = [
        '{"id": "x1", "text": "nobody"}',
        f'{{"id": "x2", "author": "{HANDLE}", "text": "{WORDS}", "written_at": "{MAIL}"}}',
        f'{{"id": "x3", "author": "{HANDLE}", "text": "{WORDS}", "rating": "{PHONE}"}}',
        f'{{"author": "{HANDLE}", "text": "{WORDS}"}}',
        f'{{"id": "x5", "text": "{WORDS} {MAIL}',
    ]
    export.write_text("\n".join(bad), encoding="utf-8")
    ran = his.run("fetch")
    quiet(ran)
    assert "line 2" in ran.stderr


def test_a_reply_that_goes_wrong_is_told_by_its_id(his: Program) -> None:
    write_comments(his.folder, "page", [comment("first") | {"text": f"Ho cambiato idea: {WORDS}. {PHONE}"}])
    his.done("fetch")
    ran = his.run("send")
    quiet(ran)
    assert ran.code != 0
    quiet(his.run("send", "--was-posted", "r00000"))
    quiet(his.run("reply", his.comment("second"), "--text", "ok", "--yes"))


def test_a_damaged_database_tells_of_the_file_and_not_of_what_stands_in_it(his: Program) -> None:
    database = his.folder / "caretool.db"
    content = bytearray(database.read_bytes())
    for at in range(4096, len(content), 512):
        content[at : at + 40] = b"\0" * 40
    database.write_bytes(content)
    for words in (("inbox",), ("doctor",), ("fetch",), ("show", "c00000")):
        ran = his.run(*words)
        quiet(ran)
        assert "Traceback" not in ran.stderr
