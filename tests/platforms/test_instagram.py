from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from caretool.domain.vault import Forgetful
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.graph_wire import WireError
from caretool.platforms.instagram.fetch import read_bookmark
from caretool.platforms.instagram.wire import Us, read_comment
from caretool.platforms.platform import Page
from tests.platforms.contract import (
    NOON,
    DeletesContract,
    ExpiresContract,
    Harness,
    HidesContract,
    NetworkContract,
    NetworkHarness,
    OwnContract,
    PlatformContract,
    RetractsContract,
    comment,
    comments_of,
    ids,
    offence,
    reply,
)
from tests.platforms.fake_graph import ACCOUNT, APP_TOKEN, LIFE, USERNAME, GraphError
from tests.platforms.fake_graph import TOKEN as THE_TOKEN
from tests.platforms.instagram_harness import APP_SECRET, TOKEN, InstagramHarness


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(TOKEN, THE_TOKEN)
    monkeypatch.setenv(APP_SECRET, APP_TOKEN.partition("|")[2])
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class Guarded(RetractsContract, HidesContract, DeletesContract):
    """What can be done with what is written there."""


class TestContract(PlatformContract, NetworkContract, OwnContract, ExpiresContract, Guarded):
    @pytest.fixture(params=["instagram", "facebook"])
    def harness(self, request: pytest.FixtureRequest) -> Harness:
        return InstagramHarness(request.param)

    def test_a_reply_names_what_was_posted(self, harness: NetworkHarness) -> None:
        """A comment has no address there: its post has one."""
        harness.receive([comment(0)])
        assert harness.open().post(reply()).url == "https://www.instagram.com/p/post1/"


@pytest.fixture(params=["instagram", "facebook"])
def harness(request: pytest.FixtureRequest) -> InstagramHarness:
    harness = InstagramHarness(request.param)
    harness.receive([comment(0), comment(1)])
    return harness


@pytest.fixture
def renewed() -> InstagramHarness:
    """On the route on which the token is renewed."""
    harness = InstagramHarness("instagram")
    harness.receive([comment(0)])
    return harness


def fetch(harness: InstagramHarness, bookmark: str | None = None, **keys: Any) -> list[Page]:
    return list(harness.open(**keys).fetch(bookmark))


def last(harness: InstagramHarness, **keys: Any) -> str:
    return fetch(harness, **keys)[-1].bookmark


def last_of(pages: list[Page]) -> str:
    return pages[-1].bookmark


def asked(harness: InstagramHarness, edge: str) -> int:
    return sum(one.url.path.endswith(edge) for one in harness.wire.requests)


class TestWhoWeAre:
    def test_our_id_is_the_one_that_the_account_has_and_not_the_apps_word_for_it(
        self, harness: InstagramHarness
    ) -> None:
        fetch(harness)
        assert asked(harness, f"/{ACCOUNT}/media") == 1
        assert harness.open().check().handle == USERNAME

    def test_a_page_without_an_account_is_told(self) -> None:
        harness = InstagramHarness("facebook")
        harness.fake.linked = False
        with pytest.raises(TokenRefused, match="no professional Instagram account"):
            fetch(harness)

    @pytest.mark.parametrize(
        "keys",
        [
            {"route": "facebook"},
            {"route": "instagram", "page": "1024"},
            {"route": "instagram", "app_id": "77"},
            {"route": "threads"},
            {"media": 0},
        ],
    )
    def test_settings_of_two_routes_are_refused(self, renewed: InstagramHarness, keys: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            renewed.open(**keys)

    def test_facts_of_another_platform_are_none(self, harness: InstagramHarness) -> None:
        for odd in (None, "", "[]", '{"id": 3}', '{"name": "x"}', "nonsense"):
            assert ids(list(harness.open(facts=odd).fetch(None))) == ["c0", "c1"]

    def test_what_the_token_may_do_is_told_where_the_platform_tells_it(self, harness: InstagramHarness) -> None:
        checked = harness.open().check()
        assert bool(checked.scopes) == (harness.route == "facebook")
        assert checked.missing == ()


class TestRenewing:
    def test_a_token_is_renewed_and_its_end_is_known(self, renewed: InstagramHarness) -> None:
        fetch(renewed)
        assert len(renewed.fake.tokens) == 2
        assert "IGRefreshed" in str(renewed.vault.read())
        assert renewed.open().expires_at == NOON + timedelta(seconds=LIFE)
        renewed.now += timedelta(days=10)
        fetch(renewed)
        assert len(renewed.fake.tokens) == 2

    def test_again_when_half_its_life_has_passed(self, renewed: InstagramHarness) -> None:
        fetch(renewed)
        renewed.now += timedelta(days=31)
        fetch(renewed)
        assert len(renewed.fake.tokens) == 3
        assert renewed.open().expires_at == NOON + timedelta(days=31, seconds=LIFE)

    def test_one_that_is_younger_than_a_day_serves_as_it_is(self, renewed: InstagramHarness) -> None:
        renewed.fake.tokens = {THE_TOKEN: NOON - timedelta(hours=2)}
        assert ids(fetch(renewed)) == ["c0"]
        assert renewed.open().expires_at is None
        renewed.now += timedelta(hours=5)
        fetch(renewed)
        assert asked(renewed, "/refresh_access_token") == 1
        renewed.now += timedelta(hours=18)
        fetch(renewed)
        assert len(renewed.fake.tokens) == 2

    def test_trouble_with_renewing_stops_nothing_while_the_old_one_is_taken(self, renewed: InstagramHarness) -> None:
        renewed.wire.handle = lambda request: (
            httpx.Response(500, json={}) if request.url.path.startswith("/refresh") else renewed.fake.handle(request)
        )
        assert ids(fetch(renewed)) == ["c0"]

    def test_a_dead_one_is_refused_and_everything_goes_on_with_a_new_one(
        self, renewed: InstagramHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = last(renewed)
        renewed.fake.revoke()
        with pytest.raises(TokenRefused):
            fetch(renewed, at)
        renewed.receive([comment(5)])
        monkeypatch.setenv(TOKEN, "IGBrandNew0123456789")
        renewed.fake.tokens = {"IGBrandNew0123456789": NOON - timedelta(days=2)}
        assert ids(fetch(renewed, at)) == ["c5"]

    def test_a_token_that_another_process_renewed_is_used(self, renewed: InstagramHarness) -> None:
        platform = renewed.open()
        list(platform.fetch(None))
        kept = renewed.vault
        renewed.vault = Forgetful()
        fetch(renewed)  # another machine, another vault
        renewed.vault = kept
        assert platform.look(["c0"]).gone == frozenset()

    def test_it_is_in_the_address_of_the_renewal_only(self, renewed: InstagramHarness) -> None:
        fetch(renewed)
        assert {one.url.path for one in renewed.wire.requests if "access_token=" in str(one.url)} == {
            "/refresh_access_token"
        }


class TestReading:
    def test_where_the_number_of_comments_is_the_same_nothing_is_asked(self, harness: InstagramHarness) -> None:
        at = last(harness)
        before = asked(harness, "/comments")
        assert ids(fetch(harness, at)) == []
        assert asked(harness, "/comments") == before

    def test_reading_stops_at_the_first_page_that_holds_nothing_new(self, harness: InstagramHarness) -> None:
        harness.receive([comment(number) for number in range(2, 400)])
        at = last(harness)
        harness.receive([comment(number) for number in range(400, 403)])
        before = asked(harness, "/comments")
        assert ids(fetch(harness, at)) == ["c400", "c401", "c402"]
        assert asked(harness, "/comments") - before == 2

    def test_an_answer_to_an_earlier_comment_is_found(self, harness: InstagramHarness) -> None:
        harness.receive([comment(number) for number in range(2, 140)])
        at = last(harness)
        harness.fake.write("person0", "And now?", id="r0", post="post1", at=NOON, parent="c20")
        harness.fake.gaps = True
        (found,) = comments_of(fetch(harness, at))
        assert (found.native_id, found.reply_to) == ("r0", "c20")

    def test_every_answer_is_read_where_there_are_many(self, harness: InstagramHarness) -> None:
        for number in range(120):
            at = NOON + timedelta(seconds=number)
            harness.fake.write("person5", f"Yes {number}", id=f"r{number}", post="post1", at=at, parent="c0")
        assert sorted(ids(fetch(harness))) == sorted(["c0", "c1", *(f"r{number}" for number in range(120))])

    def test_an_edited_comment_comes_again(self, harness: InstagramHarness) -> None:
        at = last(harness)
        harness.fake.things["c0"].text = "Never mind."
        harness.receive([comment(2)])
        assert ids(fetch(harness, at)) == ["c0", "c2"]

    def test_a_walk_whose_cursor_died_begins_anew_and_loses_nothing(self, harness: InstagramHarness) -> None:
        harness.receive([comment(number) for number in range(2, 101)])
        first = next(harness.open().fetch(None))
        assert read_bookmark(first.bookmark).posts["post1"].cursor is not None
        harness.fake.delete("c51")
        assert set(ids(fetch(harness, first.bookmark))) >= {f"c{number}" for number in range(51)}

    def test_what_is_written_while_a_walk_is_interrupted_comes_too(self, harness: InstagramHarness) -> None:
        harness.receive([comment(number) for number in range(2, 101)])
        first = next(harness.open().fetch(None))
        harness.receive([comment(200)])
        later = fetch(harness, first.bookmark)
        assert set(ids([first, *later])) == {f"c{number}" for number in [*range(101), 200]}
        assert ids(fetch(harness, later[-1].bookmark)) == []

    def test_an_empty_page_is_no_end_while_there_is_a_next_one(self, harness: InstagramHarness) -> None:
        harness.receive([comment(number) for number in range(2, 130)])
        harness.fake.gaps = True
        pages = fetch(harness)
        assert sorted(ids(pages)) == sorted(f"c{number}" for number in range(130))
        harness.receive([comment(number) for number in range(130, 230)])
        assert sorted(ids(fetch(harness, pages[-1].bookmark))) == sorted(f"c{number}" for number in range(130, 230))
        posted = harness.open().post(reply())
        assert harness.open().find(reply()) == posted

    def test_comments_that_are_counted_and_never_shown_cost_one_walk_through_what_is_remembered(
        self, harness: InstagramHarness
    ) -> None:
        harness.receive([comment(number) for number in range(2, 400)])
        at = last(harness)
        harness.fake.unseen = 1
        before = asked(harness, "/comments")
        at = last_of(fetch(harness, at))
        assert asked(harness, "/comments") - before == 5
        fetch(harness, at)
        assert asked(harness, "/comments") - before == 5

    def test_older_posts_are_gone_through_in_turn(self, harness: InstagramHarness) -> None:
        for day in range(1, 6):
            harness.fake.write(USERNAME, f"Day {day}", id=f"old{day}", at=NOON - timedelta(days=day))
        keys: dict[str, Any] = {"media": 1, "older_media": 2}
        at = last(harness, **keys)
        found: list[str] = []
        for day in (1, 3, 5):
            harness.fake.write("person9", "Still there?", id=f"d{day}", post=f"old{day}", at=NOON)
        for _ in range(6):
            pages = fetch(harness, at, **keys)
            at = pages[-1].bookmark
            found += ids(pages)
        assert set(found) == {"d1", "d3", "d5"}

    def test_who_wrote_it_may_be_unsaid_and_each_of_these_is_another_person(self, harness: InstagramHarness) -> None:
        harness.fake.mute_author = True
        assert [one.author.handle for one in comments_of(fetch(harness))] == ["unknown-c0", "unknown-c1"]

    def test_a_post_that_cannot_be_read_keeps_the_others_back_from_nobody(self, harness: InstagramHarness) -> None:
        harness.fake.write(USERNAME, "Another post.", id="post2", at=NOON)
        harness.fake.write("person5", "Hello?", id="c5", post="post2", at=NOON)
        harness.wire.handle = lambda request: (
            GraphError(100, "no").response()
            if request.url.path.endswith("post1/comments")
            else harness.fake.handle(request)
        )
        pages = fetch(harness)
        assert ids(pages) == ["c5"]
        assert ["post1" in remark for page in pages for remark in page.remarks] == [True]

    @pytest.mark.parametrize("status", [400, 500])
    def test_a_post_that_cannot_be_read_keeps_no_other_back_wherever_it_stands_and_is_read_later(
        self, harness: InstagramHarness, status: int
    ) -> None:
        for number in range(6):
            harness.fake.write(USERNAME, "Older.", id=f"old{number}", at=NOON - timedelta(days=2, hours=number))
        mark = last(harness, media=3, older_media=4)
        harness.now += timedelta(hours=1)
        for number in range(6):
            harness.fake.write("person5", "Hello?", id=f"c1{number}", post=f"old{number}", at=harness.now)
        well, sick = harness.wire.handle, GraphError(100 if status == 400 else 1, "no", status=status)
        harness.wire.handle = lambda request: (
            sick.response() if request.url.path.endswith(("old1/comments", "old3/comments")) else well(request)
        )
        pages, fetching = list[Page](), harness.open(media=3, older_media=4).fetch(mark)
        with nullcontext() if status == 400 else pytest.raises(PlatformFailed):
            pages.extend(fetching)
        assert set(ids(pages)) == {"c10", "c12", "c14", "c15"}
        assert sum("cannot be read" in remark for page in pages for remark in page.remarks) == 2 * (status == 400)
        harness.wire.handle = well
        if status == 500:
            harness.now += timedelta(days=1)
            assert {"c11", "c13"} <= set(ids(fetch(harness, pages[-1].bookmark, media=3, older_media=4)))

    @pytest.mark.parametrize(
        "left", ['{"media": []}', '{"media": {"post1": 3}}', '{"media": {"post1": {"count": "x"}}, "older": 3}']
    )
    def test_a_bookmark_that_was_torn_loses_nothing(self, harness: InstagramHarness, left: str) -> None:
        assert ids(fetch(harness, left)) == ["c0", "c1"]

    @settings(max_examples=150)
    @given(
        st.dictionaries(
            st.sampled_from(["id", "text", "from", "username", "timestamp", "media", "parent_id", "like_count"]),
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
        assert read.incoming(us=Us(ACCOUNT), thread=None, window=timedelta(days=7)).native_id == read.id
        assert len(read.digest) == 12


class TestWhatIsGone:
    def test_what_was_deleted_is_gone_and_not_answered(self, harness: InstagramHarness) -> None:
        harness.fake.delete("c0")
        looked = harness.open().look(["c0", "c1"])
        assert (looked.gone, [one.native_id for one in looked.edited]) == ({"c0"}, ["c1"])
        with pytest.raises(PlatformFailed, match="gone"):
            harness.open().post(reply())
        assert harness.replies() == []

    def test_nothing_is_gone_where_the_account_is_not_to_be_seen_either(self, harness: InstagramHarness) -> None:
        platform = harness.open()
        list(platform.fetch(None))
        harness.wire.handle = lambda request: (
            httpx.Response(500, json={})
            if request.url.path.endswith(ACCOUNT)
            else GraphError(100, "no", subcode=33).response()
        )
        with pytest.raises(PlatformFailed):
            platform.look(["c0"])


class TestAnswering:
    def test_an_answer_to_an_answer_goes_under_the_first_of_them(self, harness: InstagramHarness) -> None:
        harness.fake.write("person3", "And mine?", id="c3", post="post1", at=NOON, parent="c0")
        outgoing = reply(to=("c3",))
        posted = harness.open().post(outgoing)
        assert harness.fake.things[posted.native_id].parent == "c0"
        assert asked(harness, "/c0/replies") == 1
        assert harness.open().find(outgoing) == posted

    def test_an_answer_to_several_stands_under_the_post(self, harness: InstagramHarness) -> None:
        outgoing = reply(to=("c0", "c1"))
        posted = harness.open().post(outgoing)
        assert harness.fake.things[posted.native_id].parent is None
        assert harness.open().find(outgoing) == posted
        assert harness.open().find(replace(outgoing, not_these=frozenset({posted.native_id}))) is None

    def test_what_is_hidden_is_not_answered(self, harness: InstagramHarness) -> None:
        harness.open().hide(offence())
        made = harness.requests(writing=True)
        with pytest.raises(PlatformFailed, match="show it, answer, hide it again"):
            harness.open().post(reply())
        assert harness.requests(writing=True) == made

    def test_hiding_is_written_by_another_name_than_it_is_read(self, harness: InstagramHarness) -> None:
        harness.open().hide(offence())
        (write,) = [one for one in harness.wire.requests if one.method == "POST"]
        assert (write.url.query, write.content) == (b"hide=true", b"")

    def test_a_success_without_an_id_is_a_write_that_is_looked_for(self, harness: InstagramHarness) -> None:
        harness.fake.without_id = True
        posted = harness.open().post(reply())
        assert harness.fake.things[posted.native_id].text == reply().text
        assert harness.requests(writing=True) == 1

    def test_a_success_without_an_id_that_is_not_found_may_be_out(self, harness: InstagramHarness) -> None:
        harness.wire.handle = lambda request: (
            httpx.Response(200, json={}) if request.method == "POST" else harness.fake.handle(request)
        )
        with pytest.raises(AnswerLost):
            harness.open().post(reply())

    def test_trouble_before_anything_was_sent_keeps_the_reply(self, harness: InstagramHarness) -> None:
        harness.wire.handle = lambda request: (
            httpx.Response(500, json={}) if request.url.path.endswith("/c0") else harness.fake.handle(request)
        )
        with pytest.raises(PlatformBusy, match="nothing was sent"):
            harness.open().post(reply())

    def test_a_missing_right_is_named(self, harness: InstagramHarness) -> None:
        harness.fake.write_error = GraphError(10, "(#10) no permission", status=403)
        with pytest.raises(TokenRefused, match="manage_comments"):
            harness.open().post(reply())

    def test_what_the_platform_cannot_tell_a_person_settles(self, harness: InstagramHarness) -> None:
        limits = harness.open().limits
        assert (limits.listing_trustworthy, limits.key_protects) == (False, timedelta(0))
        assert (limits.together, limits.length) == ("mentions", 2200)

    def test_nothing_is_done_to_somebody_else_or_to_us(self, harness: InstagramHarness) -> None:
        ours = harness.open().post(reply()).native_id
        platform = harness.open()
        for do in (platform.hide, platform.delete):
            with pytest.raises(PlatformFailed, match="nothing was done"):
                do(replace(offence(), handle="person7"))
            with pytest.raises(PlatformFailed, match="our own"):
                do(replace(offence(), native_id=ours))
        with pytest.raises(PlatformFailed, match="not ours"):
            platform.retract("c0")


class TestAListThatLags:
    def test_what_the_number_tells_before_the_list_is_found_with_the_next_fetch(
        self, harness: InstagramHarness
    ) -> None:
        """The number of comments and the list of them need not come from the same machine."""
        bookmark, server = last(harness), harness.wire.handle

        def lagging(request: httpx.Request) -> httpx.Response:
            response = server(request)
            if request.url.path.endswith("/comments"):
                listed = response.json()
                listed["data"] = [one for one in listed["data"] if one["id"] in ("c0", "c1")]
                return httpx.Response(200, json=listed)
            return response

        harness.receive([comment(2), comment(3)])
        harness.wire.handle = lagging
        bookmark = last_of(fetch(harness, bookmark))
        harness.wire.handle = server
        pages = fetch(harness, bookmark)
        assert ids(pages) == ["c2", "c3"]
        asked = harness.requests()
        assert ids(fetch(harness, last_of(pages))) == []
        assert not [one for one in harness.wire.requests[asked:] if one.url.path.endswith("/comments")]
