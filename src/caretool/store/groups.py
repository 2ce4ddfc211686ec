"""Groups of waiting comments, and what was shown of them to whom."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from peewee import EXCLUDED, JOIN, SQL, fn

from caretool.domain.group import Group, Suggestion, group_key
from caretool.store import numbers
from caretool.store.database import Database, Row, moment_out, optional_moment, storable
from caretool.store.numbers import chunks, new_ids
from caretool.store.schema import ONE, Seen, ThreadRow
from caretool.store.schema import Comment as C
from caretool.store.schema import Group as G
from caretool.store.schema import Promise as P

if TYPE_CHECKING:
    from caretool.domain.comment import Comment


class Groups:
    """The table of groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def assign(self, comments: Sequence[Comment]) -> dict[str, list[str]]:
        """The group of each comment, made where none is alive: group id → comment ids. Inside a transaction."""
        by_key: dict[str, list[Comment]] = {}
        for comment in comments:
            by_key.setdefault(json.dumps(group_key(comment), ensure_ascii=False), []).append(comment)
        alive: dict[str, str] = {}
        for part in chunks(list(by_key)):
            query = G.select(G.c.key, G.c.id).where(G.c.key.in_(part) & (G.c.alive == ONE))
            alive.update({row[0]: row[1] for row in self._database.tuples(query)})
        missing = [key for key in by_key if key not in alive]
        for key, group in zip(missing, new_ids(self._database, "g", len(missing)) if missing else [], strict=True):
            first = by_key[key][0]
            self._database.run(
                G.insert(
                    {
                        "id": group,
                        "key": key,
                        "alive": 1,
                        "account": first.account,
                        "thread": first.thread if first.topic or first.escalation else None,
                        "language": first.language if first.topic or first.escalation else None,
                        "topic": None if first.escalation else first.topic,
                        "kind": first.kind,
                        "private": int(first.private),
                        "escalation": first.escalation,
                        "size": 0,
                        "people": 0,
                        "first_text": first.masked[:500],
                        "watch": first.watch,
                    }
                )
            )
            alive[key] = group
        return {alive[key]: [comment.id for comment in members] for key, members in by_key.items()}

    def refresh(self, groups: Sequence[str]) -> None:
        """Count anew what waits in these groups; an empty one ends, and its id with it."""
        for part in chunks(list(groups)):
            counted = {
                row[0]: row
                for row in self._database.tuples(
                    C.select(
                        C.c.grouped,
                        fn.COUNT(SQL("*")),
                        fn.COUNT(C.c.person.distinct()),
                        fn.MIN(C.c.due_at),
                        fn.MIN(C.c.closes_at),
                        fn.MIN(C.c.private_until),
                    )
                    .where(C.c.grouped.in_(part) & (C.c.state == "waiting"))
                    .group_by(C.c.grouped)
                )
            }
            for group in part:
                _, size, people, due_at, closes_at, private_until = counted.get(group, (group, 0, 0, None, None, None))
                values: dict[Any, Any] = {G.c.size: size, G.c.people: people, G.c.due_at: due_at}
                values |= {G.c.closes_at: closes_at, G.c.private_until: private_until}
                if not size:
                    values[G.c.alive] = 0
                self._database.run(G.update(values).where(G.c.id == group))

    def describe(self, group: str, first: Comment, suggestion: Suggestion | None) -> None:
        """What the inbox will show of the group: its first waiting comment, and what it offers."""
        values = {
            G.c.first_text: first.masked[:500],
            G.c.first: first.id,
            G.c.watch: first.watch,
            G.c.kind: first.kind,
            G.c.again: first.again,
            G.c.suggestion: json.dumps(asdict(suggestion)) if suggestion else None,
        }
        self._database.run(G.update(values).where(G.c.id == group))

    def of_comments(self, comments: Sequence[str]) -> list[str]:
        """The groups these comments are or were in."""
        found: set[str] = set()
        for part in chunks(list(comments)):
            query = C.select(C.c.grouped).where(C.c.id.in_(part) & C.c.grouped.is_null(False)).distinct()
            found |= {row[0] for row in self._database.tuples(query)}
        return sorted(found)

    def alive(
        self,
        *,
        where: Mapping[str, str],
        late_at: datetime | None = None,
        among: set[str] | None = None,
        limit: int | None = None,
    ) -> list[Group]:
        """Groups with somebody waiting: what goes to the manager first, then who writes again while a promise to them
        runs, then by due time, the larger first; last what is due no answer.

        `where` fixes columns (account, topic, kind); `late_at` keeps those late at that moment; `among` these ids only.
        """
        query = self._select().where(_meant(where, late_at, among))
        urgency = (G.c.escalation.is_null(), G.c.again.is_null(), G.c.due_at.is_null(), G.c.due_at, G.c.size.desc())
        query = query.order_by(*urgency, G.c.id)
        return [_group(row) for row in self._database.rows(query.limit(limit) if limit is not None else query)]

    def count_alive(self) -> int:
        """How many groups wait."""
        return int(self._database.value(G.select(fn.COUNT(SQL("*"))).where(G.c.alive == 1)))

    def count_meant(
        self, now: datetime, *, where: Mapping[str, str], late_at: datetime | None, among: set[str] | None
    ) -> tuple[int, int, int]:
        """How many comments wait in the groups that `alive` would find without a limit, how many of them are late
        `now`, and how many groups those are."""
        meant = _meant(where, late_at, among)
        counted = self._database.tuples(G.select(fn.COALESCE(fn.SUM(G.c.size), 0), fn.COUNT(SQL("*"))).where(meant))
        ((waiting, groups),) = counted
        overdue = (C.c.state == "waiting") & (C.c.due_at < moment_out(now))
        of_these = C.c.grouped.in_(G.select(G.c.id).where(meant & (G.c.due_at < moment_out(now))))
        late = self._database.value(C.select(fn.COUNT(SQL("*"))).where(overdue & of_these))
        return int(waiting), int(late), int(groups)

    def by_id(self, group: str) -> Group | None:
        """One group, alive or ended."""
        row = self._database.one(self._select().where(G.c.id == group))
        return _group(row) if row else None

    def moved_on(self, group: str) -> str | None:
        """The group in which those wait now who would join this one, which has ended: whoever was in it and waits
        again, unless they were read otherwise since. None: nobody does, or it has not ended."""
        key = self._database.value(G.select(G.c.key).where((G.c.id == group) & (G.c.alive == 0)))
        found: str | None = self._database.value(G.select(G.c.id).where((G.c.key == key) & (G.c.alive == ONE)))
        return found

    def _select(self) -> Any:
        columns = [getattr(G.c, name) for name in G.columns if name not in ("key", "alive")]
        return (
            G.select(
                *columns,
                ThreadRow.c.text.alias("thread_text"),
                ThreadRow.c.url.alias("thread_url"),
                P.c.due_at.alias("again_due_at"),
            )
            .join(ThreadRow, JOIN.LEFT_OUTER, on=(ThreadRow.c.id == G.c.thread))
            .join(P, JOIN.LEFT_OUTER, on=(P.c.id == G.c.again))
        )

    def remember_shown(self, agent: str, shown: Mapping[str, int]) -> None:
        """That an agent has seen these groups up to these places in the order of joining."""
        for part in chunks([{"agent": agent, "grouped": g, "joined": joined} for g, joined in shown.items()]):
            self._database.run(
                Seen.insert(list(part)).on_conflict(
                    conflict_target=(Seen.c.agent, Seen.c.grouped), update={Seen.c.joined: EXCLUDED.joined}
                )
            )

    def shown_upto(self, agent: str, group: str) -> int | None:
        """The last joining an agent has seen of a group; None: never shown."""
        found: int | None = self._database.value(
            Seen.select(Seen.c.joined).where((Seen.c.agent == agent) & (Seen.c.grouped == group))
        )
        return found

    def last_joined(self, groups: Sequence[str]) -> dict[str, int]:
        """The last place in the order of joining among each group's waiting comments."""
        found: dict[str, int] = {}
        for part in chunks(list(groups)):
            last = C.select(fn.MAX(C.c.joined)).where((C.c.grouped == G.c.id) & (C.c.state == "waiting"))
            query = G.select(G.c.id, last).where(G.c.id.in_(part) & (G.c.size > 0))
            found.update({row[0]: row[1] for row in self._database.tuples(query)})
        return found


def _meant(where: Mapping[str, str], late_at: datetime | None, among: set[str] | None) -> Any:
    """Which groups are meant of those in which somebody waits; see `Groups.alive`."""
    meant = G.c.alive == 1
    for column, value in ((column, storable(value)) for column, value in where.items()):
        if column == "kind":
            of_kind = C.select(C.c.grouped).where((C.c.state == "waiting") & (C.c.kind == value))
            meant &= G.c.id.in_(of_kind)
        else:
            meant &= getattr(G.c, column) == value
    if late_at is not None:
        meant &= G.c.due_at < moment_out(late_at)
    if among is not None:
        meant &= numbers.among(G.c.id, sorted(among))
    return meant


def _group(row: Row) -> Group:
    suggestion = json.loads(row["suggestion"]) if row["suggestion"] else None
    return Group(
        id=row["id"],
        account=row["account"],
        kind=row["kind"],
        private=bool(row["private"]),
        size=row["size"],
        people=row["people"],
        due_at=optional_moment(row["due_at"]),
        first_text=row["first_text"],
        language=row["language"],
        topic=row["topic"],
        thread=row["thread"],
        thread_text=row["thread_text"],
        thread_url=row["thread_url"],
        escalation=row["escalation"],
        again=row["again"],
        again_due_at=optional_moment(row["again_due_at"]),
        closes_at=optional_moment(row["closes_at"]),
        private_until=optional_moment(row["private_until"]),
        watch=row["watch"],
        first=row["first"],
        suggestion=Suggestion(**{**suggestion, "alternatives": tuple(suggestion["alternatives"])})
        if suggestion
        else None,
    )
