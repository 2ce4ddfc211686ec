"""Knowing: who somebody is now. Who was forgotten is nobody any more: nothing is said, promised or given to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from caretool.domain.ids import FORGOTTEN
from caretool.errors import UsageProblem

if TYPE_CHECKING:
    from caretool.desk.desk import Desk
    from caretool.domain.person import Person


def whole(desk: Desk, person: Person) -> Person:
    """Whom they turned out to be."""
    while person.linked_to is not None:
        (person,) = desk.store.persons.by_ids([person.linked_to])
    return person


def somebody(desk: Desk, person: str) -> str:
    """The id under which a person is known now. UsageProblem where they were forgotten."""
    known = whole(desk, desk.store.persons.by_ids([person])[0])
    refuse_forgotten(known)
    return known.id


def refuse_forgotten(*persons: Person) -> None:
    """UsageProblem where one of them was forgotten."""
    gone = next((one for one in persons if one.forgotten_at is not None), None)
    if gone is not None:
        raise UsageProblem(f"{gone.id} was forgotten: nobody knows any more who that was.")


def refuse_erased(desk: Desk, comments: Sequence[str]) -> None:
    """UsageProblem where one of these comments was erased."""
    for one in desk.store.comments.by_ids(comments):
        if one.handle.startswith(FORGOTTEN):
            raise UsageProblem(f"{one.id} was erased: nobody knows any more what it said, or who wrote it.")
