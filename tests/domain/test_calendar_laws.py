"""The laws of working time, on calendars of every make: several ranges, holidays, closed and extra days, zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from caretool.domain.calendar import Calendar, Ranges

ZONES = ("Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "America/Santiago")
REGIONS = ((None, None), ("IT", None), ("IT", "MI"), ("DE", "BY"), ("US", "CA"))
FIRST = date(2026, 1, 1)

minutes = st.integers(0, 24 * 60)
moments = st.datetimes(datetime(2026, 1, 10), datetime(2026, 12, 20)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)
worked = st.integers(0, 80 * 60).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def ranges(draw: st.DrawFn, at_least: int = 0) -> Ranges:
    edges = sorted(draw(st.lists(minutes, min_size=2 * at_least, max_size=6, unique=True)))
    return tuple((_clock(start), _clock(end)) for start, end in zip(edges[::2], edges[1::2], strict=False))


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


days = st.integers(0, 364).map(lambda n: FIRST + timedelta(days=n))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    usual = draw(ranges(at_least=1))
    weekend = draw(ranges())
    country, region = draw(st.sampled_from(REGIONS))
    return Calendar(
        "drawn",
        ZoneInfo(draw(st.sampled_from(ZONES))),
        (usual, usual, draw(ranges()), usual, usual, weekend, ()),
        country=country,
        region=region,
        closed=draw(st.frozensets(days, max_size=20)),
        open=draw(st.dictionaries(days, ranges(at_least=1), max_size=5)),
    ).without(draw(st.lists(days, max_size=5)))


@settings(max_examples=150, deadline=None)
@given(calendars(), moments, moments, worked, worked)
def test_later_or_longer_never_ends_earlier(
    calendar: Calendar, one: datetime, other: datetime, length: timedelta, more: timedelta
) -> None:
    early, late = sorted((one, other))
    assert calendar.add(early, length) <= calendar.add(late, length)
    assert calendar.add(early, length) <= calendar.add(early, length + more)
    assert calendar.subtract(early, length) <= calendar.subtract(late, length)
    assert calendar.subtract(early, length + more) <= calendar.subtract(early, length)
    assert calendar.next_open(early) <= calendar.next_open(late)
    assert calendar.last_open(early) <= calendar.last_open(late)


@settings(max_examples=150, deadline=None)
@given(calendars(), moments, st.floats(0, 1, exclude_min=True, exclude_max=True), worked)
def test_there_and_back_from_within_the_hours_is_where_one_was(
    calendar: Calendar, moment: datetime, share: float, length: timedelta
) -> None:
    opens = calendar.next_open(moment)
    span = next(span for span in calendar.ranges(calendar.day(opens)) if span[0] <= opens < span[1])
    inside = span[0] + (span[1] - span[0]) * share
    assume(span[0] < inside < span[1])
    assert calendar.subtract(calendar.add(inside, length), length) == inside
    assert calendar.add(calendar.subtract(inside, length), length) == inside


@settings(max_examples=100, deadline=None)
@given(calendars(), moments, worked)
def test_what_is_added_is_the_open_time_between(calendar: Calendar, moment: datetime, length: timedelta) -> None:
    end = calendar.add(moment, length)
    assume(length)
    passed = timedelta()
    day = calendar.day(moment) - timedelta(days=1)
    while day <= calendar.day(end) + timedelta(days=1):
        for opens, closes in calendar.ranges(day):
            passed += max(timedelta(), min(closes, end) - max(opens, moment))
        day += timedelta(days=1)
    assert passed == length


@settings(max_examples=100, deadline=None)
@given(calendars(), days)
def test_the_edges_of_a_day_are_exact(calendar: Calendar, day: date) -> None:
    spans = calendar.ranges(day)
    assume(spans)
    tick = timedelta.resolution
    for opens, closes in spans:
        assert calendar.next_open(opens) == calendar.last_open(opens) == opens
        assert calendar.next_open(opens - tick) in (opens, opens - tick)
        assert calendar.last_open(closes) == closes
        assert calendar.next_open(closes - tick) == closes - tick
        assert calendar.add(opens, closes - opens) == closes
    for (_, closes), (opens, _) in pairwise(spans):
        if closes < opens:
            assert calendar.next_open(closes) == opens
            assert calendar.last_open(opens - tick) == closes


@settings(max_examples=100, deadline=None)
@given(calendars(), days)
def test_a_day_is_shut_for_a_reason_or_has_hours(calendar: Calendar, day: date) -> None:
    assert (calendar.why_shut(day) is None) == bool(calendar.hours(day))
    shut = calendar.without([day])
    assert shut.why_shut(day) == "closed"
    assert shut.hours(day + timedelta(days=1)) == calendar.hours(day + timedelta(days=1))


def test_a_public_holiday_and_a_closed_day_are_told_apart() -> None:
    hours: Ranges = ((time(9), time(17)),)
    week = (hours, hours, hours, hours, hours, (), ())
    rome = ZoneInfo("Europe/Rome")
    calendar = Calendar("c", rome, week, country="IT", region="MI", closed=frozenset({date(2026, 12, 24)}))
    assert [calendar.why_shut(date(2026, 12, day)) for day in (7, 8, 24, 25, 23, 20)] == [
        "holiday", "holiday", "closed", "holiday", None, "closed",
    ]  # fmt: skip
