"""How far each account was searched for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from caretool.store.database import Database, moment_out, optional_moment
from caretool.store.schema import WatchBookmark as W


@dataclass(frozen=True, slots=True)
class Place:
    """Where a search got to; while it is the first one, what is older than `closed_before` is closed."""

    cursor: str
    closed_before: datetime | None


class Watches:
    """The bookmarks of searches: by account and by what is looked for (`Watch.key`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, account: str, key: str) -> Place | None:
        """Where the last search got to; None before the first."""
        row = self._database.one(W.select().where((W.c.account == account) & (W.c.watch == key)))
        return Place(row["cursor"], optional_moment(row["closed_before"])) if row else None

    def keep(self, account: str, key: str, cursor: str, closed_before: datetime | None) -> None:
        """Go on from here; in the transaction that stores what was found before it."""
        before = moment_out(closed_before) if closed_before else None
        values = {"account": account, "watch": key, "cursor": cursor, "closed_before": before}
        self._database.run(
            W.insert(values).on_conflict(
                conflict_target=(W.c.account, W.c.watch), preserve=(W.c.cursor, W.c.closed_before)
            )
        )

    def searched(self, account: str, key: str) -> None:
        """A search has read everything: from now on nothing is too old."""
        self._database.run(W.update({W.c.closed_before: None}).where((W.c.account == account) & (W.c.watch == key)))
