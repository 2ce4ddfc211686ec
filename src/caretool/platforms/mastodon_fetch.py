"""What is new of us on a Mastodon server: mentions, what we wrote there ourselves, edits and deletions of the latest.

Both lists are walked forward from a bookmark that holds the server's own places in them; ids are never compared here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from caretool.domain.comment import Incoming, Thread
from caretool.platforms.mastodon_server import Listing, Server
from caretool.platforms.mastodon_wire import Facts, Status, WireError, read_status
from caretool.platforms.platform import Page, Skipped

# So many of the latest mentions are read again at the end of every fetch.
_WATCHED = 80
# Before the first id of any server: numbers count from 1, and letters come after "0".
_FIRST = "0"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Our places among the mentions and among what we wrote (None: not begun), and the latest mentions as they were
    read: their ids, oldest first, and when each was edited."""

    mentions: str | None = None
    written: str | None = None
    watched: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Bookmark:
        """The beginning where there is none, or where another platform left it: the account's name was used before."""
        try:
            mark = cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return cls()
        sound = isinstance(mark.watched, dict) and all(
            place is None or isinstance(place, str) for place in (mark.mentions, mark.written, *mark.watched.values())
        )
        return mark if sound else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def watching(self, statuses: list[Status]) -> dict[str, str | None]:
        """The latest ones with these, which came after them."""
        watched = self.watched | {status.id: status.edited_at for status in statuses}
        return dict(list(watched.items())[-_WATCHED:])


class Fetch:
    """One fetch, from `bookmark` on. `since`: conversations of what is older are not looked up, and what we wrote
    before it is not read when an account is fetched for the first time (None: all of it is)."""

    def __init__(self, server: Server, facts: Facts, since: datetime | None, bookmark: Bookmark) -> None:
        self._server = server
        self._facts = facts
        self._since = since
        self._mark = bookmark
        self._conversations = _Conversations(server)

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        yield from self._mentions()
        yield from self._written()
        yield from self._again()

    def _mentions(self) -> Iterator[Page]:
        while True:
            listing = self._server.mentions(self._mark.mentions or _FIRST)
            if not listing.items or listing.after in (None, self._mark.mentions):
                return
            statuses, skipped = _mentioning(listing)
            self._mark = replace(self._mark, mentions=listing.after, watched=self._mark.watching(statuses))
            yield self._page(statuses, skipped=tuple(skipped))

    def _written(self) -> Iterator[Page]:
        """By us: so it is seen when one of us answered elsewhere."""
        for listing in self._recent() if self._mark.written is None else self._later():
            statuses = [read for read in map(_status, reversed(listing.items)) if isinstance(read, Status)]
            self._mark = replace(self._mark, written=listing.after)
            yield self._page([status for status in statuses if status.account == self._facts.id])

    def _recent(self) -> list[Listing]:
        """What we wrote since `since`, oldest first."""
        listings: list[Listing] = []
        before: str | None = None
        while True:
            listing = self._server.written(self._facts.id or "", before=before)
            if not listing.items:
                break
            listings.append(listing)
            oldest = _status(listing.items[-1])
            if listing.before in (None, before) or (isinstance(oldest, Status) and self._is_old(oldest)):
                break
            before = listing.before
        return listings[::-1]

    def _later(self) -> Iterator[Listing]:
        while True:
            listing = self._server.written(self._facts.id or "", after=self._mark.written)
            if not listing.items or listing.after in (None, self._mark.written):
                return
            yield listing

    def _again(self) -> Iterator[Page]:
        """The latest mentions once more: those edited since they were read, and those that are gone."""
        watched = self._mark.watched
        if not watched:
            return
        now = {status.id: status for status in _mentioning(self._server.mentions(None))[0]}
        now |= self._server.statuses([status_id for status_id in watched if status_id not in now], self._facts)
        edited = [now[i] for i, edited_at in watched.items() if i in now and now[i].edited_at != edited_at]
        gone = tuple(status_id for status_id in watched if status_id not in now)
        if edited or gone:
            standing = {status_id: now[status_id].edited_at for status_id in watched if status_id in now}
            self._mark = replace(self._mark, watched=standing)
            yield self._page(edited, deleted=gone)

    def _page(
        self, statuses: list[Status], *, deleted: tuple[str, ...] = (), skipped: tuple[Skipped, ...] = ()
    ) -> Page:
        comments = tuple(self._comment(status) for status in self._in_order(statuses))
        return Page(comments, str(self._mark), deleted=deleted, skipped=skipped)

    def _in_order(self, statuses: list[Status]) -> list[Status]:
        """Oldest first: a status of another server may come late. Each is remembered as somebody's parent."""
        for status in statuses:
            self._conversations.remember(status)
        dated = [status for status in statuses if status.created_at is not None]
        undated = [status for status in statuses if status.created_at is None]
        return sorted(dated, key=lambda status: str(status.created_at)) + undated

    def _comment(self, status: Status) -> Incoming:
        ours = status.account == self._facts.id
        return status.incoming(
            own=ours, thread=self._conversations.thread(status, ask=not (ours or self._is_old(status)))
        )

    def _is_old(self, status: Status) -> bool:
        return self._since is not None and status.created_at is not None and status.created_at < self._since


class _Conversations:
    """Which conversation a status belongs to, asked once for each unknown parent."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: dict[str, Status] = {}
        self._asked: set[str] = set()

    def remember(self, status: Status) -> None:
        self._known[status.id] = status

    def thread(self, status: Status, *, ask: bool) -> Thread:
        """Of the conversation's first status; of the one below it where the first is gone, or not for our eyes."""
        top = self._top(status)
        if ask and top.parent is not None and top.parent not in self._asked:
            self._asked.add(top.parent)
            for ancestor in self._server.ancestors(top.id):
                self.remember(ancestor)
            top = self._top(status)
        return top.thread if top.parent is None else Thread(top.parent)

    def _top(self, status: Status) -> Status:
        """The highest known status above this one (or itself)."""
        climbed = {status.id}
        while status.parent in self._known and status.parent not in climbed:
            status = self._known[status.parent]
            climbed.add(status.id)
        return status


def _mentioning(listing: Listing) -> tuple[list[Status], list[Skipped]]:
    """The statuses in a page of notifications, oldest first, and what could not be read."""
    statuses: list[Status] = []
    skipped: list[Skipped] = []
    for item in reversed(listing.items):
        notification = item if isinstance(item, dict) else {}
        if notification.get("type", "mention") != "mention":
            continue
        read = _status(notification.get("status"))
        if isinstance(read, Status):
            statuses.append(read)
        else:
            skipped.append(Skipped(f"notification {notification.get('id', '?')}", read))
    return statuses, skipped


def _status(data: object) -> Status | str:
    """The status, or why it is none."""
    try:
        return read_status(data)
    except WireError as problem:
        return str(problem)
