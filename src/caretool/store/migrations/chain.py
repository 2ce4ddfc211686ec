"""10: the log is chained: each line has a hash over itself and the line before it."""

from __future__ import annotations

from caretool.store.database import Database

CHAIN = (
    "ALTER TABLE log ADD COLUMN hash TEXT NOT NULL DEFAULT ''",
    "DROP TRIGGER log_is_kept",
)
# A program of before the chain that is still at work cannot add a line without a hash, nor two programs the same one.
_GUARDS = (
    """CREATE TRIGGER log_is_kept BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER log_is_chained BEFORE INSERT ON log
        WHEN length(NEW.hash) <> 64 OR NEW.number <> 1 + coalesce((SELECT max(number) FROM log), 0)
        BEGIN SELECT RAISE(ABORT, 'the log is a chain'); END""",
)
_RUN = 10_000


def chain(database: Database) -> None:
    """Give every line there is its hash; the lines themselves stay as they are."""
    from caretool.domain.chain import BEGINNING, hash_of  # mostly there is nothing to migrate

    previous, last = BEGINNING, 0
    while lines := database.statement(
        "SELECT number, at, agent, action, subject, codes FROM log WHERE number > ? ORDER BY number LIMIT ?",
        (last, _RUN),
    ):
        hashed = []
        for line in lines:
            previous = hash_of(previous, *line)
            hashed.append((previous, line[0]))
        database.statements("UPDATE log SET hash = ? WHERE number = ?", hashed)
        last = lines[-1][0]
    for guard in _GUARDS:
        database.statement(guard)
