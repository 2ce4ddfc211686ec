"""Our accounts at the command line; what is taken back; what a person decides about an unsure reply."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Program
from tests.cli.shapes import COMMENT, PROMISE, REPLY, Or, Time, conforms

PRESENCES = {"accounts": [{
    "account": str, "platform": str, "handle": Or(str), "state": str, "waiting": int, "outbox": int, "unsure": int,
    "fetched_at": Or(Time), "failed_at": Or(Time), "error": Or(str), "expires_at": Or(Time),
}]}  # fmt: skip
VISITS = {"accounts": [{
    "account": str, "platform": str, "ok": bool, "handle": Or(str), "name": Or(str), "software": Or(str),
    "scopes": [str], "missing": [str], "expires_at": Or(Time), "requests_left": Or(int), "left_until": Or(Time),
    "fetched_at": Or(Time), "remarks": [str], "error": Or(str),
}]}  # fmt: skip
RETRACTED = {"replies": REPLY["replies"], "promises": [PROMISE], "comments": [COMMENT]}
LATER = "2026-11-23T09:24:00+01:00"


def answered(desk: Program, *more: str) -> dict[str, Any]:
    """A reply on the page, with its promise."""
    words = ("reply", desk.group("parcel-damaged"), "--yes", "--json", *more)
    reply: dict[str, Any] = desk.done(*words).json()["replies"][0]
    return reply


def make_unsure(desk: Program, reply: str) -> None:
    """As a lost answer leaves it, with nothing in the file."""
    (desk.folder / "page-replies.jsonl").unlink(missing_ok=True)
    database = sqlite3.connect(desk.folder / "caretool.db")
    database.execute("UPDATE reply SET state = 'unsure', native_id = NULL WHERE id = ?", (reply,))
    database.execute("UPDATE comment SET state = 'queued' WHERE native_id = 'damaged'")
    database.commit()
    database.close()


def test_the_list_tells_how_each_account_stands(desk: Program) -> None:
    answered(desk, "--later")
    found = desk.at(LATER).done("account", "list", "--json").json()
    conforms(found, PRESENCES)
    page, short = found["accounts"]
    assert (page["account"], page["handle"], page["state"], page["outbox"]) == ("page", "bottegablu", "ok", 1)
    assert (short["waiting"], short["outbox"]) == (20, 0)
    shown = desk.at(LATER).done("account", "list").stdout
    assert " bottegablu " in shown
    assert "@" not in shown  # a handle may be an address, or a number
    assert shown.count("12 min ago") == 2


def test_an_account_that_fails_says_why_in_the_list(fresh: Program) -> None:
    assert "never" in fresh.done("account", "list").stdout
    (fresh.folder / "page.jsonl").unlink()
    fresh.run("fetch")
    shown = fresh.at(LATER).done("account", "list").stdout
    assert "failed 12 min ago" in shown
    assert "page: page.jsonl is not there" in shown
    assert "caretool account check" in shown
    page = fresh.done("account", "list", "--json").json()["accounts"][0]
    assert (page["state"], page["fetched_at"]) == ("failed", None)
    assert page["error"].startswith("page.jsonl is not there")


def test_a_token_that_ends_soon_is_told_by_the_list_the_fetch_and_the_doctor(desk: Program) -> None:
    database = sqlite3.connect(desk.folder / "caretool.db")
    key = "end of the token of page on file"
    database.execute("INSERT INTO kept(key, value) VALUES (?, '2026-11-28T08:00:00+00:00')", (key,))
    database.commit()
    database.close()
    ends = "The token ends Sat 28 Nov 09:00: make a new one before."
    listed = desk.done("account", "list", "--json").json()
    conforms(listed, PRESENCES)
    assert [one["expires_at"] for one in listed["accounts"]] == ["2026-11-28T08:00:00Z", None]
    assert f"page: {ends} No token: an export is read" in desk.done("account", "list").stdout
    fetched = desk.done("fetch", "--json")
    assert f"page: {ends}" in fetched.stderr
    assert "token" not in fetched.stdout
    findings = {one["check"]: one for one in desk.run("doctor", "--json").json()["checks"]}
    assert (findings["token page"]["condition"], findings["token page"]["says"]) == ("warning", ends)
    assert "token short" not in findings
    desk.done("account", "check", "page")
    assert desk.done("account", "list", "--json").json()["accounts"][0]["expires_at"] is None


def test_a_check_tells_what_the_platform_says(desk: Program) -> None:
    found = desk.at(LATER).done("account", "check", "--json").json()
    conforms(found, VISITS)
    assert [(one["account"], one["ok"]) for one in found["accounts"]] == [("page", True), ("short", True)]
    shown = desk.at(LATER).done("account", "check", "page").stdout
    assert "page.jsonl: 12 comments." in shown
    assert "last fetched: 12 min ago" in shown
    assert "short" not in shown


def test_a_check_of_what_partly_works_exits_6_and_of_what_does_not_work_1(desk: Program) -> None:
    (desk.folder / "page.jsonl").unlink()
    partly = desk.run("account", "check", "--json")
    assert partly.code == 6
    assert [one["ok"] for one in partly.json()["accounts"]] == [False, True]
    assert "page: page.jsonl is not there" in partly.stderr
    ran = desk.run("account", "check", "page", "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert desk.run("account", "check", "nowhere").code == 2


def test_a_reply_pasted_from_a_file_is_deleted_there_by_hand(desk: Program) -> None:
    reply = answered(desk)
    ran = desk.run("retract", reply["id"], "--yes", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert f"caretool retract {reply['id']} --by-hand" in ran.stderr
    done = desk.done("retract", reply["id"], "--by-hand", "--because", "the wrong customer", "--yes", "--json").json()
    conforms(done, RETRACTED)
    assert done["replies"][0]["state"] == "retracted"
    assert [one["state"] for one in done["promises"]] == ["released"]
    assert [(one["native_id"], one["state"]) for one in done["comments"]] == [("damaged", "waiting")]
    shown = desk.done("show", reply["id"]).stdout
    assert "the wrong customer" in shown
    assert "reply-retracted" in shown
    assert desk.promises() == []
    assert desk.group("parcel-damaged")


def test_without_a_yes_nothing_is_taken_back(desk: Program) -> None:
    reply = answered(desk)
    ran = desk.run("retract", reply["id"], "--by-hand", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--yes" in ran.stderr
    assert len(desk.promises()) == 1
    assert desk.by("tom").run("retract", reply["id"], "--by-hand", "--yes").code == 2
    assert len(desk.promises()) == 1


def test_the_inbox_and_show_tell_of_an_unsure_reply(desk: Program) -> None:
    reply = answered(desk)["id"]
    make_unsure(desk, reply)
    assert f"{reply} may or may not have been posted" in desk.done("inbox").stdout
    assert desk.done("inbox", "--json").json()["unsure"] == [reply]
    assert f"caretool send --was-not-posted {reply}" in desk.done("show", reply).stdout
    assert "1 unsure" in desk.done("account", "list").stdout


def test_the_inbox_counts_what_is_in_the_outbox(desk: Program) -> None:
    answered(desk, "--later")
    assert "1 reply in the outbox" in desk.done("inbox").stdout
    assert desk.done("inbox", "--json").json()["outbox"] == 1


def test_an_unsure_reply_that_somebody_found_is_posted(desk: Program) -> None:
    reply = answered(desk)["id"]
    make_unsure(desk, reply)
    sent = desk.done("send", "--was-posted", reply, "--url", "https://page.example/7", "--json").json()
    assert sent == {"posted": [reply], "failed": [], "unsure": [], "left": [], "replies_left": {}}
    shown = desk.done("show", reply).stdout
    assert "our reply, posted" in shown
    assert "https://page.example/7" in shown
    assert desk.posted() == []


def test_an_unsure_reply_that_nobody_found_goes_out_once(desk: Program) -> None:
    reply = answered(desk)["id"]
    make_unsure(desk, reply)
    written = "1 written to page-replies.jsonl: paste it there\n"
    assert desk.done("send", "--was-not-posted", reply).stdout == written
    assert len(desk.posted()) == 1
    assert desk.run("send", "--was-not-posted", reply).code == 2
    assert len(desk.posted()) == 1


@pytest.mark.parametrize(
    "words", [("--url", "https://page.example/7"), ("--was-posted", "zz"), ("--was-posted", "r", "--url", "nowhere")]
)
def test_words_of_a_decision_that_decide_nothing_are_refused(desk: Program, words: tuple[str, ...]) -> None:
    reply = answered(desk, "--later")["id"]
    ran = desk.run("send", *words, "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert desk.done("show", reply, "--json").json()["replies"][0]["state"] == "approved"


def test_without_an_account_the_list_says_where_one_is_written(fresh: Program, tmp_path: Path) -> None:
    accounts = fresh.folder / "accounts.toml"
    text = accounts.read_text("utf-8")
    accounts.write_text(text[text.index("[agents.dario]") :], encoding="utf-8")
    ran = fresh.run("account", "list")
    assert ran.code in (0, 2)
    assert "accounts.toml" in ran.told
