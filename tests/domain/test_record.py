"""What became of promises, counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.record import Outcome, Refused, record, tally, week_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
_H = timedelta(hours=1)


def _kept(late: timedelta, kind: str = "callback", owner: str = "desk") -> Outcome:
    return Outcome(kind, owner, "kept", NOW - 5 * _H, NOW - 5 * _H + late)


def test_kept_to_the_minute_is_in_time_and_a_second_later_is_late() -> None:
    found = tally("x", [_kept(timedelta(0)), _kept(timedelta(seconds=1)), _kept(-_H)], NOW)
    assert (found.in_time, found.late, found.rate) == (2, 1, 2 / 3)


def test_the_late_ones_and_those_that_run_tell_by_how_much() -> None:
    runs = Outcome("callback", "desk", "running", NOW - 10 * _H, None)
    found = tally("x", [_kept(_H), _kept(3 * _H), runs, _kept(-_H)], NOW)
    assert (found.median_late, found.worst_late) == (3 * _H, 10 * _H)
    assert (found.late, found.overdue, found.due) == (2, 1, 4)


def test_where_none_was_due_there_is_no_rate() -> None:
    found = tally("x", [], NOW)
    assert (found.rate, found.median_late, found.worst_late) == (None, None, None)


def test_what_was_moved_or_released_counts_apart() -> None:
    moved = Outcome("callback", "desk", "moved", NOW, NOW)
    released = Outcome("pickup", "logistics", "released", NOW, NOW)
    found = record([moved, released, _kept(-_H)], Refused(), [], since=None, as_of=NOW, zone=ROME, suppliers={})
    assert (found.total.due, found.moved, found.released) == (1, 1, 1)
    assert [one.name for one in found.kinds] == ["callback"]


def test_who_delivers_a_kind_for_us_has_a_record_too() -> None:
    outcomes = [_kept(-_H), _kept(_H, "pickup", "logistics"), _kept(-_H, "delivery", "logistics")]
    couriers = {"pickup": "Corriere Rosso", "delivery": "Corriere Rosso", "visit": "Idraulici Blu"}
    found = record(outcomes, Refused(), [], since=None, as_of=NOW, zone=ROME, suppliers=couriers)
    assert [(one.name, one.in_time, one.late) for one in found.suppliers] == [("Corriere Rosso", 1, 1)]


def test_a_week_is_the_desks_and_the_years_that_iso_says() -> None:
    assert week_of(datetime(2026, 11, 22, 22, 59, tzinfo=UTC), ROME) == "2026-W47"
    assert week_of(datetime(2026, 11, 22, 23, tzinfo=UTC), ROME) == "2026-W48"
    assert week_of(datetime(2027, 1, 1, 12, tzinfo=UTC), ROME) == "2026-W53"


_moments = st.integers(-8000, 200).map(lambda hours: NOW + hours * _H)
_outcomes = st.builds(
    Outcome,
    st.sampled_from(["callback", "pickup"]),
    st.sampled_from(["desk", "logistics"]),
    st.sampled_from(["kept", "broken", "moved", "released"]),
    _moments,
    _moments,
)


@settings(max_examples=100, deadline=None)
@given(outcomes=st.lists(_outcomes, max_size=20))
def test_every_way_of_counting_counts_each_once(outcomes: list[Outcome]) -> None:
    found = record(outcomes, Refused(), [], since=None, as_of=NOW, zone=ROME, suppliers={})
    assert found.total.due + found.moved + found.released == len(outcomes)
    for tallies in (found.kinds, found.owners, found.weeks):
        assert sum(one.due for one in tallies) == found.total.due
        assert sum(one.in_time for one in tallies) == found.total.in_time
        assert max((one.worst_late for one in tallies if one.worst_late), default=None) == found.total.worst_late
