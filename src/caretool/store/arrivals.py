"""Comments coming in: stored once, whatever arrives how often, with the bookmark of their page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from caretool.domain.comment import Incoming, Thread
from caretool.domain.ids import make_id
from caretool.store.database import Database, Row, moment_out
from caretool.store.numbers import chunks, new_ids, next_numbers
from caretool.store.schema import AuthorRow, Bookmark, Person, Revision, ThreadRow
from caretool.store.schema import Comment as C


@dataclass(frozen=True, slots=True)
class Stored:
    """What one page brought: how many comments were new, edited, seen deleted; the groups to count anew."""

    new: int = 0
    edited: int = 0
    deleted: int = 0
    touched_groups: tuple[str, ...] = ()


class Arrivals:
    """What fetching writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        self._database.insert(C, rows)
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
        known = list(zip(ids, unknown, strict=True))
        self._database.insert(Person, [{"id": i, "name": a.name or a.handle} for i, a in known])
        rows = [
            {"account": account, "handle": a.handle, "name": a.name, "followers": a.followers, "person": i}
            for i, a in known
        ]
        self._database.insert(AuthorRow, rows)
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
        for thread, thread_id in zip(
            unknown, new_ids(self._database, "t", len(unknown)) if unknown else [], strict=True
        ):
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
            self._database.run(Revision.insert({"comment": row["id"], "seen_at": moment_out(now), "text": row["text"]}))
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


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
