"""Replies that run out: when that is said, and who gets those that are left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.draft import Reply
from caretool.domain.ration import Ration, most_urgent_first, too_few

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")


def reply(number: int) -> Reply:
    """The `number`-th, to a comment of that number."""
    return Reply(
        id=f"r{number}", draft="d1", state="approved", mode="each", private=False, account="page", text="Eccoci.",
        language="it", agent="dario", kind="question", key=f"k{number}", made_at=NOON, comments=(f"c{number}",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("left", "outbox", "waiting", "scarce"),
    [(37, 10, 9, True), (38, 10, 9, False), (0, 0, 1, True), (0, 0, 0, False), (1, 0, 0, False)],
)
def test_it_is_said_below_two_for_each_who_waits(left: int, outbox: int, waiting: int, scarce: bool) -> None:
    assert Ration("youtube", left, None, outbox, waiting).scarce is scarce


def test_it_says_how_many_until_when_and_for_whom() -> None:
    until = datetime(2026, 11, 24, 8, tzinfo=UTC)
    said = Ration("youtube", 37, until, 10, 9).says(ROME)
    assert said == "youtube: 37 more replies until Tue 24 Nov 09:00; 10 in the outbox, 9 waiting."
    assert Ration("youtube", 1).how_many(ROME) == "1 more reply"
    assert Ration("youtube", 0).how_many(ROME) == "no more replies"


@pytest.mark.parametrize(("left", "people", "few"), [(None, 10**6, False), (3, 3, False), (3, 4, True), (0, 1, True)])
def test_too_few_is_less_than_one_for_each(left: int | None, people: int, few: bool) -> None:
    assert too_few(left, people) is few


@given(st.lists(st.one_of(st.none(), st.integers(0, 100)), max_size=12))
def test_the_most_urgent_leave_first_what_is_due_no_answer_last_and_none_is_lost(minutes: list[int | None]) -> None:
    due = {f"c{n}": None if late is None else NOON + timedelta(minutes=late) for n, late in enumerate(minutes)}
    replies = [reply(number) for number in range(len(minutes))]
    ordered = most_urgent_first(replies, due)
    times = [due[one.comments[0]] for one in ordered]
    assert times == sorted(times, key=lambda at: (at is None, at or NOON))
    assert sorted(one.id for one in ordered) == sorted(one.id for one in replies)
    same = [one.id for one in ordered if due[one.comments[0]] == times[0]]
    assert same == [one.id for one in replies if due[one.comments[0]] == times[0]]
