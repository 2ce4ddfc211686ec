"""Comments as the desk knows them: found, counted, read, moved from state to state."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from peewee import JOIN, SQL, fn

from caretool.domain.group import Windows
from caretool.store.database import Database, Row, moment_in, moment_out, optional_moment, storable
from caretool.store.numbers import chunks, next_numbers
from caretool.store.schema import ONE, AuthorRow, Found, Revision, ThreadRow
from caretool.store.schema import Comment as C
from caretool.store.schema import Promise as P

if TYPE_CHECKING:
    from caretool.domain.comment import Comment, CommentState
    from caretool.domain.reading import Reading

_READ = (
    "language", "kind", "tone", "topic", "confidence", "alternatives", "escalation", "vulgar", "personal_data",
    "reasons", "fold", "copy_of", "due_at", "exposed",
)  # fmt: skip


# The promise that falls due first of those that run to who wrote a comment, and ran before it came in.
_PROMISED = (
    P.select(P.c.id)
    .where((P.c.person == C.c.person) & (P.c.state == "running") & (P.c.heard < C.c.number))
    .order_by(P.c.due_at, P.c.id)
    .limit(1)
)
_WRONG = fn.COALESCE(C.c.again, "") != fn.COALESCE(_PROMISED, "")


@dataclass(frozen=True, slots=True)
class Reread:
    """What was read in the comment with this id; its folded text, the first comment that says the same, when due."""

    comment: str
    reading: Reading
    fold: str
    copy_of: str | None
    due_at: datetime | None


class Comments:
    """The table of comments and what hangs on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _select(self) -> Any:
        columns = [getattr(C.c, name) for name in C.columns if name != "digest"]
        return (
            C.select(
                *columns,
                AuthorRow.c.name.alias("author_name"),
                ThreadRow.c.native_id.alias("thread_native_id"),
                ThreadRow.c.text.alias("thread_text"),
                ThreadRow.c.url.alias("thread_url"),
            )
            .join(
                AuthorRow,
                JOIN.LEFT_OUTER,
                on=((AuthorRow.c.account == C.c.account) & (AuthorRow.c.handle == C.c.handle)),
            )
            .join(ThreadRow, JOIN.LEFT_OUTER, on=(ThreadRow.c.id == C.c.thread))
        )

    def by_ids(self, ids: Sequence[str]) -> list[Comment]:
        """These comments, in the order of the ids; unknown ids are left out."""
        found: dict[str, Comment] = {}
        for part in chunks(list(ids)):
            for row in self._database.rows(self._select().where(C.c.id.in_(part))):
                found[row["id"]] = _comment(row)
        return [found[i] for i in ids if i in found]

    def waiting_in(self, group: str, limit: int | None = None) -> list[Comment]:
        """The waiting comments of one group, oldest first."""
        query = (
            self._select().where((C.c.grouped == group) & (C.c.state == "waiting")).order_by(C.c.written_at, C.c.number)
        )
        return [_comment(row) for row in self._database.rows(query.limit(limit) if limit else query)]

    def of_group(self, group: str) -> list[Comment]:
        """Everything that is or was last in one group, whatever became of it, oldest first."""
        query = self._select().where(C.c.grouped == group).order_by(C.c.written_at, C.c.number)
        return [_comment(row) for row in self._database.rows(query)]

    def of_person(self, person: str) -> list[Comment]:
        """Everything one person wrote, oldest first."""
        query = self._select().where(C.c.person == person).order_by(C.c.written_at, C.c.number)
        return [_comment(row) for row in self._database.rows(query)]

    def ours_to(self, comment: Comment) -> list[Comment]:
        """What we wrote in answer to a comment, oldest first, as far as it was fetched."""
        ours = (C.c.account == comment.account) & (C.c.own == ONE) & (C.c.reply_to == comment.native_id)
        return [_comment(row) for row in self._database.rows(self._select().where(ours).order_by(C.c.written_at))]

    def of_kinds(self, kinds: Sequence[str], since: datetime | None) -> list[Comment]:
        """What others wrote of these kinds (not before `since`), oldest first."""
        where = C.c.kind.in_(tuple(kinds)) & (C.c.own == 0)
        where = where if since is None else where & (C.c.written_at >= moment_out(since))
        query = self._select().where(where).order_by(C.c.written_at, C.c.number)
        return [_comment(row) for row in self._database.rows(query)]

    def of_thread(self, thread: str) -> list[Comment]:
        """Everything in one thread, oldest first."""
        query = self._select().where(C.c.thread == thread).order_by(C.c.written_at, C.c.number)
        return [_comment(row) for row in self._database.rows(query)]

    def unread(self, limit: int) -> list[Comment]:
        """Waiting comments that are new or were edited since they were read, oldest first."""
        query = self._select().where((C.c.state == "waiting") & (C.c.unread == ONE)).order_by(C.c.number).limit(limit)
        return [_comment(row) for row in self._database.rows(query)]

    def edited_after_all(self, limit: int) -> list[Comment]:
        """Comments that were answered or closed and then edited, and not read since."""
        edited = Revision.select(Revision.c.comment)
        # COALESCE keeps SQLite from looking at all that was ever answered: there are few revisions.
        ended = fn.COALESCE(C.c.state, "").in_(("answered", "closed"))
        where = ended & (C.c.unread == 1) & (C.c.own == 0) & C.c.id.in_(edited)
        return [_comment(row) for row in self._database.rows(self._select().where(where).limit(limit))]

    def all_waiting(self, after: int, limit: int) -> list[Comment]:
        """Waiting comments numbered above `after`, a run at a time: for reading them anew."""
        query = self._select().where((C.c.state == "waiting") & (C.c.number > after)).order_by(C.c.number).limit(limit)
        return [_comment(row) for row in self._database.rows(query)]

    def revisions(self, comment: str) -> list[tuple[datetime, str]]:
        """Earlier texts of a comment with the moment each was seen to have changed."""
        query = Revision.select(Revision.c.seen_at, Revision.c.text).where(Revision.c.comment == comment)
        return [(moment_in(at), text) for at, text in self._database.tuples(query)]

    def count_waiting(self, now: datetime) -> tuple[int, int]:
        """How many comments wait, and how many of them are late."""
        waiting = self._database.value(C.select(fn.COUNT(SQL("*"))).where(C.c.state == "waiting"))
        late = self._database.value(
            C.select(fn.COUNT(SQL("*"))).where((C.c.state == "waiting") & (C.c.due_at < moment_out(now)))
        )
        return int(waiting), int(late)

    def windows_of(self, groups: Sequence[str], moment: datetime) -> dict[str, Windows]:
        """How the windows of those that wait in each of these groups stand at this moment."""
        found: dict[str, Windows] = {}
        at = moment_out(moment)
        open_still = C.c.closes_at.is_null() | (C.c.closes_at > at)
        columns = (
            fn.COUNT(SQL("*")).filter(C.c.closes_at <= at),
            fn.MIN(C.c.due_at).filter(open_still),
            fn.MIN(C.c.closes_at).filter(open_still),
            fn.MIN(C.c.private_until).filter(C.c.private_until > at),
        )
        for part in chunks(list(groups)):
            waiting = C.c.grouped.in_(part) & (C.c.state == "waiting")
            query = C.select(C.c.grouped, *columns).where(waiting).group_by(C.c.grouped)
            for group, shut, *dates in self._database.tuples(query):
                found[group] = Windows(int(shut), *map(optional_moment, dates))
        return found

    def waiting_by_account(self) -> dict[str, int]:
        """How many comments wait on each account where any do."""
        query = C.select(C.c.account, fn.COUNT(SQL("*"))).where(C.c.state == "waiting").group_by(C.c.account)
        return {account: int(number) for account, number in self._database.tuples(query)}

    def matching(self, words: str) -> set[str]:
        """Ids of the groups in which a waiting comment's text or handle holds all these words."""
        terms = " ".join('"' + word.replace('"', '""') + '"' for word in storable(words).split())
        if not terms:
            return set()
        query = (
            C.select(C.c.grouped)
            .join(Found, on=(Found.c.rowid == C.c.number))
            .where(SQL("comment_search MATCH ?", (terms,)) & (C.c.state == "waiting"))
            .distinct()
        )
        return {row[0] for row in self._database.tuples(query) if row[0]}

    def first_copies(self, folds: Sequence[str]) -> dict[str, str]:
        """The id of the first comment stored with each of these folded texts."""
        found: dict[str, str] = {}
        for part in chunks(list(folds)):
            query = C.select(C.c.fold, C.c.id, fn.MIN(C.c.number)).where(C.c.fold.in_(part)).group_by(C.c.fold)
            found.update({row[0]: row[1] for row in self._database.tuples(query)})
        return found

    def write_readings(self, readings: Sequence[Reread]) -> None:
        """Keep what was read in comments."""
        query = C.update({C.c.unread: "unread", **{getattr(C.c, name): name for name in _READ}}).where(
            C.c.id == "comment"
        )
        self._database.many(query, (_reading_row(one) for one in readings))

    def correct(
        self, comment: str, values: Mapping[str, str], corrected: Sequence[str], due_at: datetime | None
    ) -> None:
        """A person says what it is: kind, topic or tone, remembered as corrected."""
        update: dict[Any, Any] = {getattr(C.c, name): value for name, value in values.items()}
        update |= {C.c.corrected: json.dumps(list(corrected)), C.c.due_at: moment_out(due_at) if due_at else None}
        if "topic" in values:
            update |= {C.c.confidence: 1.0, C.c.escalation: None}
        self._database.run(C.update(update).where(C.c.id == comment))

    def set_state(
        self, ids: Sequence[str], state: CommentState, *, was: Sequence[CommentState], until: datetime | None = None
    ) -> int:
        """Move comments from one of the states `was` to `state`; how many moved. One that was erased waits no more."""
        moved = 0
        for part in chunks(list(ids)):
            where = C.c.id.in_(part) & C.c.state.in_(tuple(was))
            if state == "waiting":
                where &= C.c.digest != ""
            values = {C.c.state: state, C.c.snoozed_until: moment_out(until) if until else None}
            moved += self._database.run(C.update(values).where(where))
        return moved

    def edited_since(self, ids: Sequence[str], moment: datetime) -> list[str]:
        """Those of these comments whose text was seen to change after `moment`."""
        found: list[str] = []
        for part in chunks(list(ids)):
            later = Revision.c.comment.in_(part) & (Revision.c.seen_at > moment_out(moment))
            query = Revision.select(Revision.c.comment).where(later).distinct()
            found += [row[0] for row in self._database.tuples(query)]
        return found

    def due_to_wake(self, now: datetime) -> list[str]:
        """Snoozed comments whose time has come, however long ago."""
        query = C.select(C.c.id).where((C.c.state == "snoozed") & (C.c.snoozed_until <= moment_out(now)))
        return [row[0] for row in self._database.tuples(query)]

    def mark_again(self, ids: Sequence[str]) -> None:
        """Write down whether a promise to who wrote these was running already when they came in, and runs still."""
        for part in chunks(list(ids)):
            self._database.run(C.update({C.c.again: _PROMISED}).where(C.c.id.in_(part) & _WRONG))

    def wrongly_marked(self, persons: Sequence[str]) -> list[str]:
        """The waiting comments of these people of which that is no longer so, or has come to be."""
        found: list[str] = []
        for part in chunks(list(dict.fromkeys(persons))):
            # COALESCE keeps SQLite from looking at all that waits: one person writes little.
            theirs = C.c.person.in_(part) & (fn.COALESCE(C.c.state, "") == "waiting") & (C.c.unread == 0)
            query = C.select(C.c.id).where(theirs & _WRONG)
            found += [row[0] for row in self._database.tuples(query)]
        return found

    def place(self, ids: Sequence[str], group: str, *, anew: bool) -> None:
        """Put comments into a group. Who joins gets the next place in the order of joining; with `anew` also who was in
        it before (it waits again, or its text is another)."""
        numbers = next_numbers(self._database, "joined", len(ids))
        here = C.c.id == "comment"
        where = here if anew else here & (C.c.grouped.is_null() | (C.c.grouped != "group"))
        query = C.update({C.c.grouped: "group", C.c.joined: "number"}).where(where)
        placed = zip(numbers, ids, strict=True)
        self._database.many(query, ({"group": group, "number": number, "comment": c} for number, c in placed))


def _reading_row(one: Reread) -> Row:
    reading = one.reading
    return {
        "language": reading.language,
        "kind": reading.kind,
        "tone": reading.tone,
        "topic": reading.topic,
        "confidence": reading.confidence,
        "alternatives": json.dumps(reading.alternatives),
        "escalation": reading.escalation,
        "vulgar": int(reading.vulgar),
        "personal_data": int(reading.personal_data),
        "reasons": json.dumps(reading.reasons, ensure_ascii=False),
        "fold": one.fold,
        "copy_of": one.copy_of,
        "due_at": moment_out(one.due_at) if one.due_at else None,
        "exposed": json.dumps(reading.exposed),
        "unread": 0,
        "comment": one.comment,
    }


def _comment(row: Row) -> Comment:
    from caretool.domain.comment import Comment  # the inbox counts comments and shows none

    return Comment(
        number=row["number"],
        id=row["id"],
        account=row["account"],
        native_id=row["native_id"],
        person=row["person"],
        handle=row["handle"],
        name=row["author_name"],
        form=row["form"],
        text=row["text"],
        private=bool(row["private"]),
        own=bool(row["own"]),
        unread=bool(row["unread"]),
        written_at=moment_in(row["written_at"]),
        dated=bool(row["dated"]),
        state=row["state"],
        thread=row["thread"],
        thread_native_id=row["thread_native_id"],
        thread_text=row["thread_text"],
        thread_url=row["thread_url"],
        reply_to=row["reply_to"],
        url=row["url"],
        rating=row["rating"],
        likes=row["likes"],
        attachments=tuple(json.loads(row["attachments"])),
        warning=row["warning"],
        tag=row["tag"],
        snoozed_until=optional_moment(row["snoozed_until"]),
        language=row["language"],
        kind=row["kind"],
        tone=row["tone"],
        topic=row["topic"],
        confidence=row["confidence"] or 0.0,
        alternatives=tuple((topic, share) for topic, share in json.loads(row["alternatives"] or "[]")),
        escalation=row["escalation"],
        personal_data=bool(row["personal_data"]),
        reasons=tuple(json.loads(row["reasons"] or "[]")),
        corrected=tuple(json.loads(row["corrected"] or "[]")),
        copy_of=row["copy_of"],
        due_at=optional_moment(row["due_at"]),
        group=row["grouped"],
        joined=row["joined"] or 0,
        again=row["again"],
        exposed=_exposed(row),
        closes_at=optional_moment(row["closes_at"]),
        private_until=optional_moment(row["private_until"]),
        watch=row["watch"],
    )


def _exposed(row: Row) -> tuple[tuple[int, int, str], ...] | None:
    """None: not known of the text as it is now."""
    if row["exposed"] is None or row["unread"]:
        return None
    return tuple((start, end, what) for start, end, what in json.loads(row["exposed"]))
