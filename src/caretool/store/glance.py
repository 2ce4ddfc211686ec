"""A look at the database in passing, for whoever completes a word: never waits, never writes, never migrates.

SQLite by hand and nothing else: peewee alone would take longer to import than the whole look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

Row = tuple[str, tuple[str, ...]]

_WAIT_MILLISECONDS = 50
_LOOKED_THROUGH = 2_000

# For each type: where it is, what is told of it, what its state is, what comes first among those in one state (by an
# index: there may be a million).
_TYPES = {
    "g": (
        "comment_group",
        "size || CASE size WHEN 1 THEN ' comment' ELSE ' comments' END, coalesce(topic, kind), account",
        "alive",
        "(escalation IS NULL), (again IS NULL), (due_at IS NULL), due_at",
    ),
    "c": ("comment", "kind, topic, account", "state", "due_at"),
    "p": (
        "promise",
        "kind, (SELECT substr(name, 1, 80) FROM person WHERE person.id = person), state",
        "state",
        "due_at",
    ),
    "r": ("reply", "state, template, account", "state", "account"),
    "d": ("draft", "state, agent, grouped", "state", "rowid"),
    "k": (
        "cases",
        "procedure, (SELECT substr(name, 1, 80) FROM person WHERE person.id = person), state",
        "state",
        "started_at",
    ),
    "w": (
        "reward",
        "kind, (SELECT substr(name, 1, 80) FROM person WHERE person.id = person), state",
        "state",
        "drawn_at DESC",
    ),
    "m": ("moderation", "action, ground, account", "state", "made_at"),
    "t": ("thread", "substr(text, 1, 80), account", "''", "id"),
    "u": ("person", "substr(name, 1, 80)", "''", "id"),
}


class Glance:
    """One open look."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def kept(self, key: str) -> str | None:
        """A kept value, as `Store.kept`."""
        found = self._connection.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None

    def ids(self, letter: str, typed: str, states: Sequence[str], limit: int) -> list[Row]:
        """Things of one type whose ids begin with `typed` (at least the letter), in one of `states` (none: in any).

        Each with its id and what is to be told of it, as stored: strangers' words are among it. Only so many are looked
        through: a longer beginning finds what a short one does not.
        """
        table, told, state, first = _TYPES[letter]
        if len(typed) == 1 and states:
            query = f"SELECT id, {told} FROM {table} WHERE {state} = ? ORDER BY {first} LIMIT ?"  # noqa: S608
            return [row for one in states for row in self._rows(query, (one, limit))][:limit]
        meant = f"{state} IN ({', '.join('?' * len(states))})" if states else "1"
        near = f"SELECT * FROM {table} WHERE id >= ? AND id < ? ORDER BY id LIMIT {_LOOKED_THROUGH}"  # noqa: S608
        query = f"SELECT id, {told} FROM ({near}) WHERE {meant} LIMIT ?"  # noqa: S608
        return self._rows(query, (typed, f"{typed}~", *states, limit))

    def _rows(self, query: str, values: tuple[str | int, ...]) -> list[Row]:
        rows = self._connection.execute(query, values)
        return [(str(row[0]), tuple(str(value) for value in row[1:] if value)) for row in rows]


@contextmanager
def glance(where: Path) -> Iterator[Glance]:
    """A look at the database file `where` (absolute); apsw.Error where it is not there, busy, damaged or another's."""
    # Where nobody works on it there is no write-ahead log; one made for looking would be left lying about.
    quiet = "" if where.with_name(f"{where.name}-wal").exists() else "&immutable=1"
    connection = apsw.Connection(
        f"{where.as_uri()}?mode=ro{quiet}", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    try:
        connection.set_busy_timeout(_WAIT_MILLISECONDS)
        yield Glance(connection)
    finally:
        connection.close()
