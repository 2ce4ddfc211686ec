"""Kept counts: what triggers and refreshing keep is what the rows say, whatever happens; what went wrong is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.comment import Author, Incoming
from caretool.store.database import Database
from caretool.store.migrations import MIGRATIONS, migrate
from caretool.store.promises import NewPromise
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
DAY = NOW.date()
MORNING, LATER = NOW.replace(hour=0, minute=0), NOW + timedelta(hours=1)
SINCE = {"day_began": MORNING, "week_began": MORNING}

_STATES = ("logged", "running", "kept", "broken", "moved", "released", "void")
_changes = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(("pickup", "refund")), st.integers(0, 3), st.sampled_from(_STATES)),
        st.tuples(st.just("state"), st.integers(0, 9), st.sampled_from(_STATES)),
        st.tuples(st.just("window"), st.integers(0, 9), st.integers(0, 3)),
        st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("unmove"), st.integers(0, 9)),
        st.tuples(st.just("kind"), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
    ),
    max_size=25,
)


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(":memory:", NOW)
    opened.arrivals.add_page("page", [Incoming("c1", Author("anna"), "ciao")], bookmark="1", now=NOW)
    opened._database.statement("UPDATE comment SET kind = 'question'")
    yield opened
    opened.close()


def _person(store: Store) -> str:
    return str(store._database.statement("SELECT id FROM person")[0][0])


def _promise(store: Store, kind: str = "pickup", days: int = 2, person: str | None = None) -> NewPromise:
    due = DAY + timedelta(days=days)
    return NewPromise(kind, person or _person(store), "il corriere passa", NOW + timedelta(days=days), (DAY, due), "us")


def _counted(store: Store, kind: str) -> dict[tuple[date, date], int]:
    """What the rows say, counted the slow way."""
    rows = store._database.statement(
        "SELECT first_day, due_day FROM promise WHERE kind = ? AND state IN ('logged', 'running') AND moved_to IS NULL",
        (kind,),
    )
    found: dict[tuple[date, date], int] = {}
    for first, due in rows:
        window = date.fromisoformat(first), date.fromisoformat(due)
        found[window] = found.get(window, 0) + 1
    return found


@settings(max_examples=100, deadline=None)
@given(changes=_changes)
def test_whatever_happens_to_promises_the_kept_counts_are_what_the_rows_say(changes: list[tuple[object, ...]]) -> None:
    store = Store(":memory:", NOW)
    store.arrivals.add_page("page", [Incoming("c1", Author("anna"), "ciao")], bookmark="1", now=NOW)
    ids: list[str] = []
    for what, *how in changes:
        with store.writing():
            _change(store, ids, str(what), how)
        assert store.counts.differences() == ()
    for kind in ("pickup", "refund"):
        assert store.promises.load(kind, **SINCE).open == _counted(store, kind)
    store.close()


def _change(store: Store, ids: list[str], what: str, how: list[object]) -> None:
    if what == "add":
        kind, days, state = how
        ids += store.promises.add([_promise(store, str(kind), int(str(days)))], now=NOW, state=state)  # type: ignore[arg-type]
        return
    if not ids:
        return
    promise = ids[int(str(how[0])) % len(ids)]
    if what == "state":
        store.promises.change([promise], how[1], was=_STATES)  # type: ignore[arg-type]
    elif what == "window":
        due = DAY + timedelta(days=int(str(how[1])))
        store._database.statement("UPDATE promise SET due_day = ? WHERE id = ?", (due.isoformat(), promise))
    elif what == "move":
        store.promises.link_move(promise, ids[int(str(how[1])) % len(ids)], "later")
    elif what == "unmove":
        store.promises.unlink_move(promise)
    elif what == "kind":
        store._database.statement("UPDATE promise SET kind = 'refund' WHERE id = ?", (promise,))
    else:
        store._database.statement("UPDATE promise SET moved_to = NULL WHERE moved_to = ?", (promise,))
        store._database.statement("DELETE FROM promise WHERE id = ?", (promise,))
        ids.remove(promise)


def test_the_load_leaves_out_what_is_about_to_be_replaced_and_tells_what_was_kept_today(store: Store) -> None:
    first, second, third = store.promises.add([_promise(store)] * 3, now=NOW, state="running")
    store.promises.change([third], "kept", was=("running",), ended_at=NOW)
    window = (DAY, DAY + timedelta(days=2))
    load = store.promises.load("pickup", **SINCE)
    assert (load.open, load.kept_today) == ({window: 2}, 1)
    # What has ended or is of another kind takes no unit: leaving it out changes nothing, nor does saying it twice.
    assert store.promises.load("pickup", **SINCE, leaving_out=[first, first, third]).open == {window: 1}
    assert store.promises.load("pickup", **SINCE, leaving_out=[first, second]).open == {}
    assert store.promises.load("refund", **SINCE, leaving_out=[first]).open == {}
    assert store.promises.load("pickup", day_began=LATER, week_began=LATER).kept_today == 0


def test_of_two_promises_in_a_move_only_the_new_one_takes_a_unit(store: Store) -> None:
    old, new = store.promises.add([_promise(store, days=1), _promise(store, days=3)], now=NOW, state="running")
    before, after = (DAY, DAY + timedelta(days=1)), (DAY, DAY + timedelta(days=3))
    store.promises.link_move(old, new, "courier on strike")
    assert store.promises.load("pickup", **SINCE).open == {after: 1}
    store.promises.unlink_move(new)
    assert store.promises.load("pickup", **SINCE).open == {before: 1, after: 1}
    store.promises.set_due(old, NOW + timedelta(days=1), after, None)
    assert store.promises.load("pickup", **SINCE).open == {after: 2}
    store.promises.change([old, new], "kept", was=("running",), ended_at=NOW)
    load = store.promises.load("pickup", **SINCE)
    assert (load.open, load.kept_today) == ({}, 2)
    assert store.counts.differences() == ()


def test_a_transaction_that_fails_leaves_the_counts_as_they_were(store: Store) -> None:
    def logs_and_fails() -> None:
        with store.writing():
            store.promises.add([_promise(store)], now=NOW, state="running")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        logs_and_fails()
    assert store.promises.load("pickup", **SINCE).open == {}
    assert store.counts.differences() == ()


def test_what_differs_is_told_by_sentence_and_made_anew(store: Store) -> None:
    group = _grouped(store)
    store.promises.add([_promise(store)], now=NOW, state="running")
    assert store.counts.differences() == ()
    store._database.statement("UPDATE promise_count SET open = 7")
    store._database.statement("INSERT INTO promise_count VALUES ('refund', '2026-11-23', '2026-11-24', 2)")
    store._database.statement("UPDATE comment_group SET size = 3, people = 2, due_at = '2020-01-01', alive = 0")
    assert store.counts.differences() == (
        "promises: pickup from 2026-11-23 to 2026-11-25: 7 are kept as open, the ledger has 1.",
        "promises: refund from 2026-11-23 to 2026-11-24: 2 are kept as open, the ledger has 0.",
        f"group {group}: 3 are kept as waiting, 1 wait; 2 are kept as people, 1 wrote; "
        "2020-01-01 is kept as due, none is; it has ended although somebody waits in it.",
    )
    store.counts.rebuild()
    assert store.counts.differences() == ()
    assert store.promises.load("pickup", **SINCE).open == {(DAY, DAY + timedelta(days=2)): 1}
    kept = store.groups.by_id(group)
    assert kept is not None
    assert (kept.size, kept.people, kept.due_at) == (1, 1, None)


def test_a_group_that_nobody_waits_in_any_more_has_ended(store: Store) -> None:
    group = _grouped(store)
    store._database.statement("UPDATE comment SET state = 'closed'")
    assert store.counts.differences() == (
        f"group {group}: 1 are kept as waiting, 0 wait; 1 are kept as people, 0 wrote; "
        "it is alive and nobody waits in it.",
    )
    store.counts.rebuild()
    assert store.counts.differences() == ()
    assert store.groups.count_alive() == 0


def _grouped(store: Store) -> str:
    with store.writing():
        (group, members), *_ = store.groups.assign(store.comments.unread(10)).items()
        store.comments.place(members, group, anew=True)
        store.groups.refresh([group])
    return group


def test_a_database_from_before_is_counted_when_it_is_brought_up_to_date(tmp_path: Path) -> None:
    where = tmp_path / "caretool.db"
    old = Database(where)
    migrate(old, NOW, MIGRATIONS[:1])
    old.close()
    rows = apsw.Connection(str(where))
    rows.execute("INSERT INTO person VALUES ('u1', 'Anna')")
    for number, (state, moved_to) in enumerate(
        [("running", None), ("logged", None), ("kept", None), ("running", "p1")]
    ):
        rows.execute(
            "INSERT INTO promise(id, kind, person, text, made_at, due_at, first_day, due_day, state, owner, relative, "
            "moved_to) VALUES (?, 'pickup', 'u1', '', '', '', '2026-11-23', '2026-11-25', ?, 'us', 0, ?)",
            (f"p{number + 1}", state, moved_to),
        )
    rows.close()
    store = Store(where, NOW)
    assert store.counts.differences() == ()
    assert store.promises.load("pickup", **SINCE).open == {(DAY, DAY + timedelta(days=2)): 2}
    store.close()


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda store: store.comments.unread(1000), "comment_unread"),
        (lambda store: store.arrivals._replied_to("page", ["c1"]), "comment_ours"),
        (lambda store: store.comments.edited_after_all(1000), "revision_of_comment"),
        (lambda store: store.promises.predecessor("p1"), "promise_moved"),
        (lambda store: store.promises.load("pickup", **SINCE), "promise_ended"),
        (lambda store: store.groups.assign(store.comments.unread(10)), "group_by_key"),
    ],
)
def test_what_is_asked_all_day_long_finds_its_index(
    store: Store, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Store], object], index: str
) -> None:
    plans = _plans(store, monkeypatch, lambda: ask(store))
    assert any(f"INDEX {index}" in plan for plan in plans), plans


def test_how_many_of_a_part_are_late_is_counted_in_the_index_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = _plans(store, monkeypatch, lambda: _of_kind(store, "question"))
    looked = [plan for plan in plans if "comment_by_state" in plan]
    assert looked
    assert [plan for plan in looked if "COVERING INDEX" not in plan] == []


def _of_kind(store: Store, kind: str) -> object:
    return store.groups.count_meant(NOW, where={"kind": kind}, late_at=None, among=None)


def _plans(store: Store, monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object]) -> list[str]:
    """How SQLite goes about everything that is asked."""
    peewee = store._database._peewee
    execute, asked = peewee.execute_sql, []

    def told(sql: str, values: Sequence[object] | None = None) -> object:
        asked.append((sql, values))
        return execute(sql, values)

    monkeypatch.setattr(peewee, "execute_sql", told)
    with store.writing():
        ask()
    return [str(row) for sql, values in asked if sql.startswith("SELECT") for row in _plan(execute, sql, values)]


def _plan(execute: Callable[..., Iterable[object]], sql: str, values: object) -> list[object]:
    return list(execute(f"EXPLAIN QUERY PLAN {sql}", values))
