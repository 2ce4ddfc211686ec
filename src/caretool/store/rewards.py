"""What was put into somebody's hand, and the codes it is drawn from: each is free, or belongs to exactly one reward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from peewee import EXCLUDED, SQL, fn

from caretool.domain.reward import PLACEHOLDER, Reward
from caretool.store.database import Database, Row, moment_in, moment_out, optional_moment
from caretool.store.numbers import among, chunks
from caretool.store.schema import Code, Person
from caretool.store.schema import Reply as R
from caretool.store.schema import Reward as W

_FREE = Code.c.reward.is_null() & Code.c.spent_at.is_null()


class Rewards:
    """The tables of rewards and codes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take_in(self, kind: str, codes: Sequence[tuple[int, str]], kinds: Sequence[str]) -> None:
        """Make the free codes of a kind these (with their lines), whichever of them had another kind so far; one that
        was given stays as it is, and free ones of kinds that are none of `kinds` go. Inside a transaction."""
        self._database.run(Code.delete().where(_FREE & ~among(Code.c.kind, list(kinds))))
        wanted = [code for _, code in codes]
        self._database.run(Code.delete().where(_FREE & (Code.c.kind == kind) & ~among(Code.c.code, wanted)))
        self._database.run(Code.delete().where(_FREE & (Code.c.kind != kind) & among(Code.c.code, wanted)))
        rows = [{"code": code, "kind": kind, "place": place} for place, code in codes]
        if rows:
            self._database.many(Code.insert({name: name for name in rows[0]}).on_conflict_ignore(), rows)

    def taken(self) -> frozenset[str]:
        """The codes that are not free any more, of whatever kind."""
        return frozenset(row[0] for row in self._database.tuples(Code.select(Code.c.code).where(~_FREE)))

    def free_of(self, kind: str) -> frozenset[str]:
        """The free codes of a kind, as they were taken in."""
        query = Code.select(Code.c.code).where(_FREE & (Code.c.kind == kind))
        return frozenset(row[0] for row in self._database.tuples(query))

    def given_as(self, kind: str) -> frozenset[str]:
        """The codes of a kind that are not free any more."""
        query = Code.select(Code.c.code).where(~_FREE & (Code.c.kind == kind))
        return frozenset(row[0] for row in self._database.tuples(query))

    def free(self, kind: str, count: int) -> list[str]:
        """The first free codes of a kind, at most so many, in the order of the file; inside the transaction that gives
        them."""
        query = Code.select(Code.c.code).where(_FREE & (Code.c.kind == kind)).order_by(Code.c.place).limit(count)
        return [row[0] for row in self._database.tuples(query)]

    def add(self, rewards: Sequence[Reward], codes: Mapping[str, str]) -> None:
        """Keep what is given, with the code of each that has one (by the reward's id); in the transaction that approves
        the replies."""
        rows = [
            {
                "id": one.id,
                "kind": one.kind,
                "person": one.person,
                "comment": one.comment,
                "comment_kind": one.comment_kind,
                "reply": one.reply,
                "amount": str(one.amount) if one.amount is not None else None,
                "currency": one.currency,
                "state": one.state,
                "agent": one.agent,
                "drawn_at": moment_out(one.drawn_at),
            }
            for one in rewards
        ]
        self._database.insert(W, rows)
        taken = [{"reward": reward, "code": code} for reward, code in codes.items()]
        if taken:
            self._database.many(Code.update({Code.c.reward: "reward"}).where(Code.c.code == "code"), taken)

    def take_back(self, replies: Sequence[str], at: datetime) -> list[str]:
        """What these replies would have given goes back, its codes are free again and stand in their texts no more; the
        ids of the rewards. Inside a transaction."""
        ids: list[str] = []
        for part in chunks(list(replies)):
            query = W.select(W.c.id, W.c.reply).where(W.c.reply.in_(part) & (W.c.state == "given"))
            for reward, reply in self._database.tuples(query):
                ids.append(reward)
                self._return(reward, reply, at)
        return ids

    def _return(self, reward: str, reply: str, at: datetime) -> None:
        code = self._database.value(Code.select(Code.c.code).where(Code.c.reward == reward))
        if code is not None:
            unnamed = fn.REPLACE(R.c.text, code, PLACEHOLDER)
            self._database.run(R.update({R.c.text: unnamed}).where(R.c.id == reply))
            self._database.run(Code.update({Code.c.reward: None}).where(Code.c.code == code))
        ended = {W.c.state: "returned", W.c.ended_at: moment_out(at)}
        self._database.run(W.update(ended).where(W.c.id == reward))

    def unsaid(self, reply: str, text: str) -> str:
        """A reply's text without the codes that it brings, for whoever is only told about it."""
        query = Code.select(Code.c.code).join(W, on=(W.c.id == Code.c.reward)).where(W.c.reply == reply)
        for (code,) in self._database.tuples(query):
            text = text.replace(code, PLACEHOLDER)
        return text

    def given(self, kind: str, since: datetime | None = None) -> tuple[int, Decimal]:
        """How many of a kind were given (not before `since`) and not returned, and what they were worth together."""
        query = W.select(W.c.amount, fn.COUNT(SQL("*"))).where((W.c.kind == kind) & (W.c.state == "given"))
        if since is not None:
            query = query.where(W.c.drawn_at >= moment_out(since))
        found = self._database.tuples(query.group_by(W.c.amount))
        worth = sum((Decimal(amount) * number for amount, number in found if amount is not None), Decimal(0))
        return sum(int(number) for _, number in found), worth

    def had(self, kind: str, persons: Sequence[str], since: datetime) -> dict[str, int]:
        """How many of a kind each of these people was given since a moment; who was given none is left out."""
        ours = (W.c.kind == kind) & (W.c.state == "given") & (W.c.drawn_at >= moment_out(since))
        query = W.select(W.c.person, fn.COUNT(SQL("*"))).where(ours & among(W.c.person, list(persons)))
        return {person: int(number) for person, number in self._database.tuples(query.group_by(W.c.person))}

    def of_replies(self, replies: Sequence[str]) -> list[Reward]:
        """What these replies bring, or would have brought."""
        return self._rewards(among(W.c.reply, list(replies)))

    def of_person(self, person: str) -> list[Reward]:
        """What somebody was given, or would have been."""
        return self._rewards(W.c.person == person)

    def by_ids(self, ids: Sequence[str]) -> list[Reward]:
        """These rewards, the first drawn first."""
        return self._rewards(among(W.c.id, list(ids)))

    def every(self, since: datetime | None = None, kind: str | None = None) -> list[Reward]:
        """All of them (of a kind, drawn not before `since`), the first drawn first."""
        where = W.c.kind == kind if kind is not None else W.c.kind.is_null(False)
        return self._rewards(where if since is None else where & (W.c.drawn_at >= moment_out(since)))

    def spend(self, given: Mapping[str, tuple[str, str | None]], at: datetime) -> list[str]:
        """Never give these codes again (each with its kind and the id of its reward): another life of this database has
        given them. One that is somebody else's here goes with that other life: the ids of rewards so returned. Inside a
        transaction."""
        ours = {code: reward for code, (_, reward) in self._taken().items()}
        returned = []
        for code, (kind, reward) in given.items():
            if code in ours and ours[code] == reward:
                continue
            if (other := ours.get(code)) is not None:
                reply = self._database.value(W.select(W.c.reply).where(W.c.id == other))
                self._return(other, reply, at)
                returned.append(other)
            row = {"code": code, "kind": kind, "place": 0, "spent_at": moment_out(at)}
            update = {Code.c.spent_at: EXCLUDED.spent_at}
            self._database.run(Code.insert(row).on_conflict(conflict_target=(Code.c.code,), update=update))
        return returned

    def _taken(self) -> dict[str, tuple[str, str | None]]:
        query = Code.select(Code.c.code, Code.c.kind, Code.c.reward).where(~_FREE)
        return {code: (kind, reward) for code, kind, reward in self._database.tuples(query)}

    def _rewards(self, where: Any) -> list[Reward]:
        columns = [getattr(W.c, name) for name in W.columns]
        query = (
            W.select(*columns, R.c.state.alias("reply_state"), Person.c.name.alias("person_name"))
            .join(R, on=(R.c.id == W.c.reply))
            .join(Person, on=(Person.c.id == W.c.person))
            .where(where)
            .order_by(W.c.drawn_at, W.c.id)
        )
        return [_reward(row) for row in self._database.rows(query)]


def given_in(file: Path) -> dict[str, tuple[str, str | None]]:
    """The codes that are not free in a database, with their kinds and their rewards' ids. NotFound, StoreProblem."""
    from caretool.store import copies  # only a restore asks

    with copies.reading(file) as source:
        if not list(source.execute("SELECT 1 FROM sqlite_schema WHERE name = 'code'")):
            return {}
        taken = "SELECT code, kind, reward FROM code WHERE reward IS NOT NULL OR spent_at IS NOT NULL"
        return {str(code): (str(kind), reward) for code, kind, reward in source.execute(taken)}


def _reward(row: Row) -> Reward:
    return Reward(
        id=row["id"],
        kind=row["kind"],
        person=row["person"],
        person_name=row["person_name"],
        comment=row["comment"],
        comment_kind=row["comment_kind"],
        reply=row["reply"],
        reply_state=row["reply_state"],
        amount=Decimal(row["amount"]) if row["amount"] is not None else None,
        currency=row["currency"],
        state=row["state"],
        agent=row["agent"],
        drawn_at=moment_in(row["drawn_at"]),
        ended_at=optional_moment(row["ended_at"]),
    )
