"""The log in the database: every line chained in the transaction that writes it, whoever else writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from caretool.domain.chain import Break, Head, Link, Walk
from caretool.errors import StoreProblem
from caretool.store.database import Database
from caretool.store.migrations import MIGRATIONS, migrate
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
_EACH = 150
_WRITER = """
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from caretool.store.store import Store
store = Store(sys.argv[1], datetime.now(UTC))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    with store.writing() if number % 2 else nullcontext():
        store.journal.write("noted", ["c1", "c2"], agent=sys.argv[2], at=datetime.now(UTC), codes={"n": number})
store.close()
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "caretool.db", NOW)
    yield opened
    opened.close()


def breaks(store: Store) -> list[Break]:
    walk = Walk()
    return [found for link in store.journal.links() for found in walk.step(link)]


def test_each_line_follows_from_the_one_before(store: Store) -> None:
    store.journal.write("noted", [f"c{number}" for number in range(30)], agent="dario", at=NOW)
    store.journal.write("closed", ["c1"], agent="", at=NOW, codes={"from": None, "n": 3, "to": "c2"})
    links = list(store.journal.links())
    assert [link.number for link in links] == list(range(1, 32))
    assert breaks(store) == []
    assert store.journal.head() == Head(31, links[-1].hash)
    assert store.journal.hash_at(30) == links[29].hash
    assert store.journal.hash_at(32) is None
    assert [link.number for link in store.journal.links(29)] == [30, 31]


def test_what_is_taken_back_leaves_no_gap(store: Store) -> None:
    store.journal.write("noted", ["c1"], agent="dario", at=NOW)
    with suppress(ZeroDivisionError), store.writing():
        store.journal.write("noted", ["c2", "c3"], agent="dario", at=NOW)
        raise ZeroDivisionError
    store.journal.write("noted", ["c4"], agent="dario", at=NOW)
    assert [link.number for link in store.journal.links()] == [1, 2]
    assert breaks(store) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "was noted"},
        {"subjects": ["Anna Rossi"]},
        {"subjects": ["c1", ""]},
        {"agent": "Dario Verdi"},
        {"codes": {"because": "the answer missed the question"}},
        {"codes": {"a word": 1}},
    ],
)
def test_what_is_no_id_and_no_code_is_not_written(store: Store, wrong: dict[str, object]) -> None:
    line: dict[str, object] = {"action": "noted", "subjects": ["c1"], "agent": "dario", "at": NOW, **wrong}
    with pytest.raises(ValueError, match="holds ids and codes"):
        store.journal.write(line.pop("action"), line.pop("subjects"), **line)  # type: ignore[arg-type]
    assert list(store.journal.links()) == []


@pytest.mark.parametrize(
    ("number", "hashed"), [("2", "''"), ("NULL", "hash"), ("1", "hash"), ("3", "hash"), ("-1", "hash")]
)
def test_nobody_adds_a_line_beside_the_chain(store: Store, number: str, hashed: str) -> None:
    """An older caretool that is still running, or two that think the same line is the last."""
    store.journal.write("noted", ["c1"], agent="dario", at=NOW)
    with pytest.raises(StoreProblem):
        store._database.statement(
            f"INSERT INTO log(number, at, agent, action, subject, codes, hash) "
            f"SELECT {number}, at, agent, action, subject, codes, {hashed} FROM log"
        )
    assert breaks(store) == []


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    where = tmp_path / "caretool.db"
    Store(where, NOW).close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(where), agent, str(_EACH)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for agent in ("dario", "giulia")
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline().strip() == "ready"
        for writer in writers:
            assert writer.stdin is not None
            print(file=writer.stdin, flush=True)
        assert [writer.wait(60) for writer in writers] == [0, 0]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    store = Store(where, NOW)
    links = list(store.journal.links())
    assert breaks(store) == []
    assert len(links) == 4 * _EACH
    assert {link.agent for link in links} == {"dario", "giulia"}
    store.close()


def test_a_log_of_before_is_chained_as_it_is(tmp_path: Path) -> None:
    where = tmp_path / "caretool.db"
    before = [migration for migration in MIGRATIONS if migration.number < 10]
    database = Database(where)
    migrate(database, NOW, tuple(before))
    rows = [("2026-11-20T08:00:00.000000Z", "dario", "noted", f"c{number}", '{"n": 1}') for number in range(25_000)]
    database.statements("INSERT INTO log(at, agent, action, subject, codes) VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    store = Store(where, NOW)
    links = list(store.journal.links())
    assert [(link.at, link.agent, link.action, link.subject, link.codes) for link in links] == rows
    assert breaks(store) == []
    store.journal.write("noted", ["c1"], agent="dario", at=NOW)
    assert breaks(store) == []
    for sql in ("UPDATE log SET agent = 'tom' WHERE number = 7", "DELETE FROM log WHERE number = 7"):
        with pytest.raises(StoreProblem, match="append-only"):
            store._database.statement(sql)
    store.close()


def test_a_line_changed_behind_the_back_of_the_program_is_found(store: Store) -> None:
    store.journal.write("noted", [f"c{number}" for number in range(9)], agent="dario", at=NOW)
    with apsw.Connection(str(store._database.where)) as behind:
        behind.execute("DROP TRIGGER log_is_kept")
        behind.execute("UPDATE log SET agent = 'tom' WHERE number = 4")
    (found,) = breaks(store)
    assert found.number == 4


def test_reading_the_chain_keeps_few_lines_in_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import caretool.store.log

    monkeypatch.setattr(caretool.store.log, "_RUN", 7)
    store.journal.write("noted", [f"c{number}" for number in range(50)], agent="dario", at=NOW)
    links = store.journal.links()
    first = next(links)
    store.journal.write("noted", ["c99"], agent="dario", at=NOW)  # nothing is held open meanwhile
    assert isinstance(first, Link)
    assert [link.number for link in links] == list(range(2, 52))
