"""An end for what goes on and on: called when its time is over, by one thread for all that is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Deadlines:
    """What `within` runs is ended from outside, if it takes too long. A thread for each would cost more than most of
    what it watches: this one begins with the first, and sleeps until the next deadline."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: dict[object, tuple[float, Callable[[], None]]] = {}
        self._watched_until = 0.0
        self._watching = False

    @contextmanager
    def within(self, seconds: float, end: Callable[[], None]) -> Iterator[None]:
        """Call `end`, in another thread, if what runs here is not done in time. It raises nothing."""
        this, at = object(), time.monotonic() + seconds
        with self._changed:
            self._under_way[this] = at, end
            if not self._watching:
                threading.Thread(target=self._watch, daemon=True).start()
                self._watching = True
            elif at < self._watched_until:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._under_way.pop(this, None)

    def _watch(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                late = [this for this, (at, _) in self._under_way.items() if at <= now]
                if not late:
                    next_at = min((at for at, _ in self._under_way.values()), default=None)
                    self._watched_until = float("inf") if next_at is None else next_at
                    self._changed.wait(None if next_at is None else next_at - now)
            for this in late:
                self._end(this)

    def _end(self, this: object) -> None:
        """Unless it is done by now: what its end takes away may be in use again."""
        with self._changed:
            under_way = self._under_way.pop(this, None)
        if under_way is not None:
            with suppress(Exception):  # what cannot be ended is lost; the others still have an end
                under_way[1]()
