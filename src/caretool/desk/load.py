"""What is already promised of a kind, and of those kept beside it: what every new promise is held against. On the hot
path of `promise list`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from caretool.domain.calendar import wall_clock

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.planning import Busy, Keeper, Load, Window
    from caretool.domain.promisable import PromiseKind

    Added = Mapping[str, Mapping[Window, int]]


def load_of(
    desk: Desk, kind: PromiseKind, now: datetime, leaving_out: Sequence[str] = (), adding: Added | None = None
) -> Load:
    """What is already promised of a kind; where somebody who keeps it has a limit over all kinds, or is away, with
    what else they keep. `leaving_out` are promises about to be replaced, `adding` those about to be made, by kind."""
    own = _own(desk, kind, now, leaving_out, adding)
    limited = _limited(desk)
    if not any(name in limited for name in _keepers(kind)):
        return own
    kinds = _together(kind, desk.promisable.promises.values(), limited)
    names = [one.name for one in kinds]
    keepers = [limited[name] for name in sorted({name for one in kinds for name in _keepers(one)} & limited.keys())]
    return replace(
        own,
        keepers=tuple(_busy(desk, keeper, names, kind.zone, now) for keeper in keepers),
        beside=tuple((one, _own(desk, one, now, leaving_out, adding)) for one in kinds if one.name != kind.name),
    )


def keepers_of(desk: Desk) -> Mapping[str, Keeper]:
    """Everybody who may keep promises, by name."""
    return {**desk.promisable.agents, **desk.promisable.owners}


def _limited(desk: Desk) -> dict[str, Keeper]:
    everybody = keepers_of(desk)
    return {
        name: one for name, one in everybody.items() if one.capacity is not None or one.weekly is not None or one.away
    }


def _keepers(kind: PromiseKind) -> tuple[str, ...]:
    return (kind.owner, kind.stand_in) if kind.stand_in else (kind.owner,)


def _together(kind: PromiseKind, every: Iterable[PromiseKind], limited: Mapping[str, Keeper]) -> list[PromiseKind]:
    """The kind and all that are planned with it: what its keepers keep, what keeps those, and so on."""
    found, left = [kind], [one for one in every if one.name != kind.name]
    for one in found:
        shared = limited.keys() & set(_keepers(one))
        found += [other for other in left if shared & set(_keepers(other))]
        left = [other for other in left if other not in found]
    return found


def _own(desk: Desk, kind: PromiseKind, now: datetime, leaving_out: Sequence[str], adding: Added | None) -> Load:
    zone = kind.calendar.zone if kind.calendar is not None else kind.zone
    today = now.astimezone(zone).date()
    day_began = _began(today, zone)
    week_began = None if kind.weekly is None else _began(_monday(today), zone)
    load = desk.store.promises.load(kind.name, day_began=day_began, week_began=week_began, leaving_out=leaving_out)
    for window, count in (adding or {}).get(kind.name, {}).items():
        load = load.plus(window, count)
    return load


def _busy(desk: Desk, keeper: Keeper, kinds: Sequence[str], zone: ZoneInfo, now: datetime) -> Busy:
    from caretool.domain.planning import Busy

    today = now.astimezone(zone).date()
    kept_today = desk.store.promises.kept_by(keeper.id, kinds, _began(today, zone))
    return Busy(keeper, kept_today, desk.store.promises.kept_by(keeper.id, kinds, _began(_monday(today), zone)))


def _began(day: date, zone: ZoneInfo) -> datetime:
    return wall_clock(day, time(0), zone)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
