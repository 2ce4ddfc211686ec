"""Until when a platform takes an answer: laws that hold whatever the times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.comment import Comment
from caretool.domain.windows import due, is_shut, other_way, shuts_at

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
moments = st.integers(-500, 500).map(lambda minutes: NOON + timedelta(minutes=minutes))
perhaps = st.one_of(st.none(), moments)


def comment(*, closes_at: datetime | None, private_until: datetime | None, private: bool = False) -> Comment:
    """One that waits, with its windows."""
    return Comment(
        number=1, id="c1", account="page", native_id="1", person="u1", handle="anna", name=None, form="comment",
        text="dove?", private=private, written_at=NOON, dated=True, state="waiting", closes_at=closes_at,
        private_until=private_until,
    )  # fmt: skip


comments = st.builds(comment, closes_at=perhaps, private_until=perhaps, private=st.booleans())


@given(perhaps, perhaps, moments)
def test_an_answer_is_due_no_later_than_either_and_wanted_only_where_it_was(
    due_at: datetime | None, closes_at: datetime | None, written_at: datetime
) -> None:
    found = due(due_at, closes_at, written_at)
    assert (found is None) == (due_at is None)
    if found is not None and due_at is not None:
        assert found in (due_at, closes_at)
        assert found <= due_at
        assert closes_at is None or closes_at <= written_at or found <= closes_at
        assert due(found, closes_at, written_at) == found


@given(comments, moments, moments, st.booleans())
def test_what_has_shut_stays_shut(one: Comment, now: datetime, later: datetime, privately: bool) -> None:
    now, later = sorted((now, later))
    if is_shut(one, now, privately=privately):
        assert is_shut(one, later, privately=privately)


@given(comments, moments, st.booleans())
def test_what_says_no_end_never_shuts(one: Comment, now: datetime, privately: bool) -> None:
    at = shuts_at(one, privately=privately)
    assert is_shut(one, now, privately=privately) == (at is not None and at <= now)
    assert at in (one.closes_at, one.private_until)


@given(comments)
def test_a_private_comment_is_answered_in_private_however_it_is_asked_for(one: Comment) -> None:
    if one.private:
        assert shuts_at(one, privately=True) == shuts_at(one, privately=False) == one.closes_at


@given(comments, moments, st.booleans())
def test_another_way_is_offered_only_where_it_is_open(one: Comment, now: datetime, privately: bool) -> None:
    way = other_way(one, now, privately=privately)
    if way is not None:
        assert not one.private
        assert (way == "public") == privately
        assert not is_shut(one, now, privately=way == "private")


@pytest.mark.parametrize(("minutes", "shut"), [(-1, False), (0, True), (1, True)])
def test_at_the_very_moment_it_is_shut(minutes: int, shut: bool) -> None:
    one = comment(closes_at=NOON, private_until=None)
    assert is_shut(one, NOON + timedelta(minutes=minutes), privately=False) is shut
    assert is_shut(one, NOON + timedelta(minutes=minutes), privately=True) is shut


def test_a_private_answer_to_a_public_comment_has_a_window_of_its_own() -> None:
    one = comment(closes_at=None, private_until=NOON)
    assert (is_shut(one, NOON, privately=True), is_shut(one, NOON, privately=False)) == (True, False)
    assert other_way(one, NOON, privately=True) == "public"
    both = comment(closes_at=NOON, private_until=NOON + timedelta(days=1))
    assert (is_shut(both, NOON, privately=True), is_shut(both, NOON, privately=False)) == (False, True)
    assert other_way(both, NOON, privately=False) == "private"
