from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, settings
from hypothesis.strategies import DataObject, booleans, data, integers, sampled_from
from pydantic import ValidationError

from caretool.dialect import Said, Verdict
from caretool.domain.comment import Author, Incoming, Thread
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import Refused
from caretool.platforms.platform import Page
from caretool.platforms.youtube.connector import YouTubeSettings
from caretool.platforms.youtube.quota import Quota, next_midnight, verdict
from caretool.platforms.youtube.wire import Facts
from caretool.store.budgets import Budgets
from tests.platforms import contract
from tests.platforms.fake_youtube import CLIENT, OTHER, REFRESH, SECRET, US, FakeYouTube, error
from tests.platforms.youtube_harness import SECRET_OF_CLIENT, TOKEN, YouTubeHarness


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> YouTubeHarness:
    monkeypatch.setenv(TOKEN, REFRESH)
    monkeypatch.setenv(SECRET_OF_CLIENT, SECRET)
    return YouTubeHarness(Budgets(tmp_path))


class TestYouTube(
    contract.PlatformContract,
    contract.NetworkContract,
    contract.ChangesContract,
    contract.OwnContract,
    contract.RetractsContract,
    contract.HidesContract,
    contract.DeletesContract,
    contract.ExpiresContract,
    contract.SearchesContract,
):
    """The contract that every connector keeps."""


def fetched(harness: YouTubeHarness, bookmark: str | None = None, **keys: Any) -> tuple[list[Incoming], str | None]:
    """What a fetch brings, ours left in, and the bookmark it leaves."""
    pages = list(harness.open(**keys).fetch(bookmark))
    return [one for page in pages for one in page.comments], pages[-1].bookmark if pages else bookmark


def native(comments: Sequence[Incoming]) -> list[str]:
    return [one.native_id for one in comments]


# What a day's units are.


@given(integers(0, 2**32))
def test_a_day_of_youtube_ends_at_the_next_midnight_in_california(seconds: int) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    end = next_midnight(now)
    local = end.astimezone(ZoneInfo("America/Los_Angeles"))
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
    assert timedelta(0) < end - now <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-23T12:00:00+00:00", "2026-11-24T08:00:00+00:00"),  # winter time
        ("2026-07-01T06:59:59+00:00", "2026-07-01T07:00:00+00:00"),  # summer time
        ("2026-03-08T08:00:00+00:00", "2026-03-09T07:00:00+00:00"),  # a day of 23 hours
        ("2026-11-01T07:00:00+00:00", "2026-11-02T08:00:00+00:00"),  # a day of 25 hours
    ],
)
def test_the_clocks_of_california_change_twice_a_year(now: str, end: str) -> None:
    assert next_midnight(datetime.fromisoformat(now)) == datetime.fromisoformat(end)


def test_a_used_up_day_is_over_at_midnight_and_other_noes_are_not(harness: YouTubeHarness) -> None:
    now = contract.NOON

    def said(status: int, why: str, **headers: str) -> Verdict | None:
        return verdict(Said(status, headers, error(status, why).json(), now))

    assert said(403, "quotaExceeded") == Verdict("busy", 20 * 3600, "quotaExceeded")
    assert said(403, "rateLimitExceeded") == Verdict("busy", None, "rateLimitExceeded")
    assert said(403, "userRateLimitExceeded", **{"retry-after": "7"}) == Verdict("busy", 7, "userRateLimitExceeded")
    for why in (
        "insufficientPermissions",
        "accessNotConfigured",
        "ineligibleAccount",
    ):  # of the account: all would fail
        assert said(403, why) == Verdict("token", None, why)
    assert said(401, "authError") == Verdict("expired", None, "authError")
    assert said(403, "commentsDisabled") == Verdict("refused", None, "commentsDisabled")
    assert said(503, "backendError") is None
    assert verdict(Said(400, {}, ["nonsense"], now)) is None


@pytest.mark.parametrize(
    ("method", "path", "bucket", "units"),
    [
        ("GET", "commentThreads", "units", 1),
        ("GET", "search", "searches", 1),
        ("POST", "comments", "units", 52),
        ("POST", "commentThreads", "units", 52),
        ("POST", "comments/setModerationStatus", "units", 50),
        ("DELETE", "comments", "units", 50),
    ],
)
def test_every_request_has_its_price(method: str, path: str, bucket: str, units: float) -> None:
    taken, price = Quota(10_000, 100, 0.5, 52, 50).price(method, f"/youtube/v3/{path}")
    assert (taken.name, price) == (bucket, units)


def test_each_reply_costs_what_youtube_counts_and_the_desk_knows_how_many_are_left(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    platform = harness.open(facts=str(Facts("UCbottegablu")))
    assert platform.limits.replies_left == 10_000 // 56
    platform.post(contract.reply())
    spent = sum(units for _, units in harness.fake.spent)
    assert spent == 54
    assert platform.limits.replies_left == (10_000 - spent) // 56
    harness.now = next_midnight(harness.now)
    assert platform.limits.replies_left == 10_000 // 56


def test_fetching_leaves_replies_what_is_kept_for_them(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    keys = {"daily_units": 200, "kept": 0.5}
    _, mark = fetched(harness, **keys)
    for _ in range(23):
        fetched(harness, mark, **keys)
    with pytest.raises(PlatformBusy, match="kept for replies"):
        fetched(harness, mark, **keys)
    assert sum(units for _, units in harness.fake.spent) <= 100
    harness.open(**keys).post(contract.reply())
    assert harness.replies() == [contract.reply().text]


def test_accounts_of_one_project_share_its_day(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    before = harness.open().limits.replies_left
    harness.open(project="another").post(contract.reply())
    assert harness.open().limits.replies_left == before
    harness.open(project="4711").post(contract.reply("k2", "Buongiorno."))  # the number before client_id's first "-"
    assert harness.open().limits.replies_left == (before or 0) - 1


def test_a_fetch_that_brings_nothing_costs_few_units(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(number) for number in range(150)])
    _, mark = fetched(harness)
    harness.fake.spent.clear()
    assert fetched(harness, mark) == ([], mark)
    assert sum(units for _, units in harness.fake.spent) == 4  # who we are, and the three listings


def test_what_a_person_has_to_agree_to_and_delete_is_said(harness: YouTubeHarness) -> None:
    limits = harness.open(keep_days=20).limits
    assert (limits.unread_replies, limits.keep, limits.together) == (False, timedelta(days=20), "names")
    assert not limits.listing_trustworthy


# Tokens.


def test_an_access_token_is_asked_for_once_an_hour(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    for _ in range(3):
        fetched(harness)
    assert len(harness.fake.granted) == 1
    harness.now += timedelta(hours=1)
    fetched(harness)
    assert len(harness.fake.granted) == 2


def test_an_access_token_that_dies_early_is_renewed_on_the_way(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    fetched(harness)
    harness.fake.granted.clear()
    harness.open().post(contract.reply())
    assert harness.replies() == [contract.reply().text]


def test_a_refresh_token_that_died_is_refused_and_a_new_one_catches_up(
    harness: YouTubeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.receive([contract.comment(0)])
    _, mark = fetched(harness)
    harness.fake.revoke()
    harness.receive([contract.comment(1)])
    with pytest.raises(TokenRefused, match="make a new one"):
        fetched(harness, mark)
    monkeypatch.setenv(TOKEN, "another-refresh-token")
    harness.fake.refresh.add("another-refresh-token")
    assert native(fetched(harness, mark)[0]) == ["c1"]


def test_a_refresh_token_of_a_published_project_has_no_end(harness: YouTubeHarness) -> None:
    harness.fake.refresh_ends_in = None
    assert harness.open().check().expires_at is None


def test_a_token_without_the_scope_is_refused(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    harness.fake.odd["commentThreads"] = error(403, "insufficientPermissions")
    with pytest.raises(TokenRefused):
        harness.open().check()


def test_no_secret_is_in_what_is_said_or_shown(harness: YouTubeHarness) -> None:
    harness.fake.revoke()
    with pytest.raises(TokenRefused) as refused:
        fetched(harness)
    assert not any(secret in f"{refused.value!r} {harness.open()!r}" for secret in (REFRESH, SECRET))


# What comes in.


def test_a_comment_comes_as_it_was_typed_with_who_wrote_it_and_where(harness: YouTubeHarness) -> None:
    harness.fake.write("anna", "Tom & <b>Jerry</b>\nsono qui", id="c0", video="post1", likes=3, image="https://img/1")
    (one,), _ = fetched(harness)
    assert one.text == "Tom & <b>Jerry</b>\nsono qui"
    assert (one.author, one.likes, one.attachments, one.own) == (Author("anna"), 3, ("https://img/1",), False)
    assert one.url == "https://www.youtube.com/watch?v=post1&lc=c0"
    assert one.thread == Thread("post1", "Le console sono in negozio", "https://www.youtube.com/watch?v=post1")


def test_who_shows_a_name_and_no_handle_is_known_by_their_channel(harness: YouTubeHarness) -> None:
    harness.fake.names["UCold"] = "Anna Rossi"
    harness.fake.write("UCold", "Ciao", id="c0", video="post1")
    (one,), _ = fetched(harness)
    assert one.author == Author("UCold", "Anna Rossi")


def test_what_stands_under_no_video_has_its_first_comment_for_a_thread(harness: YouTubeHarness) -> None:
    harness.fake.write("anna", "Ciao", id="c0")
    harness.fake.write("bruno", "Anch'io", id="c0.r", parent="c0")
    comments, _ = fetched(harness)
    assert [(one.thread, one.url) for one in comments] == [(Thread("c0"), None)] * 2
    posted = harness.open().post(replace(contract.reply(to=("c0.r",)), thread="c0"))
    assert (harness.fake.comments[posted.native_id].parent, posted.url) == ("c0", None)


def test_what_youtube_holds_back_comes_too_and_is_told(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    harness.fake.write("anna", "Held", id="held", video="post1", status="heldForReview")
    harness.fake.write("spammer", "Spam", id="spam", video="post1", status="likelySpam")
    pages = list(harness.open().fetch(None))
    assert sorted(contract.ids(pages)) == ["c0", "held", "spam"]
    assert [remark.partition(" by")[0] for page in pages for remark in page.remarks] == [
        "1 comment is held for review",
        "1 comment is taken for spam",
    ]
    assert harness.open().look(["held", "spam"]).gone == frozenset()
    assert sorted(native(fetched(harness, held=())[0])) == ["c0"]


@pytest.mark.parametrize("newest_first", [True, False])
def test_all_replies_of_a_thread_come_however_few_are_shown(harness: YouTubeHarness, *, newest_first: bool) -> None:
    harness.fake.newest_first = newest_first
    harness.receive([contract.comment(0)])
    at = contract.NOON + timedelta(minutes=1)
    replies = [harness.fake.write("anna", f"{n}", parent="c0", at=at + timedelta(seconds=n)) for n in range(230)]
    comments, mark = fetched(harness)
    assert set(native(comments)) == {"c0", *replies}
    assert {one.reply_to for one in comments} == {None, "c0"}
    later = [harness.fake.write("anna", f"{n}", parent="c0", at=at + timedelta(hours=n)) for n in range(1, 8)]
    comments, mark = fetched(harness, mark)
    assert set(later) <= set(native(comments))
    assert fetched(harness, mark)[0] == []


def test_replies_that_are_asked_for_come_as_they_were_typed(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    for _ in range(9):
        harness.fake.write("anna", "Tom & <b>Jerry</b>", parent="c0")
    assert {one.text for one in fetched(harness)[0] if one.reply_to} == {"Tom & <b>Jerry</b>"}


def test_new_replies_come_though_as_many_were_deleted(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    at = contract.NOON + timedelta(minutes=1)
    old = [harness.fake.write("anna", f"{n}", parent="c0", at=at + timedelta(minutes=n)) for n in range(10)]
    _, mark = fetched(harness)
    for one in old[:6]:
        harness.fake.delete(one)
    new = [harness.fake.write("bruno", f"{n}", parent="c0", at=at + timedelta(hours=1 + n)) for n in range(7)]
    assert set(new) <= set(native(fetched(harness, mark)[0]))


def test_replies_come_though_nothing_is_looked_at_again(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    replies = [harness.fake.write("anna", f"{n}", parent="c0") for n in range(20)]
    first = next(harness.open(rescan=0).fetch(None))
    assert contract.ids([first])[0] == "c0"
    rest, mark = fetched(harness, first.bookmark, rescan=0)
    assert {*contract.ids([first]), *native(rest)} == {"c0", *replies}
    assert {*native(fetched(harness, rescan=0)[0])} == {"c0", *replies}
    assert fetched(harness, mark, rescan=0) == ([], mark)


def test_what_moves_up_as_another_is_deleted_is_not_new(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(number) for number in range(150)])
    _, mark = fetched(harness)
    harness.fake.delete("c149")
    pages = list(harness.open().fetch(mark))
    assert (contract.ids(pages), [gone for page in pages for gone in page.deleted]) == ([], ["c149"])


def test_a_reply_in_a_thread_that_began_before_the_first_fetch_reads_comes_too(harness: YouTubeHarness) -> None:
    old = contract.NOON - timedelta(days=30)
    harness.fake.write("anna", "Old", id="old", at=old, video="post1")
    harness.fake.write("anna", "Old, too", id="old.1", parent="old", at=old)
    harness.fake.write("anna", "New", id="old.2", parent="old", at=contract.NOON - timedelta(days=1))
    comments, mark = fetched(harness)
    assert native(comments) == ["old.2"]
    harness.fake.write("anna", "Newer", id="old.3", parent="old")
    assert native(fetched(harness, mark)[0]) == ["old.3"]


def test_replies_that_are_counted_and_not_shown_are_not_asked_for_again_and_again(harness: YouTubeHarness) -> None:
    harness.fake.write("anna", "Hello", id="c0", video="post1", hidden_replies=3)
    _, mark = fetched(harness)
    harness.fake.spent.clear()
    fetched(harness, mark)
    assert sum(units for _, units in harness.fake.spent) == 4


def test_a_reply_that_was_let_in_late_is_found(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    at = contract.NOON + timedelta(minutes=1)
    late = harness.fake.write("bruno", "Late", parent="c0", at=at, status="heldForReview")
    for number in range(9):
        harness.fake.write("anna", f"{number}", parent="c0", at=at + timedelta(minutes=1 + number))
    comments, mark = fetched(harness)
    assert late not in native(comments)
    harness.fake.comments[late].status = "published"
    assert late in native(fetched(harness, mark)[0])


def test_a_thread_that_was_let_in_after_later_ones_is_found(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(number) for number in range(0, 120, 20)])
    harness.fake.write("bruno", "Late", id="late", video="post1", at=contract.NOON, status="rejected")
    _, mark = fetched(harness)
    harness.fake.comments["late"].status = "published"
    assert native(fetched(harness, mark)[0]) == ["late"]


@pytest.mark.parametrize(("status", "reason"), [(403, "commentsDisabled"), (500, "backendError")])
def test_a_thread_whose_replies_cannot_be_read_keeps_no_other_back(
    harness: YouTubeHarness, status: int, reason: str
) -> None:
    harness.receive([contract.comment(0)])
    for _ in range(8):
        harness.fake.write("UCuser", "me too", parent="c0")
    well = harness.wire.handle
    harness.wire.handle = lambda request: (
        error(status, reason) if request.url.params.get("parentId") == "c0" else well(request)
    )
    mark, pages = None, list[Page]()
    for number in (1, 2):
        with suppress(PlatformFailed) if status == 500 else nullcontext():
            pages.extend(harness.open().fetch(mark))
        mark = pages[-1].bookmark
        harness.now += timedelta(minutes=5)
        harness.receive([contract.comment(number)])
    assert {"c0", "c1"} <= set(contract.ids(pages))
    assert any("c0 cannot be read" in remark for page in pages for remark in page.remarks) == (status == 403)
    harness.wire.handle = well
    comments, _ = fetched(harness, mark)
    assert "c2" in native(comments)
    assert sum(one.reply_to == "c0" for one in comments) == (8 if status == 500 else 0)


def test_many_threads_whose_replies_stay_unreadable_keep_no_other_back_for_long(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(number) for number in range(5)])
    for number in range(5):
        for _ in range(8):
            harness.fake.write("UCuser", "me too", parent=f"c{number}")
    well = harness.wire.handle
    harness.wire.handle = lambda request: (
        error(500, "backendError") if request.url.params.get("parentId") in ("c2", "c3", "c4") else well(request)
    )
    mark, found = None, list[Incoming]()
    for number in range(5, 8):
        harness.receive([contract.comment(number)])
        pages = list[Page]()
        with suppress(PlatformFailed):
            pages.extend(harness.open().fetch(mark))
        assert pages
        mark = pages[-1].bookmark
        found += contract.comments_of(pages)
        harness.now += timedelta(minutes=5)
    assert {f"c{number}" for number in range(8)} <= set(native(found))
    assert [len({one.native_id for one in found if one.reply_to == top}) for top in ("c0", "c1")] == [8, 8]


def test_a_thread_that_is_let_in_while_the_first_fetch_goes_on_is_found(harness: YouTubeHarness) -> None:
    held = harness.fake.write("anna", "Ciao", video="post1", status="heldForReview")
    harness.receive([contract.comment(0)])
    pages = harness.open().fetch(None)
    first = next(pages)
    harness.fake.comments[held].status = "published"
    *_, last = pages
    assert held in contract.ids([first, last, *harness.open().fetch(last.bookmark)])


def test_a_pause_forgets_nothing_of_the_day(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    harness.open().post(contract.reply())
    before = harness.open().limits
    assert before.replies_until == next_midnight(harness.now)
    harness.wire.handle = lambda request: httpx.Response(
        403, json=error(403, "rateLimitExceeded").json(), headers={"retry-after": "60"}
    )
    with pytest.raises(PlatformBusy):
        harness.open().look(["c0"])
    harness.now += timedelta(minutes=2)
    assert harness.open().limits.replies_left == before.replies_left == 177


def test_a_fetch_cut_off_among_replies_loses_none(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    replies = [harness.fake.write("anna", f"{n}", parent="c0") for n in range(250)]
    fetch = harness.open().fetch(None)
    pages = [next(fetch), next(fetch)]
    harness.wire.goes_wrong("fail", writing=False)
    with pytest.raises(PlatformFailed):
        next(fetch)
    harness.wire.goes_wrong("fail", writing=True)
    rest, _ = fetched(harness, pages[-1].bookmark)
    assert {*contract.ids(pages), *native(rest)} == {"c0", *replies}


@settings(max_examples=30, deadline=None)
@given(data())
def test_whatever_happens_meanwhile_everything_is_read(data: DataObject) -> None:
    """People write, edit and delete, and YouTube lets in what it held, between any two pages; fetches are cut off."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(TOKEN, REFRESH)
        environment.setenv(SECRET_OF_CLIENT, SECRET)
        harness = YouTubeHarness()
        fake, seen, gone, held = harness.fake, dict[str, str](), set[str](), set[str]()
        fake.largest, fake.newest_first, bookmark = 3, data.draw(booleans()), None
        running: Iterator[Page] = iter(())
        for _ in range(data.draw(integers(0, 60))):
            harness.now += timedelta(minutes=data.draw(integers(0, 20)))
            there = sorted(one.id for one in fake.comments.values() if not one.gone)
            what = data.draw(
                sampled_from(["thread", "reply", "held", "let in", "edit", "delete", "page", "page", "page", "cut"])
            )
            if what in ("thread", "held"):
                status = "published" if what == "thread" else "heldForReview"
                known = fake.write("anna", "Ciao", video="post1", status=status)
                held |= {known} if what == "held" else set()
            elif what == "cut":
                running = harness.open().fetch(bookmark)
            elif what == "page":
                with suppress(Refused):  # a page's token dies with the comment it begins with
                    bookmark = next((_took(page, seen, gone) for page in running), bookmark)
            elif there:
                _happens(fake, what, data.draw(sampled_from(there)))
        for _ in range(2):
            for page in harness.open().fetch(bookmark):
                bookmark = _took(page, seen, gone)
        standing = {one.id: one.text for one in fake.shown()}
        assert {known: text for known, text in seen.items() if known in standing} == standing
        # The deletion of what was held back when it was read shows when it is looked at.
        assert not seen.keys() - standing.keys() - gone - held
        assert not gone & standing.keys()
        assert [page for page in harness.open().fetch(bookmark) if page.facts is None] == []


def _took(page: Page, seen: dict[str, str], gone: set[str]) -> str:
    seen |= {one.native_id: one.text for one in page.comments}
    gone |= set(page.deleted)
    return page.bookmark


def _happens(fake: FakeYouTube, what: str, known: str) -> None:
    remark = fake.comments[known]
    if what == "reply" and remark.status == "published":
        fake.write("bruno", "Ciao a te", parent=remark.parent or known)
    elif what == "let in":
        remark.status = "published"
    elif what == "edit":
        fake.edit(known, f"{remark.text}!")
    elif what == "delete":
        fake.delete(known)


def test_a_first_fetch_goes_no_further_back_than_the_account_wants(harness: YouTubeHarness) -> None:
    for days in range(300):
        harness.fake.write("anna", "Hm", id=f"d{days}", at=contract.NOON - timedelta(days=days, hours=1), video="post1")
    comments, mark = fetched(harness)
    assert native(comments) == [f"d{days}" for days in reversed(range(7))]
    assert fetched(harness, mark)[0] == []


def test_what_is_remembered_does_not_grow_with_what_was_read(harness: YouTubeHarness) -> None:
    def size(comments: int) -> int:
        harness.receive([contract.comment(number) for number in range(len(harness.fake.comments), comments)])
        return max(len(page.bookmark) for page in harness.open().fetch(None))

    few = size(400)
    assert size(1200) < 1.1 * few


def test_a_deleted_reply_is_gone_and_an_edited_one_comes_as_it_reads_now(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    for number in range(9):
        at = contract.NOON + timedelta(minutes=number)
        harness.fake.write("anna", f"{number}", id=f"c0.{number}", parent="c0", at=at)
    _, mark = fetched(harness)
    harness.fake.edit("c0.0", "Edited")
    harness.fake.delete("c0.1")
    pages = list(harness.open().fetch(mark))
    assert [(one.native_id, one.text, one.url) for page in pages for one in page.comments] == [
        ("c0.0", "Edited", "https://www.youtube.com/watch?v=post1&lc=c0.0")
    ]
    assert [gone for page in pages for gone in page.deleted] == ["c0.1"]


def test_a_comment_that_is_held_back_after_it_was_read_is_not_gone(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    _, mark = fetched(harness)
    harness.fake.comments["c0"].status = "heldForReview"
    assert [page.deleted for page in harness.open().fetch(mark) if page.deleted] == []


def test_a_thread_that_takes_no_replies_is_closed_wherever_it_is_looked_at(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    comments, mark = fetched(harness)
    assert comments[0].closes_at is None
    harness.fake.comments["c0"].can_reply = False
    ((again,), mark), (looked,) = fetched(harness, mark), harness.open().look(["c0"]).edited
    assert again.closes_at == looked.closes_at == contract.NOON
    with pytest.raises(PlatformFailed, match="takes no replies"):
        harness.open().post(contract.reply())
    harness.fake.comments["c0"].can_reply = True
    assert fetched(harness, mark)[0][0].closes_at is None


def test_a_token_of_another_channel_begins_anew(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    _, mark = fetched(harness)
    assert mark is not None
    assert native(fetched(harness, mark.replace(US, "UCanother"))[0]) == ["c0"]


def test_an_account_without_a_channel_is_told(harness: YouTubeHarness) -> None:
    harness.fake.odd["channels"] = httpx.Response(200, json={"kind": "youtube#channelListResponse"})
    with pytest.raises(PlatformFailed, match="has no channel"):
        harness.open().check()


def odd_threads() -> Iterator[Any]:
    at = "2026-11-23T12:00:00Z"
    sound = {"textDisplay": "Ciao", "authorDisplayName": "@anna", "publishedAt": at}
    for top in (
        None,
        [],
        {"id": 7, "snippet": sound},
        {"id": "a,b", "snippet": sound},
        {"id": "c0", "snippet": sound | {"publishedAt": "2026-11-23T12:00:00"}},
        {"id": "c0", "snippet": sound | {"publishedAt": "0001-01-01T00:00:00+23:00"}},
        {"id": "c0", "snippet": sound | {"textDisplay": {"html": "Ciao"}}},
        {"id": "c0", "snippet": sound | {"authorDisplayName": "@\u202eanna"}},
        {"id": "c0", "snippet": sound | {"authorDisplayName": None}},
        {"id": "c0", "snippet": sound | {"parentId": ["c1"]}},
    ):
        yield {"id": "c0", "snippet": {"topLevelComment": top, "totalReplyCount": "many", "videoId": 4}}
    yield from (None, 7, "c0", [[]], {}, {"snippet": []})


@pytest.mark.parametrize("item", list(odd_threads()))
def test_what_makes_no_sense_is_passed_over_and_told(harness: YouTubeHarness, item: Any) -> None:
    harness.fake.odd["commentThreads"] = httpx.Response(200, json={"items": [item]})
    pages = list(harness.open(held=()).fetch(None))
    assert contract.ids(pages) == []
    assert [one.where.startswith("comment ") for page in pages for one in page.skipped] == [True]


@pytest.mark.parametrize("what", [[], 7, None, {"items": {}}, {"items": "c0"}])
def test_what_is_no_list_is_no_empty_one(harness: YouTubeHarness, what: Any) -> None:
    for path in ("commentThreads", "channels"):
        harness.fake.odd[path] = httpx.Response(200, json=what)
        with pytest.raises(PlatformFailed) as failure:
            fetched(harness)
        assert len(str(failure.value).splitlines()) == 1


# What goes out.


def test_an_answer_to_a_reply_stands_below_the_first_comment_of_its_thread(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    child = harness.fake.write("bruno", "Me too", parent="c0")
    outgoing = contract.reply(to=(child,))
    posted = harness.open().post(outgoing)
    assert harness.fake.comments[posted.native_id].parent == "c0"
    assert harness.open().find(outgoing) == posted
    harness.fake.delete(child)
    assert harness.open().find(outgoing) == posted
    with pytest.raises(PlatformFailed, match="gone"):
        harness.open().post(replace(outgoing, key="k2"))


def test_one_answer_to_several_threads_stands_under_their_video(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0), contract.comment(1)])
    outgoing = contract.reply(to=("c0", "c1"))
    assert harness.open().find(outgoing) is None
    posted = harness.open().post(outgoing)
    remark = harness.fake.comments[posted.native_id]
    assert (remark.parent, remark.video, remark.channel) == (None, "post1", US)
    assert harness.open().find(outgoing) == posted
    harness.fake.delete("c1")
    assert harness.open().find(outgoing) == posted
    assert harness.open().find(replace(outgoing, not_these=frozenset({posted.native_id}))) is None


def test_one_answer_to_several_of_one_thread_stands_in_it(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    child = harness.fake.write("bruno", "Me too", parent="c0")
    outgoing = contract.reply(to=("c0", child))
    posted = harness.open().post(outgoing)
    assert harness.fake.comments[posted.native_id].parent == "c0"
    assert harness.open().find(outgoing) == posted


def test_comments_under_two_videos_have_no_answer_in_common(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    harness.overhear([contract.comment(1)])
    with pytest.raises(PlatformFailed, match="under one video"):
        harness.open().post(contract.reply(to=("c0", "c1")))
    assert harness.replies() == []


def test_a_reply_that_youtube_holds_back_is_not_listed_below_its_thread(harness: YouTubeHarness) -> None:
    """Which is why what is not found may be there, and a person decides."""
    harness.receive([contract.comment(0), contract.comment(1)])
    harness.fake.holds_ours = True
    platform = harness.open()
    platform.post(contract.reply())
    assert platform.find(contract.reply()) is None
    together = contract.reply("k2", "Buongiorno a tutti.", to=("c0", "c1"))
    assert platform.find(together) is None
    assert platform.post(together) == platform.find(together)


def test_a_thread_that_vanishes_on_the_way_fails_the_reply_for_good(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    platform = harness.open()
    harness.fake.odd["comments"] = error(404, "parentCommentNotFound")
    for why in ("parentCommentNotFound", "processingFailure", "commentTextTooLong", "forbidden"):
        harness.fake.odd["comments"] = error(400, why)
        with pytest.raises(PlatformFailed) as failure:
            platform.post(contract.reply())
        assert not isinstance(failure.value, AnswerLost)
    assert harness.replies() == []


def test_trouble_before_the_reply_left_keeps_it(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    fetched(harness)
    for trouble in ("fail", "half"):
        harness.wire.goes_wrong(trouble, writing=False)
        with pytest.raises(PlatformBusy):
            harness.open().post(contract.reply())
    assert harness.requests(writing=True) == 0


def test_nothing_is_private_here(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    with pytest.raises(PlatformFailed, match="no private messages"):
        harness.open().post(replace(contract.reply(), private=True))


def test_what_is_no_id_of_youtubes_is_never_asked_for(harness: YouTubeHarness) -> None:
    harness.receive([contract.comment(0)])
    platform = harness.open()
    with pytest.raises(PlatformFailed):
        platform.retract("c0,c1")
    with pytest.raises(PlatformFailed):
        platform.delete(replace(contract.offence(), native_id="c0&banAuthor=true"))
    assert harness.requests(writing=True) == 0
    assert harness.open().look(["c0,c1", "c0"]).gone == {"c0,c1"}


# What is searched for.


def test_nothing_is_searched_where_the_settings_name_no_place(harness: YouTubeHarness) -> None:
    harness.overhear([contract.overheard(0)])
    assert list(harness.open(search_channels=()).search(contract.WATCH, None)) == []
    assert harness.requests() == 0


def test_all_of_youtube_is_searched_now_and_then_by_one_request_for_all_words(harness: YouTubeHarness) -> None:
    at = contract.NOON - timedelta(days=1)
    harness.fake.videos |= {
        "v1": (OTHER, "My parcel & me", "A test", at),
        "v2": (OTHER, "A blue lamp", "In paper", at),
        "v3": (US, "Our blue lamp", "", at),
    }
    keys: dict[str, Any] = {"search_channels": (), "search_videos": True}
    pages = list(harness.open(**keys).search(contract.WATCH, None))
    found = [one for page in pages for one in page.comments]
    assert [(one.native_id, one.text, one.own) for one in found] == [
        ("video:v1", "My parcel & me\n\nA test", False),
        ("video:v3", "Our blue lamp", True),
    ]
    assert (found[0].author, found[0].form) == (Author(OTHER, "Somebody Else"), "post")
    assert harness.fake.searches == 99
    bookmark = pages[-1].bookmark
    assert list(harness.open(**keys).search(contract.WATCH, bookmark)) == []
    assert harness.fake.searches == 99
    harness.now += timedelta(hours=1)
    assert contract.ids(list(harness.open(**keys).search(contract.WATCH, bookmark))) == []
    assert harness.fake.searches == 98


def test_a_video_that_was_found_is_looked_at_and_answered_by_a_thread_of_ours(harness: YouTubeHarness) -> None:
    harness.fake.videos["v1"] = (OTHER, "My parcel", "", contract.NOON)
    outgoing = replace(contract.reply(to=("video:v1",)), thread="v1")
    looked = harness.open().look(["video:v1", "video:v2"])
    assert (native(looked.edited), looked.gone) == (["video:v1"], {"video:v2"})
    assert harness.open().find(outgoing) is None
    posted = harness.open().post(outgoing)
    remark = harness.fake.comments[posted.native_id]
    assert (remark.parent, remark.video, remark.channel) == (None, "v1", OTHER)
    assert harness.open().find(outgoing) == posted


def test_searches_of_all_of_youtube_have_a_day_of_their_own(harness: YouTubeHarness) -> None:
    keys: dict[str, Any] = {"search_channels": (), "search_videos": True, "daily_searches": 1}
    list(harness.open(**keys).search(contract.WATCH, None))
    with pytest.raises(PlatformBusy):
        list(harness.open(**keys).search(contract.WATCH, None))
    harness.receive([contract.comment(0)])
    assert native(fetched(harness, **keys)[0]) == ["c0"]


@pytest.mark.parametrize(
    "keys",
    [{"search_channels": ["@bottega blu"]}, {"held": ["rejected"]}, {"kept": 1}, {"daily_units": 0}, {"api_key": "x"}],
)
def test_keys_that_make_no_sense_are_refused(keys: dict[str, Any]) -> None:
    known = {"client_id": CLIENT, "client_secret": {"env": "A"}, "token": {"env": "B"}}
    YouTubeSettings.model_validate(known)
    with pytest.raises(ValidationError):
        YouTubeSettings.model_validate(known | keys)
