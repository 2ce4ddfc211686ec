"""Comments coming in: stored once, whatever arrives how often, with the bookmark of their page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from caretool.domain.comment import Incoming, Thread
from caretool.store.database import Database, Given, Row, moment_out, optional_moment, storable
from caretool.store.incoming import digest_of, is_edited, is_ours, row_of, windows_of, without_odd_bytes
from caretool.store.numbers import among, chunks, new_ids, next_numbers, texts
from caretool.store.schema import ONE, Account, AuthorRow, Bookmark, Person, Revision, ThreadRow
from caretool.store.schema import Comment as C
from caretool.store.schema import Reply as R
from caretool.store.tombstones import Tombstones

_KNOWN = ("id", "native_id", "digest", "text", "own", "watch")

# A page at once: a trigger that did it for each row took a third of the time of storing.
_SEARCHABLE = """INSERT INTO comment_search(rowid, text, handle)
    SELECT number, text, handle FROM comment WHERE number BETWEEN ? AND ?"""


@dataclass(frozen=True, slots=True)
class Visited:
    """How an account's fetches went: `facts` are what its connector learned (see `Page.facts`), `fetched_at` the last
    that read everything, `failed_at` and `error` the last one since that did not, or the last time since that the token
    was refused."""

    facts: str | None = None
    fetched_at: datetime | None = None
    failed_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What one page brought: how many comments of others were new, how many edited, seen deleted; the groups to count
    anew; how many were `held_back`, as nobody can tell whether they were forgotten."""

    new: int = 0
    edited: int = 0
    deleted: int = 0
    touched_groups: tuple[str, ...] = ()
    held_back: int = 0


class Arrivals:
    """What fetching writes."""

    def __init__(self, database: Database, door: Tombstones) -> None:
        """`door` keeps away what was forgotten."""
        self._database = database
        self._door = door

    def bookmark(self, account: str) -> str | None:
        """Where the last fetch of this account got to; None before the first."""
        for cursor, _ in self._database.often(_bookmark, account=account):
            found: str | None = cursor
            return found
        return None

    def first_fetch_bound(self, account: str) -> datetime | None:
        """What is older is closed: kept from the beginning of an account's first fetch until that has ended."""
        for _, closed_before in self._database.often(_bookmark, account=account):
            return optional_moment(closed_before)
        return None

    def fetched(self, account: str, at: datetime) -> None:
        """A fetch has read everything: from now on nothing is too old."""
        with self._database.writing():
            self._database.run(Bookmark.update({Bookmark.c.closed_before: None}).where(Bookmark.c.account == account))
            self._visit(account, fetched_at=moment_out(at), failed_at=None, error=None)

    def failed(self, account: str, at: datetime, why: str) -> None:
        """A fetch has stopped early, or the token was refused while something else was done."""
        self._visit(account, failed_at=moment_out(at), error=storable(why))

    def learn(self, account: str, facts: str) -> None:
        """Keep what a connector has learned of the place."""
        self._visit(account, facts=storable(facts))

    def visited(self, account: str) -> Visited:
        """How the account's fetches went."""
        row = self._database.one(Account.select().where(Account.c.name == account))
        if row is None:
            return Visited()
        return Visited(
            row["facts"], optional_moment(row["fetched_at"]), optional_moment(row["failed_at"]), row["error"]
        )

    def _visit(self, account: str, **values: str | None) -> None:
        self._database.run(
            Account.insert({"name": account, **values}).on_conflict(
                conflict_target=(Account.c.name,), update={getattr(Account.c, name): v for name, v in values.items()}
            )
        )

    def add_page(
        self,
        account: str,
        comments: Sequence[Incoming],
        *,
        bookmark: str | None,
        now: datetime,
        our_handle: str | None = None,
        deleted: Sequence[str] = (),
        closed_before: datetime | None = None,
        facts: str | None = None,
        watch: str | None = None,
    ) -> Stored:
        """Store one page and its bookmark (None: it stays where it is) in one transaction; what is known already is
        compared, not doubled.

        Comments older than `closed_before` (an account's first fetch) and our own posts never wait. `watch` is what
        found the page: what was said to us stays as it is. None: it was said to us, and so is from now on what a watch
        had found of it.
        """
        latest = {incoming.native_id: incoming for incoming in map(without_odd_bytes, comments)}
        with self._database.writing():
            known = self._known(account, list(latest))
            unknown = [incoming for native_id, incoming in latest.items() if native_id not in known]
            told_apart = self._door.told_apart(unknown)
            fresh = self._door.let_in(account, told_apart)
            touched = self._insert(account, fresh, now, our_handle, closed_before, watch)
            seen = [(known[i.native_id], i) for i in latest.values() if i.native_id in known]
            if watch is None:
                self._said_to_us([row["id"] for row in known.values() if row["watch"] is not None])
            else:  # a search may show less of what was said to us than we were told
                seen = [(row, incoming) for row, incoming in seen if row["watch"] is not None]
            edited = self._edit(seen, now)
            gone = self._mark_gone(account, deleted)
            if bookmark is not None:
                self._keep_bookmark(account, bookmark, closed_before)
            if facts is not None:
                self.learn(account, facts)
        theirs = sum(not is_ours(incoming, our_handle) for incoming in fresh)
        held_back = len(unknown) - len(told_apart)
        return Stored(theirs, edited, len(gone), tuple({*touched, *(g for g in gone if g)}), held_back)

    def revise(self, account: str, comments: Sequence[Incoming], now: datetime) -> list[str]:
        """Compare known comments with how they read now; the ids of those whose text is another. Inside a
        transaction."""
        latest = {incoming.native_id: incoming for incoming in map(without_odd_bytes, comments)}
        known = self._known(account, list(latest))
        self._edit([(row, latest[native_id]) for native_id, row in known.items()], now)
        pairs = [(row, latest[native_id]) for native_id, row in known.items()]
        return [row["id"] for row, read in pairs if row["text"] != read.text and is_edited(row, digest_of(read))]

    def _keep_bookmark(self, account: str, bookmark: str, closed_before: datetime | None) -> None:
        bound = moment_out(closed_before) if closed_before else None
        self._database.often(_bookmark_kept, account=account, cursor=bookmark, closed_before=bound)

    def _known(self, account: str, native_ids: list[str]) -> dict[str, Row]:
        found = self._database.often(_known, account=account, native_ids=texts(native_ids))
        return {row[1]: dict(zip(_KNOWN, row, strict=True)) for row in found}

    def _insert(
        self,
        account: str,
        fresh: list[Incoming],
        now: datetime,
        our_handle: str | None,
        closed_before: datetime | None,
        watch: str | None,
    ) -> list[str]:
        if not fresh:
            return []
        persons, threads = self._persons(account, fresh), self._threads(account, [i.thread for i in fresh if i.thread])
        numbers = next_numbers(self._database, "c", len(fresh))
        rows = [
            row_of(number, account, one, now, our_handle, closed_before, watch)
            | {"person": persons[one.author.handle], "thread": threads[one.thread.native_id] if one.thread else None}
            for number, one in zip(numbers, fresh, strict=True)
        ]
        self._database.insert(C, rows)
        self._database.statement(_SEARCHABLE, (numbers[0], numbers[-1]))
        ours = [incoming for incoming in fresh if is_ours(incoming, our_handle)]
        return self._answered_elsewhere(account, self._answered_by(account, fresh, ours))

    def _answered_by(self, account: str, fresh: list[Incoming], ours: list[Incoming]) -> list[str]:
        """What our posts among these answer, and what among these ours of before answer: those given elsewhere."""
        here = self._from_here(account, [incoming.native_id for incoming in ours])
        elsewhere = (incoming.reply_to for incoming in ours if incoming.native_id not in here)
        answered = [replied for replied in elsewhere if replied and not self._leaving_below(account, replied)]
        return answered + self._replied_to(account, [incoming.native_id for incoming in fresh])

    def _from_here(self, account: str, native_ids: list[str]) -> set[str]:
        """Those that left from our own outbox: what they answer is written there."""
        if not native_ids:
            return set()
        return {row[0] for row in self._database.often(_from_here, account=account, native_ids=texts(native_ids))}

    def _leaving_below(self, account: str, native_id: str) -> bool:
        """Whether an answer to others of the thread that this comment opens is on its way: it stands below this one."""
        leaving = (R.c.account == account) & R.c.state.in_(("sending", "unsure"))
        query = (
            R.select(R.c.id)
            .join(ThreadRow, on=(ThreadRow.c.id == R.c.thread))
            .where(leaving & (R.c.mode == "together") & (ThreadRow.c.native_id == native_id))
        )
        return self._database.one(query) is not None

    def _replied_to(self, account: str, native_ids: list[str]) -> list[str]:
        """Those of these comments that a post of ours, stored before they came, replies to."""
        posts = dict(self._database.often(_replying_to, account=account, native_ids=texts(native_ids)))
        here = self._from_here(account, list(posts))
        return [reply_to for native_id, reply_to in posts.items() if native_id not in here]

    def _answered_elsewhere(self, account: str, native_ids: list[str]) -> list[str]:
        groups: list[str] = []
        for part in chunks(native_ids):
            where = (C.c.account == account) & C.c.native_id.in_(part) & C.c.state.in_(("waiting", "snoozed", "queued"))
            groups += [row[0] for row in self._database.tuples(C.select(C.c.grouped).where(where)) if row[0]]
            self._database.run(C.update({C.c.state: "answered"}).where(where))
        return groups

    def _said_to_us(self, ids: Sequence[str]) -> None:
        """What a watch had found came as a mention, too: it is read again, and joins those that did."""
        for part in chunks(list(ids)):
            self._database.run(C.update({C.c.watch: None}).where(C.c.id.in_(part)))
            self._database.run(C.update({C.c.unread: 1}).where(C.c.id.in_(part) & (C.c.state == "waiting")))

    def _persons(self, account: str, fresh: list[Incoming]) -> dict[str, str]:
        authors = {incoming.author.handle: incoming.author for incoming in fresh}
        found = dict(self._database.often(_authors, account=account, handles=texts(authors)))
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
        found = dict(self._database.often(_open_threads, account=account, native_ids=texts(wanted)))
        unknown = [thread for native_id, thread in wanted.items() if native_id not in found]
        ids = new_ids(self._database, "t", len(unknown)) if unknown else []
        rows = [
            {"id": i, "account": account, "native_id": one.native_id, "text": one.text, "url": one.url}
            for i, one in zip(ids, unknown, strict=True)
        ]
        self._database.insert(ThreadRow, rows)
        found.update({row["native_id"]: row["id"] for row in rows})
        return found

    def _edit(self, pairs: list[tuple[Row, Incoming]], now: datetime) -> int:
        """What changed of known comments; a new text keeps the old one as a revision. It is read again."""
        edited = 0
        for row, incoming in pairs:
            digest = digest_of(incoming)
            if not is_edited(row, digest):
                continue
            if incoming.text != row["text"]:
                edited += 1
                old = {"comment": row["id"], "seen_at": moment_out(now), "text": row["text"]}
                self._database.run(Revision.insert(old))
            values = {
                C.c.text: incoming.text,
                C.c.private: int(incoming.private),
                C.c.rating: incoming.rating,
                C.c.warning: incoming.warning,
                C.c.digest: digest,
                C.c.unread: int(not row["own"]),
                **{getattr(C.c, name): at for name, at in windows_of(incoming).items()},
            }
            self._database.run(C.update(values).where(C.c.id == row["id"]))
        return edited

    def _mark_gone(self, account: str, native_ids: Sequence[str]) -> list[str | None]:
        groups: list[str | None] = []
        for part in chunks(list(native_ids)):
            where = (C.c.account == account) & C.c.native_id.in_(part) & (C.c.state != "gone")
            groups += [row[0] for row in self._database.tuples(C.select(C.c.grouped).where(where))]
            self._database.run(C.update({C.c.state: "gone"}).where(where))
        return groups


def _bookmark() -> Any:
    return Bookmark.select(Bookmark.c.cursor, Bookmark.c.closed_before).where(Bookmark.c.account == Given("account"))


def _bookmark_kept() -> Any:
    row = {name: Given(name) for name in ("account", "cursor", "closed_before")}
    preserve = (Bookmark.c.cursor, Bookmark.c.closed_before)
    return Bookmark.insert(row).on_conflict(conflict_target=(Bookmark.c.account,), preserve=preserve)


def _known() -> Any:
    here = (C.c.account == Given("account")) & among(C.c.native_id, Given("native_ids"))
    return C.select(*(getattr(C.c, name) for name in _KNOWN)).where(here)


def _from_here() -> Any:
    return R.select(R.c.native_id).where((R.c.account == Given("account")) & among(R.c.native_id, Given("native_ids")))


def _replying_to() -> Any:
    ours = (C.c.account == Given("account")) & (C.c.own == ONE) & among(C.c.reply_to, Given("native_ids"))
    return C.select(C.c.native_id, C.c.reply_to).where(ours)


def _authors() -> Any:
    here = (AuthorRow.c.account == Given("account")) & among(AuthorRow.c.handle, Given("handles"))
    return AuthorRow.select(AuthorRow.c.handle, AuthorRow.c.person).where(here)


def _open_threads() -> Any:
    here = (ThreadRow.c.account == Given("account")) & among(ThreadRow.c.native_id, Given("native_ids"))
    return ThreadRow.select(ThreadRow.c.native_id, ThreadRow.c.id).where(here)
