"""Copies: whole while others write, nothing under a name that is not whole, put back all or nothing."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from caretool.domain.comment import Author, Incoming
from caretool.errors import NotFound, StoreProblem, UsageProblem
from caretool.store import condition, copies
from caretool.store.copies import Damaged
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)


def fill(store: Store, start: int, count: int) -> None:
    """Comments by people of their own."""
    comments = [Incoming(f"c{n}", Author(f"a{n}"), f"comment {n} " * 20) for n in range(start, start + count)]
    store.arrivals.add_page("page", comments, bookmark=str(start), now=NOW)


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A database with forty comments."""
    store = Store(tmp_path / "caretool.db", NOW)
    fill(store, 0, 40)
    store.close()
    return tmp_path / "caretool.db"


def spoil(file: Path, at: int = 5 * 4096, length: int = 3000) -> None:
    """Overwrite part of a file, as a failing disk does."""
    with file.open("r+b") as handle:
        handle.seek(at)
        handle.write(b"\xa5" * length)


def left_in(folder: Path) -> list[str]:
    """Names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_is_one_file_for_its_owner_alone_that_holds_the_same(where: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    copies.copy(where, folder / "copy.db")
    assert left_in(folder) == ["copy.db"]
    assert stat.S_IMODE((folder / "copy.db").stat().st_mode) == 0o600
    assert copies.look(folder / "copy.db") == copies.look(where)
    assert left_in(folder) == ["copy.db"]
    assert copies.look(where).comments == 40


def test_a_new_database_is_for_its_owner_alone(where: Path) -> None:
    assert stat.S_IMODE(where.stat().st_mode) == 0o600


def test_a_copy_made_while_somebody_writes_holds_one_moment(where: Path, tmp_path: Path) -> None:
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        store = Store(where, NOW)
        for page in range(1, 10_000):
            with store.writing():
                fill(store, page * 100, 5)
                store.keep("pages", str(page))
            started.set()
            if stop.is_set():
                break
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert started.wait(10)
    try:
        for number in range(5):
            copies.copy(where, tmp_path / f"copy{number}.db")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        store = Store(tmp_path / f"copy{number}.db", NOW)
        pages = int(store.kept("pages") or 0)
        assert copies.look(tmp_path / f"copy{number}.db").comments == 40 + 5 * pages
        store.close()


def test_a_copy_overwrites_nothing(where: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageProblem, match="there already"):
        copies.copy(where, tmp_path / "mine")
    assert (tmp_path / "mine").read_text("utf-8") == "mine"


def test_of_a_damaged_database_no_copy_is_kept(where: Path, tmp_path: Path) -> None:
    spoil(where)
    with pytest.raises(Damaged, match="damaged"):
        copies.copy(where, tmp_path / "copy.db")
    assert not [name for name in left_in(tmp_path) if "copy" in name]


def test_a_copy_that_finds_no_room_leaves_nothing_behind(where: Path, tmp_path: Path) -> None:
    script = f"""
import resource
from pathlib import Path
from caretool.store import copies
from caretool.errors import StoreProblem
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    copies.copy(Path({str(where)!r}), Path({str(tmp_path / "copy.db")!r}))
except StoreProblem as problem:
    print(problem)
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert "copy.db: the disk is full or failing" in done.stdout
    assert not [name for name in left_in(tmp_path) if "copy" in name]
    assert copies.look(where).comments == 40


def other_program(file: Path) -> None:
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE migration (number INTEGER)")
    other.close()


@pytest.mark.parametrize("spoilt", ["text", "empty", "truncated", "page", "other", "nothing", "folder", "random"])
def test_what_is_no_whole_database_of_ours_is_told_and_left_as_it_is(where: Path, spoilt: str) -> None:
    makers = {
        "text": lambda: where.write_text("a shopping list\n" * 500, encoding="utf-8"),
        "empty": lambda: where.write_bytes(b""),
        "truncated": lambda: os.truncate(where, where.stat().st_size // 2),
        "page": lambda: spoil(where),
        "other": lambda: (where.unlink(), other_program(where)),
        "nothing": where.unlink,
        "folder": lambda: (where.unlink(), where.mkdir()),
        "random": lambda: where.write_bytes(bytes(range(256)) * 100),
    }
    makers[spoilt]()
    before = where.read_bytes() if where.is_file() else None
    with pytest.raises((NotFound, StoreProblem)) as told:
        copies.look(where)
    assert str(where) in str(told.value)
    assert "\n" not in str(told.value)
    assert (where.read_bytes() if where.is_file() else None) == before


def test_who_has_the_database_open_sees_all_of_the_old_one_or_all_of_the_new(where: Path, tmp_path: Path) -> None:
    copies.copy(where, tmp_path / "copy.db")
    store = Store(where, NOW)
    fill(store, 100, 5)
    reader = apsw.Connection(str(where))
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM comment").fetchall() == [(45,)]
    copies.put_back(tmp_path / "copy.db", where)
    assert reader.execute("SELECT count(*) FROM comment").fetchall() == [(45,)]
    reader.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM comment").fetchall() == [(40,)]
    fill(store, 100, 1)
    assert reader.execute("SELECT count(*) FROM comment").fetchall() == [(41,)]
    reader.close()
    store.close()
    assert condition.examine(where).faults == ()
    assert condition.search_agrees(where)


def test_a_search_index_that_lost_a_word_is_found_out(where: Path) -> None:
    assert condition.search_agrees(where)
    spoiler = apsw.Connection(str(where))
    spoiler.execute("DROP TRIGGER comment_search_follows")
    spoiler.execute("UPDATE comment SET text = 'something else' WHERE number = 3")
    assert not condition.search_agrees(where)
    spoiler.execute("INSERT INTO comment_search(comment_search) VALUES ('rebuild')")
    spoiler.close()
    assert condition.search_agrees(where)


def test_a_row_without_the_one_it_refers_to_is_counted(where: Path) -> None:
    spoiler = apsw.Connection(str(where))
    spoiler.execute("DELETE FROM person WHERE id IN (SELECT person FROM comment LIMIT 2)")
    spoiler.close()
    assert condition.examine(where).orphans == {"comment": 2, "author": 2}
