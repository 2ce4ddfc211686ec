"""Numbers and ids for new things, and lists in runs that one statement can carry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from peewee import EXCLUDED, SQL, fn

from caretool.domain.ids import Letter, make_id
from caretool.store.database import Database, Given
from caretool.store.schema import Counter

# Below SQLite's and PostgreSQL's limits on values in one statement.
CHUNK = 400


def chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """The items in runs a single statement can carry."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def among(column: Any, values: Sequence[str] | Given) -> Any:
    """That a column is one of these texts, however many: a single value in the statement, so it is quickly made. What
    is `Given` later is given as `texts`."""
    given = values if isinstance(values, Given) else texts(values)
    return column.in_(SQL("(SELECT value FROM json_each(?))", (given,)))


def texts(values: Iterable[str]) -> str:
    """Texts as a single value of a statement."""
    return json.dumps(list(values))


def next_numbers(database: Database, letter: str, count: int) -> range:
    """Reserve `count` consecutive numbers of one type; inside a write transaction."""
    ((last,),) = database.often(_taken, letter=letter, count=count)
    return range(last - count + 1, last + 1)


def _taken() -> Any:
    """As many more as were given; the last of them."""
    row = Counter.insert({"letter": Given("letter"), "last": Given("count")})
    later = {Counter.c.last: Counter.c.last + EXCLUDED.last}
    return row.on_conflict(conflict_target=(Counter.c.letter,), update=later).returning(Counter.c.last)


def skip_numbers(database: Database, last: Mapping[str, int]) -> None:
    """Never again give a number up to `last` of a type: it was given in another life of this database."""
    for letter, number in last.items():
        later = fn.MAX(Counter.c.last, EXCLUDED.last)
        row = Counter.insert({"letter": letter, "last": number})
        database.run(row.on_conflict(conflict_target=(Counter.c.letter,), update={Counter.c.last: later}))


def new_ids(database: Database, letter: Letter, count: int) -> list[str]:
    """Reserve ids of one type."""
    return [make_id(letter, number) for number in next_numbers(database, letter, count)]
