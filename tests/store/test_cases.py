"""Cases are kept with the steps they started with; what two write at once is written once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from caretool.domain.comment import Author, Incoming
from caretool.domain.duration import Duration
from caretool.domain.procedure import Case, Hours, Step, begun, closed, taken
from caretool.errors import NotFound, StoreProblem
from caretool.store.cases import NewCase
from caretool.store.promises import NewPromise
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
HOURS = Hours(ZoneInfo("Europe/Rome"))
STEPS = (
    Step("photo", "desk", waits_for="customer", remind=Duration(2, "days"), close=Duration(10, "days")),
    Step("pickup", "logistics", Duration(3, "working days"), "courier", "See to it: «è lì»", "pickup", ("text", "url")),
)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(":memory:", NOW)
    store.arrivals.add_page(
        "page", [Incoming(f"c{n}", Author(f"a{n}"), "ciao") for n in range(3)], bookmark="1", now=NOW
    )
    yield store
    store.close()


def people(store: Store) -> list[str]:
    return [row[0] for row in store._database.statement("SELECT id FROM person ORDER BY rowid")]


def started(store: Store, who: int = 0) -> Case:
    with store.writing():
        (case,) = store.cases.add([NewCase("damaged", people(store)[who], begun(STEPS, NOW, HOURS), NOW)])
    return store.cases.by_ids([case])[0]


def promised(store: Store, case: Case, place: int = 1) -> str:
    new = NewPromise("pickup", case.person_id, "x", NOW, (date(2026, 11, 23), date(2026, 11, 24)), "logistics")
    with store.writing():
        (promise,) = store.promises.add([new], now=NOW, state="running")
        store.cases.tie([(promise, case.id, place)])
    return promise


def test_a_case_is_read_back_as_it_was_written(store: Store) -> None:
    case = started(store)
    assert [one.step for one in case.steps] == list(STEPS)
    assert case.steps == begun(STEPS, NOW, HOURS)
    assert (case.state, case.started_at, case.person_name) == ("running", NOW, "a0")


def test_a_change_is_written_once(store: Store) -> None:
    case = started(store)
    after = taken(case, "photo", "done", NOW + timedelta(hours=1), HOURS, evidence="here")
    assert store.cases.change(case, after)
    assert store.cases.by_ids([case.id]) == [after]
    assert not store.cases.change(case, after)
    assert store.cases.change(after, closed(after, "over", NOW))
    assert not store.cases.change(after, closed(after, "over", NOW))
    assert store.cases.in_states(("running",)) == []
    assert [one.because for one in store.cases.in_states(("closed",))] == ["over"]


def test_a_person_has_one_running_case_of_a_procedure(store: Store) -> None:
    case = started(store)
    with pytest.raises(StoreProblem):
        started(store)
    started(store, 1)
    store.cases.change(case, closed(case, "over", NOW))
    again = started(store)
    assert store.cases.of_people([case.person_id], running=True) == [again]
    assert len(store.cases.of_people([case.person_id])) == 2


def test_a_promise_that_is_moved_takes_its_step_along(store: Store) -> None:
    case = started(store)
    old = promised(store, case)
    new = NewPromise("pickup", case.person_id, "x", NOW, (date(2026, 11, 23), date(2026, 11, 25)), "logistics")
    with store.writing():
        (moved,) = store.promises.add([new], now=NOW, state="logged")
        store.promises.link_move(old, moved, "strike")
    assert store.cases.running_ties() == {old: (case.id, 1), moved: (case.id, 1)}
    assert store.cases.of_promises([moved]) == [case.id]


def test_of_a_case_that_has_ended_no_tie_counts(store: Store) -> None:
    case = started(store)
    promise = promised(store, case)
    store.cases.change(case, closed(case, "over", NOW))
    assert store.cases.running_ties() == {}
    assert store.cases.ties([case.id]) == [(promise, case.id, 1)]


def test_a_case_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    case = started(store)
    assert store.resolve(case.id[:3], ("k",)) == case.id
    with pytest.raises(NotFound, match="`caretool case list` shows ids"):
        store.resolve("p123", ("k",))
