"""The connection: opened once, every failure turned into one sentence, every write under the one lock.

SQLite comes with apsw (a version without the WAL-reset bug), the queries are peewee's, so that PostgreSQL stays open.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import peewee
from playhouse.apsw_ext import APSWDatabase

from caretool.errors import StoreProblem
from caretool.store.schema import Table

Row = dict[str, Any]

_WAIT_SECONDS = 30
_ODD = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Given:
    """In a query that `Database.often` carries out: the place of the value that each call gives under this name."""

    name: str


def moment_out(moment: datetime) -> str:
    """How a moment is stored: UTC, fixed width, so that text order is time order."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment_in(text: str) -> datetime:
    """A stored moment back as an aware datetime in UTC."""
    return datetime.fromisoformat(text)


def storable(text: str) -> str:
    """`text` with what SQLite cannot hold or find again (NUL, lone surrogates) replaced by U+FFFD."""
    return _ODD.sub("\ufffd", text)


def optional_moment(text: str | None) -> datetime | None:
    """The same for a column that may be null."""
    return moment_in(text) if text is not None else None


@contextmanager
def _one_at_a_time(where: Path | str) -> Iterator[None]:
    """Two processes that make a database at the same moment: SQLite gives up at once, whatever the timeout, where both
    turn the new file to WAL. The lock is on the folder and dies with its process."""
    try:
        folder = os.open(Path(where).parent, os.O_RDONLY)
    except OSError:  # opening the database says what is wrong
        yield
        return
    try:
        with suppress(OSError):  # not every network folder knows locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def explained(where: Path | str) -> Iterator[None]:
    """What SQLite complains of, as one sentence about the database that is meant."""
    try:
        yield
    except (peewee.PeeweeException, apsw.Error) as error:
        raise StoreProblem(_sentence(where, error)) from error
    except UnicodeEncodeError as error:
        raise StoreProblem("Bytes that are no UTF-8 cannot be kept: nothing was written.") from error


def _sentence(where: Path | str, error: Exception) -> str:
    text = f"{type(error).__name__} {error}".lower()  # of what goes wrong in a backup, apsw knows the name alone
    if "locked" in text or "busy" in text:
        return f"{where} has been busy for {_WAIT_SECONDS} s: another caretool is working on it; try again."
    if "readonly" in text or "read-only" in text:
        return f"{where} cannot be written to: check who owns the folder and its permissions."
    if "full" in text or "disk i/o" in text or "ioerror" in text:
        return f"{where}: the disk is full or failing; nothing was written. Make room and try again."
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return f"{where} is damaged or not a caretool database: put a backup in its place with `caretool restore FILE`."
    if "unable to open" in text or "cantopen" in text:
        return f"{where} cannot be opened: check that the folder exists and may be written to."
    return f"{where}: {error}"


def _for_its_owner_alone(where: Path | str) -> None:
    """Make a new database so that nobody else on the machine reads what customers wrote. One that is there is left as
    it is, and not even opened: closing it again would let go of SQLite's own locks."""
    if where != ":memory:":
        with suppress(OSError):  # opening it says what is wrong
            os.close(os.open(where, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600))


class Database:
    """One process's connection to the workspace's database. `where` is a path, or `:memory:` in tests."""

    def __init__(self, where: Path | str) -> None:
        self.where = where
        self._inserts: dict[tuple[Table, tuple[str, ...]], tuple[str, list[str]]] = {}
        self._often: dict[Callable[[], Any], tuple[str, list[Any]]] = {}
        self._peewee = APSWDatabase(
            str(where),
            timeout=_WAIT_SECONDS,
            pragmas={
                "journal_mode": "wal",
                "synchronous": "full",
                "foreign_keys": 1,
                "cache_size": -32_000,
                "recursive_triggers": 1,  # so that REPLACE does not slip past what guards the log
            },
        )
        with _one_at_a_time(where), self._explained():
            _for_its_owner_alone(where)
            self._peewee.connect()

    def close(self) -> None:
        """Let go of the file."""
        with self._explained():
            self._peewee.close()

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.where)

    def run(self, query: Any) -> int:
        """Carry out an INSERT, UPDATE or DELETE built with peewee; how many rows it touched."""
        with self._explained():
            return int(query.execute(self._peewee) or 0)

    def many(self, query: Any, rows: Iterable[Row]) -> None:
        """Carry out one INSERT or UPDATE for each of `rows`. In `query` each value is the key of a row that takes its
        place. The statement is worked out once: many times faster than `run` in a loop."""
        with self._explained():
            sql, keys = self._peewee.get_sql_context().sql(query).query()
            self._peewee.cursor().executemany(sql, (tuple(row[key] for key in keys) for row in rows))

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows that all name the same columns."""
        if not rows:
            return
        columns = tuple(rows[0])
        if (table, columns) not in self._inserts:
            query = table.insert({name: name for name in columns})
            self._inserts[table, columns] = self._peewee.get_sql_context().sql(query).query()
        sql, keys = self._inserts[table, columns]
        with self._explained():
            self._peewee.cursor().executemany(sql, (tuple(row[key] for key in keys) for row in rows))

    def often(self, make: Callable[[], Any], **given: Any) -> list[tuple[Any, ...]]:
        """Carry out the query that `make` builds, with these values for each `Given` in it; its rows, as tuples. It is
        worked out once: for what every page of a fetch asks that takes longer than to carry it out."""
        if make not in self._often:
            self._often[make] = self._peewee.get_sql_context().sql(make()).query()
        sql, values = self._often[make]
        return self.statement(sql, tuple(given[one.name] if isinstance(one, Given) else one for one in values))

    def rows(self, query: Any) -> list[Row]:
        """Every row of a SELECT (or of a RETURNING), as dicts."""
        with self._explained():
            return list(query.bind(self._peewee).dicts())

    def tuples(self, query: Any) -> list[tuple[Any, ...]]:
        """Every row of a SELECT, as tuples: the quick way for long lists."""
        with self._explained():
            return list(query.bind(self._peewee).tuples())

    def one(self, query: Any) -> Row | None:
        """The first row of a SELECT, or None."""
        found = self.rows(query.limit(1))
        return found[0] if found else None

    def value(self, query: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.tuples(query)
        return found[0][0] if found else None

    def statement(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """One statement as written: schema, pragmas, backup. Its rows, as tuples."""
        with self._explained():
            return list(self._peewee.execute_sql(sql, values))

    def statements(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """One statement as written, once for each of `rows`."""
        with self._explained():
            self._peewee.cursor().executemany(sql, rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing, alone: takes the write lock before the first look, so that what is checked stays true."""
        if self._peewee.in_transaction():
            yield
            return
        with self._explained(), self._peewee.atomic("IMMEDIATE"):
            yield
