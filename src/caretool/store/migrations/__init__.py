"""How the database came to be: each step is applied with its record in one transaction, after a backup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from caretool.errors import StoreProblem
from caretool.store.database import Database, moment_out
from caretool.store.migrations.chain import CHAIN, chain
from caretool.store.migrations.ledger import AGAIN, CASES, NOTICES
from caretool.store.migrations.moderation import MODERATION
from caretool.store.migrations.opening import OPENING
from caretool.store.migrations.parts import PARTS
from caretool.store.migrations.privacy import PRIVACY
from caretool.store.migrations.rewards import REWARDS
from caretool.store.migrations.speaking import SPEAKING
from caretool.store.migrations.steel import STEEL
from caretool.store.migrations.voice import VOICE
from caretool.store.migrations.watch import WATCH
from caretool.store.migrations.windows import WINDOWS


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number (from 1, no gaps), what it is for, its statements; `work` is done after them."""

    number: int
    name: str
    statements: tuple[str, ...]
    work: Callable[[Database], None] | None = None


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "the desk opens", OPENING),
    Migration(2, "steel in the spine", STEEL),
    Migration(3, "owners are told", NOTICES),
    Migration(4, "procedures are followed", CASES),
    Migration(5, "who writes again", AGAIN),
    Migration(6, "who may be silenced", MODERATION),
    Migration(7, "who may speak", SPEAKING),
    Migration(8, "something in the hand", REWARDS),
    Migration(9, "what is forgotten", PRIVACY),
    Migration(10, "the log is chained", CHAIN, chain),
    Migration(11, "what was last said", VOICE),
    Migration(12, "until when it can be answered", WINDOWS),
    Migration(13, "what watch words find", WATCH),
    Migration(14, "how many wait in a part of the inbox", PARTS),
)
# The schema this program works with.
NEWEST = MIGRATIONS[-1].number


def migrate(database: Database, now: datetime, migrations: tuple[Migration, ...] = MIGRATIONS) -> Path | None:
    """Bring the database to today's shape; where a backup was put before (None: nothing to do, or it was empty).

    StoreProblem where a newer caretool made it: nothing is touched.
    """
    version = _version(database)
    newest = migrations[-1].number
    if version == newest:
        return None
    not_newer(database.where, version, newest)
    backup = None
    with database.writing():
        done = _version(database)  # another process may have been quicker
        if 0 < done < newest:
            backup = _backup(database, done)
        for migration in migrations:
            if migration.number <= done:
                continue
            for statement in migration.statements:
                database.statement(statement)
            if migration.work is not None:
                migration.work(database)
            database.statement(
                "INSERT INTO migration(number, name, applied_at) VALUES (?, ?, ?)",
                (migration.number, migration.name, moment_out(now)),
            )
    return backup


def not_newer(where: Path | str, version: int, newest: int = NEWEST) -> None:
    """StoreProblem where a newer caretool than this one made the database."""
    if version > newest:
        raise StoreProblem(
            f"{where} was made by a newer caretool (schema {version}, this one knows {newest}): "
            "upgrade caretool, or work on a backup."
        )


def _version(database: Database) -> int:
    if not database.statement("SELECT 1 FROM sqlite_schema WHERE name = 'migration'"):
        with database.writing():
            database.statement(
                "CREATE TABLE IF NOT EXISTS migration "
                "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
            )
        return 0
    return int(database.statement("SELECT coalesce(max(number), 0) FROM migration")[0][0])


def _backup(database: Database, version: int) -> Path | None:
    if database.where == ":memory:":
        return None
    from caretool.store import copies  # there is mostly nothing to migrate

    source = Path(database.where)
    target = source.with_name(f"{source.stem}.before-{version + 1}.db")
    try:
        copies.copy(source, target, overwrite=True)
    except StoreProblem as problem:
        raise StoreProblem(f"{str(problem).rstrip('.')}: no migration without a backup.") from problem
    return target
