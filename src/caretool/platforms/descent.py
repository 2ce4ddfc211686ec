"""Lists that show the newest first and know no lower bound, walked down to where the last walk began.

Pages stream as they come and memory stays constant: an unfinished walk is remembered with its cursor, and the floor
moves up only once the walk has come down to it. So an interrupted fetch loses nothing, whatever was written meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from caretool.errors import CaretoolError, PlatformFailed
from caretool.http import Refused
from caretool.platforms import dates

T = TypeVar("T")

# Platforms list what was written at about the same time in another order from one moment to the next.
OVERLAP = timedelta(minutes=10)
# So many ids of the overlap are remembered; a busier place shows some comments twice, which are stored once.
_REMEMBERED = 1000
# With so many places that cannot be read the others wait for the next fetch.
_SICK = 3


class Circle(PlatformFailed):
    """A list that leads back to where it has been."""


class Trail:
    """The way along a list, cursor by cursor, remembered by two of them only: a circle is noticed before it was gone
    round three times (R. P. Brent, An improved Monte Carlo factorization algorithm, 1980, section 3)."""

    def __init__(self, begin: str | None = None) -> None:
        self._passed = begin
        self._left = self._span = 1

    def on(self, cursor: str | None) -> str | None:
        """The next cursor (None: the list ends), if it leads on. Raises Circle."""
        if cursor is None:
            return None
        if cursor == self._passed:
            raise Circle("the pages of the list lead in a circle: try again later")
        self._left -= 1
        if self._left == 0:
            self._passed, self._span = cursor, 2 * self._span
            self._left = self._span
        return cursor


class Sick:
    """Places that could not be read just now: each keeps no other back. Many may be the whole platform's trouble: then
    the others are left to the next fetch, and come before these."""

    def __init__(self) -> None:
        self._first: CaretoolError | None = None
        self._met = 0

    def met(self, problem: CaretoolError) -> None:
        """One more."""
        self._first = self._first or problem
        self._met += 1

    @property
    def many(self) -> bool:
        """Whether there were too many to go on."""
        return self._met >= _SICK

    def tell(self) -> None:
        """At the end. Raises the first there was."""
        if self._first is not None:
            raise self._first


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """Something on the list: its id, the aware moment by which the list is ordered, and what it is."""

    id: str
    at: datetime
    what: T


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One answer, newest first. `older` is the cursor of what comes below it (None: nothing). An empty one with a
    cursor is no end."""

    entries: Sequence[Entry[T]]
    older: str | None = None


@dataclass(frozen=True, slots=True)
class Descent:
    """Where walking down a list stands.

    `floor` is the newest moment that was reached by a whole walk, `seen` the ids near it (None: none was whole yet).
    `cursor` is where an unfinished walk goes on; `top` and `near` will be its `floor` and `seen`.
    """

    floor: datetime | None = None
    seen: tuple[str, ...] = ()
    cursor: str | None = None
    top: datetime | None = None
    near: tuple[str, ...] = ()

    @classmethod
    def parse(cls, value: object) -> Descent:
        """From its text, or from what `plain` gave; the beginning where it is neither."""
        try:
            kept = json.loads(value) if isinstance(value, str) else value
            if not isinstance(kept, dict):
                return cls()
            return cls(
                _moment(kept.get("floor")),
                _ids(kept.get("seen", ())),
                _text(kept.get("cursor")),
                _moment(kept.get("top")),
                _ids(kept.get("near", ())),
            )
        except (ValueError, TypeError):
            return cls()

    def plain(self) -> dict[str, Any]:
        """As JSON takes it, for a bookmark that holds several."""
        kept = {
            "floor": self.floor and self.floor.isoformat(),
            "seen": list(self.seen),
            "cursor": self.cursor,
            "top": self.top and self.top.isoformat(),
            "near": list(self.near),
        }
        return {key: value for key, value in kept.items() if value}

    def __str__(self) -> str:
        return json.dumps(self.plain())


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What one answer brought that is new, oldest first, and the descent to keep once it is stored."""

    entries: tuple[Entry[T], ...]
    descent: Descent


def walk(
    descent: Descent,
    ask: Callable[[str | None], Listing[T]],
    *,
    overlap: timedelta = OVERLAP,
    oldest: datetime | None = None,
    now: datetime | None = None,
) -> Iterator[Step[T]]:
    """Walk on where the last one was interrupted, then from the newest down to where the last whole walk began.

    `ask` gives what stands at a cursor (None: at the top). Nothing older than `oldest` is walked to (None: to the end).
    Where strangers say when they wrote, `now` keeps the floor from being lifted into a time to come (None: the platform
    itself tells). A cursor that the platform no longer takes, or that leads in a circle, begins the walk anew. Raises
    Circle, and what `ask` raises.
    """
    if descent.cursor is not None:
        try:
            for step in _down(descent, ask, overlap, oldest, now):
                descent = step.descent
                yield step
        except (Refused, Circle):
            if descent.cursor is None:
                raise
            descent = Descent(descent.floor, descent.seen)
    yield from _down(descent, ask, overlap, oldest, now)


def _down(
    descent: Descent,
    ask: Callable[[str | None], Listing[T]],
    overlap: timedelta,
    oldest: datetime | None,
    now: datetime | None,
) -> Iterator[Step[T]]:
    known = frozenset(descent.seen)
    bounds = [bound for bound in (descent.floor and descent.floor - overlap, oldest) if bound is not None]
    bound = max(bounds, default=None)
    before, trail = descent, Trail(descent.cursor)
    while True:
        listing = ask(descent.cursor)
        # By its last one: one among the others may bear an older date than its place on the list.
        reached = bound is not None and any(entry.at < bound for entry in listing.entries[-1:])
        descent = replace(_above(descent, listing.entries, overlap, now), cursor=None if reached else listing.older)
        new = [entry for entry in listing.entries if entry.id not in known and (bound is None or entry.at >= bound)]
        if descent.cursor is None:
            descent = _whole(descent, bound and bound + overlap)
        if new or (descent != before and descent.cursor is None):
            yield Step(tuple(sorted(new, key=lambda entry: entry.at)), descent)
        if trail.on(descent.cursor) is None:
            return


def _above(descent: Descent, entries: Sequence[Entry[T]], overlap: timedelta, now: datetime | None) -> Descent:
    """With what of these stands near the top of the walk; the first answer has the top."""
    top = descent.top or max((entry.at if now is None else min(entry.at, now) for entry in entries), default=None)
    if top is None:
        return descent
    near = dict.fromkeys([*descent.near, *(entry.id for entry in entries if entry.at >= top - overlap)])
    return replace(descent, top=top, near=tuple(near)[:_REMEMBERED])


def _whole(descent: Descent, bound: datetime | None) -> Descent:
    """The walk came down to its floor: where it began is the next one's; where nothing was, `bound` stays it."""
    if descent.top is None or (descent.floor is not None and descent.top < descent.floor):
        return Descent(descent.floor or bound, descent.seen)
    seen = dict.fromkeys([*descent.near, *descent.seen]) if descent.floor is not None else dict.fromkeys(descent.near)
    return Descent(descent.top, tuple(seen)[:_REMEMBERED])


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    if (at := dates.moment(text)) is None:
        raise ValueError("no moment")
    return at


def _ids(found: object) -> tuple[str, ...]:
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise ValueError("no ids")
    return tuple(found)


def _text(found: object) -> str | None:
    if found is not None and not isinstance(found, str):
        raise ValueError("no text")
    return found
