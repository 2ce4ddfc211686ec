"""The plan under all its limits at once: days, weeks, whoever keeps it, days off; against one that tries everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from time import perf_counter

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from caretool.domain.calendar import closing_of
from caretool.domain.deliverability import Load, Window, earliest_due, escalated_to, judge, late_counts
from caretool.domain.duration import Duration
from caretool.domain.planning import Busy, kept_by
from caretool.domain.policy import Days, Escalated, Owner, PromiseKind
from tests.domain.test_deliverability import (
    DESK,
    FRI,
    MON,
    NEXT_MON,
    NEXT_TUE,
    NOW,
    ROME,
    SAT,
    THU,
    TUE,
    WED,
    WEEKDAYS,
    at,
    kind_of,
)

EIGHT = at(MON, 8)


def without(kind: PromiseKind, *outs: Days) -> PromiseKind:
    """The kind with blackouts, as settings make it."""
    days = [out.first + timedelta(days=n) for out in outs for n in range((out.last - out.first).days + 1)]
    return replace(kind, blackouts=outs, calendar=kind.calendar.without(days) if kind.calendar else None)


# A week


def test_a_week_has_a_limit_beside_the_day() -> None:
    kind = replace(kind_of(per_day=40), weekly=60)
    verdict = judge(kind, 70, at(FRI, 18), EIGHT, Load())
    assert (verdict.check, verdict.fits, verdict.earliest_due_at) == ("no-room", 60, at(NEXT_MON, 18))
    assert verdict.why == (
        "60 a week are possible; until Fri 27 Nov 18:00 there is room for 60 of your 70; "
        "the earliest for all is Mon 30 Nov 18:00"
    )


def test_what_was_kept_this_week_is_gone_from_it_and_not_from_the_next() -> None:
    kind = replace(kind_of(per_day=40), weekly=60)
    assert judge(kind, 10, at(FRI, 18), EIGHT, Load(kept_week=51)).fits == 9
    assert judge(kind, 49, at(NEXT_TUE, 18), EIGHT, Load(kept_week=51)).check is None


def test_the_week_is_monday_to_sunday() -> None:
    kind = replace(kind_of(), weekly=1)
    assert judge(kind, 2, at(SAT, 13), EIGHT, Load()).check == "no-room"
    assert judge(kind, 2, at(NEXT_MON, 18), EIGHT, Load()).check is None


# Blackouts


STRIKE = Days(WED, FRI, "courier on strike")


def test_a_blackout_names_itself() -> None:
    kind = without(kind_of(earliest="1 working day", latest="9 working days", per_day=10, calendar=WEEKDAYS), STRIKE)
    assert judge(kind, 11, at(THU, 18), NOW, Load()).why == (
        "10 a day are possible; no pickup 25–27 Nov: courier on strike; "
        "until Thu 26 Nov 18:00 there is room for 10 of your 11; the earliest for all is Mon 30 Nov 18:00"
    )


def test_lengths_in_working_days_pass_over_a_blackout() -> None:
    kind = without(kind_of(earliest="2 working days", calendar=WEEKDAYS), STRIKE)
    verdict = judge(kind, 1, at(WED, 18), NOW, Load())
    assert (verdict.check, verdict.earliest_due_at) == ("too-early", at(NEXT_MON, 18))
    assert verdict.why == (
        "a pickup needs 2 working days; no pickup 25–27 Nov: courier on strike; the earliest is Mon 30 Nov 09:00"
    )


def test_where_only_a_blackout_is_in_the_way_it_is_the_whole_reason() -> None:
    kind = without(kind_of(calendar=WEEKDAYS), Days(MON, TUE, "moving house"))
    assert judge(kind, 1, at(TUE, 18), NOW, Load()).why == (
        "no pickup 23–24 Nov: moving house; the earliest is Wed 25 Nov 09:00"
    )


def test_without_a_calendar_a_blackout_counts_all_the_same() -> None:
    kind = without(kind_of("callback", calendar=None), Days(MON, TUE))
    assert earliest_due(kind, 1, NOW, Load()) == at(WED, 18)
    assert judge(kind, 1, at(TUE, 18), NOW, Load()).check == "too-early"


def test_a_blackout_makes_promises_late_that_were_in_time() -> None:
    kind = kind_of(calendar=WEEKDAYS)
    load = Load({(WED, WED): 3, (WED, NEXT_MON): 2, (TUE, THU): 4})
    assert late_counts(kind, NOW, load) == {}
    assert late_counts(without(kind, STRIKE), NOW, load) == {(WED, WED): 3}, "those from Tuesday on are done on Tuesday"


def test_of_one_window_only_those_that_are_late_are_counted() -> None:
    kind = kind_of(per_day=4, calendar=WEEKDAYS)
    began = MON - timedelta(days=3)
    assert late_counts(kind, EIGHT, Load({(began, MON): 3, (MON, MON): 3})) == {(MON, MON): 2}


# Whoever keeps it


LOGISTICS = Owner("logistics", capacity=(5,) * 7)
DELIVERY = replace(kind_of("delivery"), owner="logistics")


def shared(keeper: Owner, others: dict[Window, int], kept_today: int = 0, kept_week: int = 0) -> Load:
    return Load(keepers=(Busy(keeper, kept_today, kept_week),), beside=((DELIVERY, Load(others)),))


def test_an_owner_keeps_so_many_of_all_kinds() -> None:
    load = shared(LOGISTICS, {(MON, TUE): 7})
    verdict = judge(kind_of(per_day=40), 4, at(TUE, 18), EIGHT, load)
    assert (verdict.check, verdict.fits, verdict.earliest_due_at) == ("no-room", 3, at(WED, 18))
    assert verdict.why.startswith("logistics keeps 5 a day at most, of all kinds; until Tue 24 Nov 18:00")


def test_a_promise_of_another_kind_is_not_pushed_out() -> None:
    load = shared(LOGISTICS, {(MON, MON): 5})
    assert judge(kind_of(), 1, at(MON, 18), EIGHT, load).check == "no-room"
    assert judge(kind_of(), 5, at(TUE, 18), EIGHT, load).check is None


def test_an_owner_has_a_week_too() -> None:
    load = shared(Owner("logistics", weekly=10), {(MON, FRI): 6}, kept_week=2)
    verdict = judge(kind_of(), 3, at(FRI, 18), EIGHT, load)
    assert (verdict.fits, verdict.earliest_due_at) == (2, at(NEXT_MON, 18))
    assert verdict.why.startswith("logistics keeps 10 a week at most, of all kinds;")


def test_what_somebody_kept_today_of_any_kind_is_gone() -> None:
    assert judge(kind_of(), 4, at(MON, 18), EIGHT, shared(LOGISTICS, {}, kept_today=2)).fits == 3
    assert judge(kind_of(), 4, at(MON, 18), at(MON, 13, 30), shared(LOGISTICS, {})).fits == 2


AWAY = Owner("logistics", away=(Days(WED, FRI, "stocktaking"),))


def test_nobody_keeps_anything_while_away() -> None:
    verdict = judge(kind_of(earliest="2 working days"), 1, at(FRI, 18), NOW, shared(AWAY, {}))
    assert (verdict.check, verdict.earliest_due_at) == ("no-room", at(SAT, 13))
    assert verdict.why.startswith("logistics is away 25–27 Nov: stocktaking; until Fri 27 Nov 18:00 there is no room")


def test_what_is_due_while_the_owner_is_away_is_the_stand_ins() -> None:
    kind = replace(kind_of(earliest="2 working days", per_day=3), stand_in="desk")
    assert judge(kind, 3, at(WED, 18), NOW, shared(AWAY, {})).check is None
    assert [kept_by(kind, day, {"logistics": AWAY}) for day in (TUE, WED, FRI, SAT)] == [
        "logistics", "desk", "desk", "logistics",
    ]  # fmt: skip
    both = {"logistics": AWAY, "desk": Owner("desk", away=(Days(FRI, FRI),))}
    assert [kept_by(kind, day, both) for day in (THU, FRI)] == ["desk", "logistics"]
    assert kept_by(kind_of(), WED, {"logistics": AWAY}) == "logistics"


# The law, on small cases


@dataclass(frozen=True)
class Case:
    kind: PromiseKind
    now: datetime
    load: Load
    count: int

    @property
    def kinds(self) -> list[tuple[PromiseKind, Load]]:
        return [(self.kind, self.load), *self.load.beside]


def optional(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | numbers


@st.composite
def spells(draw: st.DrawFn, day: date) -> tuple[Days, ...]:
    first = day + timedelta(days=draw(st.integers(-1, 5)))
    return draw(st.sampled_from([(), (Days(first, first + timedelta(days=draw(st.integers(0, 2)))),)]))


@st.composite
def kinds(draw: st.DrawFn, name: str, day: date) -> tuple[PromiseKind, Load]:
    kind = kind_of(name, latest="9 days", calendar=draw(st.sampled_from([WEEKDAYS, DESK, None])))
    capacity = draw(st.tuples(*[st.integers(0, 3)] * 7))
    kind = replace(
        kind,
        capacity=draw(st.sampled_from([capacity, None])),
        weekly=draw(optional(st.integers(0, 5))),
        stand_in=draw(st.sampled_from([None, "desk"])),
    )
    offsets = st.tuples(st.integers(0, 5), st.integers(0, 4))
    windows = draw(st.lists(offsets, max_size=4))
    open_ones = Counter((day + timedelta(days=n), day + timedelta(days=n + length)) for n, length in windows)
    kept_today = draw(st.integers(0, 2))
    load = Load(open_ones, kept_today, kept_today + draw(st.integers(0, 2)))
    return without(kind, *draw(spells(day))), load


@st.composite
def cases(draw: st.DrawFn) -> Case:
    day = MON + timedelta(days=draw(st.integers(0, 6)))
    kind, load = draw(kinds("pickup", day))
    keepers = []
    for name in draw(st.sampled_from([(), ("logistics",), ("logistics", "desk"), ("desk",)])):
        capacity = draw(st.tuples(*[st.integers(0, 4)] * 7))
        keeper = Owner(
            name,
            capacity=draw(st.sampled_from([capacity, None])),
            weekly=draw(optional(st.integers(0, 8))),
            away=draw(spells(day)),
        )
        kept = draw(st.integers(0, 2))
        keepers.append(Busy(keeper, kept, kept + draw(st.integers(0, 2))))
    beside = (draw(kinds("delivery", day)),) if keepers else ()
    load = replace(load, keepers=tuple(keepers), beside=beside)
    return Case(kind, at(day, draw(st.sampled_from([0, 8, 13])), 30), load, draw(st.integers(1, 3)))


class Tried:
    """Every limit counted from its definition, and an assignment looked for by trying all."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.today = case.now.astimezone(ROME).date()
        self.half = case.now.astimezone(ROME).hour == 13
        self.keepers = {busy.keeper.id: busy for busy in case.load.keepers}
        self.used: Counter[tuple[str, str, date | int]] = Counter()

    def share(self, kind: PromiseKind) -> float:
        """What is left of today at 00:30, 08:30 or 13:30."""
        minutes = 13 * 60 + 30 if self.half else self.case.now.astimezone(ROME).hour * 60 + 30
        if kind.calendar is None:
            open_today = not any(self.today in out for out in kind.blackouts)
            return (1440 - minutes) / 1440 if open_today else 0
        ranges = kind.calendar.hours(self.today)
        if not ranges:
            return 0
        return (0.5 if len(ranges) == 2 else 0) if self.half else 1

    def limits(self, kind: PromiseKind, load: Load, due: date, day: date) -> list[tuple[str, str, date | int, int]]:
        """Each limit that a unit on `day` counts against: what it is called, and how many there are."""
        week = day.isocalendar().week
        now_week = week == self.today.isocalendar().week
        shut = any(day in out for out in kind.blackouts) or (kind.calendar and not kind.calendar.hours(day))
        whole = 0 if shut else 99 if kind.capacity is None else kind.capacity[day.weekday()]
        if day == self.today and kind.capacity is not None:
            whole = min(whole - load.kept_today, int(whole * self.share(kind) + 1e-9))
        elif day == self.today and not self.share(kind):
            whole = 0
        found: list[tuple[str, str, date | int, int]] = [("day", kind.name, day, whole)]
        if kind.weekly is not None:
            found.append(("week", kind.name, week, kind.weekly - (load.kept_week if now_week else 0)))
        owners = {name: busy.keeper for name, busy in self.keepers.items()}
        name = kept_by(kind, due, owners)
        if name not in self.keepers:
            return found
        busy = self.keepers[name]
        if any(day in out for out in busy.keeper.away):
            found.append(("away", name, day, 0))
        if busy.keeper.capacity is not None:
            theirs = busy.keeper.capacity[day.weekday()]
            if day == self.today:
                share = max(self.share(one) for one, _ in self.case.kinds)
                theirs = min(theirs - busy.kept_today, int(theirs * share + 1e-9))
            found.append(("day", name, day, theirs))
        if busy.keeper.weekly is not None:
            found.append(("week", name, week, busy.keeper.weekly - (busy.kept_week if now_week else 0)))
        return found

    def fits(self, promises: list[tuple[PromiseKind, Load, Window]]) -> bool:
        """Whether any assignment of one day each keeps all of them in time."""
        if not promises:
            return True
        (kind, load, (first, due)), *others = promises
        for n in range((due - max(first, self.today)).days + 1):
            day = max(first, self.today) + timedelta(days=n)
            limits = self.limits(kind, load, due, day)
            if all(self.used[limit[:3]] < limit[3] for limit in limits):
                self.used.update(limit[:3] for limit in limits)
                if self.fits(others):
                    return True
                self.used.subtract(limit[:3] for limit in limits)
        return False


def all_of(case: Case, new: list[Window]) -> list[tuple[PromiseKind, Load, Window]]:
    opened = [(kind, load, days) for kind, load in case.kinds for days in Counter(load.open).elements()]
    return sorted([*opened, *((case.kind, case.load, days) for days in new)], key=lambda one: (one[2][1], one[2][0]))


def nothing_is_late(case: Case) -> bool:
    load = case.load
    other = [(kind, replace(its, keepers=load.keepers, beside=((case.kind, load),))) for kind, its in load.beside]
    return not any(late_counts(kind, case.now, its) for kind, its in [(case.kind, load), *other])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(cases(), st.integers(0, 9))
def test_nothing_is_accepted_that_no_assignment_can_keep(case: Case, offset: int) -> None:
    due_at = closing_of(case.now.astimezone(ROME).date() + timedelta(days=offset), case.kind.calendar, ROME)
    verdict = judge(case.kind, case.count, due_at, case.now, case.load)
    assume(verdict.fits and nothing_is_late(case))
    assert verdict.window is not None
    assert Tried(case).fits(all_of(case, [verdict.window] * verdict.fits))
    assert judge(case.kind, verdict.fits, due_at, case.now, case.load).check is None


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(cases())
def test_where_the_plan_keeps_all_there_is_an_assignment(case: Case) -> None:
    assume(nothing_is_late(case) and case.load.open)
    assert Tried(case).fits(all_of(case, []))


@settings(max_examples=80, deadline=None)
@given(cases())
def test_the_earliest_offered_passes_and_no_earlier_day_does(case: Case) -> None:
    earliest = earliest_due(case.kind, case.count, case.now, case.load)
    today = case.now.astimezone(ROME).date()
    last = 10 if earliest is None else (earliest.astimezone(ROME).date() - today).days - 1
    for offset in range(last + 1):
        closing = closing_of(today + timedelta(days=offset), case.kind.calendar, ROME)
        assert judge(case.kind, case.count, closing, case.now, case.load).check is not None
    if earliest is not None:
        assert judge(case.kind, case.count, earliest, case.now, case.load).check is None


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(cases(), st.integers(0, 9))
def test_who_was_in_time_is_in_time_beside_what_is_accepted(case: Case, offset: int) -> None:
    due_at = closing_of(case.now.astimezone(ROME).date() + timedelta(days=offset), case.kind.calendar, ROME)
    verdict = judge(case.kind, case.count, due_at, case.now, case.load)
    assume(verdict.check is None)
    assert verdict.window is not None
    before = by_due(late_counts(case.kind, case.now, case.load))
    after = by_due(late_counts(case.kind, case.now, case.load.plus(verdict.window, case.count)))
    assert after <= before


def by_due(late: dict[Window, int]) -> Counter[date]:
    found: Counter[date] = Counter()
    for (_, due), count in late.items():
        found[due] += count
    return found


def test_a_limit_that_is_not_in_the_way_changes_nothing() -> None:
    load = Load({(MON, TUE): 30, (TUE, THU): 60})
    kind = kind_of(per_day=40)
    far = replace(load, keepers=(Busy(Owner("logistics", capacity=(10**6,) * 7, weekly=10**6)),))
    for count in (1, 9, 10, 11, 80):
        for day in (MON, TUE, WED, FRI):
            plain = judge(kind, count, at(day, 18), EIGHT, load)
            wide = judge(replace(kind, weekly=10**6), count, at(day, 18), EIGHT, far)
            assert (plain.check, plain.fits, plain.earliest_due_at) == (wide.check, wide.fits, wide.earliest_due_at)


def test_an_ordinary_desk_with_limits_for_its_owners_is_judged_in_milliseconds() -> None:
    days = [MON + timedelta(days=n) for n in range(10)]
    opened = {(day, day + timedelta(days=length)): 3 for day in days for length in range(3)}
    others = tuple((replace(kind_of(f"kind{n}", per_day=40)), Load(opened)) for n in range(4))
    keeper = Busy(Owner("logistics", capacity=(120,) * 7, weekly=500), 3, 9)
    load = Load(opened, keepers=(keeper,), beside=others)
    kind = kind_of(per_day=40, earliest="2 working days", latest="5 working days")
    judge(kind, 23, at(THU, 18), NOW, load)
    began = perf_counter()
    assert judge(kind, 23, at(THU, 18), NOW, load).check is None
    assert perf_counter() - began < 0.5, "about 3 ms; the bound leaves room for a slow machine"


# Overdue for long


@pytest.mark.parametrize(
    ("after", "now", "to"),
    [
        ("4 working hours", at(TUE, 10, 59), None),
        ("4 working hours", at(TUE, 11), "management"),
        ("0m", at(MON, 16), "management"),
        ("1 day", at(TUE, 15, 59), None),
    ],
)
def test_one_that_is_overdue_for_so_long_goes_to_somebody_else_too(after: str, now: datetime, to: str | None) -> None:
    kind = replace(kind_of(), escalate=Escalated("management", Duration.parse(after)))
    assert escalated_to(kind, at(MON, 16), now) == to
    assert escalated_to(kind_of(), at(MON, 16), now) is None
