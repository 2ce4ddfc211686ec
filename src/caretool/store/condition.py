"""How a database is: what of it does not hold together. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from caretool.store import copies
from caretool.store.copies import Contents
from caretool.store.database import explained


@dataclass(frozen=True, slots=True)
class Condition:
    """`faults` are SQLite's own findings, `orphans` counts the rows of each table that refer to one that is not there,
    `contents` is what it holds, None where it cannot be read."""

    faults: tuple[str, ...]
    orphans: Mapping[str, int]
    contents: Contents | None


def examine(file: Path) -> Condition:
    """Every page and every reference. NotFound, StoreProblem: it is no database of caretool's, or cannot be read."""
    with copies.reading(file) as source:
        if found := copies.faults(source):
            return Condition(tuple(found), {}, None)
        orphans: dict[str, int] = {}
        for table, *_ in source.execute("PRAGMA foreign_key_check"):
            orphans[str(table)] = orphans.get(str(table), 0) + 1
        return Condition((), orphans, copies.contents(source))


def search_agrees(file: Path) -> bool:
    """Whether the search index has the words of the comments. To SQLite the question is an INSERT that inserts nothing:
    others wait with their writing until it is answered. StoreProblem."""
    with explained(file), closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)) as database:
        database.set_busy_timeout(copies.WAIT_MS)
        try:
            database.execute("INSERT INTO comment_search(comment_search, rank) VALUES ('integrity-check', 1)")
        except apsw.CorruptError:
            return False
    return True
