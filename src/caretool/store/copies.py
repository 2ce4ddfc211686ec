"""Copies of the database: made while others write in it, looked at before they are trusted, put back whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw

from caretool.domain.chain import Head
from caretool.errors import NotFound, StoreProblem, UsageProblem
from caretool.store.database import explained, optional_moment

Progress = Callable[[str], None]

_OURS = {"migration", "kept", "counter", "comment", "person", "reply", "promise", "log"}
# 16 MB of pages; after each run somebody may be told how far it is.
_RUN = 4096
WAIT_MS = 30_000
_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: the number of its schema, how many comments, posted replies and open promises, the newest
    moment in it, the accounts that replies went out on, the last number given to each type of id, the head of the log
    (None: it has no line yet, or is of before the chain)."""

    schema: int
    comments: int
    posted: int
    open_promises: int
    newest: datetime | None
    accounts: tuple[str, ...]
    numbers: Mapping[str, int]
    head: str | None = None


def look(file: Path) -> Contents:
    """What stands in a database that may be anything; nothing is written. NotFound, Damaged, StoreProblem."""
    with reading(file) as source:
        if damage := faults(source):
            raise Damaged(f"{file} is damaged ({damage[0]}).")
        return contents(source)


class Damaged(StoreProblem):
    """It is no database of caretool's, or no longer one: what stands in it cannot be read as such."""


@contextmanager
def reading(file: Path) -> Iterator[apsw.Connection]:
    """A connection that cannot write, to a database of caretool's of whatever version. NotFound, Damaged, StoreProblem
    (it cannot be read just now)."""
    if not file.exists():
        raise NotFound(f"{file} is not there.")
    if not file.is_file():
        raise StoreProblem(f"{file} is not a file.")
    if not os.access(file, os.R_OK):  # not tried by opening: closing it again would let go of SQLite's own locks
        raise StoreProblem(f"{file} cannot be read: check its permissions.")
    with explained(file), closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as source:
        source.set_busy_timeout(WAIT_MS)
        try:
            tables = {row[0] for row in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if not tables >= _OURS:
                raise Damaged(f"{file} is no database of caretool's.")
            yield source
        except apsw.NotADBError as error:
            raise Damaged(f"{file} is no database of caretool's.") from error
        except apsw.CorruptError as error:
            raise Damaged(f"{file} is damaged ({error}).") from error


def faults(source: apsw.Connection) -> list[str]:
    """What SQLite finds wrong with a database, a few sentences; none: it is whole."""
    try:
        found = [str(row[0]) for row in source.execute("PRAGMA integrity_check(5)")]
    except apsw.CorruptError as error:
        return [str(error)]
    return [] if found == ["ok"] else [line for said in found for line in said.splitlines() if line.strip("* ")]


def contents(source: apsw.Connection) -> Contents:
    """What a whole database holds."""

    def one(sql: str) -> Any:
        return source.execute(sql).fetchall()[0][0]

    newest = one(
        """SELECT max(at) FROM (SELECT max(applied_at) AS at FROM migration
            UNION ALL SELECT at FROM (SELECT at FROM log ORDER BY number DESC LIMIT 1)
            UNION ALL SELECT at FROM (SELECT fetched_at AS at FROM comment ORDER BY number DESC LIMIT 1))"""
    )
    return Contents(
        schema=one("SELECT coalesce(max(number), 0) FROM migration"),
        comments=one("SELECT count(*) FROM comment"),
        posted=one("SELECT count(*) FROM reply WHERE state = 'posted'"),
        open_promises=one("SELECT count(*) FROM promise WHERE state IN ('logged', 'running')"),
        newest=optional_moment(newest),
        accounts=tuple(str(row[0]) for row in source.execute("SELECT DISTINCT account FROM reply ORDER BY account")),
        numbers={str(letter): int(last) for letter, last in source.execute("SELECT letter, last FROM counter")},
        head=_head(source),
    )


def _head(source: apsw.Connection) -> str | None:
    if not source.execute("SELECT 1 FROM pragma_table_info('log') WHERE name = 'hash'").fetchall():
        return None
    for number, hashed in source.execute("SELECT number, hash FROM log ORDER BY number DESC LIMIT 1"):
        return str(Head(int(str(number)), str(hashed)))
    return None


def copy(source: Path, target: Path, *, progress: Progress = lambda _: None, overwrite: bool = False) -> None:
    """A consistent copy of a database while others write in it. Under its name stands nothing or a copy that is whole,
    on its disk, and for its owner alone (0600). NotFound, UsageProblem (`target` is there already), StoreProblem."""
    if target.exists() and not overwrite:
        raise UsageProblem(f"{target} is there already, and is not overwritten: name another file.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise StoreProblem(f"{target} cannot be written ({error.strerror}).") from error
    part = Path(name)
    try:
        with reading(source) as there, explained(target), closing(apsw.Connection(name)) as here:
            here.execute("PRAGMA synchronous = OFF")  # it is seen onto its disk at the end, whole
            _pages(there, here, f"copying to {target.name}", progress)
            here.execute("PRAGMA journal_mode = DELETE")  # one file, to be carried anywhere and read from there
            damage = faults(here)
        if damage:
            raise Damaged(f"{source} is damaged ({damage[0]}): no copy of it was kept.")
        _to_disk(part)
        part.replace(target)
        _to_disk(target.parent)
    except OSError as error:
        raise StoreProblem(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        for beside in ("", *_BESIDE):
            with suppress(OSError):
                part.with_name(part.name + beside).unlink()


@contextmanager
def watched(database: Path) -> Iterator[Callable[[], bool]]:
    """Whether anybody has written to a database since."""
    with explained(database), closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as watch:
        watch.set_busy_timeout(WAIT_MS)
        before = watch.pragma("data_version")
        yield lambda: bool(watch.pragma("data_version") != before)


def put_back(
    copied: Path,
    database: Path,
    progress: Progress = lambda _: None,
    *,
    changed: Callable[[], bool] = lambda: False,
) -> bool:
    """Make a database what `copied` is, in one transaction: whoever has it open sees all of the old or all of the new.
    Both are whole. False, and nothing done, where it was `changed` until nobody else could write. StoreProblem: nothing
    was changed."""
    with explained(database), reading(copied) as there, closing(apsw.Connection(str(database))) as here:
        here.set_busy_timeout(WAIT_MS)
        here.execute("PRAGMA synchronous = FULL")
        if not _pages(there, here, "restoring", progress, changed):
            return False
        here.set_busy_timeout(0)
        with suppress(apsw.BusyError):  # somebody still reads the old one: a later writer tidies up
            here.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return True


def put_in_place_of_damaged(copied: Path, database: Path, keep: Path) -> None:
    """The same where what stands there (or nothing) cannot be written into: its files are kept as they are beside
    `keep`, and `copied` is moved into its place. StoreProblem."""
    try:
        for beside in ("", *_BESIDE):
            damaged = database.with_name(database.name + beside)
            if damaged.exists():
                kept = keep.with_name(keep.name + beside)
                _copy_bytes(damaged, kept)
        for beside in _BESIDE:  # what they hold belongs to the damaged one, and would be read into the new one
            database.with_name(database.name + beside).unlink(missing_ok=True)
        _to_disk(copied)
        copied.replace(database)
        _to_disk(database.parent)
    except OSError as error:
        raise StoreProblem(f"{error.filename or database} cannot be written ({error.strerror}).") from error


def _pages(
    there: apsw.Connection,
    here: apsw.Connection,
    doing: str,
    progress: Progress,
    changed: Callable[[], bool] = lambda: False,
) -> bool:
    """Whether all pages are there: none are if it was `changed` before the first took the lock."""
    there.execute("BEGIN")
    there.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # from here on, what others write is not seen
    with here.backup("main", there, "main") as work:
        work.step(1)
        if changed():
            return False
        while not work.done:
            work.step(_RUN)
            if work.page_count > _RUN:
                progress(f"{doing}: {100 - 100 * work.remaining // work.page_count} %")
    there.execute("ROLLBACK")
    return True


def _copy_bytes(source: Path, target: Path) -> None:
    with source.open("rb") as old, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        while piece := old.read(1 << 20):
            new.write(piece)
        new.flush()
        os.fsync(new.fileno())


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
