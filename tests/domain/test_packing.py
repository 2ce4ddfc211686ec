from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.address import listing
from caretool.domain.draft import Addressee
from caretool.domain.limits import Limits
from caretool.domain.packing import TooLongForOne, pack

REST = "Buongiorno {}, sono Dario: verifico ogni ordine e vi rispondo qui entro giovedì 26 novembre alle 18:00."


def render(people: Sequence[Addressee]) -> str:
    return REST.format(listing([person.called for person in people], "it"))


def crowd(lengths: Sequence[int]) -> list[Addressee]:
    return [Addressee(f"p{number}", f"h{number}", "x" * length) for number, length in enumerate(lengths)]


def perfect(people: Sequence[Addressee], limit: int) -> int:
    """The fewest parts there can be, by trying every first part."""

    @cache
    def fewest(left: int) -> int:
        if not left:
            return 0
        members = [index for index in range(len(people)) if left >> index & 1]
        first, others = members[0], members[1:]
        best = len(members)
        for choice in range(1 << len(others)):
            part = [first, *(other for place, other in enumerate(others) if choice >> place & 1)]
            if len(render([people[index] for index in part])) <= limit:
                best = min(best, 1 + fewest(left & ~sum(1 << index for index in part)))
        return best

    return fewest((1 << len(people)) - 1)


def check_law(people: Sequence[Addressee], parts: Sequence[Sequence[Addressee]], limit: int) -> None:
    assert sorted(person.person for part in parts for person in part) == sorted(person.person for person in people)
    assert all(part for part in parts)
    assert all(len(render(part)) <= limit for part in parts)
    place = {person.person: index for index, person in enumerate(people)}
    for part in parts:
        assert [place[person.person] for person in part] == sorted(place[person.person] for person in part)


@given(st.lists(st.integers(3, 60), max_size=7), st.integers(len(REST) + 60, len(REST) + 140))
@settings(max_examples=150, deadline=None)
def test_everyone_is_named_once_in_at_most_one_part_more_than_a_perfect_packing(lengths: list[int], limit: int) -> None:
    people = crowd(lengths)
    parts = pack(people, render, Limits(length=limit))
    check_law(people, parts, limit)
    assert len(parts) <= perfect(people, limit) + 1


@given(
    st.lists(st.sampled_from([3, 5, 8, 12, 15, 20, 27, 40]), min_size=60, max_size=60),
    st.sampled_from([280, 300, 500]),
)
@settings(max_examples=50, deadline=None)
def test_sixty_people_take_at_most_one_part_more_than_their_names_need(lengths: list[int], limit: int) -> None:
    people = crowd(lengths)
    parts = pack(people, render, Limits(length=limit))
    check_law(people, parts, limit)
    room = limit - (len(REST) - len("{}")) + len(", ")
    assert len(parts) <= math.ceil((sum(lengths) + 2 * len(lengths)) / room) + 1


def test_where_the_order_costs_no_part_it_is_kept() -> None:
    people = crowd([10] * 30)
    parts = pack(people, render, Limits(length=280))
    assert [person for part in parts for person in part] == people


def test_people_change_places_where_it_saves_a_part() -> None:
    people = crowd([40, 40, 70, 70])
    limit = len(render([people[0], people[2]]))
    parts = pack(people, render, Limits(length=limit))
    assert [[person.person for person in part] for part in parts] == [["p0", "p2"], ["p1", "p3"]]


def test_without_a_limit_there_is_one_part_and_without_people_none() -> None:
    people = crowd([10] * 50)
    assert pack(people, render, Limits()) == [tuple(people)]
    assert pack([], render, Limits(length=10)) == []


def test_the_platform_counts_as_it_counts() -> None:
    people = crowd([10] * 4)
    twice = Limits(length=2 * len(render(people[:2])), measure=lambda text: 2 * len(text))
    assert [len(part) for part in pack(people, render, twice)] == [2, 2]


def test_a_text_too_long_for_one_person_says_for_whom_and_by_how_much() -> None:
    people = crowd([10, 50])
    with pytest.raises(TooLongForOne) as caught:
        pack(people, render, Limits(length=len(render(people[:1]))))
    assert caught.value.addressee == people[1]
    assert caught.value.over == 40
    with pytest.raises(TooLongForOne):
        pack(people[:1], render, Limits(length=20))
