"""What owners were told: once a promise and stage, at each address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from caretool.domain.comment import Author, Incoming
from caretool.domain.promise import Stage
from caretool.store.notices import Notice
from caretool.store.promises import NewPromise
from caretool.store.store import Store

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
DUE = NOW + timedelta(hours=3)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(":memory:", NOW)
    store.arrivals.add_page("page", [Incoming("c1", Author("anna"), "ciao")], bookmark="1", now=NOW)
    yield store
    store.close()


@pytest.fixture
def promise(store: Store) -> str:
    person = store.comments.by_ids([store.resolve("c", ("c",))])[0].person
    with store.writing():
        new = NewPromise("pickup", person, "x", DUE, (NOW.date(), DUE.date()), "desk")
        return store.promises.add([new], now=NOW, state="running")[0]


def tell(store: Store, *notices: Notice, address: str = "a") -> None:
    store.notices.claim(address, notices, NOW)
    store.notices.told(address, notices, NOW)


@pytest.mark.parametrize(
    ("was", "is_now", "news"),
    [
        ("due-next", "due-next", False), ("due-next", "at-risk", True), ("due-next", "overdue", True),
        ("at-risk", "due-next", False), ("at-risk", "at-risk", False), ("at-risk", "overdue", True),
        ("overdue", "due-next", False), ("overdue", "at-risk", False), ("overdue", "overdue", False),
    ],
)  # fmt: skip
def test_only_what_worsened_is_news(store: Store, promise: str, was: Stage, is_now: Stage, news: bool) -> None:
    tell(store, Notice(promise, was, DUE))
    notice = Notice(promise, is_now, DUE)
    assert store.notices.untold("a", [notice]) == ([notice] if news else [])


def test_a_promise_whose_due_time_moved_starts_anew(store: Store, promise: str) -> None:
    tell(store, Notice(promise, "overdue", DUE))
    later = Notice(promise, "due-next", DUE + timedelta(days=1))
    assert store.notices.untold("a", [later]) == [later]
    tell(store, later)
    assert store.notices.untold("a", [later]) == []


def test_what_was_claimed_and_never_told_is_news(store: Store, promise: str) -> None:
    notice = Notice(promise, "overdue", DUE)
    store.notices.claim("a", [notice], NOW)
    assert store.notices.untold("a", [notice]) == [notice]


def test_each_address_is_told_by_itself(store: Store, promise: str) -> None:
    notice = Notice(promise, "overdue", DUE)
    tell(store, notice, address="a")
    assert store.notices.untold("b", [notice]) == [notice]
