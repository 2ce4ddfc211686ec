"""What is new under all that our channel has: threads by their time, their replies, edits and deletions of the latest.

YouTube lists threads, the newest first, without a lower bound, and shows some of their replies. A reply does not surely
move its thread: how many there are is looked at again for the latest threads, at each fetch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from caretool.domain.comment import Incoming
from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.descent import Descent, Entry, Listing, Sick, Trail, walk
from caretool.platforms.platform import Page, Skipped
from caretool.platforms.youtube.server import HELD, HeldStatus, Listed, Server, Status
from caretool.platforms.youtube.wire import Facts, Talk, Written, incoming

_NEVER = datetime.max.replace(tzinfo=UTC)
_PUBLISHED: Status = "published"
_SAYS = {
    "heldForReview": "held for review",
    "likelySpam": "taken for spam",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A thread as it was read: when it began, how many replies it had, when the newest of them was written, and whether
    we could reply."""

    at: str
    total: int
    newest: str
    can_reply: bool


@dataclass(frozen=True, slots=True)
class Owed:
    """A thread whose replies are still to be read: those after `newest`, `more` in all (0: nobody knows)."""

    video: str | None
    can_reply: bool
    newest: str
    more: int


@dataclass
class Mark:
    """Where fetching stands: for which `channel`; each listing's descent; whose replies are `owed`; the latest threads
    and comments as they were read, the latter with the times of writing and of the last edit. `begun`: what was there
    before the first fetch has been looked at."""

    channel: str
    walks: dict[str, Descent] = field(default_factory=dict)
    owed: dict[str, Owed] = field(default_factory=dict)
    threads: dict[str, Known] = field(default_factory=dict)
    comments: dict[str, tuple[str, str]] = field(default_factory=dict)
    begun: bool = False

    @classmethod
    def parse(cls, text: str | None, channel: str) -> Mark:
        """The beginning where there is none, or where it is another channel's or another platform's."""
        try:
            kept = json.loads(text or "{}")
            if not isinstance(kept, dict) or kept.get("channel") != channel:
                return cls(channel)
            return cls(
                channel,
                {str(status): Descent.parse(walked) for status, walked in kept["walks"].items()},
                {str(one): Owed(**what) for one, what in kept["owed"].items()},
                {str(one): Known(*what) for one, what in kept["threads"].items()},
                {str(one): (str(at), str(updated)) for one, (at, updated) in kept["comments"].items()},
                kept["begun"] is True,
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(channel)

    def __str__(self) -> str:
        kept: dict[str, Any] = {
            "channel": self.channel,
            "walks": {status: descent.plain() for status, descent in self.walks.items()},
            "owed": {one: asdict(what) for one, what in self.owed.items()},
            "threads": {one: [what.at, what.total, what.newest, what.can_reply] for one, what in self.threads.items()},
            "comments": self.comments,
            "begun": self.begun,
        }
        return json.dumps(kept)


class Fetch:
    """One fetch, from `mark` on, which moves with it. `since` is how far back a first one goes (None: to the end);
    `rescan` is how many of the latest threads and comments are looked at again."""

    def __init__(
        self,
        server: Server,
        facts: Facts,
        mark: Mark,
        *,
        since: datetime | None,
        held: Sequence[HeldStatus],
        rescan: int,
    ) -> None:
        self._server = server
        self._ours = facts.id or ""
        self._mark = mark
        self._since = since
        self._held = held
        self._rescan = rescan
        self._titles: dict[str, str | None] = {}
        self._skipped: list[Skipped] = []
        self._newest: Listed[Talk] | None = None
        self._told = str(mark)
        self._sick = Sick()
        self._unread: set[str] = set()

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        yield from self._settle()
        yield from self._walk(_PUBLISHED)
        for status in self._held:
            yield from self._walk(status)
        yield from self._again()
        self._sick.tell()

    def _walk(self, status: Status) -> Iterator[Page]:
        """Threads that are new."""

        def ask(cursor: str | None) -> Listing[Talk]:
            listed = self._server.talks_of_channel(self._ours, status, cursor)
            if status == _PUBLISHED and cursor is None:
                self._newest = listed
            self._skipped += listed.skipped
            return Listing([Entry(talk.id, talk.first.at, talk) for talk in listed.items], listed.older)

        before = self._mark.walks.get(status, Descent())
        for step in walk(before, ask, oldest=self._since if before.floor is None else None):
            self._mark.walks[status] = step.descent
            talks = [entry.what for entry in step.entries]
            comments = self._read(talks, status)
            self._prune()
            yield from self._page(comments, _remark(talks, status))
            yield from self._settle()

    def _read(self, talks: Iterable[Talk], status: Status = _PUBLISHED) -> list[Incoming]:
        """All that is shown of these threads; the rest is owed. What is not published is not looked at again: whether
        YouTube shows it by its id is not said."""
        comments: list[Incoming] = []
        self._name([talk.video for talk in talks])
        for talk in talks:
            self._owe(talk, talk.first.at.isoformat(), talk.total)
            comments += [self._comment(one, talk) for one in talk.comments]
            if status == _PUBLISHED:
                self._know(talk)
                self._watch(talk.comments)
        return comments

    def _owe(self, talk: Talk, newest: str, more: int) -> None:
        if talk.total > len(talk.shown):
            self._mark.owed[talk.id] = Owed(talk.video, talk.can_reply, newest, more)

    def _settle(self) -> Iterator[Page]:
        """The replies that are owed, thread by thread. One that cannot be read keeps no other back: where YouTube will
        not show it nothing is owed any more, else it is tried again by the next fetch, after the others."""
        for top, owed in list(self._mark.owed.items()):
            if top in self._unread or self._sick.many:
                continue
            try:
                yield from self._owed(top, owed)
            except Refused as problem:
                del self._mark.owed[top]
                yield from self._page([], (f"The replies to {top} cannot be read ({problem}).",))
            except PlatformFailed as problem:
                self._unread.add(top)
                self._sick.met(problem)
                self._mark.owed[top] = self._mark.owed.pop(top)
                yield from self._page([])

    def _owed(self, top: str, owed: Owed) -> Iterator[Page]:
        """The replies of one thread; the mark moves when all were read."""
        found, newest, page, trail = 0, owed.newest, None, Trail()
        while True:
            listed = self._server.replies(top, page, fetching=True)
            self._skipped += listed.skipped
            written = [reply.at.isoformat() for reply in listed.items]
            found += sum(at > owed.newest for at in written)
            newest = max([newest, *written])
            page = trail.on(listed.older) if not 0 < owed.more <= found else None
            self._name([owed.video])
            self._watch(listed.items)
            if page is None:
                del self._mark.owed[top]
                self._newer(top, newest)
            self._prune()
            yield from self._page([self._reply(reply, owed) for reply in listed.items])
            if page is None:
                return

    def _reply(self, reply: Written, owed: Owed) -> Incoming:
        talk = Talk(reply, owed.video, None, owed.can_reply, 0)
        return self._comment(reply, talk)

    def _again(self) -> Iterator[Page]:
        """The latest threads and comments once more: new replies, what was edited, what is gone, and threads that were
        let in after later ones had been read."""
        if not self._rescan:
            return
        window = self._window()
        now = {one.id: one for talk in window for one in talk.comments}
        comments = self._changed(window)
        edited, gone = self._standing(now)
        self._mark.begun = True
        self._prune()
        yield from self._page([*comments, *edited], deleted=gone)
        yield from self._settle()

    def _window(self) -> list[Talk]:
        """The latest threads; the first page of them was asked for by the walk."""
        listed = self._newest or self._server.talks_of_channel(self._ours, _PUBLISHED, None)
        talks, trail = list(listed.items), Trail()
        while (page := trail.on(listed.older)) is not None and len(talks) < self._rescan:
            listed = self._server.talks_of_channel(self._ours, _PUBLISHED, page)
            talks += listed.items
        return talks[: self._rescan]

    def _changed(self, window: list[Talk]) -> list[Incoming]:
        """What is new in these threads since they were read, and threads that were let in after those below them."""
        full = len(self._mark.threads) >= self._rescan
        oldest = min(known.at for known in self._mark.threads.values()) if full else ""
        comments: list[Incoming] = []
        for talk in window:
            known = self._mark.threads.get(talk.id)
            if known is not None:
                comments += self._grown(talk, known)
            elif talk.first.at.isoformat() >= oldest and (self._mark.begun or not self._too_old(talk)):
                comments += self._read([talk])
            elif not self._mark.begun and self._since is not None:
                comments += self._grown(talk, Known("", talk.total, self._since.isoformat(), talk.can_reply))
            self._know(talk)
        return comments

    def _too_old(self, talk: Talk) -> bool:
        """For a first fetch."""
        return self._since is not None and talk.first.at < self._since

    def _grown(self, talk: Talk, known: Known) -> list[Incoming]:
        """The replies that a thread has got. All are read where fewer are shown as new than it grew by, or where all
        that are shown are new."""
        fresh: Sequence[Written] = [reply for reply in talk.shown if reply.at.isoformat() > known.newest]
        more = talk.total - known.total
        if len(fresh) < more:
            self._owe(talk, known.newest, more)
            fresh = fresh if talk.id in self._mark.owed else talk.shown
        elif fresh and len(fresh) == len(talk.shown) != more:
            self._owe(talk, known.newest, 0)
        if known.can_reply != talk.can_reply:
            fresh = talk.comments
        if fresh:
            self._name([talk.video])
            self._watch(fresh)
        return [self._comment(one, talk) for one in fresh]

    def _standing(self, now: dict[str, Written]) -> tuple[list[Incoming], tuple[str, ...]]:
        """Which of the latest comments were edited, and which are gone; `now` are those that were just seen."""
        watched = self._mark.comments
        asked = [one for one in watched if one not in now]
        seen = now | self._server.comments(asked, fetching=True)
        gone = missing(self._server, [one for one in asked if one not in seen], self._ours, fetching=True)
        edited = [seen[one] for one, (_, updated) in watched.items() if one in seen and seen[one].updated != updated]
        for one in gone:
            del watched[one]
        self._watch(edited)
        talks = self._server.talks([one.top for one in edited], fetching=True) if edited else {}
        self._name([talk.video for talk in talks.values()])
        return [self._comment(one, talks.get(one.top)) for one in edited], tuple(gone)

    def _comment(self, written: Written, talk: Talk | None) -> Incoming:
        video = (talk.video if talk is not None else None) or written.video
        return incoming(written, talk, self._titles.get(video or ""), self._ours)

    def _name(self, videos: Iterable[str | None]) -> None:
        """Learn what these videos are called: a thread is known by it. One that cannot be had is left out."""
        asked = [video for video in dict.fromkeys(videos) if video and video not in self._titles]
        if not asked:
            return
        try:
            found = self._server.videos(asked, fetching=True)
        except Refused:
            found = {}
        self._titles |= {video: found[video].title if video in found else None for video in asked}

    def _know(self, talk: Talk) -> None:
        known = self._mark.threads.get(talk.id)
        newest = max(one.at for one in talk.comments).isoformat()
        newest = max(newest, known.newest) if known is not None else newest
        self._mark.threads[talk.id] = Known(talk.first.at.isoformat(), talk.total, newest, talk.can_reply)

    def _newer(self, top: str, newest: str) -> None:
        known = self._mark.threads.get(top)
        if known is not None:
            self._mark.threads[top] = replace(known, newest=max(known.newest, newest))

    def _watch(self, written: Iterable[Written]) -> None:
        self._mark.comments |= {one.id: (one.at.isoformat(), one.updated) for one in written}

    def _prune(self) -> None:
        """Only the latest are looked at again."""
        threads = sorted(self._mark.threads.items(), key=lambda item: item[1].at, reverse=True)
        comments = sorted(self._mark.comments.items(), key=lambda item: item[1][0], reverse=True)
        self._mark.threads, self._mark.comments = dict(threads[: self._rescan]), dict(comments[: self._rescan])

    def _page(
        self, comments: Sequence[Incoming], remarks: tuple[str, ...] = (), deleted: tuple[str, ...] = ()
    ) -> Iterator[Page]:
        """What there is to say; nothing where there is nothing new, not even to remember."""
        skipped, self._skipped = tuple(dict.fromkeys(self._skipped)), []
        in_order = tuple(sorted(comments, key=lambda one: one.written_at or _NEVER))
        bookmark = str(self._mark)
        if in_order or remarks or deleted or skipped or bookmark != self._told:
            self._told = bookmark
            yield Page(in_order, bookmark, deleted=deleted, skipped=skipped, remarks=remarks)


def missing(server: Server, ids: Sequence[str], channel: str, *, fetching: bool) -> list[str]:
    """Those of these, which YouTube does not show by their ids, that are not just held back from the public."""
    if not ids:
        return []
    held: set[str] = set()
    for status in HELD:
        try:
            listed = server.talks_of_channel(channel, status, None, fetching=fetching)
        except Refused:
            continue
        held |= {one.id for talk in listed.items for one in talk.comments}
    return [one for one in ids if one not in held]


def _remark(talks: Sequence[Talk], status: Status) -> tuple[str, ...]:
    if status not in _SAYS or not talks:
        return ()
    many = "1 comment is" if len(talks) == 1 else f"{len(talks)} comments are"
    return (f"{many} {_SAYS[status]} by YouTube: nobody else sees it until it is published there.",)
