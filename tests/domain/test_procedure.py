"""A case goes through its steps in their order, once; what is late puts at risk what it still owes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.calendar import Calendar
from caretool.domain.duration import Duration
from caretool.domain.procedure import Case, Hours, Step, begun, closed, endangers, expected, taken
from caretool.errors import UsageProblem

ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 11, 23, 9, 12, tzinfo=ROME)
_OPEN = ((time(9), time(13)), (time(14), time(18)))
HOURS = Hours(ROME, {"desk": Calendar("desk", ROME, (*[_OPEN] * 5, (), ()))})

PHOTO = Step("photo", "desk", waits_for="customer", remind=Duration(2, "days"), close=Duration(10, "days"))
COURIER = Step("courier", "logistics", Duration(4, "working hours"), "desk")
PICKUP = Step("pickup", "logistics", Duration(2, "working days"), "desk", promise="pickup", evidence=("text",))
CALLBACK = Step("callback", "desk", Duration(24, "hours"), promise="callback")
DAMAGED = (PHOTO, COURIER, PICKUP, CALLBACK)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ROME)


def case_of(*steps: Step, now: datetime = MONDAY) -> Case:
    return Case("k1", "damaged-parcel", "u1", "Anna Neri", now, begun(steps, now, HOURS))


def after(case: Case, *steps: tuple[str, datetime]) -> Case:
    for name, moment in steps:
        case = taken(case, name, "done", moment, HOURS)
    return case


def test_the_first_step_has_its_turn_when_a_case_starts() -> None:
    case = case_of(*DAMAGED)
    assert [one.state for one in case.steps] == ["now", "ahead", "ahead", "ahead"]
    assert case.now is not None
    assert case.now.began_at == MONDAY


def test_the_time_of_a_step_counts_from_the_end_of_the_one_before() -> None:
    case = after(case_of(*DAMAGED), ("photo", at(24, 16)), ("courier", at(25, 10, 30)))
    assert [one.due_at for one in case.steps] == [None, at(25, 11), at(27, 18), None]
    late = after(case, ("pickup", at(30, 11)))
    assert late.now is not None
    assert late.now.due_at == at(30, 11) + timedelta(hours=24)


def test_a_step_that_waits_for_the_customer_is_never_late_and_says_when_to_ask_again() -> None:
    case = case_of(*DAMAGED)
    assert case.now is not None
    assert (case.now.due_at, case.now.remind_at) == (None, at(25, 9, 12))
    assert case.now.close_at == MONDAY + timedelta(days=10)
    assert not case.late(MONDAY + timedelta(days=365))


def test_a_step_of_ours_is_late_once_its_time_is_over_and_not_before() -> None:
    case = after(case_of(*DAMAGED), ("photo", at(23, 10)))
    assert not case.late(at(23, 15))
    assert case.late(at(23, 15) + timedelta(microseconds=1))


def test_a_step_is_done_in_its_turn_only() -> None:
    case = after(case_of(*DAMAGED), ("photo", at(23, 10)))
    for name, said in (("pickup", "comes later"), ("photo", "is done already"), ("foto", "has no step 'foto'")):
        with pytest.raises(UsageProblem, match=said):
            taken(case, name, "done", at(23, 11), HOURS)


def test_after_its_last_step_a_case_is_done_and_no_step_is_left() -> None:
    case = after(case_of(COURIER), ("courier", at(23, 10)))
    assert (case.state, case.place, case.ended_at) == ("done", None, at(23, 10))
    with pytest.raises(UsageProblem, match="has ended: it is done"):
        taken(case, "courier", "done", at(23, 11), HOURS)
    with pytest.raises(UsageProblem, match="has ended: it is done"):
        closed(case, "twice", at(23, 11))


def test_what_a_closed_case_had_not_done_is_dropped() -> None:
    case = closed(after(case_of(*DAMAGED), ("photo", at(23, 10))), "no answer", at(23, 12))
    assert [one.state for one in case.steps] == ["done", "dropped", "dropped", "dropped"]
    assert (case.state, case.because, case.place) == ("closed", "no answer", None)


def test_what_is_to_come_is_expected_as_if_each_step_took_its_time_and_the_customer_none() -> None:
    case = case_of(*DAMAGED)
    ends = (MONDAY, at(23, 14, 12), at(25, 18), at(26, 18))
    assert expected(case, MONDAY, HOURS) == ends
    assert expected(after(case, ("photo", MONDAY)), MONDAY, HOURS) == (None, *ends[1:])


def test_a_late_step_endangers_the_promise_of_a_later_one_before_that_is_overdue() -> None:
    case = after(case_of(*DAMAGED), ("photo", MONDAY))
    due_at = at(30, 18)
    assert not endangers(case, 2, due_at, at(23, 14), HOURS)
    assert endangers(case, 2, due_at, at(23, 15), HOURS)


def test_a_promise_is_endangered_where_the_steps_to_it_no_longer_fit() -> None:
    case = case_of(*DAMAGED)
    assert not endangers(case, 2, at(25, 18), MONDAY, HOURS)
    assert endangers(case, 2, at(25, 17, 59), MONDAY, HOURS)
    waited = at(24, 16)  # the customer has taken a day and a half
    assert endangers(case, 2, at(25, 18), waited, HOURS)
    assert not endangers(case, 2, at(27, 18), waited, HOURS)


def test_a_step_that_has_been_done_endangers_nothing_any_more() -> None:
    case = after(case_of(*DAMAGED), ("photo", MONDAY), ("courier", at(23, 11)), ("pickup", at(26, 18)))
    assert not endangers(case, 2, at(24, 18), at(27, 18), HOURS)
    assert not endangers(closed(case, "over", at(27, 9)), 3, at(24, 18), at(28, 18), HOURS)


def test_on_a_calendar_that_the_policy_has_dropped_every_hour_counts() -> None:
    gone = replace(COURIER, calendar="gone")
    assert begun([gone], at(28, 20), HOURS)[0].due_at == at(29, 0)


_LENGTHS = st.builds(Duration, st.integers(0, 40), st.sampled_from(["minutes", "hours", "days", "working hours"]))
_OURS = st.builds(Step, st.just("x"), st.just("desk"), _LENGTHS, st.just("desk"))
_STEPS = st.lists(_OURS | st.just(PHOTO), min_size=1, max_size=6).map(
    lambda steps: [replace(step, name=f"s{number}") for number, step in enumerate(steps)]
)
_HOW: list[Literal["done", "skipped", "closed"]] = ["done", "skipped", "closed"]
_MOVES = st.lists(st.tuples(st.sampled_from(_HOW), st.integers(0, 6), st.integers(0, 3000)), max_size=20)


@given(_STEPS, _MOVES)
@settings(max_examples=150, deadline=None)
def test_whatever_is_tried_steps_end_in_their_order_and_a_case_ends_once(
    steps: list[Step], moves: list[tuple[Literal["done", "skipped", "closed"], int, int]]
) -> None:
    case, now, ended = case_of(*steps), MONDAY, 0
    for how, number, minutes in moves:
        now += timedelta(minutes=minutes)
        before = case
        try:
            case = closed(case, "over", now) if how == "closed" else taken(case, f"s{number}", how, now, HOURS)
        except UsageProblem:
            assert before.state != "running" or before.place != number
            continue
        assert before.state == "running"
        assert how == "closed" or before.place == number
        ended += case.state != "running"
        assert_in_order(case)
    assert ended <= 1
    assert ended == (case.state != "running")


def assert_in_order(case: Case) -> None:
    """Ended steps, at most one in its turn, then those to come; each begins when the one before ended."""
    order = {"done": 0, "skipped": 0, "now": 1, "ahead": 2, "dropped": 3}
    ranks = [order[one.state] for one in case.steps]
    assert ranks == sorted(ranks)
    assert ranks.count(1) == (case.state == "running")
    for one, following in zip(case.steps, case.steps[1:], strict=False):
        assert following.began_at in (None, one.ended_at)
    for one in case.steps:
        if one.began_at is not None and one.due_at is not None:
            assert one.due_at >= one.began_at.replace(second=0, microsecond=0)


@given(_STEPS, st.integers(0, 20_000), st.integers(0, 20_000))
@settings(max_examples=150, deadline=None)
def test_who_starts_later_is_due_no_earlier_and_later_steps_no_earlier_than_those_before(
    steps: list[Step], first: int, second: int
) -> None:
    sooner, later = sorted((first, second))
    ends = []
    for minutes in (sooner, later):
        now = MONDAY + timedelta(minutes=minutes)
        found = [end for end in expected(case_of(*steps, now=now), now, HOURS) if end is not None]
        assert len(found) == len(steps)
        assert found == sorted(found)
        ends.append(found)
    assert all(one <= other for one, other in zip(*ends, strict=True))


@given(_STEPS, st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_what_is_at_risk_stays_so_while_nobody_does_anything(steps: list[Step], due: int, one: int, other: int) -> None:
    case, place = case_of(*steps), len(steps) - 1
    due_at = MONDAY + timedelta(minutes=due)
    sooner, later = (MONDAY + timedelta(minutes=minutes) for minutes in sorted((one, other)))
    if endangers(case, place, due_at, sooner.astimezone(UTC), HOURS):
        assert endangers(case, place, due_at, later.astimezone(UTC), HOURS)
