"""Numbers that are kept because counting them anew would be slow: held against the rows, and made anew from them.

How many promises are open by kind and window is kept by triggers on the table of promises (see `migrations`), in the
transaction that changes a promise and wherever it is changed. A group's numbers are kept by `Groups.refresh`.
"""

from __future__ import annotations

from caretool.store.database import Database

_OPEN = """SELECT kind, first_day, due_day, count(*) AS open FROM promise
    WHERE state IN ('logged', 'running') AND moved_to IS NULL GROUP BY kind, first_day, due_day"""
_WAITING = """SELECT grouped AS id, count(*) AS size, count(DISTINCT person) AS people, min(due_at) AS due_at
    FROM comment WHERE state = 'waiting' AND grouped IS NOT NULL GROUP BY grouped"""
_PROMISES_APART = f"""SELECT kind, first_day, due_day, coalesce(kept.open, 0), coalesce(rows.open, 0)
    FROM promise_count AS kept FULL JOIN ({_OPEN}) AS rows USING (kind, first_day, due_day)
    WHERE kept.open IS NOT rows.open ORDER BY kind, first_day, due_day"""  # noqa: S608
_GROUPS_APART = f"""SELECT g.id, g.alive, g.size, g.people, g.due_at,
        coalesce(rows.size, 0), coalesce(rows.people, 0), rows.due_at
    FROM comment_group AS g LEFT JOIN ({_WAITING}) AS rows USING (id)
    WHERE g.size <> coalesce(rows.size, 0) OR g.people <> coalesce(rows.people, 0) OR g.due_at IS NOT rows.due_at
        OR g.alive <> (rows.size IS NOT NULL) ORDER BY g.id"""  # noqa: S608
_GROUPS_ANEW = f"""UPDATE comment_group AS g SET size = rows.size, people = rows.people, due_at = rows.due_at
    FROM ({_WAITING}) AS rows WHERE rows.id = g.id"""  # noqa: S608
_GROUPS_ENDED = """UPDATE comment_group AS g SET alive = 0, size = 0, people = 0, due_at = NULL
    WHERE NOT EXISTS (SELECT 1 FROM comment AS c WHERE c.grouped = g.id AND c.state = 'waiting')"""
_GROUPS_ALIVE = """UPDATE OR IGNORE comment_group SET alive = 1 WHERE alive = 0 AND size > 0"""


class Counts:
    """Every kept count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def differences(self) -> tuple[str, ...]:
        """One sentence for each kept count that is not what the rows say; none: all is well."""
        promises = [
            f"promises: {kind} from {first} to {due}: {kept} are kept as open, the ledger has {rows}."
            for kind, first, due, kept, rows in self._database.statement(_PROMISES_APART)
        ]
        return (*promises, *(_told(*row) for row in self._database.statement(_GROUPS_APART)))

    def rebuild(self) -> None:
        """Make every kept count anew from the rows, all or nothing."""
        with self._database.writing():
            self._database.statement("DELETE FROM promise_count")
            self._database.statement(f"INSERT INTO promise_count(kind, first_day, due_day, open) {_OPEN}")
            for statement in (_GROUPS_ENDED, _GROUPS_ANEW, _GROUPS_ALIVE):
                self._database.statement(statement)


def _told(
    group: str,
    alive: int,
    size: int,
    people: int,
    due_at: str | None,
    waiting: int,
    persons: int,
    earliest: str | None,
) -> str:
    said = []
    if size != waiting:
        said.append(f"{size} are kept as waiting, {waiting} wait")
    if people != persons:
        said.append(f"{people} are kept as people, {persons} wrote")
    if due_at != earliest:
        said.append(f"{due_at or 'no time'} is kept as due, {earliest or 'none'} is")
    if bool(alive) != bool(waiting):
        said.append("it has ended although somebody waits in it" if waiting else "it is alive and nobody waits in it")
    return f"group {group}: {'; '.join(said)}."
