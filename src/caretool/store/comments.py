"""Comments, their authors, threads and revisions: stored once, whatever arrives how often."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, SQL, EXCLUDED, fn

from caretool.domain.comment import Comment, CommentState, Incoming, Thread
from caretool.domain.ids import Letter, make_id
from caretool.domain.reading import Reading
from caretool.store.database import Database, Row, moment_in, moment_out, optional_moment
from caretool.store.schema import AuthorRow, Bookmark, Found, Person, Revision, ThreadRow
from caretool.store.schema import Comment as C
from caretool.store.schema import Counter

# Below SQLite's and PostgreSQL's limits on values in one statement.
CHUNK = 400


@dataclass(frozen=True, slots=True)
class Stored:
    """What one page brought: how many comments were new, edited, seen deleted, and answered by us elsewhere."""

    new: int = 0
    edited: int = 0
    deleted: int = 0
    touched_groups: tuple[str, ...] = ()


def chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """The items in runs a single statement can carry."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def next_numbers(database: Database, letter: str, count: int) -> range:
    """Reserve `count` consecutive numbers of one type; inside a write transaction."""
    database.run(
        Counter.insert({"letter": letter, "last": count}).on_conflict(
            conflict_target=(Counter.c.letter,), update={Counter.c.last: Counter.c.last + EXCLUDED.last}
        )
    )
    last = int(database.value(Counter.select(Counter.c.last).where(Counter.c.letter == letter)))
    return range(last - count + 1, last + 1)


def new_ids(database: Database, letter: Letter, count: int) -> list[str]:
    """Reserve ids of one type."""
    return [make_id(letter, number) for number in next_numbers(database, letter, count)]


class Comments:
    """The table of comments and what hangs on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- coming in ---------------------------------------------------------------------------------------------

    def bookmark(self, account: str) -> str | None:
        """Where the last fetch of this account ended; None before the first."""
        found: str | None = self._database.value(
            Bookmark.select(Bookmark.c.cursor).where(Bookmark.c.account == account)
        )
        return found

    def add_page(
        self,
        account: str,
        comments: Sequence[Incoming],
        *,
        bookmark: str,
        now: datetime,
        our_handle: str | None = None,
        deleted: Sequence[str] = (),
        closed_before: datetime | None = None,
    ) -> Stored:
        """Store one page and its bookmark in one transaction; what is known already is compared, not doubled.

        Comments older than `closed_before` (an account's first fetch) and our own posts never wait.
        """
        latest = {incoming.native_id: incoming for incoming in comments}
        with self._database.writing():
            known = self._known(account, list(latest))
            fresh = [incoming for native_id, incoming in latest.items() if native_id not in known]
            touched = self._insert(account, fresh, now, our_handle, closed_before)
            edited = self._edit([(known[i.native_id], i) for i in latest.values() if i.native_id in known], now)
            gone = self._mark_gone(account, deleted)
            self._database.run(
                Bookmark.insert({"account": account, "cursor": bookmark, "fetched_at": moment_out(now)}).on_conflict(
                    conflict_target=(Bookmark.c.account,),
                    preserve=(Bookmark.c.cursor, Bookmark.c.fetched_at),
                )
            )
        return Stored(len(fresh), edited, len(gone), tuple({*touched, *(g for g in gone if g)}))

    def _known(self, account: str, native_ids: list[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for part in chunks(native_ids):
            query = C.select(C.c.id, C.c.native_id, C.c.digest, C.c.text, C.c.state).where(
                (C.c.account == account) & C.c.native_id.in_(part)
            )
            found.update({row["native_id"]: row for row in self._database.rows(query)})
        return found

    def _insert(
        self,
        account: str,
        fresh: list[Incoming],
        now: datetime,
        our_handle: str | None,
        closed_before: datetime | None,
    ) -> list[str]:
        if not fresh:
            return []
        persons = self._persons(account, fresh)
        threads = self._threads(account, [i.thread for i in fresh if i.thread is not None])
        numbers = next_numbers(self._database, "c", len(fresh))
        rows = []
        for number, incoming in zip(numbers, fresh, strict=True):
            own = our_handle is not None and incoming.author.handle == our_handle
            written_at = incoming.written_at or now
            old = closed_before is not None and written_at < closed_before
            rows.append(
                {
                    "number": number,
                    "id": make_id("c", number),
                    "account": account,
                    "native_id": incoming.native_id,
                    "thread": threads[incoming.thread.native_id] if incoming.thread else None,
                    "person": persons[incoming.author.handle],
                    "handle": incoming.author.handle,
                    "form": incoming.form,
                    "text": incoming.text,
                    "private": int(incoming.private),
                    "own": int(own),
                    "reply_to": incoming.reply_to,
                    "url": incoming.url,
                    "rating": incoming.rating,
                    "likes": incoming.likes,
                    "attachments": json.dumps(incoming.attachments),
                    "tag": incoming.language,
                    "written_at": moment_out(written_at),
                    "dated": int(incoming.written_at is not None),
                    "fetched_at": moment_out(now),
                    "digest": _digest(incoming.text),
                    "state": "closed" if own or old else "waiting",
                }
            )
        for part in (rows[start : start + 40] for start in range(0, len(rows), 40)):
            self._database.run(C.insert(part))
        answered = [i.reply_to for i in fresh if i.reply_to and our_handle and i.author.handle == our_handle]
        return self._answered_elsewhere(account, answered)

    def _answered_elsewhere(self, account: str, native_ids: list[str]) -> list[str]:
        groups: list[str] = []
        for part in chunks(native_ids):
            where = (C.c.account == account) & C.c.native_id.in_(part) & C.c.state.in_(("waiting", "snoozed"))
            groups += [row[0] for row in self._database.tuples(C.select(C.c.grouped).where(where)) if row[0]]
            self._database.run(C.update({C.c.state: "answered"}).where(where))
        return groups

    def _persons(self, account: str, fresh: list[Incoming]) -> dict[str, str]:
        authors = {incoming.author.handle: incoming.author for incoming in fresh}
        found: dict[str, str] = {}
        for part in chunks(list(authors)):
            query = AuthorRow.select(AuthorRow.c.handle, AuthorRow.c.person).where(
                (AuthorRow.c.account == account) & AuthorRow.c.handle.in_(part)
            )
            found.update({row[0]: row[1] for row in self._database.tuples(query)})
        unknown = [author for handle, author in authors.items() if handle not in found]
        ids = new_ids(self._database, "u", len(unknown)) if unknown else []
        for part in chunks(list(zip(ids, unknown, strict=True))):
            self._database.run(Person.insert([{"id": i, "name": a.name or a.handle} for i, a in part]))
        for part in (list(zip(ids, unknown, strict=True))[s : s + 150] for s in range(0, len(unknown), 150)):
            rows = [
                {"account": account, "handle": a.handle, "name": a.name, "followers": a.followers, "person": i}
                for i, a in part
            ]
            self._database.run(AuthorRow.insert(rows))
        found.update({author.handle: person for person, author in zip(ids, unknown, strict=True)})
        return found

    def _threads(self, account: str, threads: Sequence[Thread]) -> dict[str, str]:
        wanted = {thread.native_id: thread for thread in threads}
        found: dict[str, str] = {}
        for part in chunks(list(wanted)):
            query = ThreadRow.select(ThreadRow.c.native_id, ThreadRow.c.id).where(
                (ThreadRow.c.account == account) & ThreadRow.c.native_id.in_(part)
            )
            found.update({row[0]: row[1] for row in self._database.tuples(query)})
        unknown = [thread for native_id, thread in wanted.items() if native_id not in found]
        for thread, thread_id in zip(unknown, new_ids(self._database, "t", len(unknown)) if unknown else [], strict=True):
            row = {
                "id": thread_id,
                "account": account,
                "native_id": thread.native_id,
                "text": thread.text,
                "url": thread.url,
            }
            self._database.run(ThreadRow.insert(row))
            found[thread.native_id] = thread_id
        return found

    def _edit(self, pairs: list[tuple[Row, Incoming]], now: datetime) -> int:
        edited = 0
        for row, incoming in pairs:
            digest = _digest(incoming.text)
            if digest == row["digest"]:
                continue
            edited += 1
            self._database.run(
                Revision.insert({"comment": row["id"], "seen_at": moment_out(now), "text": row["text"]})
            )
            self._database.run(
                C.update({C.c.text: incoming.text, C.c.digest: digest, C.c.kind: None}).where(C.c.id == row["id"])
            )
        return edited

    def _mark_gone(self, account: str, native_ids: Sequence[str]) -> list[str | None]:
        groups: list[str | None] = []
        for part in chunks(list(native_ids)):
            where = (C.c.account == account) & C.c.native_id.in_(part) & (C.c.state != "gone")
            groups += [row[0] for row in self._database.tuples(C.select(C.c.grouped).where(where))]
            self._database.run(C.update({C.c.state: "gone"}).where(where))
        return groups

    # --- looking ------------------------------------------------------------------------------------------------

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
        query = self._select().where((C.c.grouped == group) & (C.c.state == "waiting")).order_by(C.c.written_at, C.c.number)
        return [_comment(row) for row in self._database.rows(query.limit(limit) if limit else query)]

    def of_person(self, person: str) -> list[Comment]:
        """Everything one person wrote, oldest first."""
        query = self._select().where(C.c.person == person).order_by(C.c.written_at, C.c.number)
        return [_comment(row) for row in self._database.rows(query)]

    def of_thread(self, thread: str) -> list[Comment]:
        """Everything in one thread, oldest first."""
        query = self._select().where(C.c.thread == thread).order_by(C.c.written_at, C.c.number)
        return [_comment(row) for row in self._database.rows(query)]

    def unread(self, limit: int) -> list[Comment]:
        """Waiting comments nobody has read yet, oldest first."""
        query = self._select().where((C.c.state == "waiting") & C.c.kind.is_null()).order_by(C.c.number).limit(limit)
        return [_comment(row) for row in self._database.rows(query)]

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

    def matching(self, words: str, limit: int = 2000) -> set[str]:
        """Ids of the groups in which a waiting comment's text or handle holds all these words."""
        terms = " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
        if not terms:
            return set()
        query = (
            C.select(C.c.grouped)
            .join(Found, on=(Found.c.rowid == C.c.number))
            .where(SQL("comment_search MATCH ?", (terms,)) & (C.c.state == "waiting"))
            .distinct()
            .limit(limit)
        )
        return {row[0] for row in self._database.tuples(query) if row[0]}

    def copies_on(self, fold: str) -> int:
        """On how many of our accounts the same message (by its folded text) was posted."""
        return int(self._database.value(C.select(fn.COUNT(C.c.account.distinct())).where(C.c.fold == fold)))

    def first_copies(self, folds: Sequence[str]) -> dict[str, str]:
        """The id of the first comment stored with each of these folded texts."""
        found: dict[str, str] = {}
        for part in chunks(list(folds)):
            query = (
                C.select(C.c.fold, C.c.id, fn.MIN(C.c.number)).where(C.c.fold.in_(part)).group_by(C.c.fold)
            )
            found.update({row[0]: row[1] for row in self._database.tuples(query)})
        return found

    # --- changing -----------------------------------------------------------------------------------------------

    def write_reading(
        self, comment: Comment, reading: Reading, *, fold: str, copy_of: str | None, due_at: datetime | None
    ) -> None:
        """Keep what was read in a comment; what a person corrected stays."""
        values = {
            C.c.language: reading.language,
            C.c.kind: reading.kind,
            C.c.tone: reading.tone,
            C.c.topic: reading.topic,
            C.c.confidence: reading.confidence,
            C.c.alternatives: json.dumps(reading.alternatives),
            C.c.escalation: reading.escalation,
            C.c.vulgar: int(reading.vulgar),
            C.c.personal_data: int(reading.personal_data),
            C.c.reasons: json.dumps(reading.reasons, ensure_ascii=False),
            C.c.fold: fold,
            C.c.copy_of: copy_of,
            C.c.due_at: moment_out(due_at) if due_at else None,
        }
        self._database.run(C.update(values).where(C.c.id == comment.id))

    def correct(self, comment: str, values: Mapping[str, str], corrected: Sequence[str]) -> None:
        """A person says what it is: kind, topic or tone, remembered as corrected."""
        update: dict[Any, Any] = {getattr(C.c, name): value for name, value in values.items()}
        update[C.c.corrected] = json.dumps(sorted(corrected))
        if "topic" in values:
            update |= {C.c.confidence: 1.0, C.c.escalation: None}
        self._database.run(C.update(update).where(C.c.id == comment))

    def set_state(
        self, ids: Sequence[str], state: CommentState, *, was: Sequence[CommentState], until: datetime | None = None
    ) -> int:
        """Move comments from one of the states `was` to `state`; how many moved."""
        moved = 0
        for part in chunks(list(ids)):
            moved += self._database.run(
                C.update({C.c.state: state, C.c.snoozed_until: moment_out(until) if until else None}).where(
                    C.c.id.in_(part) & C.c.state.in_(tuple(was))
                )
            )
        return moved

    def due_to_wake(self, now: datetime) -> list[str]:
        """Snoozed comments whose time has come, however long ago."""
        query = C.select(C.c.id).where((C.c.state == "snoozed") & (C.c.snoozed_until <= moment_out(now)))
        return [row[0] for row in self._database.tuples(query)]

    def place(self, ids: Sequence[str], group: str) -> None:
        """Put comments into a group; each gets the next place in the order of joining."""
        numbers = next_numbers(self._database, "joined", len(ids))
        for number, comment in zip(numbers, ids, strict=True):
            self._database.run(
                C.update({C.c.grouped: group, C.c.joined: number}).where(
                    (C.c.id == comment) & (C.c.grouped.is_null() | (C.c.grouped != group))
                )
            )


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _comment(row: Row) -> Comment:
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
    )
