"""What every connector keeps, whatever its platform: classes of tests over a small harness.

A connector's test file subclasses `PlatformContract` (`ReadingContract` where nobody can be answered) and, for each of
the harness's `abilities`, the class that holds its tests (pytest collects the subclass); it gives a fixture `harness`.
A class that is missing, or one too many, fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol

import pytest

from caretool.domain.comment import Author, Incoming, Thread
from caretool.domain.watch import Watch
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Client
from caretool.platforms.platform import (
    Bans,
    Deletes,
    Expires,
    Hides,
    Likes,
    Looked,
    Mutes,
    Offence,
    Outgoing,
    Page,
    Platform,
    Reports,
    Retracts,
    Searches,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

Ability = Literal[
    "network",
    "changes",
    "own",
    "private",
    "counts",
    "retracts",
    "hides",
    "deletes",
    "mutes",
    "bans",
    "reports",
    "likes",
    "expires",
    "searches",
]
Trouble = Literal["refuse", "busy", "half", "drop", "fail"]


class Harness(Protocol):
    """A platform that stands still: what is received is there to fetch, what is posted can be looked at.

    `page_size` is how many comments the connector hands over at a time; `oldest_first` is False where later pages hold
    older comments (a class attribute that may be left out). `abilities`: what the platform has; the methods
    of a harness without one are never called.
    """

    page_size: int
    abilities: frozenset[Ability]

    def receive(self, comments: Sequence[Incoming]) -> None:
        """Let these be written on the platform, after what is already there."""

    def open(self, length: int | None = None) -> Platform:
        """A new connection to it, as a new process would make one; `length` limits a reply, where that can be set."""

    def unreachable(self) -> Platform:
        """A connection to a place that is not there."""

    def replies(self) -> list[str]:
        """The texts of our replies as they stand on the platform."""


class NetworkHarness(Harness, Protocol):
    """A platform over a network."""

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        """The next read, or the next write, goes so: the token is refused, it is `busy` for 42 seconds, `half` of the
        body comes, the connection breaks after all was done (`drop`), or it fails (500)."""

    def requests(self, *, writing: bool | None = None) -> int:
        """How many were made so far: reads, writes, or both."""


class ChangesHarness(Harness, Protocol):
    """A platform on which comments are edited and deleted."""

    def edit(self, native_id: str, text: str) -> None: ...
    def delete(self, native_id: str) -> None: ...


class OwnHarness(Harness, Protocol):
    """A platform that says who we are."""

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        """One of us answers there, without caretool; the id of the answer."""


class PrivateHarness(Harness, Protocol):
    """A platform with private messages."""

    def is_private(self, native_id: str) -> bool:
        """Whether only those it speaks to see this post of ours."""


class CountsHarness(Harness, Protocol):
    """A platform that counts in its own way."""

    def counted(self, text: str) -> int:
        """How long the platform says it is."""


class GuardedHarness(Harness, Protocol):
    """A platform on which something can be done against what others write; what stands there, by native id or by
    handle. Those without the ability are never asked for."""

    def hidden(self) -> set[str]: ...
    def deleted(self) -> set[str]: ...
    def muted(self) -> set[str]: ...
    def banned(self) -> set[str]: ...

    def reported(self) -> list[str]:
        """The native id of each report that was made."""


class LikesHarness(Harness, Protocol):
    """A platform on which we can like what others wrote."""

    def liked(self) -> set[str]:
        """The native ids of what we like there, as the platform has it."""


class ExpiresHarness(Harness, Protocol):
    """A platform whose token ends."""

    def ends(self) -> datetime | None:
        """When it ends for good, as the platform has it: what a person has to renew (None: never)."""


class SearchesHarness(Harness, Protocol):
    """A platform on which people write without speaking to us. `found_at_once` is how many the connector hands over at
    a time of what it finds."""

    found_at_once: int

    def overhear(self, comments: Sequence[Incoming]) -> None:
        """Let these be written, after what is already there, not to us (where `own`: by us)."""


# By an ability of `abilities`, the protocol that says so.
_PROTOCOLS = {
    "retracts": Retracts, "hides": Hides, "deletes": Deletes, "mutes": Mutes, "bans": Bans, "reports": Reports,
    "likes": Likes, "expires": Expires, "searches": Searches,
}  # fmt: skip


def offence(number: int = 0, ground: str = "spam", key: str = "") -> Offence:
    """What the `number`-th comment is held to be."""
    return Offence(native_id=f"c{number}", handle=f"person{number}", ground=ground, key=key or f"a{number}")


def comment(number: int) -> Incoming:
    """The `number`-th comment of a long day, one a minute."""
    return Incoming(
        native_id=f"c{number}",
        author=Author(f"person{number}", f"Person {number}"),
        text=f"Where is my parcel, number {number}?",
        written_at=NOON + timedelta(minutes=number),
        thread=Thread("post1"),
    )


WATCH = Watch("parcels", ("parcel", "blue lamp"), without=("paper",))


def overheard(number: int, text: str = "No parcel anywhere, number {number}!") -> Incoming:
    """The `number`-th thing that is written on that day, to nobody."""
    return replace(comment(number), text=text.format(number=number), thread=None)


def reply(key: str = "k1", text: str = "Buongiorno, sono Dario.", to: tuple[str, ...] = ("c0",)) -> Outgoing:
    """A reply on its way to the first comment."""
    return Outgoing(key=key, text=text, to=to, thread="post1", private=False, created_at=NOON)


def comments_of(pages: Sequence[Page]) -> list[Incoming]:
    """What others wrote, in the order in which it came."""
    return [comment for page in pages for comment in page.comments if not comment.own]


def ids(pages: Sequence[Page]) -> list[str]:
    """The native ids of what others wrote, in the order in which it came."""
    return [comment.native_id for comment in comments_of(pages)]


@contextmanager
def leaving_to_replies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is read meanwhile leaves what the budget keeps for replies; what is asked about a token need not."""
    greedy: list[str] = []
    get = Client.get

    def watched(client: Client, path: str, *args: Any, fetching: bool = False, **how: Any) -> Any:
        if not fetching and "token" not in path:
            greedy.append(path)
        return get(client, path, *args, fetching=fetching, **how)

    with monkeypatch.context() as patched:
        patched.setattr(Client, "get", watched)
        yield
    assert not greedy, f"read as if for a reply: {greedy}"


class ReadingContract:
    """What is read, and what a connection says of itself: the suite of a platform on which nobody can be answered.
    Every test starts from an empty platform."""

    def fill(self, harness: Harness) -> int:
        """More comments than fit on two pages; how many."""
        count = 2 * harness.page_size + 1
        harness.receive([comment(number) for number in range(count)])
        return count

    def test_every_ability_has_its_tests_and_nothing_else_has(self, harness: Harness) -> None:
        tested = {contract.__dict__.get("ability") for contract in type(self).__mro__} - {None}
        assert tested == harness.abilities

    def test_a_connection_says_of_itself_what_it_can_do(self, harness: Harness) -> None:
        platform = harness.open()
        able = {name for name, protocol in _PROTOCOLS.items() if isinstance(platform, protocol)}
        assert able == harness.abilities & _PROTOCOLS.keys()

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
        if not getattr(harness, "oldest_first", True):
            pages.reverse()
        assert ids(pages) == [f"c{number}" for number in range(count)]

    def test_comments_come_oldest_first_with_aware_times(self, harness: Harness) -> None:
        harness.receive([comment(number) for number in (3, 1, 2)])
        comments = comments_of(list(harness.open().fetch(None)))
        assert [comment.native_id for comment in comments] == ["c1", "c2", "c3"]
        assert [comment.written_at for comment in comments] == [NOON + timedelta(minutes=n) for n in (1, 2, 3)]

    def test_who_wrote_what_where_comes_with_it(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        (received,) = comments_of(list(harness.open().fetch(None)))
        assert (received.author.handle, received.text) == ("person0", "Where is my parcel, number 0?")
        assert received.thread is not None
        assert received.thread.native_id == "post1"

    def test_the_last_bookmark_leaves_nothing_to_fetch(self, harness: Harness) -> None:
        self.fill(harness)
        *_, last = harness.open().fetch(None)
        assert [page.comments for page in harness.open().fetch(last.bookmark) if page.comments] == []

    def test_a_bookmark_that_another_platform_left_begins_anew(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        for left in ("", "113425", '{"since": 4}', '{"mentions": 4}', "[]", '"c0"'):
            assert ids(list(harness.open().fetch(left))) == ["c0"]

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

    def test_an_account_that_is_asked_for_on_purpose_answers(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        checked = harness.open().check()
        assert checked.missing == ()
        assert all(remark.endswith(".") for remark in checked.remarks)


class WritingContract:
    """Replies."""

    def test_a_reply_is_posted_word_for_word_and_once(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        text = "Buongiorno “Anna”, sono Dario:\nl'ordine è partito 📦 <oggi> & arriva domani."
        posted = harness.open().post(reply(text=text))
        assert harness.replies() == [text]
        assert posted.native_id
        assert posted.posted_at.tzinfo is not None

    def test_what_was_posted_is_found(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        posted = harness.open().post(reply())
        assert harness.open().find(reply()) == posted
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
        assert limits.length == 300
        longest = "è" * limits.length
        while limits.measure(longest) > limits.length:
            longest = longest[:-1]
        with pytest.raises(PlatformFailed):
            platform.post(reply("k1", longest + "è"))
        assert harness.replies() == []
        platform.post(reply("k2", longest))
        assert harness.replies() == [longest]


class PlatformContract(ReadingContract, WritingContract):
    """The suite."""


class ReadingNetworkContract:
    """What goes wrong on the way to a platform on which nobody can be answered."""

    ability: ClassVar[Ability] = "network"

    def test_nothing_is_asked_for_by_opening(self, harness: NetworkHarness) -> None:
        harness.open().fetch(None)
        assert harness.requests() == 0

    def test_who_is_not_let_in_is_told_so(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("refuse", writing=False)
        with pytest.raises(TokenRefused):
            list(harness.open().fetch(None))

    def test_a_busy_platform_says_for_how_long(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("busy", writing=False)
        with pytest.raises(PlatformBusy) as busy:
            list(harness.open().fetch(None))
        assert busy.value.seconds == pytest.approx(42, abs=2)

    @pytest.mark.parametrize("trouble", ["half", "drop", "fail"])
    def test_no_whole_answer_is_no_answer(self, harness: NetworkHarness, trouble: Trouble) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong(trouble, writing=False)
        with pytest.raises(CaretoolError) as failure:
            list(harness.open().fetch(None))
        assert len(str(failure.value).splitlines()) == 1

    def test_nothing_is_posted_and_nothing_found(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        with pytest.raises(PlatformFailed) as failure:
            harness.open().post(reply())
        assert len(str(failure.value).splitlines()) == 1
        assert harness.open().find(reply()) is None
        assert harness.requests(writing=True) == 0
        assert harness.open().limits.answerable == "nobody"


class NetworkContract:
    """What goes wrong on the way."""

    ability: ClassVar[Ability] = "network"

    def test_fetching_leaves_to_replies_what_they_need(
        self, harness: NetworkHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        harness.receive([comment(0), comment(1)])
        with leaving_to_replies(monkeypatch):
            *_, last = harness.open().fetch(None)
            list(harness.open().fetch(last.bookmark))

    def test_nothing_is_asked_for_by_opening(self, harness: NetworkHarness) -> None:
        platform = harness.open()
        assert platform.limits.length is not None
        platform.fetch(None)
        assert harness.requests() == 0

    def test_a_token_that_is_refused_is_said_to_be(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("refuse", writing=False)
        with pytest.raises(TokenRefused):
            list(harness.open().fetch(None))
        harness.goes_wrong("refuse", writing=True)
        with pytest.raises(TokenRefused):
            harness.open().post(reply())
        assert harness.replies() == []

    def test_a_busy_platform_says_for_how_long(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("busy", writing=True)
        with pytest.raises(PlatformBusy) as busy:
            harness.open().post(reply())
        assert busy.value.seconds == pytest.approx(42, abs=2)
        with pytest.raises(PlatformBusy) as busy:
            list(harness.open().fetch(None))
        assert busy.value.seconds == pytest.approx(42, abs=2)
        assert harness.replies() == []

    def test_half_an_answer_is_no_answer(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("half", writing=False)
        with pytest.raises(CaretoolError) as failure:
            list(harness.open().fetch(None))
        assert len(str(failure.value).splitlines()) == 1
        harness.goes_wrong("half", writing=True)
        with pytest.raises(AnswerLost):
            harness.open().post(reply())

    def test_a_reply_whose_answer_was_lost_is_not_sent_again_by_itself_and_is_found(
        self, harness: NetworkHarness
    ) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("drop", writing=True)
        with pytest.raises(AnswerLost):
            harness.open().post(reply())
        assert harness.requests(writing=True) == 1
        assert harness.open().find(reply()) is not None
        assert harness.replies() == [reply().text]

    def test_a_reply_that_made_the_platform_fail_may_have_gone_out(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        harness.goes_wrong("fail", writing=True)
        with pytest.raises(AnswerLost):
            harness.open().post(reply())
        assert harness.requests(writing=True) == 1

    def test_a_reply_names_what_was_posted(self, harness: NetworkHarness) -> None:
        harness.receive([comment(0)])
        posted = harness.open().post(reply())
        assert posted.url is not None
        assert posted.native_id in posted.url


class ChangesContract:
    """Comments that are edited or deleted after they were fetched."""

    ability: ClassVar[Ability] = "changes"

    def test_a_deleted_comment_is_gone(self, harness: ChangesHarness) -> None:
        harness.receive([comment(0), comment(1)])
        *_, last = harness.open().fetch(None)
        harness.delete("c0")
        assert harness.open().look(["c0", "c1"]).gone == {"c0"}
        pages = list(harness.open().fetch(last.bookmark))
        assert [gone for page in pages for gone in page.deleted] == ["c0"]
        assert [page.deleted for page in harness.open().fetch(pages[-1].bookmark) if page.deleted] == []

    def test_an_edited_comment_comes_as_it_reads_now(self, harness: ChangesHarness) -> None:
        harness.receive([comment(0), comment(1)])
        *_, last = harness.open().fetch(None)
        harness.edit("c0", "Never mind, it is here.")
        looked = {comment.native_id: comment.text for comment in harness.open().look(["c0"]).edited}
        assert looked == {"c0": "Never mind, it is here."}
        pages = list(harness.open().fetch(last.bookmark))
        assert [(comment.native_id, comment.text) for comment in comments_of(pages)] == [
            ("c0", "Never mind, it is here.")
        ]
        assert ids(list(harness.open().fetch(pages[-1].bookmark))) == []

    def test_what_is_gone_is_not_answered(self, harness: ChangesHarness) -> None:
        harness.receive([comment(0)])
        harness.delete("c0")
        with pytest.raises(PlatformFailed):
            harness.open().post(reply())
        assert harness.replies() == []


class OwnContract:
    """What we write ourselves."""

    ability: ClassVar[Ability] = "own"

    def test_what_one_of_us_answered_elsewhere_is_seen_as_ours(self, harness: OwnHarness) -> None:
        harness.receive([comment(0)])
        answer = harness.answer_elsewhere("c0", "Buongiorno, è partito.")
        ours = {one.native_id: one for page in harness.open().fetch(None) for one in page.comments if one.own}
        assert ours[answer].reply_to == "c0"

    def test_what_we_post_never_comes_back_as_somebody_elses(self, harness: OwnHarness) -> None:
        harness.receive([comment(0)])
        posted = harness.open().post(reply())
        pages = list(harness.open().fetch(None))
        assert ids(pages) == ["c0"]
        assert posted.native_id in [one.native_id for page in pages for one in page.comments if one.own]


class PrivateContract:
    """Private messages."""

    ability: ClassVar[Ability] = "private"

    def test_a_private_message_comes_as_one(self, harness: PrivateHarness) -> None:
        harness.receive([replace(comment(0), private=True), comment(1)])
        comments = comments_of(list(harness.open().fetch(None)))
        assert {comment.native_id: comment.private for comment in comments} == {"c0": True, "c1": False}

    def test_a_private_message_is_never_answered_in_public(self, harness: PrivateHarness) -> None:
        harness.receive([replace(comment(0), private=True), comment(1)])
        for to in (("c0",), ("c0", "c1"), ("c1", "c0")):
            with pytest.raises(PlatformFailed):
                harness.open().post(reply(to=to))
        assert harness.replies() == []

    def test_a_private_answer_is_private_whatever_it_answers(self, harness: PrivateHarness) -> None:
        harness.receive([replace(comment(0), private=True), comment(1)])
        for native_id in ("c0", "c1"):
            outgoing = replace(reply(native_id, f"Solo per lei, {native_id}.", to=(native_id,)), private=True)
            posted = harness.open().post(outgoing)
            assert harness.is_private(posted.native_id)
            assert harness.open().find(outgoing) == posted

    def test_a_public_answer_to_a_public_comment_is_public(self, harness: PrivateHarness) -> None:
        harness.receive([comment(0)])
        assert not harness.is_private(harness.open().post(reply()).native_id)


class CountsContract:
    """How long a text is."""

    ability: ClassVar[Ability] = "counts"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Buongiorno è già così",
            "👨‍👩‍👧‍👦 famiglia e\u0301",
            "vedi https://bottegablu.it/aiuto/spedizioni?ordine=4711&lingua=it#oggi, grazie",
            "https://a.it e https://b.com",
            "@anna@posta.example @bruno ecco: (https://bottegablu.it/aiuto).",
        ],
    )
    def test_a_text_is_as_long_as_the_platform_says(self, harness: CountsHarness, text: str) -> None:
        platform = harness.open()
        list(platform.fetch(None))
        assert platform.limits.measure(text) == harness.counted(text)


class RetractsContract:
    """Our own replies, taken back."""

    ability: ClassVar[Ability] = "retracts"

    def test_a_retracted_reply_is_gone_and_may_be_retracted_again(self, harness: Harness) -> None:
        harness.receive([comment(0)])
        platform = harness.open()
        posted = platform.post(reply())
        assert isinstance(platform, Retracts)
        platform.retract(posted.native_id)
        platform.retract(posted.native_id)
        assert harness.replies() == []


class HidesContract:
    """What others wrote, hidden and shown again."""

    ability: ClassVar[Ability] = "hides"

    def test_a_hidden_comment_is_shown_again_each_as_often_as_asked(self, harness: GuardedHarness) -> None:
        harness.receive([comment(0), comment(1)])
        for _ in range(2):
            platform = harness.open()
            assert isinstance(platform, Hides)
            platform.hide(offence())
            platform.hide(offence())
            assert harness.hidden() == {"c0"}
            platform.unhide(offence())
            platform.unhide(offence())
            assert harness.hidden() == set()


class DeletesContract:
    """What others wrote, deleted."""

    ability: ClassVar[Ability] = "deletes"

    def test_a_deleted_comment_is_deleted_once(self, harness: GuardedHarness) -> None:
        harness.receive([comment(0), comment(1)])
        platform = harness.open()
        assert isinstance(platform, Deletes)
        platform.delete(offence())
        platform.delete(offence())
        assert harness.deleted() == {"c0"}


class MutesContract:
    """People of whom we see nothing more."""

    ability: ClassVar[Ability] = "mutes"

    def test_somebody_is_muted_and_heard_again_each_as_often_as_asked(self, harness: GuardedHarness) -> None:
        harness.receive([comment(0), comment(1)])
        for _ in range(2):
            platform = harness.open()
            assert isinstance(platform, Mutes)
            platform.mute(offence())
            platform.mute(offence())
            assert harness.muted() == {"person0"}
            platform.unmute(offence())
            platform.unmute(offence())
            assert harness.muted() == set()


class BansContract:
    """People who are kept out."""

    ability: ClassVar[Ability] = "bans"

    def test_somebody_is_banned_and_let_in_again_each_as_often_as_asked(self, harness: GuardedHarness) -> None:
        harness.receive([comment(0), comment(1)])
        for _ in range(2):
            platform = harness.open()
            assert isinstance(platform, Bans)
            platform.ban(offence(ground="abuse"))
            platform.ban(offence(ground="abuse"))
            assert harness.banned() == {"person0"}
            platform.unban(offence(ground="abuse"))
            platform.unban(offence(ground="abuse"))
            assert harness.banned() == set()


class ReportsContract:
    """What the platform's staff is told."""

    ability: ClassVar[Ability] = "reports"

    def test_a_report_names_the_comment(self, harness: GuardedHarness) -> None:
        harness.receive([comment(0), comment(1)])
        platform = harness.open()
        assert isinstance(platform, Reports)
        platform.report(offence(1))
        assert harness.reported() == ["c1"]


class LikesContract:
    """What others wrote, liked and not liked any more."""

    ability: ClassVar[Ability] = "likes"

    def test_a_comment_is_liked_and_not_liked_any_more_each_as_often_as_asked(self, harness: LikesHarness) -> None:
        harness.receive([comment(0), comment(1)])
        for _ in range(2):
            platform = harness.open()
            assert isinstance(platform, Likes)
            platform.like("c0")
            platform.like("c0")
            assert harness.liked() == {"c0"}
            platform.unlike("c0")
            platform.unlike("c0")
            assert harness.liked() == set()

    def test_what_is_not_there_is_not_liked(self, harness: LikesHarness) -> None:
        harness.receive([comment(0)])
        platform = harness.open()
        assert isinstance(platform, Likes)
        with pytest.raises(PlatformFailed) as failure:
            platform.like("c999")
        assert len(str(failure.value).splitlines()) == 1
        assert harness.liked() == set()


class ExpiresContract:
    """A token that ends."""

    ability: ClassVar[Ability] = "expires"

    def test_when_the_token_ends_is_known_once_the_platform_was_asked(self, harness: ExpiresHarness) -> None:
        harness.receive([comment(0)])
        for ask in (lambda one: list(one.fetch(None)), lambda one: one.check()):
            platform = harness.open()
            assert isinstance(platform, Expires)
            assert platform.expires_at is None or platform.expires_at.tzinfo is not None
            ask(platform)
            assert platform.expires_at == harness.ends()

    def test_asking_on_purpose_tells_the_same(self, harness: ExpiresHarness) -> None:
        harness.receive([comment(0)])
        platform = harness.open()
        assert platform.check().expires_at == harness.ends()


class SearchesContract:
    """What is found without being said to us."""

    ability: ClassVar[Ability] = "searches"

    def found(self, harness: SearchesHarness, bookmark: str | None = None, watch: Watch = WATCH) -> list[Page]:
        platform = harness.open()
        assert isinstance(platform, Searches)
        return list(platform.search(watch, bookmark))

    def overhear_pages(self, harness: SearchesHarness) -> int:
        """More than fits on two pages; how many."""
        count = 2 * harness.found_at_once + 1
        harness.overhear([overheard(number) for number in range(count)])
        return count

    def test_a_search_that_is_not_begun_asks_nothing(self, harness: SearchesHarness) -> None:
        platform = harness.unreachable()
        assert isinstance(platform, Searches)
        search = platform.search(WATCH, None)
        with pytest.raises(CaretoolError) as failure:
            list(search)
        assert len(str(failure.value).splitlines()) == 1

    def test_all_that_is_there_is_found_once_and_each_page_is_oldest_first(self, harness: SearchesHarness) -> None:
        count = self.overhear_pages(harness)
        pages = self.found(harness)
        assert sorted(ids(pages)) == sorted(f"c{number}" for number in range(count))
        for page in pages:
            times = [one.written_at for one in page.comments if one.written_at is not None]
            assert times == sorted(times)
            assert len(times) == len(page.comments)

    def test_searching_leaves_to_replies_what_they_need(
        self, harness: SearchesHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        harness.overhear([overheard(0)])
        with leaving_to_replies(monkeypatch):
            *_, last = self.found(harness)
            self.found(harness, last.bookmark)

    def test_nothing_is_found_where_there_is_nothing(self, harness: SearchesHarness) -> None:
        harness.overhear([overheard(0, "What a sunny day.")])
        assert ids(self.found(harness)) == []

    def test_who_wrote_it_comes_with_it(self, harness: SearchesHarness) -> None:
        harness.overhear([overheard(0)])
        (one,) = comments_of(self.found(harness))
        assert (one.author.handle, one.text, one.private) == ("person0", "No parcel anywhere, number 0!", False)
        assert not one.own

    def test_the_last_bookmark_leaves_nothing_to_find(self, harness: SearchesHarness) -> None:
        self.overhear_pages(harness)
        *_, last = self.found(harness)
        assert ids(self.found(harness, last.bookmark)) == []

    def test_an_interrupted_search_goes_on_after_any_page_with_exactly_the_rest(self, harness: SearchesHarness) -> None:
        self.overhear_pages(harness)
        pages = self.found(harness)
        for reached, page in enumerate(pages, start=1):
            assert sorted(ids(self.found(harness, page.bookmark))) == sorted(ids(pages[reached:]))

    def test_what_is_written_after_any_page_is_found_by_what_goes_on_there(self, harness: SearchesHarness) -> None:
        count = self.overhear_pages(harness)
        pages = self.found(harness)
        harness.overhear([overheard(count)])
        for reached, page in enumerate(pages, start=1):
            later, found = page.bookmark, set()
            for _ in range(2):  # what was written while a search went down may be the next one's
                rest = self.found(harness, later)
                found |= set(ids(rest))
                later = rest[-1].bookmark if rest else later
            assert found >= {f"c{count}", *ids(pages[reached:])}

    def test_a_bookmark_that_another_platform_left_begins_anew(self, harness: SearchesHarness) -> None:
        harness.overhear([overheard(0)])
        for left in ("", "113425", '{"since": 4}', '{"words": 4}', "[]", '"c0"'):
            assert ids(self.found(harness, left)) == ["c0"]

    def test_a_phrase_is_found_as_it_stands(self, harness: SearchesHarness) -> None:
        harness.overhear([overheard(0, "I love my Blue lamp."), overheard(1, "A lamp under a blue sky.")])
        assert ids(self.found(harness)) == ["c0"]

    def test_what_holds_a_word_that_it_must_be_without_is_left_out(self, harness: SearchesHarness) -> None:
        harness.overhear([overheard(0, "Brown Paper around my parcel."), overheard(1, "My parcel of papers.")])
        assert ids(self.found(harness)) == ["c1"]

    def test_what_says_that_it_is_in_another_language_is_left_out(self, harness: SearchesHarness) -> None:
        harness.overhear([replace(overheard(0), language="it"), replace(overheard(1), language="en")])
        found = comments_of(self.found(harness, watch=replace(WATCH, languages=("it",))))
        assert "c0" in [one.native_id for one in found]
        assert {one.language for one in found} <= {"it", None}

    def test_what_we_wrote_ourselves_is_known_as_ours(self, harness: SearchesHarness) -> None:
        harness.overhear([overheard(0), replace(overheard(1), own=True)])
        assert ids(self.found(harness)) == ["c0"]
