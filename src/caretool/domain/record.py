"""What became of our promises: how many were kept, how late the late ones were, what checks stopped (R13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from caretool.domain.promise import PromiseState

# What is said when nobody has looked yet, or somebody else was quicker: no check on what was about to be said.
NO_WORDS = frozenset({"group-changed", "already-answered"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A promise that has ended, or that runs past its time (`ended_at` None). Times are aware."""

    kind: str
    owner: str
    state: PromiseState
    due_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Of so many promises, what became of them. `median_late` and `worst_late` are over those kept late and those that
    are overdue, as late as they are by now; None where none is. `rate` is the share that was kept in time, 0 to 1."""

    name: str
    in_time: int
    late: int
    broken: int
    overdue: int
    median_late: timedelta | None
    worst_late: timedelta | None

    @property
    def due(self) -> int:
        """How many there were to be kept."""
        return self.in_time + self.late + self.broken + self.overdue

    @property
    def rate(self) -> float | None:
        """None where there was none."""
        return self.in_time / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Refused:
    """How often checks refused a draft or a promise: `attempts` that words or deliverability stopped, `by_check` how
    many attempts each check stopped, beside the `approved` answers."""

    attempts: int = 0
    approved: int = 0
    by_check: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Words of which somebody said that they promise nothing (`--not-a-promise`)."""

    excerpt: str
    agent: str
    draft: str
    replies: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """The report. `since` None: from the beginning. `suppliers` are those who deliver a kind for us, by today's policy;
    promises of other kinds are not among theirs. `weeks` are ISO weeks (`2026-W48`) in which they were due, in the
    desk's zone. What was moved or released was not to be kept any more, so it is counted apart."""

    since: datetime | None
    as_of: datetime
    total: Tally
    kinds: tuple[Tally, ...]
    owners: tuple[Tally, ...]
    suppliers: tuple[Tally, ...]
    weeks: tuple[Tally, ...]
    moved: int
    released: int
    refused: Refused
    waivers: tuple[Waiver, ...]


def record(
    outcomes: Sequence[Outcome],
    refused: Refused,
    waivers: Sequence[Waiver],
    *,
    since: datetime | None,
    as_of: datetime,
    zone: ZoneInfo,
    suppliers: Mapping[str, str],
) -> Record:
    """The whole report from what the ledger, the log and the drafts hold. `suppliers`: by kind of promise."""
    states = Counter(one.state for one in outcomes)
    counted = [one for one in outcomes if one.state in ("kept", "broken", "running")]

    def by(name: Callable[[Outcome], str | None]) -> tuple[Tally, ...]:
        names = sorted({called for one in counted if (called := name(one)) is not None})
        return tuple(tally(called, [one for one in counted if name(one) == called], as_of) for called in names)

    return Record(
        since=since,
        as_of=as_of,
        total=tally("all", counted, as_of),
        kinds=by(lambda one: one.kind),
        owners=by(lambda one: one.owner),
        suppliers=by(lambda one: suppliers.get(one.kind)),
        weeks=by(lambda one: week_of(one.due_at, zone)),
        moved=states["moved"],
        released=states["released"],
        refused=refused,
        waivers=tuple(waivers),
    )


def tally(name: str, outcomes: Sequence[Outcome], as_of: datetime) -> Tally:
    """What became of these; a promise kept to the minute it was due is in time."""
    kept = [one for one in outcomes if one.state == "kept"]
    overdue = [one for one in outcomes if one.state == "running"]
    late = [apart for one in kept if (apart := _late(one, as_of)) > timedelta(0)]
    lengths = [*late, *(_late(one, as_of) for one in overdue)]
    return Tally(
        name=name,
        in_time=len(kept) - len(late),
        late=len(late),
        broken=sum(one.state == "broken" for one in outcomes),
        overdue=len(overdue),
        median_late=timedelta(seconds=median(one.total_seconds() for one in lengths)) if lengths else None,
        worst_late=max(lengths, default=None),
    )


def week_of(moment: datetime, zone: ZoneInfo) -> str:
    """`2026-W48`, so that text order is time order."""
    year, week, _ = moment.astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"


def _late(one: Outcome, as_of: datetime) -> timedelta:
    return (one.ended_at or as_of) - one.due_at
