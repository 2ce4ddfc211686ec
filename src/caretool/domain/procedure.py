"""What we do about something, step by step (R2), and where one run of it stands.

A procedure is written in the policy. A case is one run of it for one person, with the steps as they were when it
started: a procedure that is edited changes no case. Steps are taken in their order, one at a time. Moments are aware;
those worked out here are in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from caretool.domain.calendar import Calendar, after, round_the_clock
from caretool.domain.duration import Duration
from caretool.errors import UsageProblem

StepState = Literal["ahead", "now", "done", "skipped", "dropped"]
CaseState = Literal["running", "done", "closed"]
Ending = Literal["done", "skipped"]
WaitsFor = Literal["us", "customer"]
Evidence = Literal["text", "url", "file"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `due` is what we have for it, from the end of the step before; a working length runs on `calendar`.

    A step that waits for the customer has no `due`: it never makes us late. After `remind` we ask again, after `close`
    the case may be closed: both count from its beginning. `promise` is the kind of promise that doing it keeps.
    """

    name: str
    owner: str
    due: Duration | None = None
    calendar: str | None = None
    does: str | None = None
    promise: str | None = None
    evidence: tuple[Evidence, ...] = ()
    waits_for: WaitsFor = "us"
    remind: Duration | None = None
    close: Duration | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure of the policy; `says` is what a reply says of it in public, by language."""

    name: str
    says: Mapping[str, str]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CaseStep:
    """Where one step of a case stands. Its times are fixed when its turn comes; before, they are None."""

    step: Step
    state: StepState = "ahead"
    began_at: datetime | None = None
    due_at: datetime | None = None
    remind_at: datetime | None = None
    close_at: datetime | None = None
    ended_at: datetime | None = None
    evidence: str | None = None
    because: str | None = None

    def late(self, now: datetime) -> bool:
        """Whether it is its turn and its time is over."""
        return self.state == "now" and self.due_at is not None and self.due_at < now


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a procedure for one person. While it is `running`, exactly one step has its turn."""

    id: str
    procedure: str
    person_id: str
    person_name: str
    started_at: datetime
    steps: tuple[CaseStep, ...]
    state: CaseState = "running"
    comment: str | None = None
    ended_at: datetime | None = None
    because: str | None = None

    @property
    def place(self) -> int | None:
        """Which step (from 0) has its turn; None: the case has ended."""
        return next((place for place, one in enumerate(self.steps) if one.state == "now"), None)

    @property
    def now(self) -> CaseStep | None:
        """The step that has its turn."""
        return self.steps[self.place] if self.place is not None else None

    def late(self, now: datetime) -> bool:
        """Whether the step that has its turn is late."""
        return self.now is not None and self.now.late(now)


@dataclass(frozen=True, slots=True)
class Hours:
    """The policy's calendars by name, and the desk's zone."""

    zone: ZoneInfo
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    def after(self, moment: datetime, length: Duration, calendar: str | None) -> datetime:
        """The end of a length of time. On a calendar that the policy has dropped since, every hour counts."""
        open_hours = self.calendars.get(calendar) if calendar is not None else None
        if open_hours is None and length.working:
            open_hours = round_the_clock(self.zone)
        return after(moment, length, open_hours, self.zone, "closing")


def begun(steps: Sequence[Step], now: datetime, hours: Hours) -> tuple[CaseStep, ...]:
    """The steps of a case that starts now: the first has its turn."""
    first, *others = steps
    return (_its_turn(first, now, hours), *(CaseStep(step) for step in others))


def taken(
    case: Case,
    name: str,
    how: Ending,
    now: datetime,
    hours: Hours,
    *,
    evidence: str | None = None,
    because: str | None = None,
) -> Case:
    """The case after the step whose turn it is; the next has its turn, after the last the case is done.

    UsageProblem where the case has ended, or it is not the turn of the step of that name.
    """
    place = case.place
    if case.state != "running" or place is None:
        raise UsageProblem(f"{case.id} has ended: it is {case.state}.")
    if case.steps[place].step.name != name:
        raise UsageProblem(_not_its_turn(case, name))
    steps = list(case.steps)
    steps[place] = replace(steps[place], state=how, ended_at=now, evidence=evidence, because=because)
    if place + 1 < len(steps):
        steps[place + 1] = _its_turn(steps[place + 1].step, now, hours)
        return replace(case, steps=tuple(steps))
    return replace(case, steps=tuple(steps), state="done", ended_at=now)


def closed(case: Case, because: str, now: datetime) -> Case:
    """The case given up: what was not done is dropped. UsageProblem where it has ended."""
    if case.state != "running":
        raise UsageProblem(f"{case.id} has ended: it is {case.state}.")
    steps = tuple(
        replace(one, state="dropped", ended_at=now) if one.state in ("now", "ahead") else one for one in case.steps
    )
    return replace(case, steps=steps, state="closed", ended_at=now, because=because)


def expected(case: Case, now: datetime, hours: Hours) -> tuple[datetime | None, ...]:
    """When each step that has not ended will have, if each takes the time it is given and the customer none.

    None for those that have ended. A step that is late ends now at the earliest.
    """
    found: list[datetime | None] = []
    end = now
    for one in case.steps:
        if one.state not in ("now", "ahead"):
            found.append(None)
            continue
        if one.state == "now":
            end = max(now, one.due_at) if one.due_at is not None else now
        elif one.step.due is not None:
            end = hours.after(end, one.step.due, one.step.calendar)
        found.append(end)
    return tuple(found)


def endangers(case: Case, place: int, due_at: datetime, now: datetime, hours: Hours) -> bool:
    """Whether a promise that the step at `place` (from 0) keeps is at risk before it is due.

    It is where the step that has its turn, this one or one before it, is late, or where the steps up to this one would
    end after `due_at` if each takes the time it is given.
    """
    current = case.place
    if current is None or current > place:
        return False
    end = expected(case, now, hours)[place]
    return case.steps[current].late(now) or (end is not None and end > due_at)


def _its_turn(step: Step, now: datetime, hours: Hours) -> CaseStep:
    minute = now.replace(second=0, microsecond=0)  # promises are said in minutes, and both are compared

    def then(length: Duration | None) -> datetime | None:
        return hours.after(minute, length, step.calendar) if length is not None else None

    return CaseStep(step, "now", now, then(step.due), then(step.remind), then(step.close))


def _not_its_turn(case: Case, name: str) -> str:
    assert case.now is not None
    turn = f"now it is the turn of {case.now.step.name!r}"
    meant = next((one for one in case.steps if one.step.name == name), None)
    if meant is None:
        return f"{case.id} has no step {name!r}: {turn}; it has {', '.join(one.step.name for one in case.steps)}."
    if meant.state == "ahead":
        return f"{name!r} comes later in {case.id}: {turn}."
    return f"{name!r} of {case.id} is {meant.state} already: {turn}."
