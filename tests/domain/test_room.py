"""What is left of a kind, day by day, and why a day has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from caretool.domain.deliverability import DayRoom, Load, room
from caretool.domain.planning import Busy
from caretool.domain.policy import Days, Owner, PromiseKind
from tests.domain.test_deliverability import (
    DESK,
    FRI,
    MON,
    NEXT_MON,
    NOW,
    SAT,
    SUN,
    THU,
    TUE,
    WED,
    at,
    kind_of,
)


def today(kind: PromiseKind, hour: int, minute: int = 0, kept: int = 0) -> int | None:
    (found,) = room(kind, at(MON, hour, minute), Load(kept_today=kept), MON)
    return found.capacity


def test_today_has_the_share_of_its_units_that_is_left_rounded_down() -> None:
    kind = kind_of(per_day=10)
    assert [today(kind, 8), today(kind, 9, 1), today(kind, 13, 30), today(kind, 18)] == [10, 9, 5, 0]


def test_what_was_kept_today_is_gone_from_its_units_not_from_its_hours() -> None:
    kind = kind_of(per_day=10)
    assert [today(kind, 13, 30, kept) for kept in (3, 8, 11)] == [5, 2, 0]


def test_units_go_by_weekday_and_shut_days_say_so() -> None:
    kind = replace(kind_of(), capacity=(0, 1, 2, 3, 4, 5, 6))
    assert room(kind, NOW, Load({(MON, WED): 2}), NEXT_MON) == [
        (MON, 0, 0, 0, "over"),
        (TUE, 1, 1, 0, "full"),
        (WED, 2, 1, 1, None),
        (THU, 3, 0, 3, None),
        (FRI, 4, 0, 4, None),
        (SAT, 5, 0, 5, None),
        (SUN, 0, 0, 0, "closed"),
        (NEXT_MON, 0, 0, 0, "no units"),
    ]


def test_a_kind_without_a_capacity_has_no_number() -> None:
    assert room(kind_of("reply"), NOW, Load({(MON, MON): 7}), MON) == [DayRoom(MON, None, 7, None)]


def test_the_nights_when_the_clocks_change_have_their_real_share() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    kind = kind_of("callback", per_day=23 * 25, calendar=None)
    assert room(kind, at(spring, 12), Load(), spring)[0].capacity == 12 * 25
    assert room(kind, at(autumn, 12), Load(), autumn)[0].capacity == 12 * 23


def test_a_day_says_why_nothing_can_be_promised_for_it() -> None:
    christmas = date(2026, 12, 25)
    shut = Days(date(2026, 12, 29), date(2026, 12, 30), "courier's holidays")
    calendar = DESK.without([shut.first, shut.last])
    kind = kind_of(earliest="1 working day", latest="5 working days", per_day=10, calendar=calendar)
    kind = replace(kind, blackouts=(shut,))
    found = room(kind, at(date(2026, 12, 23), 10), Load(), date(2027, 1, 8))
    why = {one.day: one.why for one in found}
    assert why[date(2026, 12, 23)] == "needs 1 working day"
    assert why[date(2026, 12, 24)] == "closed"
    assert why[christmas] == "holiday"
    assert why[date(2026, 12, 27)] == "closed"
    assert why[date(2026, 12, 28)] is None
    assert why[date(2026, 12, 29)] == why[date(2026, 12, 30)] == "no pickup 29–30 Dec: courier's holidays"
    assert why[date(2026, 12, 31)] is None
    assert why[date(2027, 1, 7)] == "at most 5 working days ahead"


def test_a_week_that_is_full_leaves_nothing_of_its_days() -> None:
    kind = replace(kind_of(per_day=10), weekly=12)
    found = room(kind, at(MON, 8), Load({(MON, MON): 9}, kept_week=2), NEXT_MON)
    assert [(one.day, one.taken, one.left) for one in found if one.day in (MON, TUE, NEXT_MON)] == [
        (MON, 9, 1),
        (TUE, 0, 1),
        (NEXT_MON, 0, 10),
    ]


def test_what_the_owner_keeps_of_other_kinds_is_gone_too() -> None:
    other = kind_of("delivery", per_day=10)
    load = Load({(MON, MON): 2}, keepers=(Busy(Owner("logistics", capacity=(6,) * 7)),))
    load = replace(load, beside=((other, Load({(MON, TUE): 5})),))
    found = room(kind_of(per_day=10), at(MON, 8), load, TUE)
    assert [(one.capacity, one.taken, one.left, one.why) for one in found] == [(10, 2, 0, "full"), (10, 0, 5, None)]


def test_without_a_calendar_a_blackout_shuts_the_day_all_the_same() -> None:
    kind = replace(kind_of("callback", calendar=None, per_day=5), blackouts=(Days(TUE, TUE, "power cut"),))
    found = room(kind, at(MON, 0), Load(), WED)
    assert [(one.capacity, one.why) for one in found] == [(5, None), (0, "no callback on 24 Nov: power cut"), (5, None)]


def test_the_day_begins_where_the_calendars_clocks_hang() -> None:
    tokyo = replace(DESK, zone=ZoneInfo("Asia/Tokyo"), country=None)
    kind = kind_of(per_day=4, calendar=replace(tokyo, week=(((time(9), time(17)),),) * 7))
    (first, *_) = room(kind, at(MON, 22), Load(), TUE + timedelta(days=1))
    assert (first.day, first.capacity) == (TUE, 4), "it is Tuesday morning there, before opening time"
