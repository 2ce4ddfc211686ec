"""The parts of a walk over the ledger (test_ledger_machine.py): what can be done on a day, worked out once more in the
plainest way, and who of those promised would be served in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from caretool.domain.policy import Days, Settings
from tests.desk.stage import ROME, with_kind

HOURS = {"callback": ((9, 13), (14, 18)), "pickup": ((8, 18),)}
SATURDAY = {"callback": ((9, 13),), "pickup": ()}
CALENDARS = {"callback": "desk", "pickup": "courier"}
ENDS = ("kept", "broken", "moved", "released", "void")
_DAY = timedelta(days=1)


class Line(NamedTuple):
    """A promise as the ledger has it."""

    id: str
    kind: str
    state: str
    owner: str
    due_at: str
    first: date
    due: date
    takes: bool
    kept_on: date | None
    reply: str | None

    @property
    def days(self) -> tuple[str, date, date]:
        """When it is due, and from which day to which it may be kept."""
        return self.due_at, self.first, self.due


@dataclass
class House:
    """What the policy says can be done, changed as people change it."""

    per_day: dict[str, int] = field(default_factory=lambda: {"callback": 3, "pickup": 2})
    shut: dict[str, set[date]] = field(default_factory=lambda: {"callback": set(), "pickup": set()})
    out: dict[str, set[date]] = field(default_factory=lambda: {"callback": set(), "pickup": set()})

    def settings(self, base: Settings) -> Settings:
        """The policy that says so."""
        for kind, calendar in CALENDARS.items():
            hours = base.policy.calendars[calendar].without(self.shut[kind] | self.out[kind])
            days = tuple(Days(day, day, "courier on strike") for day in sorted(self.out[kind]))
            changes: dict[str, Any] = {"calendar": hours, "blackouts": days, "per_day": self.per_day[kind]}
            base = with_kind(base, kind, **changes)
        return base

    def hours(self, kind: str, day: date) -> tuple[tuple[int, int], ...]:
        """When it is open on a day."""
        if day in self.shut[kind] | self.out[kind]:
            return ()
        return HOURS[kind] if day.weekday() < 5 else SATURDAY[kind] if day.weekday() == 5 else ()

    def units(self, kind: str, day: date, now: datetime, kept: int) -> int:
        """How many can be done on a day, of which `kept` were done if it is today."""
        whole = self.per_day[kind] if self.hours(kind, day) else 0
        local = now.astimezone(ROME)
        if day != local.date():
            return whole if day > local.date() else 0
        all_day = sum(closes - opens for opens, closes in self.hours(kind, day)) * 3600
        gone = local.hour * 3600 + local.minute * 60 + local.second
        left = sum(max(0, closes * 3600 - max(opens * 3600, gone)) for opens, closes in self.hours(kind, day))
        return max(0, min(whole - kept, whole * left // all_day)) if all_day else 0

    def on_time(self, kind: str, lines: Iterable[Line], now: datetime, kept: int) -> Counter[date]:
        """Day after day whoever is due first is served: how many in time, by due day."""
        today = now.astimezone(ROME).date()
        waiting = sorted(lines, key=lambda line: (line.due, max(line.first, today)))
        served: Counter[date] = Counter()
        day = today
        while waiting and day <= max(line.due for line in waiting):
            for _ in range(self.units(kind, day, now, kept)):
                chosen = next((line for line in waiting if line.first <= day), None)
                if chosen is None:
                    break
                waiting.remove(chosen)
                served[chosen.due] += day <= chosen.due
            day += _DAY
        return +served

    def earliest(self, kind: str, now: datetime) -> date:
        """The first day a promise made now may be kept on: a call today, a pickup on the second open day after."""
        today = now.astimezone(ROME).date()
        if kind == "callback":
            return today
        ahead = (today + n * _DAY for n in range(1, 400))
        return [day for day in ahead if self.hours(kind, day)][1]


def beyond(
    house: House, kind: str, new: Sequence[Line], others: Sequence[Line], now: datetime, kept: int
) -> str | None:
    """What is wrong with new promises beside the others; None: all of them can be kept, and nobody else is put off."""
    early = [line for line in new if line.first < house.earliest(kind, now)]
    if early:
        return f"{early[0]} is earlier than it can be done"
    wanted = house.on_time(kind, others, now, kept) + Counter(line.due for line in new)
    found = house.on_time(kind, [*others, *new], now, kept)
    return None if found >= wanted else f"{len(new)} new of {kind}: {dict(found)} are in time, not {dict(wanted)}"


def lines(rows: Sequence[tuple[Any, ...]]) -> dict[str, Line]:
    """The ledger, by id."""
    found = {}
    for one, kind, state, owner, due_at, first, due, moved_to, ended_at, reply in rows:
        takes = state in ("logged", "running") and moved_to is None
        kept = datetime.fromisoformat(ended_at).astimezone(ROME).date() if state == "kept" else None
        days = date.fromisoformat(first), date.fromisoformat(due)
        found[one] = Line(one, kind, state, owner, due_at, *days, takes, kept, reply)
    return found
