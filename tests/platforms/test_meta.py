"""What both of Meta's platforms have in common when something is odd: it keeps nothing else back, and is taken for
nothing that it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import stamina

from caretool.errors import Delayed, PlatformFailed, TokenRefused
from caretool.platforms.platform import Page
from tests.platforms import facebook_harness, instagram_harness
from tests.platforms.contract import NOON, comment, ids, offence, reply
from tests.platforms.facebook_harness import FacebookHarness
from tests.platforms.fake_graph import ACCOUNT, APP_TOKEN, PAGE, TOKEN, USERNAME, GraphError
from tests.platforms.instagram_harness import InstagramHarness

Meta = FacebookHarness | InstagramHarness


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (facebook_harness.TOKEN, instagram_harness.TOKEN):
        monkeypatch.setenv(name, TOKEN)
    for name in (facebook_harness.APP_SECRET, instagram_harness.APP_SECRET):
        monkeypatch.setenv(name, APP_TOKEN.partition("|")[2])
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture(params=[FacebookHarness, InstagramHarness])
def harness(request: pytest.FixtureRequest) -> Meta:
    made: Meta = request.param()
    made.receive([comment(0), comment(1)])
    return made


@pytest.fixture
def page() -> FacebookHarness:
    made = FacebookHarness()
    made.receive([comment(0), comment(1)])
    return made


@pytest.fixture
def insta() -> InstagramHarness:
    made = InstagramHarness()
    made.receive([comment(0), comment(1)])
    return made


def us(harness: Meta) -> str:
    return PAGE if isinstance(harness, FacebookHarness) else USERNAME


def read(harness: Meta, mark: str | None, *, latest: int = 25, older: int = 5) -> tuple[list[Page], str | None]:
    """What came before it failed, if it did, and the bookmark to go on from."""
    names = ("posts", "older_posts") if isinstance(harness, FacebookHarness) else ("media", "older_media")
    pages = list[Page]()
    with suppress(PlatformFailed):
        pages.extend(harness.open(**dict(zip(names, (latest, older), strict=True))).fetch(mark))
    return pages, pages[-1].bookmark if pages else mark


def instead(harness: Meta, ends: str, answer: Callable[[], httpx.Response]) -> Callable[[], None]:
    """Answer so where an address ends so; gives what puts it right again."""
    well = harness.wire.handle
    harness.wire.handle = lambda request: answer() if request.url.path.endswith(ends) else well(request)

    def again() -> None:
        harness.wire.handle = well

    return again


def sick() -> httpx.Response:
    return GraphError(1, "Please reduce the amount of data", status=500).response()


class TestPosts:
    def test_what_is_written_under_a_post_that_fails_until_it_is_no_latest_one_any_more_is_read_in_the_end(
        self, harness: Meta
    ) -> None:
        harness.fake.write(us(harness), "Older.", id="old", at=NOON - timedelta(days=2))
        _, mark = read(harness, None, latest=1, older=2)
        harness.now += timedelta(hours=5)
        _, mark = read(harness, mark, latest=1, older=2)
        well = instead(harness, "post1/comments", sick)
        harness.receive([replace(comment(5), written_at=harness.now)])
        for _ in range(4):
            harness.now += timedelta(hours=5)
            _, mark = read(harness, mark, latest=1, older=2)
        harness.fake.write(us(harness), "News!", id="new", at=harness.now)
        well()
        found = list[str]()
        for _ in range(3):
            harness.now += timedelta(minutes=5)
            pages, mark = read(harness, mark, latest=1, older=2)
            found += ids(pages)
        assert "c5" in found

    @pytest.mark.parametrize("code", [10, 200])
    def test_a_post_that_we_may_not_read_is_told_and_keeps_no_other_back(self, harness: Meta, code: int) -> None:
        harness.fake.write(us(harness), "Another post.", id="post2", at=NOON)
        harness.fake.write("person5", "Hello?", id="c5", post="post2", at=NOON)
        harness.fake.write(us(harness), "A third.", id="post3", at=NOON + timedelta(minutes=1))
        harness.fake.write("person6", "And I?", id="c6", post="post3", at=NOON)
        instead(harness, "post2/comments", lambda: GraphError(code, "(#10) no permission", status=403).response())
        pages, fetching = list[Page](), harness.open().fetch(None)
        with pytest.raises(TokenRefused, match="may not do this"):
            pages.extend(fetching)
        assert set(ids(pages)) == {"c0", "c1", "c6"}

    def test_where_nothing_may_be_read_it_is_said_after_a_few(self, harness: Meta) -> None:
        for number in range(20):
            harness.fake.write(us(harness), "A post.", id=f"p{number}", at=NOON)
            harness.fake.write("person5", "Hello?", post=f"p{number}", at=NOON)
        instead(harness, "/comments", lambda: GraphError(200, "(#200) no permission", status=403).response())
        with pytest.raises(TokenRefused, match="with the scopes"):
            list(harness.open().fetch(None))
        assert sum(one.url.path.endswith("/comments") for one in harness.wire.requests) == 3

    @pytest.mark.parametrize("ill", [("p0", "p1", "p2"), ("p1", "p3", "p5"), ("p2", "p3", "p4"), ("p3", "p4", "p5")])
    def test_many_posts_that_stay_unreadable_keep_no_other_back_for_long(
        self, harness: Meta, ill: tuple[str, ...]
    ) -> None:
        for number in range(8):
            at = NOON + timedelta(minutes=number)
            harness.fake.write(us(harness), "A post.", id=f"p{number}", at=at)
            harness.fake.write("person5", "Hello?", id=f"x{number}", post=f"p{number}", at=at + timedelta(minutes=20))
        for one in ill:
            instead(harness, f"{one}/comments", sick)
        found, mark = list[str](), None
        for _ in range(4):
            harness.now += timedelta(hours=1)
            asked = harness.requests()
            pages, mark = read(harness, mark, latest=6, older=3)
            found += ids(pages)
            failed = [one for one in harness.wire.requests[asked:] if any(p in one.url.path for p in ill)]
            assert len({one.url.path for one in failed}) <= 3
        assert set(found) >= {"c0", "c1", *(f"x{number}" for number in range(8) if f"p{number}" not in ill)}

    def test_a_post_that_was_unreadable_for_a_while_is_read_like_any_other(self, harness: Meta) -> None:
        well = instead(harness, "post1/comments", sick)
        _, mark = read(harness, None)
        assert mark is not None
        assert "sick" in mark
        well()
        pages, mark = read(harness, mark)
        assert set(ids(pages)) == {"c0", "c1"}
        assert mark is not None
        assert "sick" not in mark

    def test_a_comment_from_the_future_hides_none_that_comes_after_it(self, harness: Meta) -> None:
        odd = replace(comment(2), written_at=datetime.fromisoformat("2090-01-01T00:00:00+00:00"))
        harness.receive([odd])
        pages, mark = read(harness, None)
        assert "c2" in ids(pages)
        harness.now += timedelta(minutes=10)
        harness.receive([replace(comment(3), written_at=harness.now)])
        assert ids(read(harness, mark)[0]) == ["c3"]


class TestALostAnswer:
    def test_what_we_said_days_before_is_not_it(self, harness: Meta) -> None:
        before = harness.fake.write(us(harness), reply().text, post="post1", at=NOON - timedelta(days=3), parent="c0")
        assert harness.open().find(reply()) is None
        harness.fake.things[before].at = NOON
        found = harness.open().find(reply())
        assert found is not None
        assert found.native_id == before


class TestAPrivateAnswer:
    PRIVATE = replace(reply(), private=True)

    @pytest.mark.parametrize(
        ("code", "subcode"),
        [(10, 2018065), (10, 2018278), (10, 2534022), (10, 2018108), (200, 1545041), (551, 1545041)],
    )
    def test_one_that_this_person_does_not_take_fails_for_good(self, harness: Meta, code: int, subcode: int) -> None:
        harness.fake.write_error = GraphError(code, f"(#{code}) This person isn't receiving messages.", subcode=subcode)
        with pytest.raises(PlatformFailed, match="isn't receiving messages"):
            harness.open().post(self.PRIVATE)

    def test_one_that_the_token_may_not_send_waits_and_keeps_no_public_one_back(self, harness: Meta) -> None:
        instead(
            harness, "/messages", lambda: GraphError(200, "(#200) Requires pages_messaging.", status=403).response()
        )
        with pytest.raises(Delayed, match=r"make one with the scopes .* \(nothing was sent\)"):
            harness.open().post(self.PRIVATE)
        assert harness.open().post(replace(reply(), key="k2")).native_id


class TestTheToken:
    def test_an_end_that_is_over_was_another_tokens(self, page: FacebookHarness) -> None:
        facts = next(page.open().fetch(None)).facts
        ended = page.open(facts=facts).expires_at
        assert ended is not None
        page.now = ended + timedelta(days=1)
        renewed = page.open(facts=facts, app_id=None, app_secret=None)
        list(renewed.fetch(None))
        assert renewed.expires_at is None


class TestTakingAway:
    def test_a_no_that_is_about_something_else_is_no_deletion(self, harness: Meta) -> None:
        ours = harness.open().post(reply()).native_id
        harness.fake.write_error = GraphError(100, "(#100) Invalid parameter")
        platform = harness.open()
        with pytest.raises(PlatformFailed, match="Invalid parameter"):
            platform.retract(ours)
        with pytest.raises(PlatformFailed, match="Invalid parameter"):
            platform.delete(offence())
        assert {ours, "c0"} <= harness.fake.things.keys()

    def test_what_somebody_else_has_deleted_meanwhile_is_deleted(self, harness: Meta) -> None:
        ours = harness.open().post(reply()).native_id
        harness.fake.write_error = GraphError(100, "Unsupported delete request. Object does not exist", subcode=33)
        harness.open().retract(ours)

    def test_a_ban_that_was_not_taken_off_is_told(self, page: FacebookHarness) -> None:
        page.open().ban(offence())
        page.fake.write_error = GraphError(100, "(#100) Invalid parameter: user")
        with pytest.raises(PlatformFailed, match="Invalid parameter"):
            page.open().unban(offence())
        assert page.fake.blocked

    def test_a_ban_that_was_not_taken_is_told(self, page: FacebookHarness) -> None:
        """It answers with yes or no for each person."""
        instead(page, "/blocked", lambda: httpx.Response(200, json={"person0": False}))
        with pytest.raises(PlatformFailed, match="not done"):
            page.open().ban(offence())

    def test_what_is_hidden_may_be_shown_though_it_may_not_be_hidden(self, page: FacebookHarness) -> None:
        page.open().hide(offence())
        page.fake.things["c0"].can["can_hide"] = False
        page.open().unhide(offence())
        assert page.hidden() == set()


class TestInstagram:
    def mark(self, insta: InstagramHarness) -> str:
        return list(insta.open().fetch(None))[-1].bookmark

    @pytest.mark.parametrize("status", [400, 200])
    def test_answers_that_cannot_be_read_are_named_and_keep_nothing_else_back(
        self, insta: InstagramHarness, status: int
    ) -> None:
        for number in range(60):
            at = NOON + timedelta(seconds=number)
            insta.fake.write("person5", f"Yes {number}", id=f"r{number}", post="post1", at=at, parent="c0")
        ring = {"data": [], "paging": {"cursors": {"after": "x"}, "next": "https://graph.instagram.com/?after=x"}}
        odd = GraphError(100, "no", subcode=33).response() if status == 400 else httpx.Response(200, json=ring)
        instead(insta, "c0/replies", lambda: odd)
        pages = list(insta.open().fetch(None))
        assert {"c0", "c1", "r0", "r49"} <= set(ids(pages))
        assert ["c0" in one.where for page in pages for one in page.skipped] == [True]

    def test_one_that_came_while_another_went_is_found_though_the_number_is_the_same(
        self, insta: InstagramHarness
    ) -> None:
        insta.receive([comment(number) for number in range(2, 150)])
        mark = self.mark(insta)
        insta.now += timedelta(hours=2)
        insta.fake.delete("c149")
        insta.fake.write("person0", "And now?", id="r0", post="post1", at=insta.now, parent="c20")
        pages = list(insta.open().fetch(mark))
        assert ids(pages) == ["r0"]
        asked = insta.requests()
        assert ids(list(insta.open().fetch(pages[-1].bookmark))) == []
        assert not [one for one in insta.wire.requests[asked:] if one.url.path.endswith("/comments")]

    def test_the_posts_whose_number_stays_the_same_are_looked_at_in_turn(self, insta: InstagramHarness) -> None:
        for number in range(24):
            insta.fake.write(USERNAME, "A post.", id=f"p{number}", at=NOON + timedelta(seconds=number))
            insta.fake.write("person5", "Hello?", id=f"x{number}", post=f"p{number}", at=NOON)
        mark = self.mark(insta)
        for number in range(24):
            insta.fake.delete(f"x{number}")
            insta.fake.write("person6", "And I?", id=f"y{number}", post=f"p{number}", at=NOON)
        found = list[str]()
        for _ in range(3):
            insta.now += timedelta(hours=2)
            pages = list(insta.open().fetch(mark))
            assert len(ids(pages)) <= 10
            found += ids(pages)
            mark = pages[-1].bookmark
        assert sorted(found) == sorted(f"y{number}" for number in range(24))

    def test_an_old_comment_on_top_of_the_list_does_not_end_the_search(self, insta: InstagramHarness) -> None:
        insta.fake.write(USERNAME, "Older.", id="old", at=NOON - timedelta(days=9))
        insta.fake.write("person5", "Pinned", id="top", post="old", at=NOON - timedelta(days=8))
        keys: dict[str, Any] = {"media": 1, "older_media": 2}
        mark = list(insta.open(**keys).fetch(None))[-1].bookmark
        insta.now += timedelta(days=3)
        several = replace(reply(to=("c0", "c1")), thread="old", created_at=insta.now)
        ours = insta.fake.write(USERNAME, several.text, id="ours", post="old", at=insta.now)
        for number in range(60):
            insta.fake.write("person6", f"{number}", id=f"n{number}", post="old", at=insta.now + timedelta(seconds=1))
        under = insta.fake.under
        insta.fake.under = lambda post: sorted(under(post), key=lambda one: one.id == "top")  # type: ignore[method-assign]
        found = insta.open().find(several)
        assert found is not None
        assert found.native_id == ours
        got = {one.native_id for page in insta.open(**keys).fetch(mark) for one in page.comments}
        assert got >= {"ours", *(f"n{number}" for number in range(60))}

    def test_a_renewed_token_whose_end_is_not_told_is_kept(self, insta: InstagramHarness) -> None:
        well = insta.wire.handle

        def silent(request: httpx.Request) -> httpx.Response:
            response = well(request)
            if not request.url.path.endswith("/refresh_access_token"):
                return response
            return httpx.Response(200, json={"access_token": response.json()["access_token"]})

        insta.wire.handle = silent
        list(insta.open().fetch(None))
        assert "IGRefreshed" in str(insta.vault.read())

    def test_what_we_wrote_is_ours_though_it_bears_no_name(self, insta: InstagramHarness) -> None:
        insta.fake.write(
            "somebody", "Ours", id="c9", post="post1", at=NOON, can={"username": None, "from": {"id": ACCOUNT}}
        )
        own = {one.native_id: one.own for page in insta.open().fetch(None) for one in page.comments}
        assert own == {"c0": False, "c1": False, "c9": True}
