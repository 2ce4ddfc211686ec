"""The time that runs on a calendar: lunch breaks, holidays, closed days, both nights when the clocks change."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.calendar import (
    Calendar,
    NeverOpen,
    Ranges,
    after,
    closing_of,
    response_due,
    round_the_clock,
    wall_clock,
    with_holidays,
)
from caretool.domain.duration import Duration

ROME = ZoneInfo("Europe/Rome")
HOUR = timedelta(hours=1)

MONDAY = date(2026, 11, 23)
FRIDAY = date(2026, 11, 27)
SATURDAY = date(2026, 11, 28)
SPRING = date(2026, 3, 29)  # 02:00 to 03:00 is skipped in Rome
AUTUMN = date(2026, 10, 25)  # 02:00 to 03:00 comes twice in Rome


def hours(*texts: str) -> Ranges:
    """`09:00-13:00` …; `24:00` is midnight at the end of the day."""
    ends = (text.replace("24:00", "00:00").split("-") for text in texts)
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in ends)


def office(weekdays: str = "09:00-17:00", **more: object) -> Calendar:
    return Calendar("office", ROME, (hours(weekdays),) * 5 + ((), ()), **more)  # type: ignore[arg-type]


DESK = Calendar(
    "desk",
    ROME,
    (hours("09:00-13:00", "14:00-18:00"),) * 5 + (hours("09:00-13:00"), ()),  # type: ignore[arg-type]
    country="IT",
    closed=frozenset({date(2026, 12, 24)}),
)


def every_day(*texts: str) -> Calendar:
    return Calendar("every day", ROME, (hours(*texts),) * 7)  # type: ignore[arg-type]


def at(day: date, hour: int, minute: int = 0, fold: int = 0) -> datetime:
    """An hour in Rome, as UTC: Python never calls moments of a repeated hour equal across zones."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ROME, fold=fold).astimezone(UTC)


def local(moment: datetime) -> str:
    return f"{moment.astimezone(ROME):%Y-%m-%d %H:%M}"


# Which days and hours


def test_a_day_has_its_ranges_in_utc() -> None:
    spans = DESK.ranges(MONDAY)
    assert [(local(start), local(end)) for start, end in spans] == [
        ("2026-11-23 09:00", "2026-11-23 13:00"),
        ("2026-11-23 14:00", "2026-11-23 18:00"),
    ]
    assert {moment.tzinfo for span in spans for moment in span} == {UTC}
    assert DESK.opening(MONDAY) == at(MONDAY, 9)
    assert DESK.closing(MONDAY) == at(MONDAY, 18)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 11, 29), "a Sunday"),
        (date(2026, 12, 24), "closed by the policy"),
        (date(2026, 12, 8), "a public holiday"),
        (date(2027, 3, 29), "Easter Monday"),
    ],
)
def test_a_day_that_is_shut_has_no_hours(day: date, why: str) -> None:
    assert not DESK.is_open_day(day), why
    assert DESK.ranges(day) == ()
    assert DESK.opening(day) is None
    assert DESK.closing(day) is None


def test_a_holiday_of_another_region_is_a_working_day() -> None:
    saint_ambrose = date(2026, 12, 7)
    assert office(country="IT").is_open_day(saint_ambrose)
    assert not office(country="IT", region="MI").is_open_day(saint_ambrose)


def test_a_day_declared_open_wins_over_holidays_and_closed_days() -> None:
    christmas, new_years_eve = date(2026, 12, 25), date(2026, 12, 31)
    calendar = office(
        country="IT",
        closed=frozenset({new_years_eve}),
        open={christmas: hours("10:00-12:00"), new_years_eve: hours("09:00-11:00"), MONDAY: ()},
    )
    assert calendar.opening(christmas) == at(christmas, 10)
    assert calendar.closing(new_years_eve) == at(new_years_eve, 11)
    assert not calendar.is_open_day(MONDAY)


def test_midnight_as_a_closing_time_ends_the_day() -> None:
    assert every_day("18:00-24:00").closing(MONDAY) == at(MONDAY + timedelta(days=1), 0)


def test_holidays_are_not_imported_before_they_are_needed() -> None:
    code = "import sys, caretool.domain.deliverability; sys.exit('holidays' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        DESK.next_open(datetime(2026, 11, 23, 9))  # noqa: DTZ001


# The next and the last open moment


def test_an_open_moment_is_its_own_next_and_last() -> None:
    assert DESK.next_open(at(MONDAY, 10)) == DESK.last_open(at(MONDAY, 10)) == at(MONDAY, 10)


def test_a_closing_time_is_still_a_last_moment_but_no_longer_a_next_one() -> None:
    assert DESK.last_open(at(MONDAY, 13)) == at(MONDAY, 13)
    assert DESK.next_open(at(MONDAY, 13)) == at(MONDAY, 14)


def test_over_the_weekend_the_next_moment_is_monday_and_the_last_saturday() -> None:
    sunday = at(date(2026, 11, 29), 12)
    assert DESK.next_open(sunday) == at(date(2026, 11, 30), 9)
    assert DESK.last_open(sunday) == at(SATURDAY, 13)


def test_a_calendar_that_never_opens_says_so() -> None:
    never = Calendar("never", ROME, ((), (), (), (), (), (), ()))
    questions = [
        lambda: never.next_open(at(MONDAY, 9)),
        lambda: never.last_open(at(MONDAY, 9)),
        lambda: never.add(at(MONDAY, 9), HOUR),
        lambda: never.subtract(at(MONDAY, 9), HOUR),
        lambda: never.nth_open_day(MONDAY, 1),
    ]
    for question in questions:
        with pytest.raises(NeverOpen, match=r"'never' has no open hour within two years of 2026-11-23"):
            question()


def test_a_calendar_that_opens_once_a_year_from_now_is_waited_for() -> None:
    fair = date(2027, 11, 20)
    calendar = Calendar("fair", ROME, ((), (), (), (), (), (), ()), open={fair: hours("10:00-12:00")})
    assert calendar.next_open(at(MONDAY, 9)) == at(fair, 10)


# Working time


def test_one_working_hour_from_friday_half_past_four_is_monday_half_past_nine() -> None:
    assert office().add(at(FRIDAY, 16, 30), HOUR) == at(date(2026, 11, 30), 9, 30)


def test_four_hours_from_monday_five_is_tuesday_eleven() -> None:
    calendar = office("08:00-18:00")
    assert calendar.add(at(MONDAY, 17), 4 * HOUR) == at(date(2026, 11, 24), 11)


def test_a_lunch_break_is_not_counted() -> None:
    assert DESK.add(at(MONDAY, 12, 30), HOUR) == at(MONDAY, 14, 30)
    assert DESK.subtract(at(MONDAY, 14, 30), HOUR) == at(MONDAY, 12, 30)


def test_work_that_ends_at_closing_time_ends_there_and_not_the_next_morning() -> None:
    assert DESK.add(at(MONDAY, 17), HOUR) == at(MONDAY, 18)
    assert DESK.subtract(at(MONDAY, 10), HOUR) == at(MONDAY, 9)


def test_nothing_to_work_is_now_or_the_nearest_open_moment() -> None:
    assert DESK.add(at(MONDAY, 10), timedelta()) == at(MONDAY, 10)
    assert DESK.add(at(MONDAY, 18), timedelta()) == at(MONDAY, 18)
    assert DESK.add(at(MONDAY, 20), timedelta()) == at(date(2026, 11, 24), 9)
    assert DESK.subtract(at(MONDAY, 20), timedelta()) == at(MONDAY, 18)


def test_a_closed_day_before_christmas_is_jumped_over() -> None:
    assert DESK.add(at(date(2026, 12, 23), 17, 30), HOUR) == at(date(2026, 12, 28), 9, 30)


def test_negative_work_is_refused() -> None:
    for way in (DESK.add, DESK.subtract):
        with pytest.raises(ValueError, match="cannot be negative"):
            way(at(MONDAY, 10), -HOUR)


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    tokyo = at(MONDAY, 10).astimezone(ZoneInfo("Asia/Tokyo"))
    assert DESK.add(tokyo, 5 * HOUR) == DESK.add(at(MONDAY, 10), 5 * HOUR) == at(MONDAY, 16)
    assert DESK.next_open(tokyo).tzinfo is DESK.last_open(tokyo).tzinfo is UTC


def test_open_days_are_counted_from_the_next_one() -> None:
    assert DESK.nth_open_day(MONDAY, 1) == date(2026, 11, 24)
    assert DESK.nth_open_day(FRIDAY, 2) == date(2026, 11, 30)
    assert DESK.nth_open_day(date(2026, 12, 23), 1) == date(2026, 12, 28)
    with pytest.raises(ValueError, match="counted from 1"):
        DESK.nth_open_day(MONDAY, 0)


def test_the_time_left_of_a_day_is_its_open_time() -> None:
    assert DESK.open_time_left(at(MONDAY, 8)) == 8 * HOUR
    assert DESK.open_time_left(at(MONDAY, 12)) == 5 * HOUR
    assert DESK.share_left(at(MONDAY, 12)) == Fraction(5, 8)
    assert DESK.share_left(at(MONDAY, 13, 30)) == Fraction(1, 2)
    assert DESK.share_left(at(MONDAY, 18)) == 0
    assert DESK.share_left(at(date(2026, 11, 29), 12)) == 0


moments = st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 10)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001
worked = st.integers(0, 60 * 60).map(lambda minutes: timedelta(minutes=minutes))
calendars = st.sampled_from(
    [
        DESK,
        office(),
        every_day("00:00-03:00", "03:00-05:00", "20:00-24:00"),
        every_day("02:30-02:45"),
        round_the_clock(ROME),
    ]
)


@settings(max_examples=150, deadline=None)
@given(calendars, moments, worked)
def test_adding_then_subtracting_gives_the_same_moment(calendar: Calendar, moment: datetime, length: timedelta) -> None:
    inside = calendar.next_open(moment) + timedelta(seconds=1)
    assert calendar.subtract(calendar.add(inside, length), length) == inside


@settings(max_examples=100, deadline=None)
@given(calendars, moments, worked, worked)
def test_working_time_adds_up(calendar: Calendar, moment: datetime, one: timedelta, two: timedelta) -> None:
    assert calendar.add(calendar.add(moment, one), two) == calendar.add(moment, one + two)


@settings(max_examples=100, deadline=None)
@given(calendars, moments)
def test_the_spans_of_days_are_in_order_and_apart(calendar: Calendar, moment: datetime) -> None:
    days = [calendar.day(moment) + timedelta(days=n) for n in range(8)]
    edges = [edge for day in days for span in calendar.ranges(day) for edge in span]
    assert edges == sorted(edges)
    assert all(calendar.day(start) == day for day in days for start, _ in calendar.ranges(day))


# The nights when the clocks change


def test_a_range_over_the_skipped_hour_is_an_hour_shorter() -> None:
    ((start, end),) = every_day("01:00-04:00").ranges(SPRING)
    assert end - start == 2 * HOUR


def test_a_range_over_the_repeated_hour_is_an_hour_longer() -> None:
    ((start, end),) = every_day("01:00-04:00").ranges(AUTUMN)
    assert end - start == 4 * HOUR


def test_a_range_within_the_skipped_hour_does_not_open() -> None:
    assert not every_day("02:15-02:45").is_open_day(SPRING)


def test_a_range_that_begins_in_the_skipped_hour_begins_where_the_clock_goes_on() -> None:
    assert every_day("02:30-05:00").opening(SPRING) == at(SPRING, 3)


def test_a_range_that_begins_in_the_repeated_hour_begins_at_the_first() -> None:
    assert every_day("02:30-05:00").opening(AUTUMN) == at(AUTUMN, 2, 30, fold=0)


def test_a_skipped_midnight_opens_where_the_day_begins() -> None:
    cairo, day = ZoneInfo("Africa/Cairo"), date(2026, 4, 24)
    ((start, end),) = round_the_clock(cairo).ranges(day)
    assert start.astimezone(cairo).time() == time(1)
    assert end - start == 23 * HOUR


def test_working_hours_over_the_night_are_elapsed_hours() -> None:
    calendar = every_day("00:00-06:00")
    assert calendar.add(at(SPRING, 1), 2 * HOUR) == at(SPRING, 4)
    assert calendar.add(at(AUTUMN, 1), 2 * HOUR) == at(AUTUMN, 2, fold=1)
    assert calendar.add(at(AUTUMN, 1).astimezone(ROME), 2 * HOUR) == at(AUTUMN, 2, fold=1)
    assert calendar.subtract(at(AUTUMN, 3).astimezone(ROME), 2 * HOUR) == at(AUTUMN, 2)


def test_the_share_of_a_short_day_is_of_its_real_length() -> None:
    assert round_the_clock(ROME).share_left(at(SPRING, 12)) == Fraction(12, 23)
    assert round_the_clock(ROME).share_left(at(AUTUMN, 12)) == Fraction(12, 25)


# Durations


def later(moment: datetime, text: str, calendar: Calendar | None = DESK, edge: str = "closing") -> datetime:
    return after(moment, Duration.parse(text), calendar, ROME, edge)  # type: ignore[arg-type]


def test_minutes_and_hours_are_elapsed_time_also_over_the_night() -> None:
    assert later(at(MONDAY, 17, 50), "90m") == at(MONDAY, 19, 20)
    assert later(at(SPRING - timedelta(days=1), 12), "24h") == at(SPRING, 13)


def test_days_keep_the_wall_clock_hour() -> None:
    assert later(at(MONDAY, 9, 12), "2 days") == at(date(2026, 11, 25), 9, 12)
    assert later(at(SPRING - timedelta(days=1), 12), "1 day") == at(SPRING, 12)
    assert later(at(AUTUMN - timedelta(days=1), 12), "1 day") == at(AUTUMN, 12)


def test_a_wall_clock_hour_that_is_skipped_moves_forward() -> None:
    assert later(at(SPRING - timedelta(days=1), 2, 30), "1 day") == at(SPRING, 3, 30)


def test_no_days_later_is_now_in_either_of_the_repeated_hours() -> None:
    for fold in (0, 1):
        moment = at(AUTUMN, 2, 30, fold=fold)
        assert later(moment, "0 days") == moment


def test_working_days_are_open_days_after_today_at_the_edge_that_is_asked() -> None:
    assert later(at(MONDAY, 9, 12), "2 working days", edge="opening") == at(date(2026, 11, 25), 9)
    assert later(at(MONDAY, 9, 12), "2 working days", edge="closing") == at(date(2026, 11, 25), 18)
    assert later(at(FRIDAY, 20), "1 working day") == at(SATURDAY, 13)


def test_no_working_days_is_today_while_it_is_open_then_the_next_open_day() -> None:
    assert later(at(MONDAY, 10), "0 working days") == at(MONDAY, 18)
    assert later(at(MONDAY, 10), "0 working days", edge="opening") == at(MONDAY, 10)
    assert later(at(MONDAY, 18), "0 working days") == at(date(2026, 11, 24), 18)
    assert later(at(MONDAY, 18), "0 working days", edge="opening") == at(date(2026, 11, 24), 9)


@pytest.mark.parametrize("text", ["1 working hour", "2 working days"])
def test_a_working_duration_without_a_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' runs on a calendar, and none is named"):
        later(at(MONDAY, 10), text, calendar=None)


def test_a_day_closes_at_its_closing_time_and_at_six_where_there_is_none() -> None:
    assert closing_of(SATURDAY, DESK, ROME) == at(SATURDAY, 13)
    assert closing_of(date(2026, 11, 29), DESK, ROME) == at(date(2026, 11, 29), 18)
    assert closing_of(SATURDAY, None, ROME) == at(SATURDAY, 18)


@given(st.times(), st.times(), st.sampled_from([SPRING, AUTUMN, MONDAY]))
def test_a_later_wall_clock_time_is_never_an_earlier_moment(one: time, two: time, day: date) -> None:
    early, late = sorted((one, two))
    assert wall_clock(day, early, ROME) <= wall_clock(day, late, ROME)


# First answers


def answer_by(moment: datetime, text: str, calendar: Calendar | None = DESK) -> datetime:
    return response_due(moment, Duration.parse(text), calendar, ROME)


def test_an_answer_within_an_hour_to_what_came_after_closing_is_due_an_open_hour_later() -> None:
    assert answer_by(at(FRIDAY, 18, 30), "1h", office()) == at(date(2026, 11, 30), 10)
    assert answer_by(at(FRIDAY, 18, 30), "1h") == at(SATURDAY, 10)
    assert answer_by(at(FRIDAY, 17, 55), "15m") == at(SATURDAY, 9, 10)


def test_on_a_calendar_hours_are_working_hours_and_days_are_working_days() -> None:
    assert answer_by(at(MONDAY, 9), "24h") == answer_by(at(MONDAY, 9), "24 working hours") == at(date(2026, 11, 25), 18)
    assert (
        answer_by(at(FRIDAY, 10), "2 days") == answer_by(at(FRIDAY, 10), "2 working days") == at(date(2026, 11, 30), 18)
    )


def test_without_a_calendar_an_answer_is_due_round_the_clock() -> None:
    assert answer_by(at(FRIDAY, 18, 30), "1h", None) == at(FRIDAY, 19, 30)
    assert answer_by(at(FRIDAY, 18, 30), "1 day", None) == at(SATURDAY, 18, 30)


def test_holidays_worked_out_beforehand_are_those_of_every_year() -> None:
    shop = replace(DESK, country="IT")
    known = with_holidays(shop, range(2025, 2028))
    assert set(known.holidays) == {2025, 2026, 2027}
    for year in (2025, 2026, 2027, 2028):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
        assert [known.hours(day) for day in days] == [shop.hours(day) for day in days]
    assert date(2026, 12, 8) in known.holidays[2026]
