"""What the platforms let us ask, counted for all processes of a workspace: a small database of its own.

It stands beside `caretool.db` and not in it: a fetch counts while its page is being stored, and what is lost with it is
a few minutes' counting.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from caretool import paths
from caretool.domain.budget import Bucket, Meter, untouched
from caretool.errors import StoreProblem

_TABLE = """CREATE TABLE IF NOT EXISTS meter (
    scope TEXT, bucket TEXT, units_left REAL, resets_at REAL, units REAL, PRIMARY KEY (scope, bucket)
) WITHOUT ROWID"""
_KEPT = "SELECT units_left, resets_at, units FROM meter WHERE scope = ? AND bucket = ?"
_TELL = """INSERT INTO meter VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    units_left = excluded.units_left, resets_at = excluded.resets_at, units = coalesce(excluded.units, units)"""
_KNOWN = "SELECT 1 FROM meter WHERE scope = ? AND bucket IN (?, ?)"
# No platform's period is longer; one that asks for years of silence, by mistake or for fun, is asked again. What ends
# later than that was written by a clock that was ahead.
_LONGEST = timedelta(days=2)
_PATIENCE = 10_000  # milliseconds for another process, which holds it for less than one


class Budgets:
    """Implements `caretool.domain.budget.Budget` in `.locks/budgets.db` of the workspace's `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".locks"
        self._mine = threading.local()

    def spend(self, scope: str, bucket: Bucket, units: float, now: datetime, *, fetching: bool) -> Meter | None:
        """Take what is asked for, if it is there."""
        if bucket.ends is None and not self._counted(scope, bucket.name):
            return None
        with self._alone() as connection:
            pause = _kept(connection, scope, _pause(bucket.name), now)
            meter = pause or _kept(connection, scope, bucket.name, now) or untouched(bucket, now)
            if meter is None:
                return None
            kept = bucket.kept * (meter.limit or bucket.limit or 0) if fetching else 0.0
            if meter.left <= 0 or meter.left - units < kept:  # what costs nothing waits with the rest
                return meter
            left = meter.left - units
            connection.execute(_TELL, (scope, bucket.name, left, meter.resets_at.timestamp(), meter.limit))
            return None

    def told(self, scope: str, meters: Sequence[Meter], now: datetime) -> None:
        """Keep what the platform says: of one period the least, for answers overtake each other. That nothing is left
        for a while within a period is a pause: what was counted in the period stands when it is over. Where it cannot
        be kept nothing is raised: the request was answered, and whoever asks next is told."""
        if not meters:
            return
        with suppress(StoreProblem), self._alone() as connection:
            for meter in meters:
                known = _kept(connection, scope, meter.bucket, now)
                name, left, resets_at = meter.bucket, meter.left, min(meter.resets_at, now + _LONGEST)
                sooner = (known.resets_at - resets_at).total_seconds() if known is not None else 0.0
                if known is not None and abs(sooner) < 1:
                    left = min(left, known.left)
                elif sooner > 0 and left <= 0:
                    name = _pause(name)
                connection.execute(_TELL, (scope, name, left, resets_at.timestamp(), meter.limit))

    def left(self, scope: str, bucket: Bucket, now: datetime) -> Meter | None:
        """How a bucket stands."""
        with self._alone() as connection:
            return _kept(connection, scope, bucket.name, now) or untouched(bucket, now)

    def _counted(self, scope: str, bucket: str) -> bool:
        """Whether anything was ever told of it: most platforms tell nothing, and no lock is waited for to hear that."""
        with self._explained():
            return any(self._opened().execute(_KNOWN, (scope, bucket, _pause(bucket))))

    @contextmanager
    def _alone(self) -> Iterator[apsw.Connection]:
        """A connection of this thread's own, inside a transaction that no other has at the same time."""
        with self._explained():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (apsw.Error, OSError) as problem:
            what = "what was asked of the platforms cannot be counted"
            raise StoreProblem(f"{self._folder / 'budgets.db'}: {what} ({problem}): remove the file") from problem

    def _opened(self) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            paths.own_folder(self._folder)
            connection = apsw.Connection(str(self._folder / "budgets.db"))
            connection.set_busy_timeout(_PATIENCE)
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_TABLE)
            self._mine.connection = connection
        return connection


def _pause(bucket: str) -> str:
    """Under which name it stands that a bucket is closed for a while."""
    return f"{bucket} pause"


def _kept(connection: apsw.Connection, scope: str, bucket: str, now: datetime) -> Meter | None:
    """The meter, if its period is the one that runs."""
    for left, resets_at, limit in connection.execute(_KEPT, (scope, bucket)):
        if now.timestamp() < resets_at <= (now + _LONGEST).timestamp():
            return Meter(bucket, left, datetime.fromtimestamp(resets_at, UTC), limit)
    return None
