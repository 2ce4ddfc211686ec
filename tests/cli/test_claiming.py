"""claim, and what a person at a terminal has for themselves while they write."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pexpect
import pytest

from tests.cli.program import Program
from tests.cli.shapes import REPLY, conforms
from tests.cli.test_terminal import group_of, terminal

HELD = r"is at work on g\w{5} until Mon 23 Nov 09:27"


def claims(desk: Program) -> dict[str, tuple[str, str]]:
    """Who has which group until when, as the inbox tells programs."""
    return {
        group["id"]: (group["claimed_by"], group["claimed_until"]) for group in desk.groups() if group["claimed_by"]
    }


def test_a_claim_is_told_and_let_go_of(desk: Program) -> None:
    group = desk.group("price")
    giulia = desk.by("giulia")
    assert giulia.done("claim", group).stdout == f"{group} is yours until Mon 23 Nov 09:27.\n"
    found = giulia.done("claim", group, "--for", "2h", "--json").json()
    assert found == {"group": group, "claimed_by": "giulia", "claimed_until": "2026-11-23T10:12:00Z"}
    assert claims(desk) == {group: ("giulia", "2026-11-23T10:12:00Z")}
    assert f"giulia is at it · {'price'}" in desk.done("inbox").stdout
    assert "giulia is at work on it until Mon 23 Nov 11:12" in desk.done("show", group).stdout
    assert giulia.done("claim", group, "--drop", "--json").json()["claimed_by"] is None
    assert claims(desk) == {}


def test_whoever_comes_second_is_told_by_whom_and_until_when(desk: Program) -> None:
    group = desk.group("parcel-damaged")
    desk.by("giulia").done("claim", group)
    refused = desk.run("reply", group, "--yes", "--json")
    assert refused.code == 5
    conforms(refused.json(), {**REPLY, "refused": [{"check": str, "why": str, "suggest": str}]})
    assert {one["check"] for one in refused.json()["refused"]} == {"claimed"}
    told = desk.run("reply", group, "--yes").stderr
    assert "Refused (claimed)" in told
    assert f"What helps: Wait, or take it over: caretool claim {group} --take-over --because TEXT" in told
    for words in (
        ("claim", group), ("claim", group, "--drop"), ("close", group, "--because", "x"),
        ("snooze", group, "--until", "3h"), ("reply", group, "--yes", "--text", "x", "--by-hand", "https://x.example/1"),
    ):  # fmt: skip
        ran = desk.run(*words)
        assert (ran.code, ran.stdout) == (5, ""), words
        assert "giulia is at work on" in ran.stderr
    assert desk.posted() == []
    desk.done("claim", group, "--take-over", "--because", "she has gone home")
    desk.done("reply", group, "--yes")
    assert len(desk.posted()) == 1


def test_a_trainee_is_not_offered_what_only_others_may(desk: Program) -> None:
    group = desk.by("tom").group("parcel-damaged")
    desk.by("giulia").done("claim", group)
    for words in (("reply", group, "--yes"), ("claim", group), ("claim", group, "--drop")):
        told = desk.by("tom").run(*words).stderr
        assert "giulia is at work on" in told
        assert "take" not in told.casefold()


def test_letting_go_of_what_nobody_has_says_so(desk: Program) -> None:
    group = desk.group("price")
    assert desk.done("claim", group, "--drop").stdout == f"{group} was not claimed: there is nothing to let go of.\n"
    desk.done("claim", group)
    assert desk.done("claim", group, "--drop").stdout == f"{group} is free.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--take-over",), "say why"),
        (("--take-over", "--because", "  "), "say why"),
        (("--because", "x"), "go together"),
        (("--drop", "--for", "1h"), "leave --for"),
        (("--for", "soon"), "'soon' is not a length of time"),
        (("--for", "2 days"), "from 1m to 24h"),
        (("--for", "1 working hour"), "from 1m to 24h"),
    ],
)
def test_what_makes_no_sense_is_told(desk: Program, words: tuple[str, ...], told: str) -> None:
    ran = desk.run("claim", desk.group("price"), *words)
    assert (ran.code, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert claims(desk) == {}


def test_what_is_shown_for_a_yes_is_claimed_until_it_is_answered_or_left(desk: Program) -> None:
    group = group_of(desk, "parcel-damaged")
    desk.by("giulia").groups()
    for answer, posted in (("n", 0), ("\x03", 0), ("y", 1)):
        with terminal(desk, "reply", group) as child:
            child.expect(r"Post it\?")
            assert claims(desk) == {group: ("dario", "2026-11-23T08:27:00Z")}
            refused = desk.by("giulia").run("reply", group, "--yes")
            assert refused.code == 5
            assert "dario is at work on" in refused.stderr
            child.sendline(answer) if answer.isalpha() else child.send(answer)
            child.expect(pexpect.EOF)
            child.wait()
        assert claims(desk) == {}
        assert len(desk.posted()) == posted


def test_a_dry_run_and_a_yes_in_advance_claim_nothing(desk: Program) -> None:
    group = desk.group("parcel-damaged")
    desk.done("reply", group, "--dry-run")
    desk.done("reply", group, "--yes")
    log = desk.done("log", "--json").json()["log"]
    assert not [line for line in log if line["action"].startswith("claim")]


def test_what_the_editor_holds_is_claimed(desk: Program, tmp_path: Path) -> None:
    group = desk.group("parcel-damaged")
    script = f"cp {desk.folder}/caretool.db* {tmp_path}; echo >&2 looked"
    editing = desk.with_editor(script, tmp_path)
    editing.run("reply", group, "--edit", "--yes")
    seen = json.loads(Program(desk.folder).done("inbox", "--json").stdout)
    assert all(one["claimed_by"] is None for one in seen["groups"])
    import apsw

    with_claim = apsw.Connection(str(tmp_path / "caretool.db"))
    assert list(with_claim.execute("SELECT grouped, agent FROM claim")) == [(group, "dario")]
    with_claim.close()


def test_a_terminal_that_dies_leaves_a_claim_that_ends_by_time(desk: Program) -> None:
    group = group_of(desk, "parcel-damaged")
    with terminal(desk, "reply", group) as child:
        child.expect(r"Post it\?")
        assert isinstance(child.pid, int)
        os.kill(child.pid, signal.SIGKILL)
        child.expect(pexpect.EOF)
    assert claims(desk) == {group: ("dario", "2026-11-23T08:27:00Z")}
    giulia = desk.by("giulia")
    giulia.groups()
    assert giulia.run("reply", group, "--yes").code == 5
    assert giulia.at("2026-11-23T09:27:00+01:00").done("reply", group, "--yes").code == 0


def test_two_at_once_at_two_terminals_and_only_one_is_asked(desk: Program) -> None:
    group = group_of(desk, "parcel-damaged")
    desk.by("giulia").groups()
    with terminal(desk, "reply", group) as first:
        first.expect(r"Post it\?")
        with terminal(desk.by("giulia"), "reply", group) as second:
            second.expect("Refused \\(claimed\\)")
            second.expect(HELD)
            second.expect(pexpect.EOF)
            second.wait()
            assert second.exitstatus == 5
        first.sendline("y")
        first.expect("1 reply written to page-replies.jsonl")
        first.expect(pexpect.EOF)
    assert len(desk.posted()) == 1
