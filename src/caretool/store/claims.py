"""Who is at work on which group. A claim ends by time, with its group (see `migrations`), or when it is let go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from peewee import EXCLUDED

from caretool.store.database import Database, moment_in, moment_out
from caretool.store.numbers import chunks
from caretool.store.schema import Claim as K
from caretool.store.schema import Group as G

if TYPE_CHECKING:
    from caretool.domain.claim import Claim


class Claims:
    """The table of claims: at most one a group."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def running(self, now: datetime, groups: Sequence[str] | None = None) -> dict[str, Claim]:
        """The claims that have not ended by `now` (on these groups), by group."""
        from caretool.domain.claim import Claim  # mostly there is none

        query = K.select(K.c.grouped, K.c.agent, K.c.claimed_at, K.c.until, K.c.key, K.c.by_hand)
        query = query.where(K.c.until > moment_out(now))
        parts = [query] if groups is None else [query.where(K.c.grouped.in_(part)) for part in chunks(list(groups))]
        rows = [row for part in parts for row in self._database.tuples(part)]
        return {
            group: Claim(group, agent, moment_in(claimed_at), moment_in(until), key, bool(by_hand))
            for group, agent, claimed_at, until, key, by_hand in rows
        }

    def put(self, claims: Sequence[Claim]) -> None:
        """Write claims down, in the place of whatever was claimed before; inside the transaction that looked whether
        they may be."""
        for one in claims:
            row = {
                "grouped": one.group,
                "agent": one.agent,
                "claimed_at": moment_out(one.claimed_at),
                "until": moment_out(one.until),
                "key": one.key,
                "by_hand": int(one.by_hand),
            }
            columns = (K.c.agent, K.c.claimed_at, K.c.until, K.c.key, K.c.by_hand)
            self._database.run(
                K.insert(row).on_conflict(
                    conflict_target=(K.c.grouped,),
                    update={column: getattr(EXCLUDED, column.name) for column in columns},
                )
            )

    def let_go(self, key: str) -> int:
        """End the claims of one taking; how many were still there."""
        return self._database.run(K.delete().where(K.c.key == key))

    def clear(self, now: datetime) -> None:
        """Take away what has ended by time."""
        self._database.run(K.delete().where(K.c.until <= moment_out(now)))

    def alive(self, groups: Sequence[str]) -> list[str]:
        """Those of these groups in which somebody waits."""
        found: list[str] = []
        for part in chunks(list(groups)):
            query = G.select(G.c.id).where(G.c.id.in_(part) & (G.c.alive == 1))
            found += [row[0] for row in self._database.tuples(query)]
        return found
