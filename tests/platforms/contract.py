"""What every connector keeps, whatever its platform: a class of tests over a small harness.

A connector's test file subclasses `PlatformContract` (pytest collects the subclass) and gives a fixture `harness`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from caretool.domain.comment import Author, Incoming, Thread
from caretool.errors import CaretoolError, PlatformFailed
from caretool.platforms.platform import Looked, Outgoing, Page, Platform

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Harness(Protocol):
    """A platform that stands still: what is received is there to fetch, what is posted can be looked at.

    `page_size` is how many comments the connector hands over at a time.
    """

    page_size: int

    def receive(self, comments: Sequence[Incoming]) -> None:
        """Let these be written on the platform, after what is already there."""

    def open(self, length: int | None = None) -> Platform:
        """A new connection to it, as a new process would make one; `length` limits a reply, where that can be set."""

    def unreachable(self) -> Platform:
        """A connection to a place that is not there."""

    def replies(self) -> list[str]:
        """The texts of our replies as they stand on the platform."""


def comment(number: int) -> Incoming:
    """The `number`-th comment of a long day, one a minute."""
    return Incoming(
        native_id=f"c{number}",
        author=Author(f"person{number}", f"Person {number}"),
        text=f"Where is my parcel, number {number}?",
        written_at=NOON + timedelta(minutes=number),
        thread=Thread("post1"),
    )


def reply(key: str = "k1", text: str = "Buongiorno, sono Dario.", to: tuple[str, ...] = ("c0",)) -> Outgoing:
    """A reply on its way to the first comment."""
    return Outgoing(key=key, text=text, to=to, thread="post1", private=False, created_at=NOON)


def ids(pages: Sequence[Page]) -> list[str]:
    """The native ids of all comments, in the order in which they came."""
    return [comment.native_id for page in pages for comment in page.comments]


class PlatformContract:
    """The suite. Every test starts from an empty platform."""

    def fill(self, harness: Harness) -> int:
        """More comments than fit on two pages; how many."""
        count = 2 * harness.page_size + 1
        harness.receive([comment(number) for number in range(count)])
        return count

    def test_making_a_connection_asks_nothing_of_the_platform(self, harness: Harness) -> None:
        platform = harness.unreachable()
        assert platform.limits == harness.open().limits
        platform.fetch(None)

    def test_a_platform_that_is_not_there_is_a_failure_in_one_line(self, harness: Harness) -> None:
        with pytest.raises(CaretoolError) as failure:
            list(harness.unreachable().fetch(None))
        assert len(str(failure.value).splitlines()) == 1

    def test_every_page_is_read(self, harness: Harness) -> None:
        count = self.fill(harness)
        pages = list(harness.open().fetch(None))
        assert len(pages) > 2
        assert ids(pages) == [f"c{number}" for number in range(count)]

    def test_comments_come_oldest_first_with_aware_times(self, harness: Harness) -> None:
        harness.receive([comment(number) for number in (3, 1, 2)])
        comments = [comment for page in harness.open().fetch(None) for comment in page.comments]
        assert [comment.native_id for comment in comments] == ["c1", "c2", "c3"]
        assert [comment.written_at for comment in comments] == [NOON + timedelta(minutes=n) for n in (1, 2, 3)]

    def test_who_wrote_what_where_comes_with_it(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        (page,) = harness.open().fetch(None)
        (received,) = page.comments
        assert (received.author.handle, received.text) == ("person0", "Where is my parcel, number 0?")
        assert received.thread is not None
        assert received.thread.native_id == "post1"

    def test_the_last_bookmark_leaves_nothing_to_fetch(self, harness: Harness) -> None:
        self.fill(harness)
        *_, last = harness.open().fetch(None)
        assert ids(list(harness.open().fetch(last.bookmark))) == []

    def test_an_interrupted_fetch_goes_on_after_any_page_with_exactly_the_rest(self, harness: Harness) -> None:
        self.fill(harness)
        pages = list(harness.open().fetch(None))
        for reached, page in enumerate(pages, start=1):
            assert ids(list(harness.open().fetch(page.bookmark))) == ids(pages[reached:])

    def test_what_is_written_later_comes_with_the_next_fetch(self, harness: Harness) -> None:
        count = self.fill(harness)
        *_, last = harness.open().fetch(None)
        harness.receive([comment(count)])
        assert f"c{count}" in ids(list(harness.open().fetch(last.bookmark)))

    def test_nothing_is_gone_while_it_stands(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        assert harness.open().look(["c0"]).gone == frozenset()
        assert harness.open().look([]) == Looked()

    def test_a_reply_is_posted_word_for_word_and_once(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        text = "Buongiorno “Anna”, sono Dario:\nl'ordine è partito 📦 <oggi> & arriva domani."
        posted = harness.open().post(reply(text=text))
        assert harness.replies() == [text]
        assert posted.native_id
        assert posted.posted_at.tzinfo is not None

    def test_what_was_posted_is_found_by_its_key(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        posted = harness.open().post(reply())
        found = harness.open().find(reply())
        assert found is not None
        assert (found.native_id, found.posted_at) == (posted.native_id, posted.posted_at)
        assert harness.replies() == [reply().text]

    def test_what_was_not_posted_is_not_found(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        assert harness.open().find(reply()) is None
        harness.open().post(reply("k1", "Buongiorno Anna."))
        assert harness.open().find(reply("k2", "Buongiorno Bruno.")) is None

    def test_two_replies_have_two_ids(self, harness: Harness) -> None:
        harness.receive([comment(0), comment(1)])
        platform = harness.open()
        first = platform.post(reply("k1", "Buongiorno Anna."))
        second = platform.post(reply("k2", "Buongiorno Bruno.", to=("c1",)))
        assert first.native_id != second.native_id

    def test_a_reply_as_long_as_the_limit_goes_out_and_one_longer_does_not(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        platform = harness.open(length=300)
        limits = platform.limits
        if limits.length is None:
            return
        longest = "è" * limits.length
        while limits.measure(longest) > limits.length:
            longest = longest[:-1]
        with pytest.raises(PlatformFailed):
            platform.post(reply("k1", longest + "è"))
        assert harness.replies() == []
        platform.post(reply("k2", longest))
        assert harness.replies() == [longest]
