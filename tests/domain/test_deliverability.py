"""What can be promised: the plan against one that tries everything, the edges, the situations of the shop."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from caretool.domain.calendar import Calendar, NeverOpen, after, closing_of
from caretool.domain.deliverability import (
    Load,
    Window,
    earliest_due,
    judge,
    late_windows,
    review_time,
    window,
    wished_due,
)
from caretool.domain.duration import Duration
from caretool.domain.policy import PromiseKind

ROME = ZoneInfo("Europe/Rome")
NINE_TO_SIX = ((time(9), time(13)), (time(14), time(18)))
MORNING = ((time(9), time(13)),)
DESK = Calendar(
    "desk",
    ROME,
    (NINE_TO_SIX,) * 5 + (MORNING, ()),
    country="IT",
    closed=frozenset({date(2026, 12, 24)}),  # type: ignore[arg-type]
)
WEEKDAYS = Calendar("weekdays", ROME, (NINE_TO_SIX,) * 5 + ((), ()))  # type: ignore[arg-type]

MON, TUE, WED, THU, FRI, SAT, SUN = (date(2026, 11, 23) + timedelta(days=n) for n in range(7))
NEXT_MON, NEXT_TUE = MON + timedelta(days=7), TUE + timedelta(days=7)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ROME).astimezone(UTC)


NOW = at(MON, 9, 12)


def kind_of(
    name: str = "pickup",
    earliest: str | None = None,
    latest: str | None = None,
    due: str | None = None,
    per_day: int | None = None,
    calendar: Calendar | None = DESK,
) -> PromiseKind:
    lengths = {"earliest": earliest, "latest": latest, "due": due}
    parsed = {key: Duration.parse(text) for key, text in lengths.items() if text is not None}
    capacity = None if per_day is None else (per_day,) * 7
    return PromiseKind(name, "logistics", ROME, calendar=calendar, capacity=capacity, **parsed)  # type: ignore[arg-type]


PICKUP = kind_of(earliest="2 working days", latest="5 working days", per_day=40)


# One request


def test_forty_of_a_hundred_and_twenty_fit_on_the_first_possible_day() -> None:
    verdict = judge(PICKUP, 120, at(WED, 18), NOW, Load())
    assert (verdict.check, verdict.fits) == ("no-room", 40)
    assert verdict.earliest_due_at == at(FRI, 18)
    assert verdict.window == (WED, WED)
    assert verdict.why.startswith("40 a day are possible; until Wed 25 Nov 18:00 there is room for 40 of your 120;")
    assert judge(PICKUP, 40, at(WED, 18), NOW, Load()).check is None


def test_tomorrow_is_too_early_and_the_reason_says_what_would_pass() -> None:
    verdict = judge(PICKUP, 23, at(TUE, 18), NOW, Load({(TUE, WED): 68}))
    assert (verdict.check, verdict.fits, verdict.window) == ("too-early", 0, None)
    assert verdict.earliest_due_at == at(THU, 18)
    assert verdict.why == (
        "a pickup needs 2 working days: the earliest is Wed 25 Nov 09:00; "
        "until Wed 25 Nov 18:00 there is room for 12 of your 23; the earliest for all is Thu 26 Nov 18:00"
    )


def test_what_is_promised_for_later_days_leaves_the_first_day_free() -> None:
    assert judge(PICKUP, 40, at(WED, 18), NOW, Load({(WED, THU): 40})).check is None
    assert judge(PICKUP, 41, at(THU, 18), NOW, Load({(WED, THU): 40})).fits == 40


def test_the_edges_of_lead_time_and_latest_are_exact() -> None:
    kind = kind_of(earliest="2 working days", latest="5 working days")
    minute = timedelta(minutes=1)
    assert judge(kind, 1, at(WED, 9), NOW, Load()).check is None
    assert judge(kind, 1, at(WED, 9) - minute, NOW, Load()).check == "too-early"
    assert judge(kind, 1, at(SAT, 13), NOW, Load()).check is None
    assert judge(kind, 1, at(NEXT_MON, 9), NOW, Load()).check == "too-late"
    assert judge(kind, 1, at(NEXT_MON, 9), NOW, Load()).why == (
        "a pickup is promised at most 5 working days ahead: until Sat 28 Nov 13:00"
    )


def test_a_due_time_outside_the_hours_counts_as_the_last_open_moment_before_it() -> None:
    kind = kind_of(earliest="2 working days", latest="5 working days")
    assert judge(kind, 1, at(SUN, 12), NOW, Load()).check is None, "Sunday noon counts as Saturday's closing"
    assert judge(kind, 1, at(SUN, 12), NOW, Load()).window == (WED, SAT)
    assert judge(kind, 1, at(WED, 8, 59), NOW, Load()).check == "too-early"
    four_hours = judge(kind_of(earliest="4h"), 1, at(MON, 13, 30), NOW, Load())
    assert four_hours.check == "too-early", "13:30 counts as 13:00, and 13:12 is the earliest"


def test_a_lead_time_over_the_lunch_break_may_end_in_it() -> None:
    kind = kind_of(earliest="2 working hours")
    assert judge(kind, 1, at(MON, 13), at(MON, 11), Load()).check is None
    assert judge(kind, 1, at(MON, 12, 59), at(MON, 11), Load()).check == "too-early"
    assert judge(kind, 1, at(MON, 15, 0), at(MON, 12), Load()).check is None


def test_a_lead_time_that_ends_at_closing_time_leaves_nothing_of_the_day() -> None:
    verdict = judge(kind_of(earliest="2 working hours"), 1, at(MON, 18), at(MON, 16), Load())
    assert (verdict.check, verdict.earliest_due_at) == ("too-early", at(TUE, 18))


def test_a_lead_time_that_ends_on_a_closed_day_begins_on_the_next_open_one() -> None:
    kind = kind_of(earliest="24h", per_day=5)
    assert window(kind, at(NEXT_TUE, 18), at(SAT, 10)) == (NEXT_MON, NEXT_TUE)
    assert window(kind, at(SUN, 18), at(SAT, 10)) is None
    assert earliest_due(kind, 5, at(SAT, 10), Load()) == at(NEXT_MON, 18)


def test_twenty_four_hours_typed_on_a_closed_saturday_are_refused_and_monday_is_offered() -> None:
    now = at(SAT, 15)
    verdict = judge(kind_of("callback"), 1, now + timedelta(hours=24), now, Load())
    assert (verdict.check, verdict.earliest_due_at) == ("too-early", at(NEXT_MON, 18))
    assert (
        verdict.why == "the calendar 'desk' has no open time between Sat 28 Nov 15:00 and Sun 29 Nov 15:00: "
        "the earliest is Mon 30 Nov 09:00"
    )


def test_a_templates_wish_for_twenty_four_hours_moves_to_monday() -> None:
    day = Duration.parse("24h")
    assert wished_due(kind_of("callback"), 1, day, at(SAT, 15), Load()) == at(NEXT_MON, 18)
    assert wished_due(kind_of("callback"), 1, day, at(MON, 10), Load()) == at(TUE, 10)


def test_a_templates_wish_comes_before_the_kinds_own_due_and_that_before_the_earliest() -> None:
    kind = kind_of("reply", due="2 working days", latest="5 working days", per_day=10)
    assert wished_due(kind, 1, Duration.parse("3h"), NOW, Load()) == NOW + timedelta(hours=3)
    assert wished_due(kind, 1, None, NOW, Load()) == at(WED, 18)
    assert wished_due(replace(kind, due=None), 1, None, NOW, Load()) == at(MON, 18)
    assert wished_due(kind, 35, None, NOW, Load()) == at(THU, 18), "9 + 10 + 10 until Wednesday"
    assert wished_due(kind, 60, None, NOW, Load()) is None, "9 + 5 × 10 until Saturday"


def test_at_five_to_six_today_is_nearly_over() -> None:
    now = at(MON, 17, 55)
    assert earliest_due(kind_of("reply"), 1, now, Load()) == at(MON, 18)
    assert earliest_due(kind_of("reply", per_day=40), 1, now, Load()) == at(TUE, 18), "5 of 480 minutes: no unit"
    assert earliest_due(kind_of("reply", earliest="1h"), 1, now, Load()) == at(TUE, 18)
    assert judge(kind_of("reply", earliest="1h"), 1, at(MON, 18, 55), now, Load()).check == "too-early"


def test_before_christmas_the_closed_day_and_the_holidays_have_no_room() -> None:
    eve = date(2026, 12, 24)
    kind = kind_of(earliest="1 working day", per_day=10)
    now = at(date(2026, 12, 23), 10)
    assert earliest_due(kind, 1, now, Load()) == at(date(2026, 12, 28), 18)
    assert judge(kind, 1, closing_of(eve, DESK, ROME), now, Load()).check == "too-early"


def test_what_is_past_is_refused_as_past() -> None:
    verdict = judge(kind_of("callback"), 1, at(MON, 9), NOW, Load())
    assert verdict.check == "too-early"
    assert verdict.why.startswith("Mon 23 Nov 09:00 is past: the earliest is Mon 23 Nov 09:12")


def test_the_end_of_time_is_a_time_like_any_other() -> None:
    end = datetime.max.replace(hour=18, tzinfo=UTC)
    assert judge(kind_of("callback", calendar=None, per_day=1), 1, end, NOW, Load()).check is None
    assert judge(PICKUP, 1, end, NOW, Load()).check == "too-late"


def test_names_that_begin_with_a_vowel_take_an() -> None:
    assert (
        judge(kind_of("escalation"), 1, at(TUE, 9), NOW, Load()).why
        == "an escalation can be kept until Tue 24 Nov 09:00"
    )


def test_what_is_of_no_kind_is_called_this_promise() -> None:
    assert judge(kind_of("other"), 1, at(TUE, 9), NOW, Load()).why == "this promise can be kept until Tue 24 Nov 09:00"


# Capacity


def test_a_kind_without_a_capacity_takes_any_number() -> None:
    verdict = judge(kind_of("reply"), 100_000, at(MON, 18), NOW, Load({(MON, MON): 100_000}))
    assert (verdict.check, verdict.fits) == (None, 100_000)


def test_a_kind_that_has_no_units_at_all_is_never_deliverable() -> None:
    kind = kind_of(per_day=0)
    verdict = judge(kind, 1, at(WED, 18), NOW, Load({(MON, date.max): 1}))
    assert (verdict.check, verdict.fits, verdict.earliest_due_at) == ("no-room", 0, None)


def test_where_nothing_passes_within_latest_none_is_offered() -> None:
    verdict = judge(PICKUP, 161, at(SAT, 13), NOW, Load())
    assert (verdict.check, verdict.fits, verdict.earliest_due_at) == ("no-room", 160, None)
    assert "nor is there until Sat 28 Nov 13:00" in verdict.why


def test_without_a_latest_the_search_goes_on_for_two_years() -> None:
    kind = kind_of(per_day=1, calendar=WEEKDAYS)
    assert earliest_due(kind, 500, NOW, Load()) is not None
    assert earliest_due(kind, 600, NOW, Load()) is None


def test_latest_in_the_middle_of_a_day_is_the_latest_due() -> None:
    kind = kind_of(latest="24h", per_day=10)
    assert earliest_due(kind, 15, NOW, Load()) == at(TUE, 9, 12)
    assert earliest_due(kind, 5, NOW, Load()) == at(MON, 18)


def test_a_calendar_that_never_opens_is_an_error_and_not_a_loop() -> None:
    never = Calendar("never", ROME, ((), (), (), (), (), (), ()))
    with pytest.raises(NeverOpen):
        judge(kind_of(calendar=never), 1, at(TUE, 9), NOW, Load())


# Without a calendar


def test_without_a_calendar_a_day_closes_at_six_and_in_the_evening_at_midnight() -> None:
    kind = kind_of("callback", calendar=None)
    assert earliest_due(kind, 1, at(SUN, 10), Load()) == at(SUN, 18)
    assert earliest_due(kind, 1, at(SUN, 20), Load()) == at(SUN, 23, 59)
    assert earliest_due(kind, 1, at(SUN, 23, 59) + timedelta(seconds=30), Load()) == at(NEXT_MON, 18)


def test_midnight_ends_a_day_and_does_not_lend_the_next_ones_units() -> None:
    kind = kind_of("callback", per_day=10, calendar=None)
    assert window(kind, at(TUE, 0), at(MON, 12)) == (MON, MON)
    assert judge(kind, 6, at(TUE, 0), at(MON, 12), Load()).fits == 5
    assert window(replace(kind, earliest=Duration(12, "hours")), at(TUE, 0), at(MON, 12)) == (TUE, TUE)


def test_the_nights_when_the_clocks_change_count_their_real_hours() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    kind = kind_of("callback", earliest="24h", calendar=None)
    assert judge(kind, 1, at(spring, 13), at(spring - timedelta(days=1), 12), Load()).check is None
    assert judge(kind, 1, at(spring, 12, 59), at(spring - timedelta(days=1), 12), Load()).check == "too-early"
    assert judge(kind, 1, at(autumn, 11), at(autumn - timedelta(days=1), 12), Load()).check is None
    assert judge(kind, 1, at(autumn, 10, 59), at(autumn - timedelta(days=1), 12), Load()).check == "too-early"


# What is overdue or doomed


FRIDAY_BEFORE = MON - timedelta(days=3)


def test_one_overdue_promise_does_not_block_its_kind() -> None:
    overdue = Load({(FRIDAY_BEFORE, FRIDAY_BEFORE): 1})
    kind = kind_of(per_day=40)
    assert judge(kind, 38, at(MON, 18), NOW, overdue).check is None, "39 units are left of today"
    assert judge(kind, 39, at(MON, 18), NOW, overdue).check == "no-room"
    assert judge(kind, 39, at(TUE, 18), NOW, overdue).check is None


def test_a_refusal_says_that_overdue_ones_are_the_cause() -> None:
    verdict = judge(kind_of(per_day=10), 1, at(MON, 18), NOW, Load({(FRIDAY_BEFORE, FRIDAY_BEFORE): 12}))
    assert verdict.why == (
        "10 a day are possible; until Mon 23 Nov 18:00 there is no room; the earliest is Tue 24 Nov 18:00; "
        "what is overdue or will be late (12) comes first"
    )
    assert "overdue" not in judge(kind_of(per_day=10), 11, at(MON, 18), NOW, Load()).why


def test_what_is_doomed_already_blocks_nobody_who_can_still_be_served() -> None:
    kind = kind_of(per_day=8)
    doomed = Load({(TUE, TUE): 20})
    assert judge(kind, 5, at(MON, 18), NOW, doomed).check is None, "today is free"
    assert judge(kind, 8, at(TUE, 18), NOW, doomed).fits == 7
    assert earliest_due(kind, 8, NOW, doomed) == at(THU, 18), "7 today, the doomed until Thursday, one beside them"


def test_a_new_one_may_not_push_out_one_that_was_on_time() -> None:
    kind = kind_of(per_day=8)
    full = Load({(TUE, WED): 16, (FRIDAY_BEFORE, FRIDAY_BEFORE): 7})
    assert judge(kind, 1, at(TUE, 18), NOW, full).check == "no-room"
    assert judge(kind, 1, at(THU, 18), NOW, full).check is None


def test_the_plan_says_which_promises_will_be_late() -> None:
    kind = kind_of(per_day=8)
    load = Load({(FRIDAY_BEFORE, FRIDAY_BEFORE): 7, (MON, MON): 1, (MON, TUE): 8, (MON, WED): 6, (WED, THU): 9})
    assert late_windows(kind, NOW, load) == {(FRIDAY_BEFORE, FRIDAY_BEFORE), (MON, MON), (MON, TUE)}
    assert late_windows(kind, NOW, Load({(MON, MON): 7, (MON, TUE): 8})) == set()
    assert late_windows(kind_of(), NOW, load) == {(FRIDAY_BEFORE, FRIDAY_BEFORE)}


# The laws, on small cases


@dataclass(frozen=True)
class Case:
    kind: PromiseKind
    now: datetime
    load: Load
    count: int


@st.composite
def cases(
    draw: st.DrawFn, calendars: tuple[Calendar | None, ...] = (WEEKDAYS, DESK, None), overdue: bool = True
) -> Case:
    calendar = draw(st.sampled_from(calendars))
    day = MON + timedelta(days=draw(st.integers(0, 6)))
    capacity = draw(st.tuples(*[st.integers(0, 3)] * 7))
    leads = [None, "90m", "24h", "1 day"] + (["1 working day", "2 working days", "3 working hours"] if calendar else [])
    lasts = [None, "30h", "4 days"] + (["3 working days", "5 working days"] if calendar else [])
    kind = kind_of(earliest=draw(st.sampled_from(leads)), latest=draw(st.sampled_from(lasts)), calendar=calendar)
    offsets = st.tuples(st.integers(-3, 5), st.integers(0, 4)).filter(lambda pair: overdue or sum(pair) >= 0)
    windows = draw(st.lists(offsets, max_size=6))
    load = Counter((day + timedelta(days=first), day + timedelta(days=first + length)) for first, length in windows)
    now = at(day, draw(st.integers(0, 23)), draw(st.sampled_from([0, 30])))
    return Case(replace(kind, capacity=capacity), now, Load(load, draw(st.integers(0, 2))), draw(st.integers(1, 4)))


def units_of(case: Case, day: date) -> int:
    """A day's units, worked out minute by minute."""
    calendar = case.kind.calendar
    today = case.now.astimezone(ROME).date()
    ranges = calendar.hours(day) if calendar else ((time(0), time(0)),)
    assert case.kind.capacity is not None
    whole = case.kind.capacity[day.weekday()] if ranges else 0
    if day != today or not whole:
        return whole
    steps = [time(hour, minute) for hour in range(24) for minute in (0, 30)]
    is_open = [step for step in steps if any(start <= step and (step < end or end == time(0)) for start, end in ranges)]
    left = [step for step in is_open if step >= case.now.astimezone(ROME).time()]
    return max(0, min(whole - case.load.kept_today, whole * len(left) // len(is_open)))


def fits_by_trying(case: Case, windows: list[Window]) -> bool:
    """Whether any assignment of one unit each keeps all of them in time."""
    today = case.now.astimezone(ROME).date()
    left = {today + timedelta(days=n): units_of(case, today + timedelta(days=n)) for n in range(15)}

    def place(index: int) -> bool:
        if index == len(windows):
            return True
        first, due = windows[index]
        for day in left:
            if first <= day <= due and left[day]:
                left[day] -= 1
                if place(index + 1):
                    return True
                left[day] += 1
        return False

    return place(0)


def late_one_by_one(case: Case, windows: list[Window]) -> set[int]:
    """The plan of DESIGN §6 promise by promise: who is late, by their place in the list."""
    today = case.now.astimezone(ROME).date()
    late = set(range(len(windows)))
    waiting = sorted(late, key=lambda index: (windows[index][1], index))
    for day in (today + timedelta(days=n) for n in range(20)):
        units = units_of(case, day)
        served = [index for index in waiting if windows[index][0] <= day][:units]
        late -= {index for index in served if day <= windows[index][1]}
        waiting = [index for index in waiting if index not in served]
    return late


def opened(case: Case) -> list[Window]:
    return list(Counter(case.load.open).elements())


due_days = st.integers(0, 8)


@settings(max_examples=200, deadline=None)
@given(cases(overdue=False), due_days)
def test_where_what_is_open_fits_the_plan_is_as_good_as_trying_everything(case: Case, offset: int) -> None:
    due_at = closing_of(case.now.astimezone(ROME).date() + timedelta(days=offset), case.kind.calendar, ROME)
    verdict = judge(case.kind, case.count, due_at, case.now, case.load)
    assume(verdict.window is not None and verdict.check != "too-late" and fits_by_trying(case, opened(case)))
    assert verdict.window is not None
    fitting = [n for n in range(case.count + 1) if fits_by_trying(case, opened(case) + [verdict.window] * n)]
    assert verdict.fits == max(fitting)
    assert (verdict.check is None) == (verdict.fits == case.count)


@settings(max_examples=200, deadline=None)
@given(cases(), due_days)
def test_where_it_does_not_only_those_who_were_on_time_count(case: Case, offset: int) -> None:
    due_at = closing_of(case.now.astimezone(ROME).date() + timedelta(days=offset), case.kind.calendar, ROME)
    verdict = judge(case.kind, case.count, due_at, case.now, case.load)
    assume(verdict.check in (None, "no-room"))
    assert verdict.window is not None
    old = opened(case)
    unharmed = late_one_by_one(case, old + [verdict.window] * case.count) == late_one_by_one(case, old)
    assert (verdict.check is None) == unharmed


@settings(max_examples=100, deadline=None)
@given(cases())
def test_the_late_windows_are_those_of_promises_that_are_late_one_by_one(case: Case) -> None:
    old = sorted(opened(case))
    assert late_windows(case.kind, case.now, case.load) == {old[index] for index in late_one_by_one(case, old)}


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_earliest_due_passes_and_no_earlier_closing_does(case: Case) -> None:
    earliest = earliest_due(case.kind, case.count, case.now, case.load)
    today = case.now.astimezone(ROME).date()
    last = 12 if earliest is None else (earliest.astimezone(ROME).date() - today).days - 1
    for offset in range(last + 1):
        closing = closing_of(today + timedelta(days=offset), case.kind.calendar, ROME)
        assert judge(case.kind, case.count, closing, case.now, case.load).check is not None
    if earliest is not None:
        verdict = judge(case.kind, case.count, earliest, case.now, case.load)
        assert (verdict.check, verdict.fits, verdict.earliest_due_at) == (None, case.count, earliest)


@settings(max_examples=100, deadline=None)
@given(cases(), due_days)
def test_fewer_people_or_more_time_never_turn_a_yes_into_a_no(case: Case, offset: int) -> None:
    kind = replace(case.kind, latest=None)
    due_at = closing_of(case.now.astimezone(ROME).date() + timedelta(days=offset), kind.calendar, ROME)
    verdict = judge(kind, case.count, due_at, case.now, case.load)
    assert judge(kind, case.count + 1, due_at, case.now, case.load).fits >= verdict.fits
    assert judge(kind, case.count, due_at + timedelta(days=1), case.now, case.load).fits >= verdict.fits
    for count in range(1, case.count + 1):
        assert (judge(kind, count, due_at, case.now, case.load).check is None) == (count <= verdict.fits)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_a_wish_is_kept_or_moved_to_what_passes(case: Case) -> None:
    wish = Duration(24, "hours")
    due_at = wished_due(case.kind, case.count, wish, case.now, case.load)
    wished = after(case.now, wish, case.kind.calendar, ROME, "closing")
    passes = judge(case.kind, case.count, wished, case.now, case.load).check is None
    assert due_at == (wished if passes else earliest_due(case.kind, case.count, case.now, case.load))


def test_a_hundred_thousand_open_promises_are_judged_at_once() -> None:
    kind = kind_of(earliest="2 working days", latest="60 working days", per_day=2_500)
    first_days = [MON + timedelta(days=n) for n in range(40)]
    load = Load({(first, first + timedelta(days=length)): 250 for first in first_days for length in range(10, 20)})
    assert sum(load.open.values()) == 100_000
    judge(kind, 23, at(THU, 18), NOW, load)
    began = perf_counter()
    judge(kind, 23, at(THU, 18), NOW, load)
    assert perf_counter() - began < 1, "about 10 ms; the bound leaves room for a slow machine"


@pytest.mark.parametrize(
    ("review", "due_at", "looked_at"),
    [
        (None, at(TUE, 18), None),
        ("90m", at(TUE, 18), at(TUE, 16, 30)),
        ("1 day", at(TUE, 18), at(MON, 18)),
        ("4 working hours", at(TUE, 11), at(MON, 16)),
        ("2 working days", at(WED, 18), at(MON, 9)),
        ("1 working day", at(NEXT_MON, 18), at(SAT, 9)),
    ],
)
def test_a_promise_is_looked_at_before_it_is_due(
    review: str | None, due_at: datetime, looked_at: datetime | None
) -> None:
    kind = replace(kind_of(), review=Duration.parse(review) if review else None)
    assert review_time(kind, due_at) == looked_at


def test_where_the_calendar_had_no_such_day_there_is_no_look() -> None:
    never = replace(DESK, week=((),) * 7, open={TUE: NINE_TO_SIX})
    kind = replace(kind_of(calendar=never), review=Duration.parse("1 working day"))
    assert review_time(kind, at(TUE, 18)) is None
