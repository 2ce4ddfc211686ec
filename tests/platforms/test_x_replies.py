"""What X does in its own way beyond reading: tokens, replies, what is done against spam, limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina
from pydantic import ValidationError

from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Offence, Outgoing, Page
from caretool.platforms.x.connector import XSettings
from caretool.platforms.x.wire import same_words
from caretool.secrets import Secret
from tests.platforms.contract import NOON, comments_of
from tests.platforms.fake_x import FIRST, OURS, PROBLEM, SECRET, US
from tests.platforms.recorded import Recorded
from tests.platforms.x_harness import SECRET_OF_CLIENT, TOKEN, XHarness


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(TOKEN, FIRST)
    monkeypatch.setenv(SECRET_OF_CLIENT, SECRET)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def x() -> XHarness:
    return XHarness()


def fetch(x: XHarness, bookmark: str | None = None, **keys: Any) -> list[Page]:
    return list(x.connect(**keys).fetch(bookmark))


def answer(to: str, text: str = "Buongiorno, sono Dario.", **more: Any) -> Outgoing:
    return Outgoing(key="k1", text=text, to=(to,), thread=None, private=False, created_at=NOON, **more)


def problem(status: int, kind: str, detail: str = "no", **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json={"title": "T", "detail": detail, "type": kind, "status": status}, headers=headers
    )


class TestToken:
    def test_opening_asks_for_no_token_and_all_later_ones_share_it(self, x: XHarness) -> None:
        x.connect()
        assert x.fake.granted == 0
        fetch(x)
        fetch(x)
        assert x.fake.granted == 1

    def test_a_token_that_dies_between_two_pages_is_renewed_and_nothing_is_lost(self, x: XHarness) -> None:
        for number in range(150):
            x.fake.write("anna", f"@bottegablu {number}")
        pages = x.connect().fetch(None)
        first = next(pages)
        x.fake.access.clear()
        assert len(comments_of([first, *pages])) == 150
        assert x.fake.granted == 2

    def test_a_reply_whose_token_died_is_posted_once_with_a_new_one(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        platform = x.connect()
        platform.look([to])
        x.fake.access.clear()
        platform.post(answer(to))
        assert len(x.fake.ours()) == 1

    def test_two_hours_later_it_is_renewed_before_it_is_used(self, x: XHarness) -> None:
        fetch(x)
        x.now += timedelta(hours=2)
        before = x.requests()
        fetch(x)
        assert x.fake.granted == 2
        assert all(request.headers["authorization"].endswith("-2") for request in x.wire.requests[before:])

    def test_a_token_that_was_taken_back_stops_the_account_and_a_new_one_goes_on(
        self, x: XHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        x.fake.write("anna", "@bottegablu ciao")
        x.fake.refresh = "made-anew"
        with pytest.raises(TokenRefused) as refused:
            fetch(x)
        assert FIRST not in str(refused.value)
        monkeypatch.setenv(TOKEN, "made-anew")
        assert len(comments_of(fetch(x))) == 1

    def test_an_app_with_a_secret_shows_it_where_tokens_are_made_and_nowhere_else(self, x: XHarness) -> None:
        x.fake.secret = SECRET
        fetch(x)
        assert all(request.headers["authorization"].startswith("Bearer ") for request in x.wire.requests)

    def test_a_renewal_whose_answer_is_lost_sends_nothing_of_ours(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        x._sent = _lost(x)  # type: ignore[method-assign]
        with pytest.raises(PlatformBusy):
            x.connect().post(answer(to))
        assert x.fake.ours() == []

    def test_an_answer_to_a_renewal_without_a_token_is_a_failure(self, x: XHarness) -> None:
        for odd in ([], {}, {"access_token": 5}, "x"):
            x._sent = lambda request, odd=odd: httpx.Response(200, json=odd)  # type: ignore[misc, method-assign]
            with pytest.raises(CaretoolError) as failure:
                fetch(x)
            assert len(str(failure.value).splitlines()) == 1


def _lost(x: XHarness) -> Any:
    def sent(request: httpx.Request) -> httpx.Response:
        x.fake.handle(request)
        raise httpx.ReadError("broken", request=request)

    return sent


class TestReplying:
    def test_who_did_not_mention_us_is_not_answered_and_all_causes_are_said(self, x: XHarness) -> None:
        to = x.fake.write("anna", "che giornata")
        with pytest.raises(PlatformFailed) as failure:
            x.connect().post(answer(to))
        said = str(failure.value)
        assert "not permitted" in said
        assert "did not mention" in said
        assert "same words" in said
        assert len(said.splitlines()) == 1
        limits = x.connect().limits
        assert (limits.answerable, limits.unread_replies, limits.listing_trustworthy) == (
            "who-spoke-to-us",
            False,
            False,
        )

    def test_a_reply_that_x_has_already_is_taken_for_what_it_is(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        first = x.connect().post(answer(to))
        assert x.connect().post(answer(to)) == first
        assert len(x.fake.ours()) == 1

    def test_the_same_words_of_another_reply_fail_for_good(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        first = x.connect().post(answer(to))
        with pytest.raises(PlatformFailed, match="duplicate"):
            x.connect().post(answer(to, not_these=frozenset({first.native_id})))

    def test_the_same_words_below_another_post_are_another_reply(self, x: XHarness) -> None:
        to, other = (x.fake.write("anna", f"@bottegablu {number}") for number in range(2))
        x.connect().post(answer(other))
        assert x.connect().find(answer(to)) is None
        assert {asked.get("exclude") for asked in x.fake.asked if asked["path"].endswith("/tweets")} >= {"retweets"}

    def test_a_reply_is_found_as_x_shows_it(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        text = "Buongiorno & ben trovata: bottegablu.it/aiuto/ e https://bottegablu.it/a?b=1, grazie <3"
        posted = x.connect().post(answer(to, text))
        shown = x.fake.posts[posted.native_id]
        shown.text = shown.text.replace("bottegablu.it/aiuto/", "https://t.co/a1").replace(
            "https://bottegablu.it/a?b=1", "https://t.co/a2"
        )
        shown.urls = [
            {"url": "https://t.co/a1", "expanded_url": "http://bottegablu.it/aiuto/"},
            {"url": "https://t.co/a2", "expanded_url": "https://bottegablu.it/a?b=1"},
        ]
        assert x.connect().find(answer(to, text)) == posted

    @pytest.mark.parametrize(
        ("ours", "theirs", "same"),
        [
            ("ciao", "@anna @bruno ciao", True),
            ("@anna ciao", "@anna @bruno ciao", True),
            ("ciao\n\nAnna", "ciao\nAnna", True),
            ("vedi a.it", "vedi http://a.it/", True),
            ("vedi (https://a.it/b)", "vedi (https://a.it/b/)", True),
            ("e\u0301", "é", True),
            ("ciao", "ciao!", False),
            ("ciao @anna", "ciao", False),
            ("vedi a.it/b", "vedi a.it/c", False),
        ],
    )
    def test_words_are_the_same_whatever_x_does_to_them(self, ours: str, theirs: str, same: bool) -> None:
        assert same_words(ours, theirs) is same

    def test_what_we_wrote_that_cannot_be_read_is_not_taken_for_nothing(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        odd = x.fake.write(OURS, "altro", reply_to=to)
        x.fake.posts[odd].by = "?"
        x.fake.users["?"] = x.fake.users[US]
        x.fake.ours = lambda: [x.fake.posts[odd]]  # type: ignore[method-assign]
        with pytest.raises(PlatformFailed, match="cannot be read"):
            x.connect().find(answer(to))

    def test_one_answer_for_several_goes_under_the_first_post_of_their_conversation(self, x: XHarness) -> None:
        post = x.fake.write(OURS, "Le console sono qui.")
        to = tuple(x.fake.write(who, "quando?", reply_to=post) for who in ("anna", "bruno"))
        reply = replace(answer(to[0], "@anna e @bruno: domani."), to=to, thread=post)
        assert x.connect().limits.together == "no"
        posted = x.connect(together="mentions").post(reply)
        assert x.fake.posts[posted.native_id].parent == post
        assert x.connect().find(reply) == posted

    def test_nobody_is_answered_in_private(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        with pytest.raises(PlatformFailed):
            x.connect().post(replace(answer(to), private=True))
        assert x.requests() == 0

    @pytest.mark.parametrize("native_id", ["", "../../2/users/me", "c0", "1" * 20, "٣"])
    def test_an_id_that_x_never_gives_goes_nowhere(self, x: XHarness, native_id: str) -> None:
        platform = x.connect()
        for write in (
            lambda: platform.post(answer(native_id)),
            lambda: platform.retract(native_id),
            lambda: platform.hide(Offence(native_id, "anna", "spam", "a1")),
        ):
            with pytest.raises(PlatformFailed):
                write()
        assert x.requests(writing=True) == 0

    def test_a_reply_that_was_taken_without_an_id_may_be_out(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        for odd in ([], {}, {"data": []}, {"data": {"id": "../x"}}):
            platform = x.connect()
            platform.look([to])
            x.fake.says = httpx.Response(201, json=odd)
            with pytest.raises(AnswerLost):
                platform.post(answer(to))

    @pytest.mark.parametrize(
        ("said", "meaning"),
        [
            (problem(402, "about:blank", "CreditsDepleted"), PlatformBusy),
            (problem(429, PROBLEM + "usage-capped"), PlatformBusy),
            (problem(403, PROBLEM + "usage-capped"), PlatformBusy),
            (problem(403, "https://api.twitter.com/2/problems/client-forbidden"), TokenRefused),
            (problem(403, "about:blank"), PlatformFailed),
            (problem(400, PROBLEM + "invalid-request"), PlatformFailed),
            (problem(503, "about:blank"), AnswerLost),
        ],
    )
    def test_what_concerns_the_account_fails_no_reply(
        self, x: XHarness, said: httpx.Response, meaning: type[Exception]
    ) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        platform = x.connect()
        platform.look([to])
        x.fake.says = said
        with pytest.raises(meaning):
            platform.post(answer(to))


class TestGuard:
    def test_only_what_stands_under_our_own_posts_is_hidden(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu comprate qui")
        with pytest.raises(PlatformFailed, match="not allowed"):
            x.connect().hide(Offence(to, "anna", "spam", "a1"))

    def test_what_somebody_else_wrote_or_we_did_is_let_alone(self, x: XHarness) -> None:
        post = x.fake.write(OURS, "Le console sono qui.")
        to = x.fake.write("bruno", "comprate qui", reply_to=post)
        for native_id, handle in ((to, "anna"), (post, "anna"), (post, OURS)):
            for act in ("hide", "mute"):
                with pytest.raises(PlatformFailed, match="nothing was done"):
                    getattr(x.connect(), act)(Offence(native_id, handle, "spam", "a1"))
        assert x.requests(writing=True) == 0

    def test_somebody_is_heard_again_whose_post_is_gone(self, x: XHarness) -> None:
        to = x.fake.write("Anna", "@bottegablu comprate qui")
        offence = Offence(to, "anna", "spam", "a1")
        x.connect().mute(offence)
        x.fake.delete(to)
        x.connect().unmute(offence)
        assert x.muted() == set()
        with pytest.raises(PlatformFailed, match="nobody"):
            x.connect().mute(replace(offence, handle="carla"))

    def test_what_is_retracted_is_ours(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        with pytest.raises(PlatformFailed):
            x.connect().retract(to)
        assert to in x.fake.posts


class TestDuplicates:
    def test_words_that_x_has_and_does_not_show_may_be_this_reply(self, x: XHarness) -> None:
        to = x.fake.write("anna", "@bottegablu ciao")
        x.connect().post(answer(to))
        well = x.wire.handle
        x.wire.handle = lambda request: (
            httpx.Response(200, json={"odd": 1})
            if request.method == "GET" and request.url.path.endswith("/tweets")
            else well(request)
        )
        with pytest.raises(AnswerLost, match="has these words already"):
            x.connect().post(answer(to))
        x.wire.handle = well
        x.connect().post(answer(to))
        assert len(x.fake.ours()) == 1


class TestLimits:
    def test_each_endpoint_is_counted_by_itself_as_x_says(self) -> None:
        x = XHarness(budget := Recorded())
        to = x.fake.write("anna", "@bottegablu ciao")
        assert x.connect().limits.replies_left is None
        *_, last = fetch(x)
        fetch(x, last.bookmark)
        assert {name for name, fetching in budget.spent if fetching} == {"me", "mentions", "written", "lookup"}
        assert all(fetching for _, fetching in budget.spent)
        budget.spent.clear()
        x.connect().post(answer(to))
        x.connect().find(answer(to))
        assert budget.spent == [("posts", False), ("me", False), ("written", False)]
        assert {name: meter.left for name, meter in budget.meters.items()} == {
            "me": 72, "mentions": 298, "written": 897, "lookup": 4998, "posts": 99,
        }  # fmt: skip
        assert budget.meters["posts"].resets_at == NOON + timedelta(minutes=15)
        limits = x.connect().limits
        assert (limits.replies_left, limits.replies_until) == (99, NOON + timedelta(minutes=15))

    def test_checking_says_how_many_are_left(self, x: XHarness) -> None:
        checked = x.connect().check()
        assert (checked.handle, checked.name) == (OURS, "Bottega Blu")
        assert (checked.requests_left, checked.left_until) == (299, NOON + timedelta(minutes=15))

    def test_checking_says_which_right_lacks(self, x: XHarness) -> None:
        listed = x.fake._listed
        x.fake._listed = lambda params, posts: problem(403, "about:blank", "Forbidden")  # type: ignore[method-assign]
        assert x.connect().check().missing == ("tweet.read",)
        x.fake._listed = listed  # type: ignore[method-assign]


class TestSettings:
    def settings(self, **keys: Any) -> XSettings:
        return XSettings(**{"client_id": "c", "token": Secret(env=TOKEN)} | keys)

    @pytest.mark.parametrize(
        "url",
        ["http://api.x.com", "https://api.x.com/2", "https://a@b.it", "ftp://a.it", "https://", "https://[::1", "x"],
    )
    def test_the_token_goes_to_no_odd_place(self, url: str) -> None:
        with pytest.raises(ValidationError):
            self.settings(url=url)
        assert self.settings(url="https://api.x.com/").url == "https://api.x.com"
        assert self.settings(url="http://127.0.0.1:3000").url == "http://127.0.0.1:3000"

    def test_a_longer_reply_may_be_paid_for(self, x: XHarness) -> None:
        assert x.connect(max_length=25_000).limits.length == 25_000
        with pytest.raises(ValidationError):
            self.settings(max_length=0)
