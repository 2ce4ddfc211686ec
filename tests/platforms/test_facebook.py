from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from caretool.errors import AnswerLost, Delayed, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.facebook.connector import FacebookSettings
from caretool.platforms.facebook.fetch import read_bookmark
from caretool.platforms.facebook.wire import read_comment
from caretool.platforms.graph_wire import WireError
from caretool.platforms.platform import Page
from caretool.store.budgets import Budgets
from tests.platforms.contract import (
    NOON,
    BansContract,
    ChangesContract,
    DeletesContract,
    ExpiresContract,
    Harness,
    HidesContract,
    LikesContract,
    NetworkContract,
    OwnContract,
    PlatformContract,
    PrivateContract,
    RetractsContract,
    comment,
    comments_of,
    ids,
    offence,
    reply,
)
from tests.platforms.facebook_harness import APP_SECRET, TOKEN, FacebookHarness
from tests.platforms.fake_graph import APP_TOKEN, PAGE, USER_TOKEN, GraphError
from tests.platforms.fake_graph import TOKEN as THE_TOKEN


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(TOKEN, THE_TOKEN)
    monkeypatch.setenv(APP_SECRET, APP_TOKEN.partition("|")[2])
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class Guarded(RetractsContract, HidesContract, DeletesContract, BansContract, LikesContract):
    """What can be done with what is written there."""


class TestContract(
    PlatformContract, NetworkContract, ChangesContract, OwnContract, PrivateContract, ExpiresContract, Guarded
):
    @pytest.fixture
    def harness(self) -> Harness:
        return FacebookHarness()


@pytest.fixture
def harness() -> FacebookHarness:
    harness = FacebookHarness()
    harness.receive([comment(0), comment(1)])
    return harness


def fetch(harness: FacebookHarness, bookmark: str | None = None, **keys: Any) -> list[Page]:
    return list(harness.open(**keys).fetch(bookmark))


def last(harness: FacebookHarness, **keys: Any) -> str:
    return fetch(harness, **keys)[-1].bookmark


def read(harness: FacebookHarness, mark: str | None = None, **keys: Any) -> tuple[list[Page], PlatformFailed | None]:
    """What came before it failed, and how it did."""
    pages = list[Page]()
    try:
        pages.extend(harness.open(**keys).fetch(mark))
    except PlatformFailed as failure:
        return pages, failure
    return pages, None


def paths(harness: FacebookHarness, method: str) -> list[str]:
    return [request.url.path for request in harness.wire.requests if request.method == method]


class TestWhoWeAre:
    def test_a_users_token_which_is_shown_no_comments_and_told_nothing_is_refused(
        self, harness: FacebookHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(TOKEN, USER_TOKEN)
        for ask in (lambda one: list(one.fetch(None)), lambda one: one.check(), lambda one: one.look(["c999"])):
            with pytest.raises(TokenRefused, match=f"9001's, not that of the Page {PAGE}"):
                ask(harness.open())

    def test_the_token_travels_in_a_header_and_no_next_page_is_followed_by_its_address(
        self, harness: FacebookHarness
    ) -> None:
        harness.receive([comment(number) for number in range(2, 120)])
        fetch(harness)
        addresses = [str(one.url) for one in harness.wire.requests if "debug_token" not in str(one.url)]
        assert len(addresses) > 3
        assert not [one for one in addresses if THE_TOKEN in one or "access_token" in one]

    def test_a_token_that_the_platform_calls_invalid_is_refused(self, harness: FacebookHarness) -> None:
        harness.fake.tokens = {"another": NOON}
        harness.wire.handle = lambda request: (
            httpx.Response(200, json={"id": PAGE}) if request.url.path.endswith("/me") else harness.fake.handle(request)
        )
        with pytest.raises(TokenRefused, match="not valid any more"):
            harness.open().check()

    def test_without_the_app_nobody_knows_when_it_ends(self, harness: FacebookHarness) -> None:
        checked = harness.open(app_id=None, app_secret=None).check()
        assert (checked.expires_at, checked.scopes, checked.missing) == (None, (), ())
        assert "tells only to the app" in checked.remarks[-1]

    def test_what_was_learned_is_known_without_a_request(self, harness: FacebookHarness) -> None:
        facts = fetch(harness)[0].facts
        again = harness.open(facts=facts)
        assert again.expires_at == NOON + timedelta(days=60)
        assert [page.facts for page in again.fetch(None)] == [None] * 2
        for odd in (None, "", "[]", '{"name": 3}', '{"id": "x"}', "nonsense"):
            assert harness.open(facts=odd).expires_at is None

    def test_the_version_is_a_setting(self, harness: FacebookHarness) -> None:
        with pytest.raises(PlatformFailed):  # the fake serves one version only
            fetch(harness, version="v27.0")
        assert harness.wire.requests[-1].url.path == "/v27.0/me"

    @pytest.mark.parametrize("keys", [{"page": "bottega"}, {"version": "26"}, {"app_secret": None}, {"posts": 0}])
    def test_settings_that_cannot_be_right_are_refused(self, harness: FacebookHarness, keys: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            harness.open(**keys)
        assert FacebookSettings.default_since == "7 days"


class TestReading:
    def test_an_empty_page_is_no_end_while_there_is_a_next_one(self, harness: FacebookHarness) -> None:
        harness.receive([comment(number) for number in range(2, 250)])
        harness.fake.gaps = True
        assert ids(fetch(harness)) == [f"c{number}" for number in range(250)]
        posted = harness.open().post(reply())
        assert harness.open().find(reply()) == posted

    def test_pages_that_lead_in_a_circle_end(self, harness: FacebookHarness) -> None:
        ring = {"data": [], "paging": {"cursors": {"after": "x"}, "next": "https://graph.facebook.com/?after=x"}}
        harness.wire.handle = lambda request: (
            httpx.Response(200, json=ring) if request.url.path.endswith("/comments") else harness.fake.handle(request)
        )
        with pytest.raises(PlatformFailed, match="in a circle"):
            fetch(harness)

    @pytest.mark.parametrize("paging", [{"next": "https://evil.example/?a=b"}, {"next": "https://[bad/?after="}])
    def test_a_list_that_does_not_say_how_it_goes_on_is_not_taken_for_whole(
        self, harness: FacebookHarness, paging: dict[str, Any]
    ) -> None:
        harness.wire.handle = lambda request: (
            httpx.Response(200, json={"data": [], "paging": paging})
            if request.url.path.endswith("/comments")
            else harness.fake.handle(request)
        )
        with pytest.raises(PlatformFailed, match="does not say how it goes on"):
            fetch(harness)
        assert {request.url.host for request in harness.wire.requests} == {"graph.facebook.com"}

    def test_who_wrote_it_may_be_unsaid_and_each_of_these_is_another_person(self, harness: FacebookHarness) -> None:
        harness.fake.mute_author = True
        found = comments_of(fetch(harness))
        assert [one.author.handle for one in found] == ["unknown-c0", "unknown-c1"]
        assert [one.author.name for one in found] == [None, None]

    def test_a_comment_without_words_is_a_comment(self, harness: FacebookHarness) -> None:
        picture = {"media": {"image": {"src": "https://cdn.example/1.jpg"}}, "url": "https://www.facebook.com/1"}
        harness.fake.write("person2", None, id="c2", post="post1", at=NOON, can={"attachment": picture})
        (found,) = [one for one in comments_of(fetch(harness)) if one.native_id == "c2"]
        assert (found.text, found.attachments) == ("", ("https://cdn.example/1.jpg",))

    @pytest.mark.parametrize("odd", [None, 3, "text", [], {}, {"id": "../me"}, {"id": "c9", "message": 4}])
    def test_what_makes_no_sense_is_skipped_and_named_and_the_others_come(
        self, harness: FacebookHarness, odd: object
    ) -> None:
        real = harness.fake.listing
        harness.fake.listing = lambda things, params, most: (  # type: ignore[method-assign]
            (told := real(things, params, most)) | {"data": [odd, *told["data"]]}
        )
        pages = fetch(harness)
        assert ids(pages) == ["c0", "c1"]
        assert [one for page in pages for one in page.skipped]

    def test_a_post_that_cannot_be_read_keeps_the_others_back_from_nobody(self, harness: FacebookHarness) -> None:
        harness.fake.write(PAGE, "Another post.", id="post2", at=NOON)
        harness.fake.write("person5", "Hello?", id="c5", post="post2", at=NOON)
        harness.wire.handle = lambda request: (
            GraphError(1609005, "(#1609005) no").response()
            if request.url.path.endswith("post1/comments")
            else harness.fake.handle(request)
        )
        pages = fetch(harness)
        assert ids(pages) == ["c5"]
        assert ["post1" in remark for page in pages for remark in page.remarks] == [True]

    @pytest.mark.parametrize("status", [400, 500])
    def test_one_of_the_older_posts_that_cannot_be_read_keeps_no_other_back_and_is_read_later(
        self, harness: FacebookHarness, status: int
    ) -> None:
        for number in range(6):
            harness.fake.write(PAGE, "Older.", id=f"old{number}", at=NOON - timedelta(days=2, hours=number))
        mark = last(harness, posts=1, older_posts=6)
        harness.now += timedelta(hours=1)
        for number in range(6):
            harness.fake.write("person5", "Hello?", id=f"c1{number}", post=f"old{number}", at=harness.now)
        well = harness.wire.handle
        sick = GraphError(100 if status == 400 else 1, "Please reduce the amount of data", status=status)
        harness.wire.handle = lambda request: (
            sick.response() if request.url.path.endswith("old1/comments") else well(request)
        )
        pages, failure = read(harness, mark, posts=1, older_posts=6)
        assert set(ids(pages)) == {"c10", "c12", "c13", "c14", "c15"}
        assert (
            (failure is None) == any("old1" in remark for page in pages for remark in page.remarks) == (status == 400)
        )
        harness.wire.handle = well
        if status == 500:
            harness.now += timedelta(days=1)
            assert "c11" in ids(fetch(harness, pages[-1].bookmark, posts=1, older_posts=6))

    def test_one_of_the_latest_posts_that_fails_keeps_no_other_back_and_the_failure_is_told(
        self, harness: FacebookHarness
    ) -> None:
        for number in range(5):
            harness.fake.write(PAGE, "Another.", id=f"new{number}", at=NOON - timedelta(minutes=number))
            harness.fake.write("person5", "Hello?", id=f"c1{number}", post=f"new{number}", at=NOON)
        well = harness.wire.handle
        sick = {"new3"}
        harness.wire.handle = lambda request: (
            GraphError(1, "Please reduce the amount of data", status=500).response()
            if request.url.path.split("/")[2] in sick
            else well(request)
        )
        pages, failure = read(harness)
        assert set(ids(pages)) == {"c0", "c1", "c10", "c11", "c12", "c14"}
        assert "reduce" in str(failure)
        sick |= {"new0", "new1", "new2", "new4"}
        before = len(harness.wire.requests)
        with pytest.raises(PlatformFailed, match="reduce"):
            fetch(harness)
        assert len(harness.wire.requests) - before < 15, "where many fail nothing is to be had there"

    def test_posts_that_lead_in_a_circle_end(self, harness: FacebookHarness) -> None:
        well = harness.wire.handle
        turns = itertools.cycle("ab")

        def handle(request: httpx.Request) -> httpx.Response:
            if not request.url.path.endswith("/published_posts"):
                return well(request)
            ring = {"cursors": {"after": next(turns)}, "next": "https://graph.facebook.com/"}
            return httpx.Response(200, json={"data": [], "paging": ring})

        harness.wire.handle = handle
        with pytest.raises(PlatformFailed, match="in a circle"):
            fetch(harness)

    def test_what_came_late_is_read_within_the_overlap_and_nothing_twice(self, harness: FacebookHarness) -> None:
        at = last(harness)
        harness.fake.write("person7", "I was first!", id="c7", post="post1", at=NOON - timedelta(minutes=30))
        assert ids(fetch(harness, at)) == ["c7"]
        asked = parse_qs(next(one.url.query.decode() for one in harness.wire.requests[::-1] if "since" in str(one.url)))
        assert asked["since"] == [str(int((NOON + timedelta(minutes=1) - timedelta(hours=1)).timestamp()))]
        assert (asked["filter"], asked["order"]) == (["stream"], ["chronological"])

    def test_an_answer_to_a_comment_comes_with_what_it_answers(self, harness: FacebookHarness) -> None:
        harness.fake.write("person3", "Mine, too.", id="c3", post="post1", at=NOON, parent="c0")
        (found,) = [one for one in comments_of(fetch(harness)) if one.native_id == "c3"]
        assert found.reply_to == "c0"

    def test_older_posts_are_gone_through_in_turn(self, harness: FacebookHarness) -> None:
        for day in range(1, 8):
            harness.fake.write(PAGE, f"Day {day}", id=f"old{day}", at=NOON - timedelta(days=day))
        keys: dict[str, Any] = {"posts": 1, "older_posts": 3}
        at = last(harness, **keys)
        found: list[str] = []
        for turn in range(3):
            for day in (2, 5, 7):
                harness.fake.write("person9", "Still there?", id=f"t{turn}d{day}", post=f"old{day}", at=harness.now)
            harness.now += timedelta(minutes=5)
            pages = fetch(harness, at, **keys)
            at = pages[-1].bookmark
            found += ids(pages)
        for _ in range(3):
            pages = fetch(harness, at, **keys)
            at = pages[-1].bookmark
            found += ids(pages)
        assert set(found) == {f"t{turn}d{day}" for turn in range(3) for day in (2, 5, 7)}

    def test_a_post_that_leaves_the_latest_is_read_on(self, harness: FacebookHarness) -> None:
        keys: dict[str, Any] = {"posts": 1, "older_posts": 2}
        at = last(harness, **keys)
        harness.now += timedelta(hours=3)
        at = fetch(harness, at, **keys)[-1].bookmark
        harness.now += timedelta(hours=2)
        harness.receive([replace(comment(8), written_at=harness.now - timedelta(minutes=90))])
        harness.fake.write(PAGE, "News!", id="post2", at=harness.now - timedelta(hours=1))
        assert ids(fetch(harness, at, **keys)) == ["c8"]

    def test_a_cursor_that_died_begins_the_round_anew(self, harness: FacebookHarness) -> None:
        for day in range(1, 8):
            harness.fake.write(PAGE, f"Day {day}", id=f"old{day}", at=NOON - timedelta(days=day))
        at = last(harness, posts=1, older_posts=2)
        harness.fake.delete("old2")
        assert read_bookmark(fetch(harness, at, posts=1, older_posts=2)[-1].bookmark).older is not None

    @pytest.mark.parametrize(
        "left",
        [
            '{"posts": []}',
            '{"posts": {"post1": 3}}',
            '{"posts": {"post1": {"at": "x", "seen": 4}}}',
            '{"posts": {"post1": {"at": 1, "seen": {"c0": 3}}}, "older": [1]}',
        ],
    )
    def test_a_bookmark_that_was_torn_loses_nothing(self, harness: FacebookHarness, left: str) -> None:
        assert ids(fetch(harness, left)) == ["c0", "c1"]

    @settings(max_examples=150)
    @given(
        st.dictionaries(
            st.sampled_from(
                ["id", "message", "from", "parent", "created_time", "attachment", "like_count", "can_hide"]
            ),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
                max_leaves=6,
            ),
        )
    )
    def test_any_shape_is_a_comment_or_none_at_all(self, data: dict[str, Any]) -> None:
        try:
            read = read_comment(data)
        except WireError:
            return
        incoming = read.incoming(page=PAGE, thread=None, window=timedelta(days=7))
        assert incoming.written_at is None or incoming.written_at.tzinfo is not None


class TestWhatIsGone:
    def test_a_field_that_this_version_does_not_know_is_no_deletion(self, harness: FacebookHarness) -> None:
        unknown = GraphError(100, "(#100) Tried accessing nonexisting field (can_hide)")
        harness.wire.handle = lambda request: (
            unknown.response() if b"can_hide" in request.url.query else harness.fake.handle(request)
        )
        with pytest.raises(PlatformFailed, match="is version still served"):
            harness.open().look(["c0"])

    def test_many_are_asked_for_at_once_and_one_that_is_gone_hides_none_of_them(self, harness: FacebookHarness) -> None:
        harness.receive([comment(number) for number in range(2, 70)])
        harness.delete("c3")
        looked = harness.open().look([f"c{number}" for number in range(70)])
        assert looked.gone == {"c3"}
        assert len(looked.edited) == 69
        assert harness.requests() < 20

    def test_each_id_that_is_asked_for_is_a_call(self, harness: FacebookHarness, tmp_path: Path) -> None:
        harness.receive([comment(number) for number in range(2, 50)])
        harness.budget = Budgets(tmp_path)
        harness.fake.usage = 10
        platform = harness.open()
        before = harness.fake.calls
        platform.look([f"c{number}" for number in range(50)])
        assert harness.fake.calls - before == 50
        assert platform._graph._tariff.price("GET", "/")[1] == pytest.approx(50 * 0.02)


class TestAnswering:
    def test_a_comment_is_never_written_over(self, harness: FacebookHarness) -> None:
        """`POST /{comment-id}` with a message edits it."""
        platform = harness.open()
        platform.post(reply())
        platform.post(reply("k2", "To both of you.", to=("c0", "c1")))
        platform.post(replace(reply("k3", "In private."), private=True))
        platform.hide(offence())
        platform.like("c1")
        assert harness.fake.edited == []
        bare = [one for one in harness.wire.requests if one.method == "POST" and one.url.path.endswith("/c0")]
        assert [one.content for one in bare] == [b"is_hidden=true"]

    def test_an_answer_to_an_answer_is_found_where_the_platform_has_put_it(self, harness: FacebookHarness) -> None:
        harness.fake.write("person3", "And mine?", id="c3", post="post1", at=NOON, parent="c0")
        outgoing = reply(to=("c3",))
        posted = harness.open().post(outgoing)
        assert harness.fake.things[posted.native_id].parent == "c0"
        assert harness.open().find(outgoing) == posted
        assert harness.open().find(replace(outgoing, not_these=frozenset({posted.native_id}))) is None

    def test_an_answer_to_several_stands_under_the_post(self, harness: FacebookHarness) -> None:
        outgoing = reply(to=("c0", "c1"))
        posted = harness.open().post(outgoing)
        assert harness.fake.things[posted.native_id].parent is None
        assert harness.open().find(outgoing) == posted
        assert harness.open().find(reply()) is None

    def test_a_success_without_an_id_is_a_write_that_is_looked_for(self, harness: FacebookHarness) -> None:
        harness.fake.without_id = True
        posted = harness.open().post(reply())
        assert harness.fake.things[posted.native_id].text == reply().text
        assert len(paths(harness, "POST")) == 1

    def test_a_success_without_an_id_that_is_not_found_may_be_out(self, harness: FacebookHarness) -> None:
        harness.wire.handle = lambda request: (
            httpx.Response(200, json={}) if request.method == "POST" else harness.fake.handle(request)
        )
        with pytest.raises(AnswerLost):
            harness.open().post(reply())

    def test_a_duplicate_is_the_reply_that_is_there_already(self, harness: FacebookHarness) -> None:
        first = harness.open().post(reply())
        assert harness.open().post(reply("k2")) == first
        assert harness.replies() == [reply().text]

    def test_what_was_posted_counts_as_posted_though_it_cannot_be_read_back(self, harness: FacebookHarness) -> None:
        def handle(request: httpx.Request) -> httpx.Response:
            if request.method == "GET" and harness.replies():
                return harness.fake.refused_response()
            return harness.fake.handle(request)

        harness.wire.handle = handle
        assert harness.open().post(reply()).native_id in harness.fake.things

    def test_what_takes_no_answer_any_more_is_not_answered(self, harness: FacebookHarness) -> None:
        harness.fake.things["c0"].can["can_comment"] = False
        with pytest.raises(PlatformFailed, match="takes no answer any more"):
            harness.open().post(reply())
        assert paths(harness, "POST") == []

    def test_trouble_before_anything_was_sent_keeps_the_reply(self, harness: FacebookHarness) -> None:
        harness.goes_wrong("fail", writing=False)
        with pytest.raises(PlatformBusy, match="nothing was sent"):
            harness.open().post(reply())

    def test_the_same_words_by_nobody_knows_whom_settle_nothing(self, harness: FacebookHarness) -> None:
        harness.open().post(reply())
        harness.fake.mute_author = True
        with pytest.raises(PlatformFailed, match="does not say who wrote"):
            harness.open().find(reply())

    def test_somebody_who_says_the_same_is_not_us(self, harness: FacebookHarness) -> None:
        harness.fake.write("person3", reply().text, post="post1", at=NOON, parent="c0")
        assert harness.open().find(reply()) is None

    def test_what_the_platform_cannot_tell_a_person_settles(self, harness: FacebookHarness) -> None:
        limits = harness.open().limits
        assert (limits.listing_trustworthy, limits.key_protects) == (False, timedelta(0))
        assert (limits.together, limits.private_replies, limits.length) == ("names", True, 8000)
        assert limits.of_one(private=True).length == 2000


class TestPrivately:
    def test_a_comment_takes_a_private_answer_for_seven_days(self, harness: FacebookHarness) -> None:
        found = {one.native_id: one.private_until for one in comments_of(fetch(harness))}
        assert found["c0"] == NOON + timedelta(days=7)
        assert comments_of(fetch(harness, private_days=3))[0].private_until == NOON + timedelta(days=3)

    def test_a_private_comment_closes_altogether(self, harness: FacebookHarness) -> None:
        harness.receive([replace(comment(2), private=True)])
        found = {one.native_id: one for one in comments_of(fetch(harness))}
        assert (found["c2"].closes_at, found["c2"].private_until) == (NOON + timedelta(days=7, minutes=2), None)
        assert found["c0"].closes_at is None

    def test_and_one_only(self, harness: FacebookHarness) -> None:
        private = replace(reply(), private=True)
        harness.open().post(private)
        with pytest.raises(PlatformFailed, match="no private answer any more"):
            harness.open().post(replace(private, key="k2", text="Once more."))
        assert len(paths(harness, "POST")) == 1
        assert comments_of(fetch(harness))[0].private_until == NOON

    def test_after_that_it_is_a_failure_for_good(self, harness: FacebookHarness) -> None:
        harness.now = NOON + timedelta(days=7)
        with pytest.raises(PlatformFailed, match="within 7 days"):
            harness.open().post(replace(reply(), private=True))
        harness.now += timedelta(hours=1)
        with pytest.raises(PlatformFailed, match="allowed window"):
            harness.open(private_days=30).post(replace(reply(), private=True))
        assert harness.replies() == []

    def test_several_are_not_answered_in_private(self, harness: FacebookHarness) -> None:
        with pytest.raises(PlatformFailed, match="goes to one comment"):
            harness.open().post(replace(reply(to=("c0", "c1")), private=True))

    def test_a_private_answer_is_not_taken_back(self, harness: FacebookHarness) -> None:
        posted = harness.open().post(replace(reply(), private=True))
        with pytest.raises(PlatformFailed, match="cannot be taken back"):
            harness.open().retract(posted.native_id)

    def test_a_message_whose_id_is_not_told_is_looked_for(self, harness: FacebookHarness) -> None:
        harness.fake.without_id = True
        posted = harness.open().post(replace(reply(), private=True))
        assert posted.native_id in harness.fake.messages


class TestErrors:
    def test_a_block_stops_what_is_written_for_a_day_and_by_whomever(
        self, harness: FacebookHarness, tmp_path: Path
    ) -> None:
        harness.budget = Budgets(tmp_path)
        harness.fake.write_error = GraphError(368, "The action attempted has been deemed abusive", status=403)
        with pytest.raises(PlatformBusy) as busy:
            harness.open().post(reply())
        assert busy.value.seconds == 24 * 3600
        harness.fake.write_error = None
        for later in (1, 60, 23 * 60):
            harness.now = NOON + timedelta(minutes=later)
            with pytest.raises(PlatformBusy):
                harness.open().post(reply())
        assert len(paths(harness, "POST")) == 1
        assert ids(fetch(harness)) == ["c0", "c1"]
        harness.now = NOON + timedelta(hours=24, minutes=1)
        harness.open().post(reply())

    @pytest.mark.parametrize("code", [3, 10, 200, 299])
    def test_a_missing_right_stops_the_account_and_is_named(self, harness: FacebookHarness, code: int) -> None:
        harness.fake.write_error = GraphError(code, "(#200) Requires pages_manage_engagement permission", status=403)
        with pytest.raises(TokenRefused, match=r"with the scopes .*pages_manage_engagement") as failure:
            harness.open().post(reply())
        assert len(str(failure.value).splitlines()) == 1
        with pytest.raises(Delayed, match="pages_messaging"):
            harness.open().post(replace(reply(), private=True))

    def test_an_unknown_error_is_asked_again_a_few_times_only(self, harness: FacebookHarness) -> None:
        harness.fake.error = GraphError(1, "An unknown error occurred", status=500)
        with pytest.raises(PlatformFailed):
            fetch(harness)
        assert harness.requests() == 3

    @pytest.mark.parametrize("error", [GraphError(1, "?", status=500), GraphError(9, "?", status=400, transient=True)])
    def test_an_unknown_error_of_a_write_says_nothing_of_what_was_done(
        self, harness: FacebookHarness, error: GraphError
    ) -> None:
        harness.fake.write_error = error
        with pytest.raises(AnswerLost):
            harness.open().post(reply())
        assert len(paths(harness, "POST")) == 1

    @pytest.mark.parametrize("code", [1705, 1609005, 100])
    def test_a_no_is_a_failure_for_good(self, harness: FacebookHarness, code: int) -> None:
        harness.fake.write_error = GraphError(code, "no")
        with pytest.raises(PlatformFailed):
            harness.open().post(reply())

    def test_reading_leaves_a_quarter_to_replies(self, harness: FacebookHarness, tmp_path: Path) -> None:
        harness.budget = Budgets(tmp_path)
        harness.fake.usage = 76
        with pytest.raises(PlatformBusy, match="kept for replies"):
            fetch(harness)
        harness.open().post(reply())
        assert harness.replies() == [reply().text]

    def test_at_the_end_nothing_is_asked_until_it_opens_again(self, harness: FacebookHarness, tmp_path: Path) -> None:
        harness.budget = Budgets(tmp_path)
        harness.fake.usage, harness.fake.regain = 100, 30
        with pytest.raises(PlatformBusy):
            fetch(harness)
        made = harness.requests()
        with pytest.raises(PlatformBusy) as busy:
            harness.open().post(reply())
        assert (harness.requests(), busy.value.seconds) == (made, 1800)
        harness.fake.usage = 20
        harness.now += timedelta(minutes=31)
        harness.open().post(reply())


class TestGuarding:
    def test_what_the_page_may_not_hide_or_delete_is_said(self, harness: FacebookHarness) -> None:
        harness.fake.things["c0"].can |= {"can_hide": False, "can_remove": False}
        for do in (harness.open().hide, harness.open().delete):
            with pytest.raises(PlatformFailed, match="may not"):
                do(offence())

    def test_nothing_is_done_to_somebody_else_or_to_us(self, harness: FacebookHarness) -> None:
        ours = harness.open().post(reply()).native_id
        platform = harness.open()
        for do in (platform.hide, platform.delete, platform.ban):
            with pytest.raises(PlatformFailed, match="nothing was done"):
                do(replace(offence(), handle="person7"))
            with pytest.raises(PlatformFailed, match="our own"):
                do(replace(offence(), native_id=ours))
        assert harness.fake.blocked == set()

    def test_who_is_unknown_is_not_banned(self, harness: FacebookHarness) -> None:
        harness.fake.mute_author = True
        with pytest.raises(PlatformFailed, match="does not say who"):
            harness.open().ban(replace(offence(), handle="unknown-c0"))

    def test_who_was_banned_is_let_in_though_the_comment_is_gone(self, harness: FacebookHarness) -> None:
        harness.open().ban(offence())
        harness.delete("c0")
        harness.open().unban(offence())
        assert harness.fake.blocked == set()

    def test_only_our_own_is_taken_back(self, harness: FacebookHarness) -> None:
        with pytest.raises(PlatformFailed, match="not ours"):
            harness.open().retract("c0")

    def test_a_success_that_is_none_is_said(self, harness: FacebookHarness) -> None:
        harness.wire.handle = lambda request: (
            httpx.Response(200, json={"success": False}) if request.method == "POST" else harness.fake.handle(request)
        )
        with pytest.raises(PlatformFailed, match="not done"):
            harness.open().hide(offence())
