from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina

from caretool.domain.comment import Author, Incoming, Thread
from caretool.errors import PlatformFailed
from caretool.platforms.platform import Page
from caretool.platforms.x.fetch import Mark
from caretool.platforms.x.server import TOKENS
from caretool.platforms.x.wire import WireError, read_posts
from tests.platforms.contract import (
    NOON,
    ChangesContract,
    Harness,
    HidesContract,
    MutesContract,
    NetworkContract,
    OwnContract,
    PlatformContract,
    RetractsContract,
    SearchesContract,
    comments_of,
)
from tests.platforms.fake_x import FIRST, OURS, SECRET
from tests.platforms.x_harness import SECRET_OF_CLIENT, TOKEN, XHarness


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(TOKEN, FIRST)
    monkeypatch.setenv(SECRET_OF_CLIENT, SECRET)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


class Everything(
    PlatformContract,
    NetworkContract,
    ChangesContract,
    OwnContract,
    RetractsContract,
    HidesContract,
    MutesContract,
    SearchesContract,
):
    """What X has."""


class TestContract(Everything):
    @pytest.fixture
    def harness(self) -> Harness:
        return XHarness()


class TestContractUnderTheNewNames(Everything):
    @pytest.fixture
    def harness(self) -> Harness:
        return XHarness(takes="post", gives="post")


@pytest.fixture
def x() -> XHarness:
    return XHarness()


def fetch(x: XHarness, bookmark: str | None = None, **keys: Any) -> list[Page]:
    return list(x.connect(**keys).fetch(bookmark))


def only(x: XHarness) -> Incoming:
    """The one comment there is."""
    (comment,) = comments_of(fetch(x))
    return comment


class TestReading:
    def test_everything_a_post_says_is_read(self, x: XHarness) -> None:
        x.fake.user("anna", "Anna Rossi", followers=120)
        post = x.fake.write(OURS, "Le console sono qui.", at=NOON - timedelta(hours=1))
        mention = x.fake.write("anna", "dov'è\nil mio <b>pacco</b>? & poi", reply_to=post, lang="it", likes=3)
        assert only(x) == Incoming(
            native_id=mention,
            author=Author("anna", "Anna Rossi", 120),
            text="dov'è\nil mio <b>pacco</b>? & poi",
            written_at=NOON,
            reply_to=post,
            thread=Thread(post, "Le console sono qui.", f"https://x.com/i/web/status/{post}"),
            url=f"https://x.com/anna/status/{mention}",
            form="mention",
            likes=3,
            language="it",
        )

    def test_a_mention_that_answers_nothing_keeps_the_names_it_begins_with(self, x: XHarness) -> None:
        x.fake.write("anna", "@bottegablu siete aperti?")
        assert only(x).text == "@bottegablu siete aperti?"

    def test_a_reply_of_names_alone_keeps_them(self, x: XHarness) -> None:
        post = x.fake.write(OURS, "Le console sono qui.")
        x.fake.write("anna", "@bruno", reply_to=post)
        assert only(x).text == "@bottegablu @bruno"

    def test_a_long_post_is_read_to_its_end(self, x: XHarness) -> None:
        long = "@bottegablu " + "il mio pacco " * 40 + "&amp; basta"
        x.fake.write("anna", "@bottegablu", long=long)
        assert only(x).text == long.replace("&amp;", "&")

    def test_what_comes_escaped_is_made_plain_once(self, x: XHarness) -> None:
        x.fake.write("anna", "@bottegablu scrivo &lt;b&gt; e & e &amp;amp;")
        assert only(x).text == "@bottegablu scrivo &lt;b&gt; e & e &amp;amp;"

    def test_addresses_are_written_out_and_pictures_stand_beside(self, x: XHarness) -> None:
        x.fake.write(
            "anna",
            "@bottegablu questo https://t.co/abc non va https://t.co/abcd",
            urls=[
                {"url": "https://t.co/abc", "expanded_url": "https://bottegablu.it/lampada?a=1&b=2", "end": 2},
                {"url": "https://t.co/abcd", "expanded_url": "https://x.com/anna/status/1/photo/1", "media_key": "3_1"},
            ],
        )  # fmt: skip
        comment = only(x)
        assert comment.text == "@bottegablu questo https://bottegablu.it/lampada?a=1&b=2 non va"
        assert comment.attachments == ("https://x.com/anna/status/1/photo/1",)

    def test_who_is_missing_beside_a_post_has_still_written_it(self, x: XHarness) -> None:
        post = x.fake.write("anna", "@bottegablu dove siete?")
        x.fake.unknown_users = {x.fake.user("anna")}
        comment = only(x)
        assert (comment.author, comment.url) == (Author("id:1001"), f"https://x.com/i/web/status/{post}")

    def test_what_a_protected_account_wrote_is_private(self, x: XHarness) -> None:
        x.fake.user("anna", protected=True)
        x.fake.write("anna", "@bottegablu il mio ordine è il 4711")
        assert only(x).private

    @pytest.mark.parametrize("tag", ["und", "qme", "qht", "zxx", "art"])
    def test_what_is_no_language_is_none(self, x: XHarness, tag: str) -> None:
        x.fake.write("anna", "@bottegablu :-)", lang=tag)
        assert only(x).language is None

    def test_a_first_fetch_reads_no_further_back_than_it_must_for_it_costs(self, x: XHarness) -> None:
        x.fake.write("anna", "@bottegablu vecchio", at=NOON - timedelta(days=9))
        x.fake.write("anna", "@bottegablu nuovo", at=NOON - timedelta(days=6))
        assert [one.text for one in comments_of(fetch(x))] == ["@bottegablu nuovo"]
        assert len(comments_of(fetch(x, since=None))) == 2

    def test_after_a_long_rest_what_was_written_meanwhile_is_read_however_old_it_is(self, x: XHarness) -> None:
        *_, last = fetch(x)
        for number in range(2):  # also where nothing was there the first time
            x.now += timedelta(days=1)
            x.fake.write("anna", f"@bottegablu dove il pacco? {number}", at=x.now)
            x.now += timedelta(days=11)
            pages = fetch(x, last.bookmark)
            assert [one.text[-1] for one in comments_of(pages)] == [str(number)]
            last = pages[-1]

    def test_who_wrote_more_than_x_shows_is_told_of(self, x: XHarness) -> None:
        for number in range(850):
            x.fake.write("anna", f"@bottegablu {number}")
        pages = fetch(x)
        assert [page.remarks for page in pages if page.remarks] == [
            ("X shows no more than the latest 800 mentions: older ones may be missing.",)
        ]

    def test_what_is_written_while_pages_turn_is_neither_lost_nor_read_twice(self, x: XHarness) -> None:
        for number in range(250):
            x.fake.write("anna", f"@bottegablu {number}", at=NOON - timedelta(minutes=300 - number))
        seen: list[str] = []
        bookmark, turned = "", 0
        for turned, page in enumerate(x.connect().fetch(None), 1):
            seen += [one.text for one in page.comments if not one.own]
            bookmark = page.bookmark
            x.fake.write("bruno", f"@bottegablu meanwhile {turned}")
        seen += [one.text for one in comments_of(fetch(x, bookmark))]
        assert len(seen) == len(set(seen)) == 250 + turned

    @pytest.mark.parametrize(
        "odd",
        [
            [], "x", {"data": "x"}, {"data": {}}, {}, {"errors": "x"}, {"data": [], "errors": {}},
        ],
    )  # fmt: skip
    def test_an_answer_without_posts_and_without_their_count_is_no_empty_list(self, x: XHarness, odd: Any) -> None:
        with pytest.raises(WireError):
            read_posts(odd)
        x.wire.handle = _nonsense(x, odd)
        with pytest.raises(PlatformFailed) as failure:
            fetch(x)
        assert len(str(failure.value).splitlines()) == 1

    @pytest.mark.parametrize(
        "odd",
        [
            None, 7, "x", [], {}, {"id": 5}, {"id": "../me", "author_id": "1"}, {"id": "1", "text": "x"},
            {"id": "1", "author_id": "1", "text": "x", "created_at": "yesterday"},
            {"id": "1", "author_id": "1", "text": "x", "created_at": "2026-11-23T12:00:00"},
            {"id": "1", "author_id": "1", "text": ["x"], "created_at": "2026-11-23T12:00:00.000Z"},
        ],
    )  # fmt: skip
    def test_a_post_that_is_none_is_skipped_and_the_others_are_read(self, odd: Any) -> None:
        good = {"id": "2", "author_id": "1", "text": "sì", "created_at": "2026-11-23T12:00:00.000Z", "lang": 4,
                "entities": [1], "referenced_tweets": {"a": 1}, "public_metrics": [], "note_tweet": 3,
                "edit_history_tweet_ids": [None, "1"]}  # fmt: skip
        posts = read_posts(
            {
                "data": [odd, good],
                "includes": {"users": [odd, {"id": "1", "username": "a\u202eb"}], "tweets": [odd]},
                "errors": [odd],
                "meta": 5,
            }
        )
        assert [post.native_id for post in posts.posts] == ["1"]
        assert len(posts.skipped) == 1
        assert posts.incoming(posts.posts[0], None).author == Author("id:1")

    def test_versions_are_compared_as_the_numbers_they_are(self) -> None:
        base = {"author_id": "1", "text": "x", "created_at": "2026-11-23T12:00:00.000Z"}
        data = [{**base, "id": "10", "edit_history_tweet_ids": ["9", "10"]}]
        (post,) = read_posts({"data": data}).posts
        assert (post.native_id, post.latest) == ("9", "10")

    def test_pages_that_lead_in_a_circle_are_a_failure(self, x: XHarness) -> None:
        for number in range(101):
            x.fake.write("anna", f"@bottegablu {number}")
        listed = x.fake._listed

        def round_and_round(params: dict[str, str], posts: Any) -> httpx.Response:
            return listed({key: value for key, value in params.items() if key != "pagination_token"}, posts)

        x.fake._listed = round_and_round  # type: ignore[method-assign]
        with pytest.raises(PlatformFailed, match="circle"):
            fetch(x)


def _nonsense(x: XHarness, odd: Any) -> Any:
    """Who we are is told as ever, and then nonsense."""

    def handle(request: httpx.Request) -> httpx.Response:
        as_ever = request.url.path in ("/2/users/me", TOKENS)
        return x.fake.handle(request) if as_ever else httpx.Response(200, json=odd)

    return handle


class TestChanges:
    def test_what_was_edited_stays_known_by_its_first_id_also_where_one_of_us_answers_the_new_one(
        self, x: XHarness
    ) -> None:
        first = x.fake.write("anna", "@bottegablu dove il pacco?")
        *_, last = fetch(x)
        x.now += timedelta(minutes=5)
        newer = x.fake.edit(first, "@bottegablu dov'è il pacco?")
        x.fake.write(OURS, "Eccolo.", reply_to=newer)
        pages = fetch(x, last.bookmark)
        (edited,) = comments_of(pages)
        assert (edited.native_id, edited.text) == (first, "@bottegablu dov'è il pacco?")
        assert [one.reply_to for page in pages for one in page.comments if one.own] == [first]

    def test_an_edit_that_no_longer_mentions_us_is_seen(self, x: XHarness) -> None:
        first = x.fake.write("anna", "@bottegablu dove il pacco?")
        *_, last = fetch(x)
        x.fake.edit(first, "trovato")
        assert [(one.native_id, one.text) for one in comments_of(fetch(x, last.bookmark))] == [(first, "trovato")]

    def test_what_we_are_no_longer_let_see_is_gone(self, x: XHarness) -> None:
        seen, unseen = (x.fake.write("anna", f"@bottegablu {number}") for number in range(2))
        *_, last = fetch(x)
        x.fake.unseen = {unseen}
        assert x.connect().look([seen, unseen]).gone == {unseen}
        assert [page.deleted for page in fetch(x, last.bookmark) if page.deleted] == [(unseen,)]

    def test_many_are_looked_at_a_hundred_at_a_time(self, x: XHarness) -> None:
        written = [x.fake.write("anna", f"@bottegablu {number}") for number in range(230)]
        x.fake.delete(written[205])
        looked = x.connect().look(written)
        assert looked.gone == {written[205]}
        assert len(looked.edited) == 229
        assert [len(asked["ids"].split(",")) for asked in x.fake.asked] == [100, 100, 30]

    def test_no_more_are_looked_at_again_than_the_settings_say(self, x: XHarness) -> None:
        written = [x.fake.write("anna", f"@bottegablu {number}") for number in range(30)]
        *_, last = fetch(x, watched=20)
        assert sorted(Mark.parse(last.bookmark).watched) == written[10:]
        x.fake.asked.clear()
        fetch(x, watched=0)
        assert "/2/tweets" not in [asked["path"] for asked in x.fake.asked]


class TestNames:
    def test_the_other_names_are_tried_once_and_remembered(self, x: XHarness) -> None:
        x.fake.takes = x.fake.gives = "post"
        x.fake.write("anna", "@bottegablu ciao")
        pages = fetch(x)
        assert len(comments_of(pages)) == 1
        (facts,) = [page.facts for page in pages if page.facts]
        assert '"names": "post"' in facts
        x.fake.asked.clear()
        assert not any(page.facts for page in fetch(x, facts=facts))
        assert not any("tweet.fields" in asked for asked in x.fake.asked)

    def test_where_both_fail_so_does_the_request(self, x: XHarness) -> None:
        x.fake.takes = "neither"
        with pytest.raises(PlatformFailed, match="parameters"):
            x.connect().look(["1"])

    def test_what_a_person_settled_is_not_tried_otherwise(self, x: XHarness) -> None:
        x.fake.takes = "post"
        with pytest.raises(PlatformFailed):
            x.connect(names="tweet").look(["1"])
        assert len(x.fake.asked) == 1

    def test_facts_of_another_platform_are_none(self, x: XHarness) -> None:
        x.fake.write("anna", "@bottegablu ciao")
        for left in ("", "[]", '{"id": 4}', '{"names": "status"}', '{"software": "mastodon"}'):
            assert len(comments_of(fetch(x, facts=left))) == 1
