"""One odd thing that somebody wrote, or a server says, keeps nothing else back and is taken for nothing it is not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina

from caretool.errors import PlatformFailed
from tests.platforms import bluesky_harness, fake_bluesky, fake_matrix, fake_wordpress, matrix_harness
from tests.platforms.contract import NOON, reply
from tests.platforms.fake_bluesky import US, FakeBluesky
from tests.platforms.fake_matrix import HOST, FakeMatrix
from tests.platforms.feed_harness import FeedHarness
from tests.platforms.matrix_harness import ROOM, comments, connect, instead, texts
from tests.platforms.wordpress_harness import VARIABLE, WordPressHarness

ANNA = f"@anna:{HOST}"
DIRECT = f"!direct:{HOST}"


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(bluesky_harness.VARIABLE, fake_bluesky.PASSWORD)
    monkeypatch.setenv(matrix_harness.VARIABLE, fake_matrix.TOKEN)
    monkeypatch.setenv(VARIABLE, fake_wordpress.PASSWORD)


class TestBluesky:
    def fake(self) -> FakeBluesky:
        return FakeBluesky(clock=bluesky_harness.Now())

    def undated(self, fake: FakeBluesky, *uris: str) -> Any:
        """The network shows these with the date that their author claims: before there were dates."""

        def handle(request: httpx.Request) -> httpx.Response:
            response = fake.handle(request)
            if not request.url.path.endswith("getPosts"):
                return response
            told = response.json()
            for view in told["posts"]:
                if view["uri"] in uris:
                    view["indexedAt"] = "0001-01-01T00:00:00.000Z"
            return httpx.Response(200, content=json.dumps(told))

        return handle

    def test_a_thread_whose_first_post_cannot_be_read_stops_no_fetch(self) -> None:
        fake = self.fake()
        anna = fake.person("anna.test", "Anna")
        root = fake.write(anna, "A thousand years ago", at=NOON - timedelta(hours=1), told=False)
        us = [{"features": [{"$type": "app.bsky.richtext.facet#mention", "did": US}]}]
        asked = fake.write(anna, "@bottegablu.test where is it?", at=NOON, to=root, facets=us)
        pages = list(bluesky_harness.connect(fake, handle=self.undated(fake, root)).fetch(None))
        (one,) = (one for page in pages for one in page.comments if not one.own)
        assert (one.native_id, one.thread and one.thread.native_id) == (asked, root)

    def test_a_comment_without_a_date_is_looked_at_like_any_other(self) -> None:
        fake = self.fake()
        anna = fake.person("anna.test", "Anna")
        ours = fake.write(US, "Le console sono in negozio.", at=NOON - timedelta(hours=1))
        odd, other = (fake.write(anna, text, at=NOON, to=ours) for text in ("odd", "other"))
        platform = bluesky_harness.connect(fake, handle=self.undated(fake, odd))
        looked = platform.look([odd, other])
        assert looked.gone == frozenset()
        assert {one.native_id for one in looked.edited} == {odd, other}


class TestMatrix:
    def fake(self) -> FakeMatrix:
        made = FakeMatrix(matrix_harness.Now())
        made.room(ROOM, ANNA, **{"m.room.name": {"name": "Support"}})
        return made

    @pytest.mark.parametrize(("status", "code"), [(400, "M_INVALID_PARAM"), (404, "M_NOT_FOUND"), (404, None)])
    def test_an_edit_of_what_the_server_does_not_show_stops_no_fetch(self, status: int, code: str | None) -> None:
        fake = self.fake()
        fake.write(ANNA, "Where is it?", ROOM)
        relation = {"rel_type": "m.replace", "event_id": "$a/b"}
        fake.write(ANNA, "* x", ROOM, **{"m.new_content": {"body": "x"}, "m.relates_to": relation})
        no = httpx.Response(status, json={"errcode": code} if code else None)
        pages = list(connect(fake, instead(fake, "/event/", lambda _: no)).fetch(None))
        assert texts(pages) == ["Where is it?"]

    def test_what_is_in_front_of_the_server_says_nothing_of_what_is_gone(self) -> None:
        fake = self.fake()
        event = fake.write(ANNA, "Where is it?", ROOM)
        page = httpx.Response(404, text="<h1>Not found</h1>")
        platform = connect(fake, instead(fake, "/event/", lambda _: page))
        with stamina.set_testing(True), pytest.raises(PlatformFailed):
            platform.look([f"{ROOM}/{event}"])

    def test_nothing_goes_in_the_clear_where_nobody_says_that_it_may(self) -> None:
        fake = self.fake()
        event = fake.write(ANNA, "Where is it?", ROOM)
        page = httpx.Response(404, text="<h1>Not found</h1>")
        platform = connect(fake, instead(fake, "/m.room.encryption", lambda _: page))
        with stamina.set_testing(True), pytest.raises(PlatformFailed, match="404"):
            platform.post(reply(to=(f"{ROOM}/{event}",)))
        assert fake.of(fake_matrix.US) == []

    def test_a_server_that_forgot_the_bookmark_while_we_rested_long_loses_nothing(self) -> None:
        fake = self.fake()
        bookmark = list(connect(fake).fetch(None))[-1].bookmark
        fake.clock.moment = NOON + timedelta(days=2)  # type: ignore[attr-defined]
        fake.write(ANNA, "Where is it?", ROOM)
        fake.clock.moment = NOON + timedelta(days=30)  # type: ignore[attr-defined]
        lost = json.dumps({**json.loads(bookmark), "next": "x9"})
        assert texts(list(connect(fake).fetch(lost))) == ["Where is it?"]
        gap = json.dumps({**json.loads(bookmark), "gaps": {ROOM: "x9"}})
        assert texts(list(connect(fake).fetch(gap))) == ["Where is it?"]

    def test_what_is_in_front_of_the_server_makes_no_room_one_that_is_not_ours(self) -> None:
        fake = self.fake()
        for number in range(60):
            fake.write(ANNA, f"{number}", ROOM)
        page = httpx.Response(404, text="<h1>Not found</h1>")
        with pytest.raises(PlatformFailed, match="404"):
            list(connect(fake, instead(fake, "/messages", lambda _: page)).fetch(None))

    @pytest.mark.parametrize("what", ["fetch", "find", "unlike"])
    def test_a_list_that_leads_back_over_two_pages_ends(self, what: str) -> None:
        fake = self.fake()
        event = fake.write(ANNA, "Where is it?", ROOM)
        asked: list[str] = []

        def circle(request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            assert len(asked) < 50, "it never ends"
            token = "a" if len(asked) % 2 else "b"
            return httpx.Response(200, json={"chunk": [], "end": token, "next_batch": token})

        path = "/relations/" if what == "unlike" else "/messages"
        platform = connect(fake, instead(fake, path, circle))
        doing = {
            "fetch": lambda: list(platform.fetch(None)),
            "find": lambda: platform.find(reply(to=(f"{ROOM}/{event}",))),
            "unlike": lambda: platform.unlike(f"{ROOM}/{event}"),
        }
        with pytest.raises(PlatformFailed, match="circle"):
            doing[what]()

    def test_a_server_that_counts_people_only_when_they_change_opens_no_conversation(self) -> None:
        fake = self.fake()
        fake.room(DIRECT, ANNA, rule="invite")
        fake.write(ANNA, "Hello", ROOM)

        def quiet(request: httpx.Request) -> httpx.Response:
            response = fake.handle(request)
            if not request.url.path.endswith("/sync") or "since" not in request.url.params:
                return response
            told = response.json()
            for room in told["rooms"]["join"].values():
                room["summary"] = {}
            return httpx.Response(200, json=told)

        bookmark = list(connect(fake, quiet).fetch(None))[-1].bookmark
        fake.write(ANNA, "My number is 347 1234567", DIRECT)
        (one,) = comments(list(connect(fake, quiet).fetch(bookmark)))
        assert (one.private, one.form) == (True, "message")


def test_a_comment_that_a_plugin_broke_keeps_no_later_one_back() -> None:
    harness = WordPressHarness()
    written = [harness.fake.write(str(n), at=NOON - timedelta(minutes=300 - n)) for n in range(250)]
    broken = written[99]

    def handle(request: httpx.Request) -> httpx.Response:
        response = harness.fake.handle(request)
        told = response.json()
        if not isinstance(told, list):
            return response
        for one in told:
            if one["id"] == broken:
                one["content"] = None
        return httpx.Response(200, json=told, headers={"x-wp-total": response.headers.get("x-wp-total", "")})

    harness.wire.handle = handle
    pages = list(harness.connection().fetch(None))
    found = [int(one.native_id) for page in pages for one in page.comments]
    assert found == [one for one in written if one != broken]


class TestFeeds:
    def test_entries_that_share_all_that_tells_them_apart_are_one_and_no_news_at_each_fetch(self) -> None:
        items = "".join(f"<item><link>https://shop.example/log</link><title>v{n}</title></item>" for n in "12")
        harness = FeedHarness()
        body = f'<rss version="2.0"><channel><title>Log</title>{items}</channel></rss>'
        harness.fake.body = body.encode()
        first = list(harness.open().fetch(None))
        assert len([one for page in first for one in page.comments]) == 1
        again = list(harness.open().fetch(first[-1].bookmark))
        assert [one.text for page in again for one in page.comments] == []

    def test_a_date_at_the_end_of_the_calendar_stops_no_check(self) -> None:
        harness = FeedHarness("atom")
        entry = "<entry><id>a</id><title>a</title><updated>9999-12-31T23:59:59Z</updated></entry>"
        harness.fake.body = f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'.encode()
        assert harness.open().check().remarks
