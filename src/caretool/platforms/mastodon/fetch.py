"""What is new of us on a Mastodon server: mentions, what we wrote there ourselves, edits and deletions of the latest.

Both lists are walked forward from a bookmark that holds the server's own places in them; ids are never compared here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from caretool.domain.comment import Incoming, Thread
from caretool.errors import PlatformFailed
from caretool.platforms.mastodon.server import Listing, Server
from caretool.platforms.mastodon.wire import Facts, Status, WireError, identifier, read_status
from caretool.platforms.platform import Page, Skipped

# So many of the latest mentions are read again at the end of every fetch.
_WATCHED = 80
# In the place of the time of its edit: the mention was deleted, but it was read, and counts among the latest.
_GONE = ""
# After so many conversations that could not be read, no more are asked for in this fetch: each takes its time to fail.
_PATIENCE = 3
# So many statuses are known as somebody's parent: a conversation above an older one is asked for once more.
_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Our places among the mentions and among what we wrote (None: not begun), and the latest mentions as they were
    read: their ids, oldest first, and when each was edited (`_GONE`: deleted)."""

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
        return json.dumps({"mentions": self.mentions, "written": self.written, "watched": self.watched})

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
        for listing in self._server.mentions_after(self._mark.mentions):
            statuses, skipped = _mentioning(listing)
            self._mark = replace(self._mark, mentions=listing.after, watched=self._mark.watching(statuses))
            yield self._page(statuses, skipped=tuple(skipped))

    def _written(self) -> Iterator[Page]:
        """By us: so it is seen when one of us answered elsewhere."""
        ours, place = self._facts.id or "", self._mark.written
        for listing in self._recent(ours) if place is None else self._server.written_after(ours, place):
            statuses = [read for read in map(_status, reversed(listing.items)) if isinstance(read, Status)]
            self._mark = replace(self._mark, written=listing.after)
            yield self._page([status for status in statuses if status.account == self._facts.id])

    def _recent(self, ours: str) -> list[Listing]:
        """What we wrote since `since`, oldest first."""
        listings: list[Listing] = []
        for listing in self._server.written_before(ours):
            listings.append(listing)
            oldest = _status(listing.items[-1])
            if isinstance(oldest, Status) and self._is_old(oldest):
                break
        return listings[::-1]

    def _again(self) -> Iterator[Page]:
        """The latest mentions once more: those edited since they were read, those that are gone, and those that others
        had overtaken when they were read."""
        if self._mark.mentions is None:
            return
        watched = self._mark.watched
        listing = self._server.mentions(None)
        now = {status.id: status for status in _mentioning(listing)[0]}
        asked = [status_id for status_id, edited_at in watched.items() if status_id not in now and edited_at != _GONE]
        standing = self._server.statuses(asked, self._facts)
        now |= standing.seen
        edited = [now[i] for i, edited_at in watched.items() if i in now and now[i].edited_at != edited_at]
        late = self._overtaken(listing)
        gone = tuple(status_id for status_id in asked if status_id in standing.gone)
        if edited or gone or late:
            told = {status.id: status.edited_at for status in edited} | dict.fromkeys(gone, _GONE)
            self._mark = replace(self._mark, watched=replace(self._mark, watched=watched | told).watching(late))
            yield self._page([*edited, *late], deleted=gone)

    def _overtaken(self, newest: Listing) -> list[Status]:
        """Those among the newest that stand between mentions we have read, and were not there then: what is above our
        place is the next fetch's, and below the oldest watched one all has been read long ago."""
        watched = self._mark.watched
        read = [at for at, item in enumerate(newest.items) if self._is_read(item)]
        if not read:
            return []
        end = read[-1] if len(watched) == _WATCHED else len(newest.items)
        between = replace(newest, items=newest.items[read[0] : end])
        return [status for status in _mentioning(between)[0] if status.id not in watched]

    def _is_read(self, item: object) -> bool:
        notification = item if isinstance(item, dict) else {}
        status = _status(notification.get("status"))
        watched = isinstance(status, Status) and status.id in self._mark.watched
        return watched or identifier(notification, "id") == self._mark.mentions

    def _page(
        self, statuses: list[Status], *, deleted: tuple[str, ...] = (), skipped: tuple[Skipped, ...] = ()
    ) -> Page:
        comments = tuple(self._comment(status) for status in self._in_order(statuses))
        remarks = self._conversations.remarks()
        return Page(comments, str(self._mark), deleted=deleted, skipped=skipped, remarks=remarks)

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
    """Which conversation a status belongs to, asked once for each unknown parent. One that cannot be read keeps no
    comment back: it is then known by that parent."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: dict[str, Status] = {}
        self._asked: set[str] = set()
        self._failed = 0
        self._remarks: list[str] = []

    def remarks(self) -> tuple[str, ...]:
        """What could not be read since this was asked last."""
        told, self._remarks = tuple(self._remarks), []
        return told

    def remember(self, status: Status) -> None:
        self._known[status.id] = status
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    def thread(self, status: Status, *, ask: bool) -> Thread:
        """Of the conversation's first status; of the one below it where the first is gone, or not for our eyes."""
        top = self._top(status)
        if ask and top.parent is not None and top.parent not in self._asked and self._failed < _PATIENCE:
            self._asked.add(top.parent)
            try:
                above = self._server.ancestors(top.id)
            except PlatformFailed as problem:
                self._failed += 1
                self._remarks.append(f"The conversation above {top.id} cannot be read ({problem}).")
                above = []
            for ancestor in above:
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
