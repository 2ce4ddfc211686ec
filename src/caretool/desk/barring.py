"""Barring: who was forgotten stays so, as long as the marks are there and the key that they were made with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from caretool.domain.health import Finding, moment_of
from caretool.store.tombstones import FOLDER, KEY, Stone, standing_in

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from caretool.desk.desk import Desk
    from caretool.desk.premises import Premises
    from caretool.store.store import Store

_FILE = f"{FOLDER}/{KEY}"
_BACK = f"put it back from where you keep a copy of {FOLDER}"


def stones_of(premises: Premises, store: Store, *, current: bool) -> list[Stone]:
    """Every mark there is: beside the key, in the database that is being replaced (`current`: it can be read), and in
    the one that takes its place (`store`)."""
    tombstones = store.tombstones
    stones = [*tombstones.written_down(), *(standing_in(premises.database) if current else ()), *tombstones.standing()]
    if stones and tombstones.marker is None:
        premises.say("The key of the tombstones is lost: who was forgotten since may be in this backup. See doctor.")
    return stones


def tell_held_back(desk: Desk, comments: int) -> None:
    """Say that a fetch left out so many, of which nobody can tell whether they were forgotten; nothing if none."""
    before = desk.store.tombstones.unheld_before() if comments else None
    if before is None:
        return
    held = "1 comment was" if comments == 1 else f"{comments:,} comments were"
    why = f"held back, as old as the last forgetting ({moment_of(before, desk.zone)}) or older"
    if desk.store.tombstones.key_is_lost():
        desk.say(f"{held} {why}: {_lost(desk.store)}. To tell whether they were forgotten, {_BACK}, then fetch again.")
    else:
        desk.say(f"{held} {why}: the key that its marks were made with is lost.")


def examined(store: Store, zone: ZoneInfo | None) -> Iterator[Finding]:
    """For the doctor: whether who was forgotten stays forgotten."""
    tombstones = store.tombstones
    if store.erasing.due():
        says = "what was erased may still stand in the database's files, as nobody could make them anew yet"
        yield Finding("forgotten", "warning", says, "caretool fetch, when nobody else has the desk open")
    before = tombstones.unheld_before()
    if tombstones.key_is_lost() and before is not None:
        held = f"new comments of before {moment_of(before, zone)} are held back"
        says = f"{_lost(store)}: {held}, and a restore forgets nobody again"
        yield Finding("forgotten", "wrong", says, f"{_BACK}; else forget again whoever comes back")
    elif before is not None:
        says = (
            f"tombstones of before {moment_of(before, zone)} were made with a key that is lost: dated comments of "
            "before are held back, and who was forgotten then can come back without a date or by a restore"
        )
        yield Finding("forgotten", "warning", says, "forget again whoever comes back")
    elif tombstones.any():
        yield Finding("forgotten", "ok", "who was forgotten stays so: the tombstones and their key are there")


def _lost(store: Store) -> str:
    if store.tombstones.marker is None:
        return f"{_FILE} is missing"
    return f"{_FILE} is not the one with which the tombstones were made"
