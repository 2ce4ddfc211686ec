from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from caretool.domain.policy import Account
from caretool.domain.vault import Forgetful
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Client
from caretool.platforms.bluesky.connector import BlueskySettings, open_account
from caretool.platforms.platform import Opening, Page
from caretool.secrets import Secret
from tests.platforms import contract
from tests.platforms.bluesky_harness import VARIABLE, BlueskyHarness, Now, connect
from tests.platforms.contract import NOON, reply
from tests.platforms.fake_bluesky import OUR_HANDLE, PASSWORD, POST, US, FakeBluesky, stamp


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture
def fake() -> FakeBluesky:
    return FakeBluesky(clock=Now())


def ours(fake: FakeBluesky, text: str = "Le console sono in negozio.") -> str:
    return fake.write(US, text, at=NOON - timedelta(hours=1))


def said(fake: FakeBluesky, text: str = "Dov'è il mio pacco?", *, at: datetime = NOON, **how: Any) -> str:
    """By Anna."""
    return fake.write(fake.person("anna.test", "Anna"), text, at=at, **how)


def fetched(fake: FakeBluesky, bookmark: str | None = None, **how: Any) -> list[Page]:
    return list(connect(fake, **how).fetch(bookmark))


def from_others(pages: list[Page]) -> list[str]:
    return [one.native_id for page in pages for one in page.comments if not one.own]


class TestBluesky(
    contract.PlatformContract,
    contract.NetworkContract,
    contract.ChangesContract,
    contract.OwnContract,
    contract.CountsContract,
    contract.RetractsContract,
    contract.HidesContract,
    contract.MutesContract,
    contract.BansContract,
    contract.ReportsContract,
    contract.LikesContract,
    contract.SearchesContract,
):
    @pytest.fixture
    def harness(self) -> BlueskyHarness:
        return BlueskyHarness()


class TestSessions:
    def test_a_session_is_kept_and_another_process_does_not_log_in(self, fake: FakeBluesky) -> None:
        vault = Forgetful()
        for _ in range(3):
            fetched(fake, vault=vault)
        assert fake.logins == 1
        assert PASSWORD not in (vault.read() or "")

    def test_one_that_ends_is_renewed_without_a_login(self, fake: FakeBluesky) -> None:
        vault, clock = Forgetful(), fake.clock
        assert isinstance(clock, Now)
        fetched(fake, vault=vault)
        clock.moment += timedelta(hours=3)
        fetched(fake, vault=vault)
        assert fake.logins == 1

    def test_one_that_the_server_forgot_is_renewed_amid_a_fetch_and_a_reply(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        for number in range(201):
            said(fake, to=root, at=NOON - timedelta(seconds=number))
        platform = connect(fake)
        pages = platform.fetch(None)
        first = next(pages)
        fake.sessions = dict.fromkeys(fake.sessions, NOON)  # 400 ExpiredToken from now on
        assert len(from_others([first, *pages])) == 201
        fake.sessions.clear()  # 400 InvalidToken
        platform.post(reply(to=(said(fake, to=root),)))
        assert fake.logins == 1
        assert len(fake.of(US, POST)) == 2

    def test_where_the_renewal_is_refused_the_password_logs_in_anew(self, fake: FakeBluesky) -> None:
        vault = Forgetful()
        fetched(fake, vault=vault)
        fake.sessions.clear()
        fake.refreshing.clear()
        fetched(fake, vault=vault)
        assert fake.logins == 2

    def test_a_wrong_password_is_said_to_be_and_not_shown(
        self, fake: FakeBluesky, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "wrong-pass-word-here")
        with pytest.raises(TokenRefused) as refused:
            fetched(fake)
        assert "wrong-pass" not in str(refused.value)
        assert "Invalid identifier or password" in str(refused.value)

    def test_a_new_password_takes_the_place_of_the_session(
        self, fake: FakeBluesky, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vault = Forgetful()
        fetched(fake, vault=vault)
        monkeypatch.setenv(VARIABLE, "another-one")
        with pytest.raises(TokenRefused):
            fetched(fake, vault=vault)

    @pytest.mark.parametrize("key", ["handle", "url"])
    def test_another_handle_or_server_in_the_settings_takes_the_place_of_the_session(
        self, fake: FakeBluesky, key: str
    ) -> None:
        vault, asked = Forgetful(), list[str]()
        fetched(fake, vault=vault)

        def refuse(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path.rpartition(".")[2])
            return httpx.Response(401, json={"error": "AuthenticationRequired", "message": "Invalid"})

        changed = {"handle": "altra.test", "url": "http://127.0.0.1:2583"}[key]
        account = Account(
            "bluesky",
            "bluesky",
            BlueskySettings(**{"url": fake.url, "handle": OUR_HANDLE, "token": Secret(env=VARIABLE), key: changed}),
        )
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), fake.clock, vault=vault)
        platform = open_account(
            account, opening, lambda *where, **how: Client(*where, transport=httpx.MockTransport(refuse), **how)
        )
        with pytest.raises(TokenRefused):
            list(platform.fetch(None))
        assert set(asked) == {"createSession"}

    def test_too_many_logins_are_waited_for(self, fake: FakeBluesky) -> None:
        fake.busy_until = NOON + timedelta(minutes=4)
        with pytest.raises(PlatformBusy) as busy:
            fetched(fake)
        assert busy.value.seconds == 240

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b'{"accessJwt": 4}', b'{"accessJwt": "", "refreshJwt": ""}', b"<html>"]
    )
    def test_a_login_that_gives_no_session_is_a_failure_in_one_line(self, fake: FakeBluesky, body: bytes) -> None:
        with pytest.raises(CaretoolError) as failure:
            fetched(fake, handle=lambda request: httpx.Response(200, content=body))
        assert len(str(failure.value).splitlines()) == 1

    def test_after_the_login_our_own_server_is_asked(self, fake: FakeBluesky) -> None:
        asked: list[tuple[str, str]] = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append((request.url.host, request.url.path.rpartition(".")[2]))
            return fake.handle(request)

        fetched(fake, handle=handle)
        assert asked[:2] == [("bsky.test", "createSession"), ("bsky.test", "getSession")]
        assert {host for host, _ in asked[2:]} == {"pds.test"}
        asked.clear()
        facts = next(page.facts for page in fetched(fake) if page.facts)
        connect(fake, facts=facts, handle=handle).look([said(fake)])
        assert [host for host, what in asked if what != "createSession"] == ["pds.test"]

    @pytest.mark.parametrize(
        "place", ["http://127.0.0.1:22", "http://pds.test", "https://a@pds.test", "ftp://x", 4, None]
    )
    def test_a_server_names_no_place_at_which_others_would_read_the_token(self, fake: FakeBluesky, place: Any) -> None:
        fake.pds = place
        hosts = set()

        def handle(request: httpx.Request) -> httpx.Response:
            hosts.add(request.url.host)
            return fake.handle(request)

        fetched(fake, handle=handle)
        assert hosts == {"bsky.test"}

    def test_what_was_learned_elsewhere_is_not_believed(self, fake: FakeBluesky) -> None:
        kept = {"url": "https://other.test", "did": "did:plc:x", "handle": "x", "pds": "https://evil.test"}
        another = {"url": fake.url, "did": "did:plc:x", "handle": "altra.test", "pds": None, "login": "altra.test"}
        odd = ("[]", '{"url": 4}', '{"url": "https://bsky.test", "did": 7}', "{")
        for facts in (json.dumps(kept), json.dumps(another), *odd):
            connect(fake, facts=facts).post(reply(facts, to=(said(fake),)))
        assert len(fake.of(US, POST)) == 6

    def test_checking_says_who_we_are_and_what_is_left(self, fake: FakeBluesky) -> None:
        fake.names[US] = "Bottega Blu"
        checked = connect(fake).check()
        assert (checked.handle, checked.name, checked.software) == (OUR_HANDLE, "Bottega Blu", "PDS 0.4.217")
        assert (checked.requests_left, checked.left_until) == (2990, NOON + timedelta(seconds=300))


class TestFetching:
    def test_what_is_one_moment_old_on_both_sides_of_a_page_is_not_passed_over(self, fake: FakeBluesky) -> None:
        fake.page_most = 7
        root = ours(fake)
        wanted = {said(fake, to=root, at=NOON - timedelta(milliseconds=n // 3)) for n in range(30)}
        pages = fetched(fake)
        assert sorted(from_others(pages)) == sorted(wanted)
        for reached in range(len(pages)):
            rest = fetched(fake, pages[reached].bookmark)
            assert sorted(from_others(rest)) == sorted(from_others(pages[reached + 1 :]))

    def test_a_list_that_leads_in_a_circle_fails(self, fake: FakeBluesky) -> None:
        ours(fake)
        for cursors in (["x"], ["x", "y"], [stamp(NOON)]):
            turn = iter(cursors * 50)

            def handle(request: httpx.Request, turn: Iterator[str] = turn) -> httpx.Response:
                response = fake.handle(request)
                if not request.url.path.endswith("listNotifications"):
                    return response
                return httpx.Response(200, json={"notifications": [], "cursor": next(turn)})

            with pytest.raises(PlatformFailed, match="circle"):
                fetched(fake, handle=handle)

    def test_what_says_it_is_older_than_what_was_read_is_found_within_an_hour(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        said(fake, to=root)
        *_, last = fetched(fake)
        late = said(fake, to=root, at=NOON - timedelta(minutes=50))
        assert from_others(fetched(fake, last.bookmark)) == [late]

    def test_mentions_replies_and_quotes_come_and_likes_do_not(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        mention = {"index": {"byteStart": 0, "byteEnd": 1}, "features": [{"$type": "x#mention", "did": US}]}
        quote = {"$type": "app.bsky.embed.record", "record": {"uri": root, "cid": "bafyreixxxx"}}
        forms = {
            said(fake, to=root): "comment",
            said(fake, facets=[mention]): "mention",
            said(fake, embed=quote): "mention",
        }
        said(fake, "nothing of ours")
        got = {one.native_id: one.form for page in fetched(fake) for one in page.comments if not one.own}
        assert got == forms

    def test_a_post_that_is_told_of_twice_comes_once(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        uri = said(fake, to=root)

        def handle(request: httpx.Request) -> httpx.Response:
            response = fake.handle(request)
            if not request.url.path.endswith("listNotifications"):
                return response
            (one,) = response.json()["notifications"]
            return httpx.Response(200, json={"notifications": [one, {**one, "reason": "mention"}]})

        assert from_others(fetched(fake, handle=handle)) == [uri]

    def test_the_thread_its_text_the_pictures_and_who_wrote_come_along(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        first = said(fake, "Prima", to=root)
        pictures = {"$type": "app.bsky.embed.images", "images": [{}, {}]}
        uri = said(fake, "Rotto!", to=first, embed=pictures, langs=["it"])
        one = next(one for page in fetched(fake) for one in page.comments if one.native_id == uri)
        assert one.thread is not None
        assert (one.thread.native_id, one.thread.text) == (root, "Le console sono in negozio.")
        assert (one.reply_to, one.language, len(one.attachments)) == (first, "it", 2)
        assert (one.author.handle, one.author.name) == ("anna.test", "Anna")
        assert one.url == f"https://bsky.app/profile/did:plc:anna/post/{uri.rpartition('/')[2]}"

    def test_who_has_no_valid_handle_is_known_by_the_did(self, fake: FakeBluesky) -> None:
        said(fake, to=ours(fake))
        fake.handles["did:plc:anna"] = "handle.invalid"
        (one,) = [one for page in fetched(fake) for one in page.comments if not one.own]
        assert one.author.handle == "did:plc:anna"

    def test_a_reply_that_left_late_under_an_early_key_is_seen_as_ours(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        question = said(fake, to=root)
        *_, last = fetched(fake)
        connect(fake).post(replace(reply(to=(question,)), created_at=NOON - timedelta(hours=5)))
        (one,) = [one for page in fetched(fake, last.bookmark) for one in page.comments]
        assert (one.own, one.reply_to) == (True, question)

    def test_what_we_wrote_is_read_once_however_much_it_is(self, fake: FakeBluesky) -> None:
        for number in range(450):
            fake.write(US, f"post {number}", at=NOON - timedelta(minutes=number))
        pages = fetched(fake)
        assert len({one.native_id for page in pages for one in page.comments}) == 450
        *_, last = pages
        assert fetched(fake, last.bookmark, facts=next(page.facts for page in pages if page.facts)) == []
        for reached, page in enumerate(pages, start=1):
            rest = [one.native_id for later in fetched(fake, page.bookmark) for one in later.comments]
            assert rest == [one.native_id for later in pages[reached:] for one in later.comments]

    def test_what_a_block_hides_is_not_gone(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        hidden, deleted = said(fake, to=root), said(fake, to=root)
        *_, last = fetched(fake)
        fake.unshown.add(hidden)
        fake.delete(deleted)
        assert connect(fake).look([hidden, deleted, "c0"]).gone == {deleted, "c0"}
        assert [gone for page in fetched(fake, last.bookmark) for gone in page.deleted] == [deleted]

    def test_many_are_looked_at_with_few_requests(self, fake: FakeBluesky) -> None:
        root = ours(fake)
        asked = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            return fake.handle(request)

        uris = [said(fake, to=root) for _ in range(60)]
        assert connect(fake, handle=handle).look(uris * 2).gone == frozenset()
        assert sum(path.endswith("getPosts") for path in asked) == 3

    def test_what_cannot_be_read_is_skipped_and_named_and_the_others_come(self, fake: FakeBluesky) -> None:
        uri = said(fake, to=ours(fake))
        for odd in (4, {}, {"uri": "c0"}, {"uri": f"at://did:plc:x/{POST}/..", "record": {}}):

            def handle(request: httpx.Request, odd: Any = odd) -> httpx.Response:
                response = fake.handle(request)
                if not request.url.path.endswith("listNotifications"):
                    return response
                return httpx.Response(200, json={"notifications": [odd, *response.json()["notifications"]]})

            pages = fetched(fake, handle=handle)
            assert from_others(pages) == [uri]
            assert len([one for page in pages for one in page.skipped]) == 1

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(seed=st.integers(0, 2**32))
    def test_whatever_a_server_says_is_a_page_or_a_failure_in_one_line(self, fake: FakeBluesky, seed: int) -> None:
        """Anything in the place of any value of any answer."""
        if not fake.records:
            said(fake, to=said(fake, to=ours(fake)), rkey="odd")
        chance = random.Random(seed)
        junk: tuple[Any, ...] = (
            None,
            True,
            -1,
            2**70,
            0.5,
            "",
            "x",
            "at://x",
            "\ud800\0\x1b[31m\n",
            [],
            [[]],
            {},
            {"uri": 4},
            ["c0"],
        )

        def spoiled(value: Any) -> Any:
            if chance.random() < 0.05:
                return chance.choice(junk)
            if isinstance(value, dict):
                return {key: spoiled(one) for key, one in value.items()}
            return [spoiled(one) for one in value] if isinstance(value, list) else value

        def handle(request: httpx.Request) -> httpx.Response:
            response = fake.handle(request)
            if "server.createSession" in request.url.path or response.status_code != 200:
                return response
            return httpx.Response(200, content=json.dumps(spoiled(response.json())))

        platform = connect(fake, handle=handle)
        asking: list[Callable[[], object]] = [
            lambda: list(platform.fetch(None)),
            lambda: list(platform.search(contract.WATCH, None)),
            lambda: platform.look(list(fake.records)),
            lambda: platform.find(reply()),
            platform.check,
        ]
        told: list[str] = []
        for ask in asking:
            try:
                ask()
            except CaretoolError as failure:
                told.append(str(failure))
        assert [len(line.splitlines()) for line in told] == [1] * len(told)

    def test_words_are_searched_as_words_and_not_as_instructions(self, fake: FakeBluesky) -> None:
        asked = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.params.get("q"))
            return fake.handle(request)

        words = ("lampada", "#bottegablu", "from:anna.test", 'blue "lamp"', "-x")
        list(connect(fake, handle=handle).search(replace(contract.WATCH, words=words), None))
        assert [one for one in asked if one] == ["lampada", "#bottegablu", '"from:anna.test"', '"blue  lamp"', '"-x"']


class TestSettings:
    @pytest.mark.parametrize(
        "url", ["http://bsky.social", "bsky.social", "https://a@b.c", "https://b.c/xrpc", "https://[", ""]
    )
    def test_an_address_that_gives_the_password_away_does_not_load(self, url: str) -> None:
        with pytest.raises(ValidationError):
            BlueskySettings(url=url, handle=OUR_HANDLE, token=Secret(env=VARIABLE))

    def test_a_handle_may_begin_with_its_sign(self) -> None:
        assert BlueskySettings(handle="@bottegablu.test ", token=Secret(env=VARIABLE)).handle == "bottegablu.test"
        for handle in ("", "@", "a b", "a\nb", "bottega", "@bottega.", "a b.c"):
            with pytest.raises(ValidationError):
                BlueskySettings(handle=handle, token=Secret(env=VARIABLE))

    def test_strangers_are_answered_only_where_the_settings_say_so(self, fake: FakeBluesky) -> None:
        assert connect(fake).limits.answerable == "who-spoke-to-us"
        assert connect(fake, answer_strangers=True).limits.answerable == "anybody"


def test_a_first_fetch_reads_what_we_wrote_in_the_last_days(fake: FakeBluesky) -> None:
    old = fake.write(US, "long ago", at=NOON - timedelta(days=30))
    new = fake.write(US, "lately", at=NOON - timedelta(days=2))
    seen = [one.native_id for page in fetched(fake) for one in page.comments]
    assert (old in seen, new in seen) == (False, True)
