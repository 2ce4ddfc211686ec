"""The contract against a real WordPress: `python -m tests.live wordpress`, or pytest on this file, which starts one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.errors import AnswerLost, PlatformFailed, TokenRefused
from caretool.http import Client, Refused
from caretool.platforms.platform import Opening, Platform
from caretool.platforms.wordpress.connector import WordPressPlatform, WordPressSettings, open_account
from caretool.platforms.wordpress.wire import guest
from caretool.secrets import Secret
from tests.live.server_wordpress import WordPress, site
from tests.live.servers import variables
from tests.platforms import contract
from tests.platforms.contract import NOON, Ability, Trouble, comment, comments_of, ids, offence, reply
from tests.platforms.fake_wordpress import typed
from tests.platforms.renamed import Names, renamed
from tests.platforms.wire import Wire

VARIABLE = "CARETOOL_WORDPRESS_TOKEN"
_GIVEN = "CARETOOL_LIVE_WORDPRESS"


def stamp(at: datetime) -> str:
    """As the database has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


class LiveHarness:
    """A site with one post and no comment. The suite's noon is some hours ago."""

    page_size = 100
    abilities: frozenset[Ability] = frozenset({"network", "changes", "own", "counts", "retracts", "hides", "deletes"})

    def __init__(self, given: Mapping[str, str]) -> None:
        self.url, self.www, self.me = (given[name] for name in (_GIVEN, f"{_GIVEN}_WWW", f"{_GIVEN}_ME"))
        os.environ[VARIABLE] = given[f"{_GIVEN}_DESK"]
        self.writer = given[f"{_GIVEN}_WRITER"]
        self.noon = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
        self.names = Names(when=self._when)
        self.post: int = self.behind("empty", {"at": stamp(self.noon - timedelta(days=1))})
        self.names.call("post1", str(self.post))
        self.http = httpx.Client(auth=("desk", os.environ[VARIABLE]), trust_env=False, timeout=30)
        self.transport = httpx.HTTPTransport()
        self.opened: list[Client] = []
        self.wire = Wire(self._handed, self._busy, lambda: httpx.Response(401, json={"code": "rest_not_logged_in"}))

    def behind(self, action: str, given: object) -> Any:
        return site(self.www, action, given)

    def _handed(self, request: httpx.Request) -> httpx.Response:
        response = self.transport.handle_request(request)
        response.read()
        response.close()
        return response

    def _busy(self) -> httpx.Response:
        """What stands before a site: WordPress itself counts nothing."""
        return httpx.Response(429, headers={"retry-after": "42"})

    def _when(self, at: datetime) -> datetime:
        if at == NOON or abs(at - datetime.now(UTC)) < timedelta(minutes=10):
            return NOON
        return at - self.noon + NOON

    def receive(self, comments: Sequence[Incoming]) -> None:
        rows = [
            {
                "comment_post_ID": self.post,
                "comment_author": one.author.name,
                "comment_author_email": f"{one.author.handle}@posta.example",
                "comment_content": typed(one.text),
                "comment_date_gmt": stamp((one.written_at or NOON) - NOON + self.noon),
            }
            for one in comments
        ]
        for one, number in zip(comments, self.behind("comments", rows), strict=True):
            self.names.call(one.native_id, str(number))
            self.names.call(one.author.handle, guest(f"{one.author.handle}@posta.example", self.url))

    def open(self, length: int | None = None) -> Platform:
        named: Platform = renamed(self.connection(**({} if length is None else {"max_length": length})), self.names)
        return named

    def unreachable(self) -> Platform:
        named: Platform = renamed(self.connection("http://127.0.0.1:9"), self.names)
        return named

    def connection(self, url: str | None = None, *, facts: str | None = None, **keys: Any) -> WordPressPlatform:
        """Under the site's own numbers."""
        through = httpx.MockTransport(self.wire) if url is None else None

        def client(*where: Any, **how: Any) -> Client:
            made = Client(*where, transport=through, **how)
            self.opened.append(made)
            return made

        settings = WordPressSettings(**{"url": url or self.url, "user": "desk", "token": Secret(env=VARIABLE)} | keys)
        account = Account("blog", "wordpress", settings, since=Duration.parse("7 days"))
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: datetime.now(UTC), facts)
        return open_account(account, opening, client)

    def all(self, **params: Any) -> list[dict[str, Any]]:
        """What stands there, read without caretool."""
        asked = {"context": "edit", "status": "any", "per_page": 100, **params}
        found: list[dict[str, Any]] = self.http.get(f"{self.url}/wp-json/wp/v2/comments", params=asked).json()
        return found

    def replies(self) -> list[str]:
        ours = [one for one in self.all(author=self.me) if one["status"] != "trash"]
        raw = [one["content"]["raw"] for one in ours]
        return [text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for text in raw]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        if trouble == "busy":
            self.wire.handle = lambda request: self._busy()
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def call(self, method: str, native_id: str, **how: Any) -> Any:
        where = f"{self.url}/wp-json/wp/v2/comments/{self.names.theirs(native_id)}"
        return self.http.request(method, where, **how).raise_for_status().json()

    def edit(self, native_id: str, text: str) -> None:
        self.call("POST", native_id, json={"content": text})

    def delete(self, native_id: str) -> None:
        self.call("DELETE", native_id, params={"force": "true"})

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        body = {"post": self.post, "parent": int(self.names.theirs(native_id)), "content": text}
        made = self.http.post(f"{self.url}/wp-json/wp/v2/comments", json=body).raise_for_status().json()
        return self.names.ours(str(made["id"]))

    def counted(self, text: str) -> int:
        """By how much shorter the longest text is that is taken beside it: the column holds 65,525 bytes."""
        free, taken = 0, 65_526
        while taken - free > 1:
            middle = (free + taken) // 2
            body = {"post": self.post, "parent": 0, "content": "x" * middle + typed(text)}
            code = self.http.post(f"{self.url}/wp-json/wp/v2/comments", json=body).json().get("code")
            free, taken = (free, middle) if code == "comment_content_column_length" else (middle, taken)
        return 65_525 - free

    def hidden(self) -> set[str]:
        return {self.names.ours(str(one["id"])) for one in self.all(status="hold")}

    def deleted(self) -> set[str]:
        return {self.names.ours(str(one["id"])) for one in self.all(status="trash")}

    def muted(self) -> set[str]:
        raise AssertionError("nobody can")

    def banned(self) -> set[str]:
        raise AssertionError("nobody can")

    def reported(self) -> list[str]:
        raise AssertionError("nobody can")


@pytest.fixture(scope="module")
def given() -> Iterator[Mapping[str, str]]:
    if _GIVEN in os.environ:
        yield os.environ
        return
    server = WordPress()
    try:
        yield variables("wordpress", server.start())
    finally:
        server.stop()


@pytest.fixture
def harness(given: Mapping[str, str]) -> Iterator[LiveHarness]:
    made = LiveHarness(given)
    yield made
    made.http.close()
    made.transport.close()
    for client in made.opened:
        client.close()


class TestContract(
    contract.PlatformContract,
    contract.NetworkContract,
    contract.ChangesContract,
    contract.OwnContract,
    contract.CountsContract,
    contract.RetractsContract,
    contract.HidesContract,
    contract.DeletesContract,
):
    pass


class TestInEarnest:
    def test_a_wrong_password_and_a_user_without_the_right_are_told(
        self, harness: LiveHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        right = os.environ[VARIABLE]
        monkeypatch.setenv(VARIABLE, " ".join(right[n : n + 4] for n in range(0, 24, 4)))
        assert harness.connection().check().missing == ()
        monkeypatch.setenv(VARIABLE, harness.writer)
        assert harness.connection(user="writer").check().missing == ("moderate_comments",)
        with pytest.raises(TokenRefused, match="role Editor"):
            list(harness.connection(user="writer").fetch(None))
        monkeypatch.setenv(VARIABLE, "abcd EFGH 1234 ijkl MNOP 5678")
        for ask in (lambda one: list(one.fetch(None)), lambda one: one.check(), lambda one: one.post(reply(to=("1",)))):
            with pytest.raises(TokenRefused, match="Authorization"):
                ask(harness.connection())

    def test_a_password_that_was_taken_back_is_told_though_we_are_known(
        self, harness: LiveHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        facts = harness.connection().check().facts
        monkeypatch.setenv(VARIABLE, "abcd EFGH 1234 ijkl MNOP 5678")
        with pytest.raises(TokenRefused):
            list(harness.connection(facts=facts).fetch(None))

    def test_without_pretty_addresses_all_goes_by_rest_route(self, harness: LiveHarness) -> None:
        harness.behind("option", ["permalink_structure", ""])
        try:
            harness.receive([comment(0)])
            platform = harness.open()
            assert ids(list(platform.fetch(None))) == ["c0"]
            posted = platform.post(reply())
            assert platform.find(reply()) == posted
            platform.retract(posted.native_id)  # type: ignore[attr-defined]
            assert harness.replies() == []
        finally:
            harness.behind("option", ["permalink_structure", "/%postname%/"])

    def test_in_the_hour_that_comes_twice_nothing_is_lost(self, harness: LiveHarness) -> None:
        """On 25 October 2026 at 01:00 UTC clocks in Rome went back from 3 to 2."""
        early, late = (datetime(2026, 10, 25, 0, 45, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC))
        harness.noon = early
        harness.receive([comment(0)])
        wide = harness.connection()
        wide._since = datetime.now(UTC) - early + timedelta(hours=1)
        *_, last = wide.fetch(None)
        harness.noon = late - timedelta(minutes=1)
        harness.receive([comment(1)])
        missed = harness.all(after="2026-10-25T00:50:00Z", before="2026-10-25T02:00:00Z")
        assert missed == []
        again = comments_of(list(wide.fetch(last.bookmark)))
        assert [harness.names.ours(one.native_id) for one in again] == ["c1"]

    def test_after_without_a_z_is_the_sites_own_time(self, harness: LiveHarness) -> None:
        harness.noon = datetime(2026, 11, 20, 10, tzinfo=UTC)
        harness.receive([comment(0)])
        found = [len(harness.all(after=f"2026-11-20T10:30:00{zone}")) for zone in ("", "Z", "+01:00")]
        assert found == [1, 0, 1]

    def test_1970_is_no_time(self, harness: LiveHarness) -> None:
        said = harness.http.get(f"{harness.url}/wp-json/wp/v2/comments", params={"after": "1970-01-01T00:00:00Z"})
        assert (said.status_code, said.json()["code"]) == (400, "rest_invalid_param")

    def test_what_goes_while_pages_are_read_costs_none_of_the_others(self, harness: LiveHarness) -> None:
        harness.receive([comment(number) for number in range(350)])
        pages = harness.open().fetch(None)
        found = ids([next(pages)])
        for number in (*range(5, 25), 99, 100):
            harness.delete(f"c{number}")
        found += ids(list(pages))
        assert found == [f"c{number}" for number in range(350) if number != 100]

    def test_comments_of_one_second_are_read_in_the_order_of_their_numbers(self, harness: LiveHarness) -> None:
        one = comment(0).written_at
        harness.receive([Incoming(f"c{n}", comment(n).author, f"{n}", one) for n in range(250)])
        assert ids(list(harness.open().fetch(None))) == [f"c{n}" for n in range(250)]

    def test_a_thread_is_its_post_and_a_guest_has_no_address(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        (one,) = comments_of(list(harness.open().fetch(None)))
        assert one.thread is not None
        assert (one.thread.text, "le-console" in (one.thread.url or "")) == ("Le console sono in negozio", True)
        assert "posta.example" not in repr(one)

    def test_a_request_that_is_carried_out_twice_is_there_once_and_known(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("drop", writing=True)
        with pytest.raises(AnswerLost):
            harness.open().post(reply())
        posted = harness.open().post(reply())
        assert harness.open().find(reply()) == posted
        assert harness.replies() == [reply().text]

    def test_the_same_words_twice_in_one_place_fail_and_in_two_do_not(self, harness: LiveHarness) -> None:
        harness.receive([comment(0), comment(1)])
        first = harness.open().post(reply())
        later = reply("k2")
        with pytest.raises(PlatformFailed, match="say it in others"):
            harness.open().post(replace(later, not_these=frozenset({first.native_id})))
        harness.open().post(reply("k3", to=("c1",)))
        assert harness.replies() == [reply().text] * 2

    def test_with_a_backslash_wordpress_knows_its_own_words_no_more(self, harness: LiveHarness) -> None:
        body = {"post": harness.post, "parent": 0, "content": "a \\ b"}
        said = [harness.http.post(f"{harness.url}/wp-json/wp/v2/comments", json=body).status_code for _ in range(2)]
        assert said == [201, 201]

    def test_what_is_answered_and_deleted_for_good_leaves_the_answer_findable(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        posted = harness.open().post(reply())
        harness.delete("c0")
        assert harness.open().find(reply()) == posted

    def test_an_answer_to_several_stands_under_the_post(self, harness: LiveHarness) -> None:
        harness.receive([comment(0), comment(1)])
        outgoing = reply(to=("c0", "c1"))
        posted = harness.open().post(outgoing)
        assert harness.open().find(outgoing) == posted
        assert [one["parent"] for one in harness.all(author=harness.me)] == [0]

    def test_what_waits_for_a_moderator_is_private_until_it_is_approved(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        harness.call("POST", "c0", json={"status": "hold"})
        (held,) = comments_of(pages := list(harness.open().fetch(None)))
        assert held.private
        with pytest.raises(PlatformFailed, match="approve it there first"):
            harness.open().post(reply())
        harness.call("POST", "c0", json={"status": "approved"})
        (again,) = comments_of(list(harness.open().fetch(pages[-1].bookmark)))
        assert not again.private
        harness.call("POST", "c0", json={"status": "hold"})
        renamed(harness.connection(approve_on_reply=True), harness.names).post(reply())
        assert {one["status"] for one in harness.all()} == {"approved"}

    def test_what_is_spam_is_gone_or_fetched_and_comes_back(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        first = list(harness.open().fetch(None))
        harness.call("POST", "c0", json={"status": "spam"})
        gone = list(harness.open().fetch(first[-1].bookmark))
        assert [one for page in gone for one in page.deleted] == ["c0"]
        asked = renamed(harness.connection(spam=True), harness.names)
        assert [one.private for one in comments_of(list(asked.fetch(None)))] == [True]
        harness.call("POST", "c0", json={"status": "approved"})
        assert ids(list(harness.open().fetch(gone[-1].bookmark))) == ["c0"]

    def test_a_post_that_is_closed_for_its_age_takes_no_answer(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        harness.behind("option", ["close_comments_days_old", "1"])
        harness.behind("option", ["close_comments_for_old_posts", "1"])
        try:
            with pytest.raises(Refused, match="comments are closed"):
                harness.open().post(reply())
        finally:
            harness.behind("option", ["close_comments_for_old_posts", "0"])
        (one,) = comments_of(list(harness.connection(closes_after_days=1).fetch(None)))
        assert one.closes_at is not None
        assert timedelta(0) <= harness.noon - one.closes_at <= timedelta(hours=2)

    def test_what_is_taken_back_twice_is_in_the_trash_once(self, harness: LiveHarness) -> None:
        harness.receive([comment(0)])
        platform = harness.connection()
        hidden = replace(offence(), native_id=harness.names.theirs("c0"), handle=harness.names.theirs("person0"))
        platform.hide(hidden)
        platform.delete(hidden)
        platform.delete(hidden)
        with pytest.raises(PlatformFailed, match="gone"):
            platform.unhide(hidden)
