"""Walking down a list that is newest first: nothing lost, nothing asked for twice, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.descent import Circle, Descent, Entry, Listing, Step, walk

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class List:
    """Entries by number, one a minute; a cursor is the number below which a page begins."""

    size: int = 3
    numbers: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    stale: bool = False

    def __call__(self, cursor: str | None) -> Listing[int]:
        self.asked.append(cursor)
        if self.stale and cursor is not None:
            raise Refused("that cursor is no more", 400)
        below = sorted((n for n in self.numbers if cursor is None or n < int(cursor)), reverse=True)
        page = below[: self.size]
        older = str(page[-1]) if len(below) > self.size else None
        return Listing([Entry(f"c{n}", NOON + timedelta(minutes=n), n) for n in page], older)


def whole(descent: Descent, server: List, **more: Any) -> tuple[list[int], Descent]:
    got: list[int] = []
    for step in walk(descent, server, **more):
        got += [entry.what for entry in step.entries]
        descent = Descent.parse(str(step.descent))
    return got, descent


def test_pages_come_newest_first_and_are_oldest_first_inside() -> None:
    server = List(numbers=list(range(7)))
    assert [[entry.what for entry in step.entries] for step in walk(Descent(), server)] == [[4, 5, 6], [1, 2, 3], [0]]


def test_where_nothing_is_new_one_answer_is_enough() -> None:
    server = List(numbers=list(range(70)))
    _, descent = whole(Descent(), server, overlap=timedelta(minutes=1))
    server.asked.clear()
    assert whole(descent, server, overlap=timedelta(minutes=1)) == ([], descent)
    assert server.asked == [None]


def test_an_empty_list_is_walked_as_often_as_asked() -> None:
    assert whole(Descent(), List()) == ([], Descent())


def test_what_is_listed_late_is_found_within_the_overlap() -> None:
    server = List(numbers=[0, 1, 2, 4, 5])
    _, descent = whole(Descent(), server)
    server.numbers.append(3)
    got, _ = whole(descent, server)
    assert got == [3]


def test_nothing_older_than_asked_for_is_walked_to() -> None:
    server = List(numbers=list(range(100)))
    steps = list(walk(Descent(), server, oldest=NOON + timedelta(minutes=95)))
    assert [entry.what for step in steps for entry in step.entries] == [97, 98, 99, 95, 96]


def test_a_cursor_that_is_refused_begins_the_walk_anew() -> None:
    server = List(numbers=list(range(9)))
    first = next(iter(walk(Descent(), server)))
    server.stale = True
    with pytest.raises(PlatformFailed):  # the new walk's own cursors are refused, too
        list(walk(first.descent, server))
    server.stale = False
    got, _ = whole(first.descent, server)
    assert got == [3, 4, 5, 0, 1, 2]


@pytest.mark.parametrize(
    "left", ["", "4", "[]", '{"floor": 4}', '{"seen": "x"}', '{"floor": "2026-11-23T12:00:00"}', None]
)
def test_what_another_left_begins_anew(left: str | None) -> None:
    assert Descent.parse(left) == Descent()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_interrupted_anywhere_with_anything_written_meanwhile_nothing_is_lost(data: st.DataObject) -> None:
    """As often as it is interrupted: in the end everything was handed over."""
    server = List(size=data.draw(st.integers(1, 4)), numbers=list(range(data.draw(st.integers(0, 12)))))
    descent, got = Descent(), list[int]()
    for _ in range(data.draw(st.integers(0, 5))):
        for done, step in enumerate(walk(descent, server, overlap=timedelta(minutes=2))):
            got += [entry.what for entry in step.entries]
            descent = Descent.parse(str(step.descent))
            server.numbers += range(len(server.numbers), len(server.numbers) + data.draw(st.integers(0, 5)))
            if done >= data.draw(st.integers(0, 3)):
                break
    rest, _ = whole(descent, server, overlap=timedelta(minutes=2))
    assert set(got + rest) == set(server.numbers)


def test_where_nothing_was_yet_the_next_walk_goes_as_far_back_as_the_first() -> None:
    server, oldest = List(), NOON + timedelta(minutes=5)
    _, descent = whole(Descent(), server, oldest=oldest)
    server.numbers += [2, 6, 40]
    assert whole(descent, server)[0] == [6, 40]


@pytest.mark.parametrize("circle", ["a", "ab", "abc", "abcdefghij"])
@pytest.mark.parametrize("before", ["", "x", "xyz"])
def test_a_list_that_leads_in_a_circle_is_told_and_what_it_showed_is_kept(before: str, circle: str) -> None:
    asked: list[str | None] = []

    def ask(cursor: str | None) -> Listing[str]:
        asked.append(cursor)
        at = len(asked) - 1
        older = before[at] if at < len(before) else circle[(at - len(before)) % len(circle)]
        return Listing([Entry(f"c{at}", NOON, older)], older)

    steps: list[Step[str]] = []
    with pytest.raises(Circle):
        steps.extend(walk(Descent(), ask))
    assert len(asked) == len(steps) <= 3 * (len(before) + len(circle))
    asked.clear()
    with pytest.raises(Circle):
        list(walk(steps[-1].descent, ask))
    assert None in asked, "it does not begin there for ever"


def test_a_list_that_ends_is_no_circle_however_long_it_is() -> None:
    server = List(size=1, numbers=list(range(300)))
    assert len(whole(Descent(), server)[0]) == 300


def test_a_date_to_come_does_not_hide_what_is_written_until_then() -> None:
    server = List(numbers=[0, 1, 10**6])
    now = NOON + timedelta(minutes=5)
    *_, last = walk(Descent(), server, now=now)
    assert last.descent.floor == now
    server.numbers += [2, 6]
    got = [entry.what for step in walk(last.descent, server, now=now) for entry in step.entries]
    assert got == [2, 6]


def test_one_that_bears_an_older_date_than_its_place_does_not_end_a_walk() -> None:
    pages = {
        None: Listing([_at("d", 40), _at("odd", -900), _at("c", 30)], "p2"),
        "p2": Listing([_at("b", 20), _at("a", 10)]),
    }
    descent = Descent(floor=NOON + timedelta(minutes=15))
    got = [entry.id for step in walk(descent, pages.__getitem__) for entry in step.entries]
    assert got == ["c", "d", "a", "b"]


def _at(name: str, minutes: int) -> Entry[int]:
    return Entry(name, NOON + timedelta(minutes=minutes), minutes)
