"""What owners were told of which promise, at which address and how bad it was then: so that nobody is told twice.

Addresses stand here as keys (see `desk.notifying`), since one can hold a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from peewee import EXCLUDED

from caretool.domain.promise import STAGES, Stage
from caretool.store.database import Database, Row, moment_in, moment_out
from caretool.store.numbers import chunks
from caretool.store.schema import Notice as N


@dataclass(frozen=True, slots=True)
class Notice:
    """That a promise, due then, has come to a stage."""

    promise: str
    stage: Stage
    due_at: datetime


class Notices:
    """The table of notices: at most one a promise and address, the worst yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def untold(self, address: str, notices: Sequence[Notice]) -> list[Notice]:
        """Those that nobody at this address knows: never told, worse than what was told, due at another time, or
        claimed by somebody who did not live to say that it went out."""
        known: dict[str, Row] = {}
        for part in chunks([notice.promise for notice in notices]):
            query = N.select(N.c.promise, N.c.stage, N.c.due_at, N.c.told_at)
            rows = self._database.rows(query.where((N.c.address == address) & N.c.promise.in_(part)))
            known.update({row["promise"]: row for row in rows})
        return [notice for notice in notices if _is_news(notice, known.get(notice.promise))]

    def claim(self, address: str, notices: Sequence[Notice], now: datetime) -> None:
        """Write down, before anything leaves, that these are about to be told. Under a lock that dies with its process:
        who holds it and finds a claim knows that the claimant is gone."""
        rows = [
            {
                "promise": notice.promise,
                "address": address,
                "stage": notice.stage,
                "due_at": moment_out(notice.due_at),
                "claimed_at": moment_out(now),
                "told_at": None,
            }
            for notice in notices
        ]
        with self._database.writing():
            for row in rows:
                changed = {getattr(N.c, n): getattr(EXCLUDED, n) for n in ("stage", "due_at", "claimed_at", "told_at")}
                query = N.insert(row).on_conflict(conflict_target=(N.c.promise, N.c.address), update=changed)
                self._database.run(query)

    def told(self, address: str, notices: Sequence[Notice], now: datetime) -> None:
        """They went out."""
        with self._database.writing():
            for part in chunks([notice.promise for notice in notices]):
                where = (N.c.address == address) & N.c.promise.in_(part)
                self._database.run(N.update({N.c.told_at: moment_out(now)}).where(where))


def _is_news(notice: Notice, known: Row | None) -> bool:
    if known is None or known["told_at"] is None or moment_in(known["due_at"]) != notice.due_at:
        return True
    return STAGES.index(notice.stage) > STAGES.index(known["stage"])
