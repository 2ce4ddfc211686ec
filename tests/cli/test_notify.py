"""--notify: owners are told by a real mail server, once, whatever goes wrong."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cli.program import COMMAND, Program
from tests.cli.test_today import promised
from tests.notifiers.server import Server, serving

LATE = "2026-11-24T13:00:00+01:00"
OVERDUE = ("report", "overdue", "--notify")
TODAY = ("report", "today", "--notify")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def reachable(
    desk: Program, server: Server, owners: str = '[owners.desk]\nnotify = ["mailto:shop@b.example"]'
) -> Program:
    """The desk with a mail server, and an owner who has an address."""
    accounts = desk.folder / "accounts.toml"
    text = accounts.read_text(encoding="utf-8").replace("[owners.desk]", owners)
    mail = f'\n[mail]\nserver = "127.0.0.1"\nport = {server.port}\nfrom = "desk@b.example"\ntls = "none"\n'
    accounts.write_text(text + mail, encoding="utf-8")
    return desk


@pytest.fixture
def told(desk: Program, server: Server) -> Program:
    """The same, with a call that is due on Tuesday at noon."""
    reachable(desk, server)
    promised(desk, "callback", "2026-11-24 12:00")
    return desk


def test_an_owner_is_told_once_a_stage_and_again_when_it_worsens(told: Program, server: Server) -> None:
    [promise] = told.promises()
    for moment in ("2026-11-23T15:00:00+01:00", "2026-11-24T11:30:00+01:00", "2026-11-24T11:40:00+01:00", LATE, LATE):
        told.at(moment).run(*TODAY)
    assert [subject.split(": ")[1] for subject in server.subjects()] == [
        "1 due within 24 h (desk)", "1 at risk (desk)", "1 overdue (desk)",
    ]  # fmt: skip
    for mail in server.mails:
        for part in ("plain", "html"):
            body = mail.get_body((part,))
            assert body is not None
            assert promise["id"] in body.get_content()
    assert len({mail["Message-ID"] for mail in server.mails}) == 3
    assert server.to == [["shop@b.example"]] * 3


def test_only_what_is_bad_is_told_by_the_overdue_report(told: Program, server: Server) -> None:
    assert told.at("2026-11-23T15:00:00+01:00").done(*OVERDUE).told == ""
    assert server.mails == []


def test_what_was_told_is_in_the_json_and_in_the_log(told: Program, server: Server) -> None:
    ran = told.at(LATE).run(*OVERDUE, "--json")
    [promise] = told.promises()
    assert (ran.code, ran.json()["notified"]) == (8, [{"owner": "desk", "promises": [promise["id"]]}])
    [line] = told.done("log", "--action", "promise-told", "--json").json()["log"]
    assert (line["subject"], line["codes"]) == (promise["id"], {"owner": "desk", "stage": "overdue"})


def test_after_two_months_asleep_everything_is_told(told: Program, server: Server) -> None:
    promised(told, "callback", "2026-11-24 15:00", "price")
    told.at("2027-01-25T09:00:00+01:00").run(*OVERDUE)
    assert [subject.split(": ")[1] for subject in server.subjects()] == ["2 overdue (desk)"]


def test_an_owner_without_an_address_is_named(desk: Program, server: Server) -> None:
    reachable(desk, server)
    promised(desk, "refund", "2026-11-30 18:00")
    ran = desk.at("2026-12-10T09:00:00+01:00").run(*OVERDUE)
    assert ran.code == 8
    assert 'accounting was not told: add notify = ["mailto:…"] to [owners.accounting]' in ran.stderr
    assert server.mails == []


@pytest.mark.parametrize("mood", ["refuses the address", "busy", "refuses the mail"])
def test_a_server_that_fails_is_told_and_tried_again(told: Program, server: Server, mood: str) -> None:
    server.mood = mood  # type: ignore[assignment]
    ran = told.at(LATE).run(*OVERDUE)
    assert (ran.code, len(ran.stderr.splitlines())) == (1, 1)
    assert "The mail server 127.0.0.1" in ran.stderr
    assert "Overdue (1)" in ran.stdout
    server.mood = "kind"
    assert told.at(LATE).run(*OVERDUE).code == 8
    assert told.at(LATE).run(*OVERDUE).code == 8
    assert len(server.mails) == 1


def test_a_mail_of_which_nobody_knows_is_told_again_under_the_same_name(told: Program, server: Server) -> None:
    server.mood = "drops it"
    assert told.at(LATE).run(*OVERDUE).code == 1
    server.mood = "kind"
    told.at(LATE).run(*OVERDUE)
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_one_address_that_fails_stops_no_other_and_nobody_is_told_twice(desk: Program, server: Server) -> None:
    owners = '[owners.desk]\nnotify = [{ env = "NOT_SET" }, "mailto:shop@b.example"]'
    reachable(desk, server, owners)
    promised(desk, "callback", "2026-11-24 12:00")
    for _ in range(2):
        ran = desk.at(LATE).run(*OVERDUE)
        assert "owners.desk.notify[1]: the environment variable NOT_SET is not set" in ran.stderr
    assert ran.code == 4
    assert len(server.mails) == 1
    assert "NOT_SET is not set: desk cannot be reached from here" in desk.run("doctor").stdout


def test_an_address_in_a_variable_is_used_and_never_shown(desk: Program, server: Server) -> None:
    reachable(desk, server, '[owners.desk]\nnotify = [{ env = "SHOP" }]')
    promised(desk, "callback", "2026-11-24 12:00")
    desk.environment["SHOP"] = "mailto:s3cr3t@b.example"
    server.mood = "refuses the address"
    ran = desk.at(LATE).run(*OVERDUE)
    assert ran.code == 1
    assert "s3cr3t" not in ran.told
    server.mood = "kind"
    desk.at(LATE).run(*OVERDUE)
    assert server.to == [["s3cr3t@b.example"]]
    desk.environment["SHOP"] = "mailto:s3cr3t@b.example?bcc=x@y.example"
    promised(desk, "callback", "2026-11-25 12:00", "price")
    ran = desk.at("2026-11-25T13:00:00+01:00").run(*OVERDUE)
    assert "owners.desk.notify[1] holds no mail address" in ran.stderr
    every = b"".join(path.read_bytes() for path in desk.folder.glob("caretool.db*"))
    assert b"s3cr3t" not in every


def test_without_a_mail_server_it_says_what_to_add(desk: Program) -> None:
    accounts = desk.folder / "accounts.toml"
    text = accounts.read_text("utf-8").replace("[owners.desk]", '[owners.desk]\nnotify = ["mailto:a@b.example"]')
    accounts.write_text(text, encoding="utf-8")
    promised(desk, "callback", "2026-11-24 12:00")
    ran = desk.at(LATE).run(*OVERDUE)
    assert (ran.code, ran.stderr) == (
        1,
        "desk is told by mail, and accounts.toml has no [mail]: add server and from.\n",
    )


def test_owners_are_told_how_it_stands_and_not_how_it_might(told: Program, server: Server) -> None:
    ran = told.run(*OVERDUE, "--as-of", "2027-01-01")
    assert (ran.code, ran.stdout, server.mails) == (2, "", [])


def test_two_runs_at_once_tell_each_thing_once(told: Program, server: Server) -> None:
    promised(told, "callback", "2026-11-24 15:00", "price")
    server.pause = 0.3
    late = told.at("2026-11-25T13:00:00+01:00")
    with ThreadPoolExecutor(3) as pool:
        ran = list(pool.map(lambda _: late.process(*OVERDUE, "--json"), range(3)))
    assert [one.code for one in ran] == [8] * 3, [one.stderr for one in ran]
    assert len(server.mails) == 1
    assert sorted(len(one.json()["notified"]) for one in ran) == [0, 0, 1]


def test_a_run_that_is_killed_between_its_claim_and_the_answer_loses_nothing(told: Program, server: Server) -> None:
    server.mood = "sleeps"
    late = told.at(LATE)
    run = subprocess.Popen(
        [*COMMAND, "-C", str(late.folder), *OVERDUE], env=late.variables(), stdout=subprocess.DEVNULL
    )
    assert server.asleep.wait(20)
    run.send_signal(signal.SIGKILL)
    run.wait(10)
    server.mood = "kind"
    server.mails.clear()
    assert late.run(*OVERDUE).code == 8
    assert late.run(*OVERDUE).code == 8
    assert [subject.split(": ")[1] for subject in server.subjects()] == ["1 overdue (desk)"]
