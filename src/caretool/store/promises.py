"""The ledger: every promise with its person, owner and due time, from logged to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from peewee import JOIN, SQL, fn

from caretool.store.database import Database, Row, moment_in, moment_out, optional_moment
from caretool.store.numbers import chunks, new_ids
from caretool.store.schema import Comment, Person, PromiseCount, Reply
from caretool.store.schema import Promise as P

if TYPE_CHECKING:
    from caretool.domain.deliverability import Load
    from caretool.domain.promise import Promise, PromiseState
    from caretool.domain.record import Outcome

OPEN: tuple[PromiseState, ...] = ("logged", "running")


@dataclass(frozen=True, slots=True)
class NewPromise:
    """What is about to be logged. `window` are its first and due day in the plan; `relative`: to be read again from
    the moment of posting."""

    kind: str
    person: str
    text: str
    due_at: datetime
    window: tuple[date, date]
    owner: str
    review_at: datetime | None = None
    reply: str | None = None
    comment: str | None = None
    relative: bool = False


class Promises:
    """The table of promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, promises: Sequence[NewPromise], *, now: datetime, state: PromiseState) -> list[str]:
        """Log promises; their ids. Inside the transaction that checked them."""
        ids = new_ids(self._database, "p", len(promises)) if promises else []
        heard = self._last_comment()
        rows = [
            {
                "id": promise_id,
                "kind": new.kind,
                "person": new.person,
                "text": new.text,
                "made_at": moment_out(now),
                "due_at": moment_out(new.due_at),
                "first_day": new.window[0].isoformat(),
                "due_day": new.window[1].isoformat(),
                "review_at": moment_out(new.review_at) if new.review_at else None,
                "state": state,
                "owner": new.owner,
                "reply": new.reply,
                "comment": new.comment,
                "relative": int(new.relative),
                "heard": heard,
            }
            for promise_id, new in zip(ids, promises, strict=True)
        ]
        self._database.insert(P, rows)
        return ids

    def _last_comment(self) -> int:
        """The number of the last comment there is: what we had heard when something was promised."""
        return int(self._database.value(Comment.select(fn.MAX(Comment.c.number))) or 0)

    def load(
        self, kind: str, *, day_began: datetime, week_began: datetime | None = None, leaving_out: Sequence[str] = ()
    ) -> Load:
        """What is open of a kind, by window, and what was kept since the day (and, where asked, the week) began.

        One that is being moved takes no unit: its successor does. `leaving_out` are ids about to be replaced.
        """
        from caretool.domain.deliverability import Load

        query = PromiseCount.select(PromiseCount.c.first_day, PromiseCount.c.due_day, PromiseCount.c.open)
        counted = {
            (date.fromisoformat(first), date.fromisoformat(due)): int(count)
            for first, due, count in self._database.tuples(query.where(PromiseCount.c.kind == kind))
        }
        for window in self._windows_counted(kind, leaving_out):
            counted[window] -= 1
        counted = {window: count for window, count in counted.items() if count}
        of_kind = P.c.kind == kind
        kept_week = self._kept(of_kind, week_began) if week_began is not None else 0
        return Load(open=counted, kept_today=self._kept(of_kind, day_began), kept_week=kept_week)

    def kept_by(self, owner: str, kinds: Sequence[str], since: datetime) -> int:
        """How many of these kinds somebody has kept since a moment."""
        return self._kept(P.c.kind.in_(tuple(kinds)) & (P.c.owner == owner), since)

    def _kept(self, where: Any, since: datetime) -> int:
        kept = (P.c.state == "kept") & (P.c.ended_at >= moment_out(since))
        return int(self._database.value(P.select(fn.COUNT(SQL("*"))).where(where & kept)))

    def _windows_counted(self, kind: str, ids: Sequence[str]) -> list[tuple[date, date]]:
        """The windows of those of these promises that take a unit of this kind, one for each."""
        open_ones = (P.c.kind == kind) & P.c.state.in_(OPEN) & P.c.moved_to.is_null()
        found: list[tuple[date, date]] = []
        for part in chunks(list(dict.fromkeys(ids))):
            query = P.select(P.c.first_day, P.c.due_day).where(P.c.id.in_(part) & open_ones)
            found += [(date.fromisoformat(f), date.fromisoformat(due)) for f, due in self._database.tuples(query)]
        return found

    def by_ids(self, ids: Sequence[str]) -> list[Promise]:
        """These promises, in this order."""
        found: dict[str, Promise] = {}
        for part in chunks(list(ids)):
            found.update({promise.id: promise for promise in self._promises(P.c.id.in_(part))})
        return [found[i] for i in ids if i in found]

    def open(self) -> list[Promise]:
        """Everything logged or running, the earliest due first; overdue ones however old."""
        return self._promises(P.c.state.in_(OPEN))

    def in_states(self, states: Sequence[PromiseState], limit: int | None = None) -> list[Promise]:
        """Promises in these states, the earliest due first."""
        if limit is None:
            return self._promises(P.c.state.in_(tuple(states)))
        # Each state stands in the index by due time: so the first of very many are found without sorting them all.
        first = [promise for state in states for promise in self._promises(P.c.state == state, limit)]
        return sorted(first, key=lambda promise: (promise.due_at, promise.id))[:limit]

    def of_replies(self, replies: Sequence[str]) -> list[Promise]:
        """What these replies promise."""
        found: list[Promise] = []
        for part in chunks(list(replies)):
            found += self._promises(P.c.reply.in_(part))
        return found

    def of_person(self, person: str) -> list[Promise]:
        """Everything promised to one person."""
        return self._promises(P.c.person == person)

    def windows(self, ids: Sequence[str]) -> dict[str, tuple[date, date]]:
        """The plan's first and due day of these promises."""
        found: dict[str, tuple[date, date]] = {}
        for part in chunks(list(ids)):
            query = P.select(P.c.id, P.c.first_day, P.c.due_day).where(P.c.id.in_(part))
            for promise, first, due in self._database.tuples(query):
                found[promise] = (date.fromisoformat(first), date.fromisoformat(due))
        return found

    def urls(self, ids: Sequence[str]) -> dict[str, str]:
        """Where these were asked for, or said, of those of which the platform told an address."""
        found: dict[str, str] = {}
        for part in chunks(list(ids)):
            query = (
                P.select(P.c.id, fn.COALESCE(Comment.c.url, Reply.c.url))
                .join(Comment, JOIN.LEFT_OUTER, on=(Comment.c.id == P.c.comment))
                .join(Reply, JOIN.LEFT_OUTER, on=(Reply.c.id == P.c.reply))
                .where(P.c.id.in_(part))
            )
            found.update({promise: url for promise, url in self._database.tuples(query) if url})
        return found

    def told_to(self, ids: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
        """The comment each of these answers, and the language in which it was said; None: not known."""
        found: dict[str, tuple[str | None, str | None]] = {}
        for part in chunks(list(ids)):
            query = (
                P.select(P.c.id, P.c.comment, fn.COALESCE(Reply.c.language, Comment.c.language))
                .join(Comment, JOIN.LEFT_OUTER, on=(Comment.c.id == P.c.comment))
                .join(Reply, JOIN.LEFT_OUTER, on=(Reply.c.id == P.c.reply))
                .where(P.c.id.in_(part))
            )
            found.update({promise: (comment, language) for promise, comment, language in self._database.tuples(query)})
        return found

    def relative_of(self, reply: str) -> list[str]:
        """Promises of a reply whose words are read again from the moment of posting."""
        query = P.select(P.c.id).where((P.c.reply == reply) & (P.c.relative == 1))
        return [row[0] for row in self._database.tuples(query)]

    def count_overdue(self, now: datetime) -> int:
        """How many run past their due time."""
        where = (P.c.state == "running") & (P.c.due_at < moment_out(now))
        return int(self._database.value(P.select(fn.COUNT(SQL("*"))).where(where)))

    def owned(self, owner: str, kind: str | None) -> list[Promise]:
        """The open promises that somebody keeps (of one kind), the earliest due first."""
        theirs = P.c.state.in_(OPEN) & (P.c.owner == owner)
        return self._promises(theirs if kind is None else theirs & (P.c.kind == kind))

    def owners(self) -> dict[str, int]:
        """How many open promises each of those who keep any has."""
        query = P.select(P.c.owner, fn.COUNT(SQL("*"))).where(P.c.state.in_(OPEN)).group_by(P.c.owner)
        return {owner: int(count) for owner, count in self._database.tuples(query.order_by(P.c.owner))}

    def hand_over(self, ids: Sequence[str], to: str) -> None:
        """Somebody else keeps these from now on."""
        for part in chunks(list(ids)):
            self._database.run(P.update({P.c.owner: to}).where(P.c.id.in_(part)))

    def outcomes(self, since: datetime | None, as_of: datetime) -> list[Outcome]:
        """What ended from `since` (None: ever) to `as_of`, void ones left out, and what was overdue then, however old.
        What has ended since `as_of` and was due before counts as overdue, as it was."""
        from caretool.domain.record import Outcome

        moment = moment_out(as_of)
        ended = P.c.state.in_(("kept", "broken", "moved", "released")) & (P.c.ended_at <= moment)
        if since is not None:
            ended &= P.c.ended_at >= moment_out(since)
        was_running = (P.c.ended_at > moment) & P.c.state.in_(("kept", "broken", "moved", "released"))
        overdue = (P.c.due_at < moment) & ((P.c.state == "running") | was_running)
        query = P.select(P.c.kind, P.c.owner, P.c.state, P.c.due_at, P.c.ended_at).where(ended | overdue)
        found = []
        for kind, owner, state, due_at, ended_at in self._database.tuples(query.order_by(P.c.due_at, P.c.id)):
            runs = state == "running" or ended_at > moment
            ended_then = None if runs else moment_in(ended_at)
            found.append(Outcome(kind, owner, "running" if runs else state, moment_in(due_at), ended_then))
        return found

    def change(self, ids: Sequence[str], state: PromiseState, *, was: Sequence[PromiseState], **values: Any) -> int:
        """Move promises from one of the states `was` to `state`; how many moved."""
        update: dict[Any, Any] = {P.c.state: state}
        update |= {getattr(P.c, n): moment_out(v) if isinstance(v, datetime) else v for n, v in values.items()}
        moved = 0
        for part in chunks(list(ids)):
            moved += self._database.run(P.update(update).where(P.c.id.in_(part) & P.c.state.in_(tuple(was))))
        return moved

    def link_move(self, old: str, new: str, because: str) -> None:
        """That `new` takes the place of `old` once the customer has been told."""
        self._database.run(P.update({P.c.moved_to: new, P.c.because: because}).where(P.c.id == old))

    def untold(self, kind: str, person: str, due_at: datetime) -> str | None:
        """A promise logged by a move that no reply has told the person yet."""
        where = (P.c.kind == kind) & (P.c.person == person) & (P.c.due_at == moment_out(due_at))
        found: str | None = self._database.value(
            P.select(P.c.id).where(where & (P.c.state == "logged") & P.c.reply.is_null())
        )
        return found

    def told_by(self, promise: str, reply: str, text: str) -> None:
        """That this reply tells the person, in these words, of a promise logged before."""
        values = {P.c.reply: reply, P.c.text: text, P.c.heard: self._last_comment()}
        self._database.run(P.update(values).where(P.c.id == promise))

    def predecessor(self, new: str) -> str | None:
        """The running promise that ends as moved when the customer hears of `new`."""
        found: str | None = self._database.value(P.select(P.c.id).where((P.c.moved_to == new) & P.c.state.in_(OPEN)))
        return found

    def unlink_move(self, new: str) -> None:
        """The new time was never said: the old promise runs on alone."""
        self._database.run(P.update({P.c.moved_to: None}).where((P.c.moved_to == new) & P.c.state.in_(OPEN)))

    def set_due(self, promise: str, due_at: datetime, window: tuple[date, date], review_at: datetime | None) -> None:
        """A relative time read again from the moment of posting."""
        values = {
            P.c.due_at: moment_out(due_at),
            P.c.first_day: window[0].isoformat(),
            P.c.due_day: window[1].isoformat(),
            P.c.review_at: moment_out(review_at) if review_at else None,
        }
        self._database.run(P.update(values).where(P.c.id == promise))

    def _promises(self, where: Any, limit: int | None = None) -> list[Promise]:
        columns = [getattr(P.c, name) for name in P.columns]
        query = (
            P.select(*columns, Person.c.name.alias("person_name"))
            .join(Person, JOIN.LEFT_OUTER, on=(Person.c.id == P.c.person))
            .where(where)
            .order_by(P.c.due_at, P.c.id)
        )
        return [_promise(row) for row in self._database.rows(query.limit(limit) if limit is not None else query)]


def _promise(row: Row) -> Promise:
    from caretool.domain.promise import Promise  # the inbox counts promises and shows none

    return Promise(
        id=row["id"],
        kind=row["kind"],
        person_id=row["person"],
        person_name=row["person_name"],
        text=row["text"],
        made_at=moment_in(row["made_at"]),
        due_at=moment_in(row["due_at"]),
        state=row["state"],
        owner=row["owner"],
        reply=row["reply"],
        review_at=optional_moment(row["review_at"]),
        evidence=row["evidence"],
        because=row["because"],
        moved_to=row["moved_to"],
    )
