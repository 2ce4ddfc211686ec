"""What the wordpress connector writes, in WordPress's own ways (docs/platforms/wordpress.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import stamina

from caretool.errors import AnswerLost, Delayed, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.platform import Offence, Outgoing
from tests.platforms.contract import NOON
from tests.platforms.contract import reply as any_reply
from tests.platforms.fake_wordpress import ME, PASSWORD, POST, FakeWordPress, WordPressError
from tests.platforms.wordpress_harness import VARIABLE, WordPressHarness


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def harness() -> WordPressHarness:
    return WordPressHarness()


@pytest.fixture
def fake(harness: WordPressHarness) -> FakeWordPress:
    return harness.fake


def reply(*to: int, **more: Any) -> Outgoing:
    return replace(any_reply(to=tuple(map(str, to))), thread=str(POST), **more)


def offence(number: int, handle: str) -> Offence:
    return Offence(str(number), handle, "spam", "a1")


class TestWhere:
    def test_an_answer_stands_under_what_it_answers_for_all_to_see(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno")
        posted = harness.connection().post(reply(number, text="1 < 2 & 3"))
        stored = fake.comments[int(posted.native_id)]
        assert (stored.text, stored.parent, stored.status) == ("1 &lt; 2 &amp; 3", number, "approved")
        assert (posted.posted_at, posted.url) == (NOON, f"https://blog.example/{POST}/#comment-{posted.native_id}")

    def test_an_answer_to_several_stands_under_the_post(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        outgoing = reply(fake.write("uno"), fake.write("due"))
        posted = harness.connection().post(outgoing)
        assert fake.comments[int(posted.native_id)].parent == 0
        assert harness.connection().find(outgoing) == posted

    def test_those_of_several_that_are_there_are_answered(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        harness.connection().post(reply(fake.write("uno", status="spam"), fake.write("due")))
        assert len(harness.replies()) == 1

    def test_what_stands_under_two_posts_is_not_answered_at_once(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        fake.publish(7, "Altro", NOON)
        with pytest.raises(PlatformFailed, match="one post"):
            harness.connection().post(reply(fake.write("uno"), fake.write("due", post=7)))
        assert harness.replies() == []

    @pytest.mark.parametrize("status", ["spam", "trash", "post-trashed"])
    def test_what_was_thrown_out_is_not_answered(
        self, harness: WordPressHarness, fake: FakeWordPress, status: str
    ) -> None:
        with pytest.raises(PlatformFailed):
            harness.connection(spam=True, approve_on_reply=True).post(reply(fake.write("uno", status=status)))
        assert harness.replies() == []

    def test_a_private_answer_there_is_none(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        with pytest.raises(PlatformFailed, match="no private answers"):
            harness.connection().post(reply(fake.write("uno"), private=True))
        assert harness.replies() == []

    def test_a_post_that_is_closed_fails_for_good(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        fake.open = False
        with pytest.raises(PlatformFailed, match="comments are closed"):
            harness.connection().post(reply(fake.write("uno")))

    def test_a_reply_too_long_is_measured_in_bytes_of_html(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno")
        with pytest.raises(PlatformFailed, match="takes 10 bytes; this has 11"):
            harness.connection(max_length=10).post(reply(number, text="è&1234"))
        assert harness.requests() == 0
        harness.connection(max_length=11).post(reply(number, text="è&1234"))

    def test_where_what_it_answers_cannot_be_seen_it_waits(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno")
        harness.goes_wrong("fail", writing=False)
        with pytest.raises(Delayed, match="nothing was sent"):
            harness.connection().post(reply(number))
        assert harness.requests(writing=True) == 0


class TestOnce:
    def test_a_request_that_is_carried_out_twice_is_there_once_and_known(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        outgoing = reply(fake.write("uno"))
        harness.goes_wrong("drop", writing=True)
        with pytest.raises(AnswerLost):
            harness.connection().post(outgoing)
        posted = harness.connection().post(outgoing)
        assert len(harness.replies()) == 1
        assert harness.connection().find(outgoing) == posted

    def test_the_same_words_in_the_same_place_by_another_reply_fail(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno")
        first = harness.connection().post(reply(number))
        with pytest.raises(PlatformFailed, match=f"stand there as {first.native_id}"):
            harness.connection().post(reply(number, key="k2", not_these=frozenset({first.native_id})))
        assert len(harness.replies()) == 1

    def test_the_same_words_of_long_ago_are_another_reply(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        number = fake.write("uno")
        fake.write(reply(number).text, user=ME, parent=number, at=NOON - timedelta(days=5))
        assert harness.connection().find(reply(number)) is None
        with pytest.raises(PlatformFailed, match="say it in others"):
            harness.connection().post(reply(number))

    def test_words_that_the_site_has_and_does_not_show_leave_it_unsure(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number, answer = fake.write("uno"), fake.handle

        def duplicate(request: httpx.Request) -> httpx.Response:
            refused = WordPressError("comment_duplicate", 409).response
            return refused if request.method == "POST" else answer(request)

        harness.wire.handle = duplicate
        with pytest.raises(AnswerLost, match="does not show them"):
            harness.connection().post(reply(number))

        def blind(request: httpx.Request) -> httpx.Response:
            return httpx.Response(500) if "author" in request.url.params else duplicate(request)

        harness.wire.handle = blind
        with pytest.raises(AnswerLost, match="nobody knows"):
            harness.connection().post(reply(number))

    def test_the_same_words_elsewhere_are_not_this_reply(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        first, second = fake.write("uno"), fake.write("due")
        harness.connection().post(reply(first))
        assert harness.connection().find(reply(second)) is None
        assert harness.connection().find(reply(first, second)) is None
        fake.publish(7, "Altro", NOON)
        assert harness.connection().find(replace(reply(first), thread="7")) is None

    def test_the_same_words_by_somebody_else_are_not_this_reply(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno")
        fake.write(reply(number).text, user=30, parent=number)
        assert harness.connection().find(reply(number)) is None

    def test_an_answer_is_found_though_what_it_answers_was_deleted_for_good(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno")
        posted = harness.connection().post(reply(number))
        fake.delete(number)
        assert harness.connection().find(reply(number)) == posted

    def test_an_answer_that_a_colleague_threw_away_was_posted(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno")
        posted = harness.connection().post(reply(number))
        fake.comments[int(posted.native_id)].status = "trash"
        assert harness.connection().find(reply(number)) == posted

    def test_it_is_found_among_hundreds_that_we_wrote(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        number = fake.write("uno")
        for other in range(250):
            fake.write(f"altro {other}", user=ME)
        posted = harness.connection().post(reply(number))
        assert harness.connection().find(reply(number)) == posted
        assert harness.connection().find(replace(reply(number), thread=None)) == posted

    def test_where_something_of_ours_cannot_be_read_nobody_says_it_is_not_there(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number, answer = fake.write("uno"), fake.handle
        fake.write("altro", user=ME)

        def spoilt(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json=[{"id": 4}]) if "author" in request.url.params else answer(request)

        harness.wire.handle = spoilt
        with pytest.raises(PlatformFailed, match="cannot be read"):
            harness.connection().find(reply(number))

    @pytest.mark.parametrize("told", [{}, [], None, {"id": "x"}, {"id": 0}])
    def test_an_answer_without_a_number_may_have_gone_out(
        self, harness: WordPressHarness, fake: FakeWordPress, told: object
    ) -> None:
        number, answer = fake.write("uno"), fake.handle
        harness.wire.handle = lambda request: (
            httpx.Response(201, json=told) if request.method == "POST" else answer(request)
        )
        with pytest.raises(AnswerLost):
            harness.connection().post(reply(number))

    def test_what_comes_too_fast_goes_out_later(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        number, fake.flooded = fake.write("uno"), True
        with pytest.raises(PlatformBusy) as busy:
            harness.connection().post(reply(number))
        assert busy.value.seconds == 15
        assert harness.replies() == []

    def test_a_lost_right_stops_the_account(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        number, answer = fake.write("uno"), fake.handle
        harness.wire.handle = lambda request: (
            WordPressError("rest_comment_invalid_status", 403).response if request.method == "POST" else answer(request)
        )
        with pytest.raises(TokenRefused, match="role Editor"):
            harness.connection().post(reply(number))


class TestTakenBack:
    def test_what_is_taken_back_is_in_the_trash(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        posted = harness.connection().post(reply(fake.write("uno")))
        harness.connection().retract(posted.native_id)
        assert fake.comments[int(posted.native_id)].status == "trash"

    def test_where_there_is_no_trash_it_is_deleted_for_good(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        fake.trash = False
        posted = harness.connection().post(reply(fake.write("uno")))
        for _ in range(2):
            harness.connection().retract(posted.native_id)
        assert int(posted.native_id) not in fake.comments

    def test_what_goes_at_the_same_moment_is_no_failure(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        posted, answer = harness.connection().post(reply(fake.write("uno"))), fake.handle
        for code, status in (("rest_already_trashed", 410), ("rest_comment_invalid_id", 404)):
            refused = WordPressError(code, status).response
            harness.wire.handle = lambda request, no=refused: no if request.method == "DELETE" else answer(request)
            harness.connection().retract(posted.native_id)
        harness.wire.handle = lambda request: (
            WordPressError("other", 400).response if request.method == "DELETE" else answer(request)
        )
        with pytest.raises(PlatformFailed):
            harness.connection().retract(posted.native_id)

    def test_what_is_not_ours_is_not_taken_back(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        number = fake.write("uno", user=3)
        with pytest.raises(PlatformFailed, match="not ours"):
            harness.connection(staff=[3]).retract(str(number))
        assert fake.comments[number].status == "approved"


class TestModerated:
    def test_ours_and_our_colleagues_stay(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        for user in (ME, 3):
            number = fake.write("uno", user=user)
            platform = harness.connection(staff=[3])
            for act in (platform.hide, platform.unhide, platform.delete):
                with pytest.raises(PlatformFailed, match="our own"):
                    act(offence(number, f"user-{user}"))
            assert fake.comments[number].status == "approved"

    def test_somebody_elses_stays(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        number = fake.write("uno", user=30)
        for act in (harness.connection().hide, harness.connection().delete):
            with pytest.raises(PlatformFailed, match="is user-30's, not user-31's"):
                act(offence(number, "user-31"))
        assert fake.comments[number].status == "approved"

    def test_what_nobody_signed_can_be_hidden(self, harness: WordPressHarness, fake: FakeWordPress) -> None:
        number = fake.write("uno")
        harness.connection().hide(offence(number, f"unknown-{number}"))
        assert fake.comments[number].status == "hold"

    @pytest.mark.parametrize("status", ["spam", "trash"])
    def test_what_is_thrown_out_is_neither_hidden_nor_shown(
        self, harness: WordPressHarness, fake: FakeWordPress, status: str
    ) -> None:
        number = fake.write("uno", user=30, status=status)
        for act in (harness.connection().hide, harness.connection().unhide):
            with pytest.raises(PlatformFailed, match="is gone"):
                act(offence(number, "user-30"))
        with pytest.raises(PlatformFailed, match="is gone"):
            harness.connection().hide(offence(77777, "user-30"))
        assert fake.comments[number].status == status

    def test_what_stands_as_it_should_is_not_written_again(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno", user=30)
        harness.connection().unhide(offence(number, "user-30"))
        assert harness.requests(writing=True) == 0

    def test_spam_is_deleted_too_and_what_is_gone_is_no_failure(
        self, harness: WordPressHarness, fake: FakeWordPress
    ) -> None:
        number = fake.write("uno", user=30, status="spam")
        harness.connection().delete(offence(number, "user-30"))
        assert fake.comments[number].status == "trash"
        fake.delete(number)
        harness.connection().delete(offence(number, "user-30"))
