"""Doctor: each thing that can be wrong is found, whatever else is broken, and nothing is changed by looking."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest

from caretool import workspace
from caretool.desk import examining, fetching, keeping, lasting, replying, sending, tokens
from caretool.desk.desk import Desk
from caretool.desk.request import Request
from caretool.domain.health import Finding
from caretool.domain.policy import Account, Settings
from caretool.errors import PlatformFailed, TokenRefused
from caretool.platforms.mastodon.connector import MastodonSettings
from caretool.secrets import Secret
from tests.desk.stage import CALLBACK, LATE, MONDAY, POLICIES, Clock, comment, lay_shop, shop

_ACCOUNTS = """
[accounts.page]
platform = "file"
comments = "comments.jsonl"
replies = "replies.jsonl"

[agents.dario]
name = "Dario"
role = "manager"
[agents.tom]
name = "Tom"
role = "trainee"
[owners.desk]
[owners.logistics]
"""


class Ward:
    """A workspace to be examined, and its clock."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self.clock = folder, clock
        self.database = folder / "caretool.db"

    def examine(self) -> dict[str, Finding]:
        """What the doctor finds, by what is looked at."""
        premises = workspace.premises(self.folder, None, print, print)
        return {finding.check: finding for finding in examining.examine(premises)}

    def wrong(self) -> set[str]:
        """What is wrong."""
        return {check for check, finding in self.examine().items() if finding.condition == "wrong"}

    @contextmanager
    def desk(self, agent: str = "dario") -> Iterator[Desk]:
        """The desk, open."""
        with workspace.open_desk(self.folder, agent, print) as desk:
            yield desk

    def spoil(self, sql: str) -> None:
        """Change the database behind the desk's back."""
        database = apsw.Connection(str(self.database))
        database.execute(sql)
        database.close()


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """A desk on which all is well: fetched this minute, nothing in the outbox."""
    monkeypatch.delenv("CARETOOL_NOW", raising=False)
    monkeypatch.setenv("CARETOOL_AGENT", "dario")
    clock = Clock()
    monkeypatch.setattr(workspace, "clock", clock)
    folder = tmp_path / "desk"
    folder.mkdir()
    lay_shop(folder, _ACCOUNTS, POLICIES)
    rows = [{"id": f"c{n}", "author": f"a{n}", "text": LATE, "thread": "post", "language": "it"} for n in range(3)]
    (folder / "comments.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ward = Ward(folder, clock)
    with ward.desk() as desk:
        fetching.fetch(desk, [])
    return ward


def approve(ward: Ward, agent: str = "dario") -> None:
    """One reply that promises, approved (or awaiting approval) and not sent."""
    with ward.desk(agent) as desk:
        comment = desk.store._database.statement("SELECT id FROM comment")[0][0]
        replying.approve(desk, replying.make_request(desk, [comment], Request(comments=(), text=CALLBACK)), shown=None)


def test_a_sound_desk_is_told_to_be_so_and_left_as_it_is(ward: Ward) -> None:
    before = ward.database.read_bytes()
    found = ward.examine()
    assert {finding.condition for finding in found.values()} == {"ok"}
    assert not any(finding.fix for finding in found.values())
    assert set(found) >= {"settings", "database", "references", "search", "counts", "outbox", "account page", "clock"}
    assert ward.database.read_bytes() == before


@pytest.mark.parametrize("broken", ["policies.toml", "accounts.toml"])
def test_broken_settings_are_counted_and_the_rest_is_looked_at_all_the_same(ward: Ward, broken: str) -> None:
    (ward.folder / broken).write_text("nonesuch = 1\nother = 2\n", encoding="utf-8")
    found = ward.examine()
    assert found["settings"].condition == "wrong"
    assert "problems; first: " in found["settings"].says
    assert f"{broken}:1 " in found["settings"].says
    assert found["counts"].condition == found["search"].condition == "ok"


def test_what_is_kept_for_longer_than_its_platform_allows_is_told(ward: Ward) -> None:
    channel = """
[accounts.channel]
platform = "youtube"
client_id = "4711-desk.apps.googleusercontent.com"
client_secret = { env = "NONESUCH" }
token = { env = "NONESUCH" }
"""
    file = ward.folder / "accounts.toml"
    file.write_text(file.read_text("utf-8") + channel, encoding="utf-8")
    with ward.desk() as desk:
        desk.store.arrivals.add_page("channel", [comment("c1")], bookmark="1", now=ward.clock(), our_handle=None)
    assert ward.examine()["kept channel"].condition == "ok"
    ward.clock.goes(days=32)
    waits = ward.examine()["kept channel"]
    assert (waits.condition, "1 comment that waits" in waits.says, "30 days" in waits.says) == ("warning", True, True)
    ward.spoil("UPDATE comment SET state = 'closed' WHERE account = 'channel'")
    old = ward.examine()["kept channel"]
    assert (old.condition, old.fix.partition(";")[0]) == ("warning", "caretool purge")
    with ward.desk() as desk:
        assert lasting.remembered(desk) == {"channel": timedelta(days=30)}
    file.write_text(file.read_text("utf-8").replace(channel, ""), encoding="utf-8")
    assert ward.examine()["kept channel"] == old


def test_before_the_first_fetch_a_missing_database_is_well(ward: Ward) -> None:
    shutil.rmtree(ward.folder / "backups", ignore_errors=True)
    ward.database.unlink()
    found = ward.examine()
    assert {check for check, finding in found.items() if finding.condition == "wrong"} == set()
    assert found["files"].says == "no database and no .secrets yet"
    assert not ward.database.exists()


_COUPON = """
[rewards.thanks]
form = "coupon"
codes = "codes/thanks.txt"
value = 5
currency = "EUR"
budget = { amount = 50, per = "month" }
kinds = ["praise"]

[rewards.thanks.says]
it = "Ecco: {{ reward.code }}"
en = "Here: {{ reward.code }}"
"""


def test_codes_that_others_can_read_or_that_are_missing_are_told_also_before_the_first_fetch(ward: Ward) -> None:
    (ward.folder / "policies.toml").write_text(f"{POLICIES}\n{_COUPON}", encoding="utf-8")
    ward.folder.chmod(0o755)
    ward.database.unlink()
    found = ward.examine()
    assert found["settings"].condition == "ok", found["settings"].says
    assert found["reward thanks"].condition == "wrong"
    assert "codes/thanks.txt is missing" in found["reward thanks"].says
    codes = ward.folder / "codes" / "thanks.txt"
    codes.parent.mkdir(mode=0o755)
    codes.write_text("AAAA-1\nAAAA-2\n", encoding="utf-8")
    codes.chmod(0o644)
    told = ward.examine()
    assert told["reward thanks"].condition == "ok"
    assert told["files"].condition == "warning"
    assert "codes/thanks.txt" in told["files"].says
    assert told["files"].fix == f"chmod o= {shlex.quote(str(codes))}"
    codes.parent.chmod(0o700)
    assert ward.examine()["files"].condition == "ok"


def test_a_database_that_went_missing_is_told_with_the_backup_to_put_back(ward: Ward) -> None:
    made = keeping.backup(workspace.premises(ward.folder, None, print, print), None, None)
    ward.database.unlink()
    found = ward.examine()["database"]
    assert found.condition == "wrong"
    assert found.fix == f"put a backup in its place: caretool restore {shlex.quote(str(made.file))}"
    assert not ward.database.exists()


@pytest.mark.parametrize("how", ["page", "text", "half", "folder"])
def test_a_damaged_database_is_told_and_not_touched(ward: Ward, how: str) -> None:
    whole = ward.database.read_bytes()
    if how == "folder":
        ward.database.unlink()
        ward.database.mkdir()
    else:
        spoilt = {"page": whole[:40_960] + b"\xa5" * 3000 + whole[43_960:], "text": b"a list\n", "half": whole[:99_000]}
        ward.database.write_bytes(spoilt[how])
    assert "database" in ward.wrong()
    assert ward.examine()["settings"].condition == "ok"
    if how != "folder":
        assert ward.database.read_bytes() == spoilt[how]


def test_a_database_of_a_newer_caretool_is_told(ward: Ward) -> None:
    ward.spoil("INSERT INTO migration VALUES (999, 'from the future', '2026-11-23T08:12:00.000000Z')")
    assert "newer caretool (schema 999" in ward.examine()["database"].says


def test_a_lost_person_a_lost_word_and_a_wrong_count_are_each_found(ward: Ward) -> None:
    ward.spoil("DELETE FROM person WHERE id = (SELECT person FROM comment LIMIT 1)")
    ward.spoil("DROP TRIGGER comment_search_follows")
    ward.spoil("UPDATE comment SET text = 'something else' WHERE number = 1")
    ward.spoil("UPDATE comment_group SET size = size + 5")
    found = ward.examine()
    assert {check for check, one in found.items() if one.condition == "wrong"} == {"references", "search", "counts"}
    assert "comment" in found["references"].says
    assert ward.wrong() == {"references", "search"}  # the count was put right, the others wait for a person
    repair = found["search"].fix or ""
    ward.spoil(shlex.split(repair)[2])
    assert ward.wrong() == {"references"}


def test_a_count_of_promises_that_is_wrong_is_put_right(ward: Ward) -> None:
    approve(ward)
    ward.spoil("UPDATE promise_count SET open = open + 7")
    assert ward.wrong() == {"counts"}
    assert ward.wrong() == set()


@pytest.mark.parametrize("state", ["approved", "sending", "unsure"])
def test_a_reply_that_does_not_get_out_is_told_after_an_hour(ward: Ward, state: str) -> None:
    approve(ward)
    ward.spoil(f"UPDATE reply SET state = '{state}'")
    ward.clock.now += timedelta(minutes=59)
    assert ward.wrong() == set()
    ward.clock.now += timedelta(minutes=2)
    assert ward.wrong() == {"outbox"}
    assert f"1 {state}" in ward.examine()["outbox"].says


def test_a_draft_that_waits_for_a_day_and_an_overdue_promise_are_worth_knowing(ward: Ward) -> None:
    approve(ward, "tom")
    ward.clock.now += timedelta(hours=25)
    assert ward.examine()["outbox"].condition == "warning"
    with ward.desk() as desk:
        draft = desk.store.replies.drafts("awaiting")[0]
        assert draft.id in ward.examine()["outbox"].says
    ward.spoil("UPDATE promise SET state = 'running'")
    approve(ward)
    with ward.desk() as desk:
        sending.send(desk)
    ward.clock.now += timedelta(days=30)
    assert "overdue" in ward.examine()["promises"].says
    assert ward.examine()["promises"].condition == "warning"


def test_an_account_that_fails_is_wrong_and_one_not_fetched_for_a_day_is_told(ward: Ward) -> None:
    ward.clock.now += timedelta(hours=23)
    assert ward.examine()["account page"].condition == "ok"
    ward.clock.now += timedelta(hours=2)
    assert ward.examine()["account page"].condition == "warning"
    (ward.folder / "comments.jsonl").unlink()
    with ward.desk() as desk:
        assert isinstance(fetching.fetch(desk, [])[0].error, PlatformFailed)
    assert ward.wrong() == {"account page"}
    found = ward.examine()["account page"]
    assert "comments.jsonl is not there: put the export at" in found.says
    assert found.fix is None  # fetching again would only say it once more


@pytest.mark.parametrize("unset", [True, False])
def test_an_account_without_a_good_token_is_told_what_helps(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, unset: bool
) -> None:
    accounts = ward.folder / "accounts.toml"
    more = '\n[accounts.far]\nplatform = "mastodon"\nurl = "http://127.0.0.1:9"\ntoken = { env = "FAR" }\n'
    accounts.write_text(accounts.read_text("utf-8") + more, "utf-8")
    if not unset:
        monkeypatch.setenv("FAR", "not taken")
    with ward.desk() as desk:
        refused = tokens.explained(desk.account("far"), TokenRefused("token: FAR is refused" if unset else "no (401)"))
        with desk.store.writing():
            desk.store.arrivals.failed("far", desk.clock(), str(refused))
    found = ward.examine()["account far"]
    assert found.condition == "wrong"
    assert "A token is made" not in found.says
    if unset:
        assert (found.says.rpartition(": ")[2], found.fix) == ("FAR is not set", "export FAR=…")
    else:
        assert found.says.endswith("it failed: no (401).")
        assert found.fix == tokens.how("mastodon")


def test_a_clock_before_the_newest_entry_is_told(ward: Ward) -> None:
    ward.clock.now -= timedelta(days=2)
    assert ward.wrong() == {"clock"}


def test_a_clock_that_is_held_is_told(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARETOOL_NOW", MONDAY.isoformat())
    assert ward.examine()["clock"].condition == "warning"


def test_secrets_that_others_can_read_are_wrong_and_a_readable_database_is_told(ward: Ward) -> None:
    ward.folder.chmod(0o755)
    ward.database.chmod(0o644)
    assert ward.examine()["files"].condition == "warning"
    ward.folder.chmod(0o700)
    assert ward.examine()["files"].condition == "ok"
    (ward.folder / ".secrets").mkdir(mode=0o700)
    token = ward.folder / ".secrets" / "page"
    token.touch(0o600)
    assert ward.wrong() == set()
    token.chmod(0o640)
    assert ward.wrong() == {"files"}


def test_a_variable_that_accounts_name_and_nobody_set_is_told_by_its_name(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: Settings = shop()
    keys = MastodonSettings(token=Secret(env="CARETOOL_TOKEN_OF_PAGE"), url="https://x.example")
    monkeypatch.setattr(
        workspace,
        "settings_of",
        lambda _: Settings({"page": Account("page", "mastodon", keys)}, {}, {}, known.policy, {}),
    )
    assert ward.wrong() == {"secrets"}
    assert "CARETOOL_TOKEN_OF_PAGE is not set: page" in ward.examine()["secrets"].says
    monkeypatch.setenv("CARETOOL_TOKEN_OF_PAGE", "very-secret")
    found = ward.examine()["secrets"]
    assert found.condition == "ok"
    assert "very-secret" not in found.says


def test_a_disk_that_is_almost_full_is_told(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, condition in ((10_000_000, "wrong"), (20_500_000, "warning"), (10**9, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert ward.examine()["disk"].condition == condition


def test_an_older_database_is_looked_at_and_not_brought_up_to_date(ward: Ward) -> None:
    ward.spoil("DELETE FROM migration WHERE number > 1")
    before = ward.database.read_bytes()
    assert ward.examine()["database"].condition == "warning"
    assert ward.database.read_bytes() == before


def test_a_database_that_cannot_be_read_is_told(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be read" in ward.examine()["database"].says
