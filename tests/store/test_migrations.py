"""Migrations: each with its record in one transaction, a backup before, a newer database refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from caretool.domain.comment import Author, Incoming
from caretool.errors import StoreProblem
from caretool.store import migrations
from caretool.store.database import Database
from caretool.store.migrations import MIGRATIONS, Migration, migrate
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
NEXT = len(MIGRATIONS) + 1
BETTER = (*MIGRATIONS, Migration(NEXT, "better", ("ALTER TABLE person ADD COLUMN note TEXT", "CREATE TABLE extra (n)")))
BROKEN = (*MIGRATIONS, Migration(NEXT, "broken", ("CREATE TABLE extra (n)", "ALTER TABLE nowhere ADD COLUMN x")))


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A database of today's shape with one comment in it."""
    store = Store(tmp_path / "caretool.db", NOW)
    store.arrivals.add_page("page", [Incoming("c1", Author("anna"), "ciao")], bookmark="1", now=NOW)
    store.close()
    return tmp_path / "caretool.db"


def _shape(where: Path) -> list[tuple[object, ...]]:
    database = Database(where)
    found = database.statement("SELECT name, sql FROM sqlite_schema ORDER BY name")
    found += database.statement("SELECT number, name FROM migration ORDER BY number")
    found += database.statement("SELECT native_id, text FROM comment")
    database.close()
    return found


def test_numbers_run_from_one_without_gaps() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, NEXT))


def test_a_new_database_is_made_without_a_backup(tmp_path: Path) -> None:
    store = Store(tmp_path / "caretool.db", NOW)
    assert store.backup is None
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == ["caretool.db"]
    store.close()


def test_opening_a_database_of_today_changes_nothing(where: Path) -> None:
    before = _shape(where)
    store = Store(where, NOW)
    assert store.backup is None
    store.close()
    assert _shape(where) == before


def test_a_step_is_taken_with_its_record_and_a_backup_of_what_was(where: Path) -> None:
    before = _shape(where)
    database = Database(where)
    backup = migrate(database, NOW, BETTER)
    assert backup is not None
    assert database.statement("SELECT number, name, applied_at FROM migration ORDER BY number")[-1] == (
        NEXT,
        "better",
        "2026-11-23T08:12:00.000000Z",
    )
    assert database.statement("SELECT note FROM person") == [(None,)]
    assert migrate(database, NOW, BETTER) is None
    database.close()
    assert _shape(backup) == before


def test_a_step_that_fails_leaves_the_old_shape_and_no_record(where: Path) -> None:
    before = _shape(where)
    database = Database(where)
    with pytest.raises(StoreProblem):
        migrate(database, NOW, BROKEN)
    database.close()
    assert _shape(where) == before
    store = Store(where, NOW)
    assert store.comments.by_ids([]) == []
    store.close()


def test_of_two_steps_the_first_is_not_kept_where_the_second_fails(where: Path) -> None:
    before = _shape(where)
    steps = (*BETTER, Migration(NEXT + 1, "broken", ("SELECT nothing FROM nowhere",)))
    database = Database(where)
    with pytest.raises(StoreProblem):
        migrate(database, NOW, steps)
    database.close()
    assert _shape(where) == before


def test_a_newer_database_is_refused_and_not_touched(where: Path) -> None:
    database = Database(where)
    migrate(database, NOW, BETTER)
    database.close()
    before = _shape(where)
    with pytest.raises(StoreProblem, match=f"newer caretool \\(schema {NEXT}, this one knows {NEXT - 1}\\)"):
        Store(where, NOW)
    assert _shape(where) == before


def test_without_a_backup_nothing_is_changed(where: Path) -> None:
    before = _shape(where)
    (where.parent / f"caretool.before-{NEXT}.db").mkdir()
    database = Database(where)
    with pytest.raises(StoreProblem, match="no migration without a backup"):
        migrate(database, NOW, BETTER)
    database.close()
    assert _shape(where) == before


def test_who_comes_second_takes_no_step_and_spoils_no_backup(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _shape(where)
    first, second = Database(where), Database(where)
    version = migrations._version
    overtaken: list[Path | None] = []

    def looks_too_early(database: Database) -> int:
        found = version(database)
        if database is second and not overtaken:
            overtaken.append(None)
            overtaken.append(migrate(first, NOW, BETTER))
        return found

    monkeypatch.setattr(migrations, "_version", looks_too_early)
    migrate(second, NOW, BETTER)
    assert second.statement("SELECT count(*) FROM migration") == [(NEXT,)]
    first.close()
    second.close()
    backup = overtaken[1]
    assert backup is not None
    assert _shape(backup) == before
