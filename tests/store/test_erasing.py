"""What is erased leaves every column and every byte; a column that nobody has thought of fails here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from caretool.domain.comment import Author, Incoming, Thread
from caretool.store.fates import FATES
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "caretool.db", NOW)
    yield store
    store.close()


def written(native_id: str, text: str, author: str = "mara.x", **more: object) -> Incoming:
    return Incoming(native_id, Author(author, "Mara Xausa"), text, NOW, thread=Thread("post"), **more)  # type: ignore[arg-type]


def add(store: Store, *comments: Incoming) -> list[str]:
    """Store these; their ids in this order."""
    store.arrivals.add_page("page", comments, bookmark="1", now=NOW)
    ids = dict(store._database.statement("SELECT native_id, id FROM comment"))
    return [ids[one.native_id] for one in comments]


def test_every_column_of_every_table_has_a_fate(store: Store) -> None:
    tables = store._database.statement(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'comment_search%'"
    )
    columns = {
        str(table): {row[0] for row in store._database.statement("SELECT name FROM pragma_table_info(?)", (table,))}
        for (table,) in tables
    }
    assert columns == {table: set(fates) for table, fates in FATES.items()}


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("caretool.db*")))


def test_an_emptied_comment_leaves_no_byte_of_its_words(store: Store, tmp_path: Path) -> None:
    words = "Questa frase la scrive soltanto Mara, zqxv."
    first, second = add(
        store,
        written("1", words, url="https://x.example/mara", attachments=("https://x.example/zqxv.jpg",)),
        written("2", "altro"),
    )
    add(store, written("1", f"{words} E la cambia."))
    assert b"zqxv" in bytes_of(tmp_path)
    assert store.erasing.erase_comments([first], NOW) == 1
    assert store.erasing.due()
    assert store.erasing.finish()
    assert not store.erasing.due()
    assert b"zqxv" not in bytes_of(tmp_path)
    assert b"mara.x" in bytes_of(tmp_path)  # of her, something else is kept
    (erased,) = store.comments.by_ids([first])
    assert (erased.native_id, erased.text, erased.url, erased.attachments) == ("1", "", None, ())
    assert store.comments.revisions(first) == []
    store.erasing.erase_comments([second], NOW)
    store.erasing.finish()
    assert b"mara.x" not in bytes_of(tmp_path)
    assert b"Xausa" not in bytes_of(tmp_path)


def test_an_emptied_comment_is_not_filled_again_and_never_waits_again(store: Store) -> None:
    (one,) = add(store, written("1", "quando arriva?"))
    store.comments.set_state([one], "closed", was=("waiting",))
    store.erasing.erase_comments([one], NOW)
    stored = store.arrivals.add_page("page", [written("1", "quando arriva??")], bookmark="2", now=NOW)
    assert (stored.new, stored.edited) == (0, 0)
    assert store.arrivals.revise("page", [written("1", "quando arriva??")], NOW) == []
    assert store.comments.set_state([one], "waiting", was=("closed",)) == 0
    assert store.comments.by_ids([one])[0].text == ""
    assert store.erasing.erase_comments([one], NOW) == 0


def test_bytes_that_somebody_still_reads_stay_due(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = add(store, written("1", "una frase che nessun altro scrive"))
    store.erasing.erase_comments([one], NOW)
    store._database.statement("PRAGMA busy_timeout = 1")
    reader = apsw.Connection(str(tmp_path / "caretool.db"))
    reader.execute("BEGIN; SELECT count(*) FROM comment").fetchall()
    assert not store.erasing.finish()
    assert store.erasing.due()
    reader.close()
    assert store.erasing.finish()
    assert b"nessun altro" not in bytes_of(tmp_path)
