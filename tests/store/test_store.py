"""The store: ids, the log, search, and one clear line when it cannot do its work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caretool.domain.comment import Author, Incoming
from caretool.domain.ids import KINDS, Letter, make_id
from caretool.domain.reading import Reading
from caretool.errors import NotFound, StoreProblem
from caretool.store import database as databases
from caretool.store.comments import Reread
from caretool.store.database import Database, moment_in, moment_out
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(":memory:", NOW)
    yield store
    store.close()


def _store(store: Store, *texts: str) -> list[str]:
    incoming = [Incoming(f"n{n}", Author(f"author{n}"), text) for n, text in enumerate(texts)]
    store.arrivals.add_page("page", incoming, bookmark="1", now=NOW)
    return [row[0] for row in store._database.statement("SELECT id FROM comment ORDER BY number")]


def _grouped(store: Store, *texts: str) -> list[str]:
    """The comments' groups, one each."""
    ids = _store(store, *texts)
    groups = []
    with store.writing():
        for number, comment in enumerate(store.comments.by_ids(ids)):
            topic = f"topic {number}"
            reading = Reading("it", "question", "neutral", topic=topic)
            store.comments.write_readings([Reread(comment.id, reading, comment.text, None, None)])
            (group,) = store.groups.assign(store.comments.by_ids([comment.id]))
            store.comments.place([comment.id], group, anew=True)
            groups.append(group)
    return groups


# ── Ids ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("letter", list(KINDS))
def test_ids_are_of_one_length_and_never_come_twice(letter: Letter) -> None:
    made = [make_id(letter, number) for number in range(1, 40_001)]
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {len(made[0])}
    assert all(one[0] == letter and one[1:].isalnum() and one.islower() for one in made[:50] if not one[1:].isdigit())


def test_numbers_go_on_where_another_process_stopped(tmp_path: Path) -> None:
    ids: list[str] = []
    for _ in range(3):
        store = Store(tmp_path / "caretool.db", NOW)
        with store.writing():
            ids += store.new_ids("p", 2)
        store.close()
    assert len(set(ids)) == 6


def test_ids_that_were_never_written_are_not_lost_numbers_for_others(store: Store) -> None:
    taken: list[str] = []

    def interrupted() -> None:
        with store.writing():
            taken.extend(store.new_ids("p", 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with store.writing():
        assert store.new_ids("p", 1) == taken


def test_a_whole_id_a_unique_beginning_and_capitals_are_understood(store: Store) -> None:
    (comment,) = _store(store, "ciao")
    for typed in (comment, comment[:3], comment.upper(), f" {comment} ", "c"):
        assert store.resolve(typed, ("g", "c")) == comment


def test_an_ambiguous_beginning_lists_what_it_could_be(store: Store) -> None:
    ids = _store(store, *(f"text {n}" for n in range(60)))
    with pytest.raises(NotFound, match="could be") as caught:
        store.resolve("c", ("c",))
    assert sum(comment in str(caught.value) for comment in ids) == 8
    assert "…" in str(caught.value)


@pytest.mark.parametrize(
    "typed", ["", "c9999999", "x1", "p", "c~", "c%", "c' OR 1=1 --", "c\x00", "c\udcff", "ç", "🦊"]
)
def test_what_is_no_id_is_said_to_be_none(store: Store, typed: str) -> None:
    _store(store, "ciao")
    with pytest.raises(NotFound):
        store.resolve(typed, ("c", "g"))


# ── The log ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE log SET agent = 'tom'",
        "DELETE FROM log",
        "UPDATE log SET number = 99",
        "INSERT OR REPLACE INTO log SELECT number, at, 'tom', action, subject, codes, hash FROM log",
    ],
)
def test_the_log_is_only_added_to(store: Store, sql: str) -> None:
    store.journal.write("noted", ["c1"], agent="dario", at=NOW, codes={"n": 1})
    with pytest.raises(StoreProblem, match=r"append-only|a chain"):
        store._database.statement(sql)
    (line,) = store.journal.about(["c1"])
    assert (line.agent, line.action, line.at, line.codes) == ("dario", "noted", NOW, {"n": 1})


def test_the_log_of_many_things_is_complete_and_in_order(store: Store) -> None:
    subjects = [f"c{n}" for n in range(1000)]
    store.journal.write("noted", subjects, agent="dario", at=NOW)
    assert [line.subject for line in store.journal.about(subjects)] == subjects


# ── Search ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_words_are_found_without_case_or_accents_in_text_or_handle(store: Store) -> None:
    parcel, lamp = _grouped(store, "Il PACCO è arrivato già rotto", "lampada bellissima")
    assert store.comments.matching("pacco") == {parcel}
    assert store.comments.matching("gia ROTTO") == {parcel}
    assert store.comments.matching("pacco lampada") == set()
    assert store.comments.matching("author1") == {lamp}
    assert store.comments.matching("   ") == set()


def test_what_many_say_is_found_whole(store: Store) -> None:
    _store(store, *(f"il pacco {n}" for n in range(2500)))
    store._database.statement(
        "INSERT INTO comment_group(id, key, alive, account, kind, private, first_text, size, people) "
        "SELECT 'g' || number, number, 1, account, 'complaint', 0, text, 1, 1 FROM comment"
    )
    store._database.statement("UPDATE comment SET grouped = 'g' || number")
    assert len(store.comments.matching("pacco")) == 2500
    everybody = {f"g{n}" for n in range(50_000)}
    assert len(store.groups.alive(where={}, among=everybody)) == 2500
    assert store.groups.count_meant(NOW, where={}, late_at=None, among=everybody) == (2500, 0, 2500)


@pytest.mark.parametrize(
    "hostile",
    ['"', '""', "'", "pacco*", "*", "NEAR", "NEAR(a b)", "AND", "OR NOT", "text:pacco", "(", ")", "-", "^pacco",
     "a\x00b", "\x00", '"; DROP TABLE comment; --', "\udcff", "{text}: x", "+", "pacco AND", "%", "\\", "a" * 5000,
     "x " * 2000],
)  # fmt: skip
def test_a_hostile_search_is_only_words(store: Store, hostile: str) -> None:
    _grouped(store, "il pacco")
    assert store.comments.matching(hostile) in (set(), {*_groups(store)})
    assert _groups(store) != []


def _groups(store: Store) -> list[str]:
    return [row[0] for row in store._database.statement("SELECT grouped FROM comment")]


def test_quotes_and_operators_are_found_where_they_stand(store: Store) -> None:
    (group,) = _grouped(store, 'ho detto "NEAR" e OR non AND')
    for words in ('"NEAR"', "OR AND", "near", 'detto "near'):
        assert store.comments.matching(words) == {group}


def test_a_mark_that_stands_alone_does_not_hide_what_the_words_find(store: Store) -> None:
    (group,) = _grouped(store, "il pacco è rotto")
    assert store.comments.matching("pacco !") == {group}
    assert store.comments.matching("pacco - rotto") == {group}


def test_an_edited_text_is_found_by_its_new_words_only(store: Store) -> None:
    (group,) = _grouped(store, "prima parola")
    store.arrivals.add_page("page", [Incoming("n0", Author("author0"), "seconda")], bookmark="2", now=NOW)
    assert store.comments.matching("prima") == set()
    assert store.comments.matching("seconda") == {group}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=30))
def test_whatever_is_searched_for_nothing_breaks(store: Store, words: str) -> None:
    assert store.comments.matching(words) == set()


# ── Moments ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_a_moment_comes_back_as_it_was_and_sorts_as_text(moment: datetime) -> None:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return
    assert moment_in(moment_out(moment)) == utc
    assert len(moment_out(moment)) == len(moment_out(NOW))
    assert (moment_out(moment) < moment_out(NOW)) == (utc < NOW)


# ── When it cannot work ──────────────────────────────────────────────────────────────────────────────────────────────


def _one_line(problem: pytest.ExceptionInfo[StoreProblem]) -> str:
    said = str(problem.value)
    assert "\n" not in said
    assert "Error" not in said
    return said


def test_a_database_that_another_keeps_busy_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "caretool.db", NOW)
    monkeypatch.setattr(databases, "_WAIT_SECONDS", 0)
    other = Store(tmp_path / "caretool.db", NOW)
    with store.writing():
        with pytest.raises(StoreProblem, match="another caretool is working on it") as caught, other.writing():
            pass
        _one_line(caught)
        assert other.comments.count_waiting(NOW) == (0, 0)  # looking is always possible
    with other.writing():
        other.keep("x", "1")
    store.close()
    other.close()


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough to be taken for one " * 20])
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "caretool.db").write_bytes(content)
    with pytest.raises(StoreProblem, match="damaged or not a caretool database") as caught:
        Store(tmp_path / "caretool.db", NOW)
    _one_line(caught)


def test_a_damaged_database_is_one_line_wherever_it_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path / "caretool.db", NOW)
    _store(store, *(f"text {n} " + "x" * 500 for n in range(200)))
    store._database.statement("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    data = bytearray((tmp_path / "caretool.db").read_bytes())
    data[4096 * 30 : -4096] = b"\xff" * len(data[4096 * 30 : -4096])
    (tmp_path / "caretool.db").write_bytes(data)
    with pytest.raises(StoreProblem) as caught:
        Store(tmp_path / "caretool.db", NOW).comments.unread(1000)
    _one_line(caught)


def test_a_folder_in_the_place_of_the_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "caretool.db").mkdir()
    with pytest.raises(StoreProblem, match="cannot be opened") as caught:
        Store(tmp_path / "caretool.db", NOW)
    _one_line(caught)


def test_text_that_no_database_takes_is_one_line(store: Store) -> None:
    with pytest.raises(StoreProblem) as caught:
        store.journal.note("c1", "odd \udcff", agent="dario", at=NOW)
    _one_line(caught)


_AS_A_STRANGER = """
import json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from caretool.errors import StoreProblem
from caretool.store.store import Store

folder, now = Path(sys.argv[1]), datetime(2026, 11, 23, tzinfo=UTC)
store = Store(folder / "caretool.db", now)
store.keep("x", "1")
store.close()
(folder / "caretool.db").chmod(0o444)
folder.chmod(0o555)
if os.geteuid() == 0:  # root may write everywhere
    os.setegid(65534)
    os.seteuid(65534)
try:
    store = Store(folder / "caretool.db", now)
    store.keep("x", "2")
except StoreProblem as problem:
    print(json.dumps(str(problem)))
"""


def test_a_workspace_that_may_only_be_read_is_one_line() -> None:
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        asked = [sys.executable, "-c", _AS_A_STRANGER, name]
        done = subprocess.run(asked, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC"})
        Path(name).chmod(0o755)
    said = json.loads(done.stdout)
    assert "\n" not in said
    assert "cannot be written to" in said or "may be written to" in said


# ── Transactions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_fails_inside_leaves_nothing_of_the_whole(store: Store) -> None:
    def interrupted() -> None:
        with store.writing():
            store.keep("a", "1")
            with store.writing():
                store.keep("b", "2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert (store.kept("a"), store.kept("b")) == (None, None)


def test_a_refused_statement_takes_back_what_went_before_it(store: Store) -> None:
    def doubled() -> None:
        with store.writing():
            store.keep("a", "1")
            store._database.statement("INSERT INTO kept(key, value) VALUES ('a', '2')")

    with pytest.raises(StoreProblem):
        doubled()
    assert store.kept("a") is None


def test_what_was_written_is_there_for_the_next_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "caretool.db", NOW)
    with store.writing():
        store.keep("a", "1")
    other = Database(tmp_path / "caretool.db")
    assert other.statement("SELECT value FROM kept") == [("1",)]
    other.close()
    store.close()
