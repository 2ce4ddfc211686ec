"""How the posts ("media") of an Instagram account are read: comments and their replies, also our own.

The platform lists comments newest first and knows no lower bound; how many there are under each of the latest posts it
tells in one answer. Those whose number changed are walked down from the top to what was read before. Where as many went
as came the number is the same: so each is walked through now and then, whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from caretool.domain.comment import Incoming
from caretool.http import Refused
from caretool.platforms.descent import Circle
from caretool.platforms.graph import Graph
from caretool.platforms.graph_posts import Bookmark, Edge, Post, Step, oldest_first, readable
from caretool.platforms.graph_wire import identifier, word
from caretool.platforms.instagram.wire import A_PAGE, DIGEST, PLAIN, Comment, Us, read_comment
from caretool.platforms.platform import Skipped

_LISTED = f"{PLAIN},replies.limit(50){{{PLAIN}}}"
# So many of the newest comments under each post are remembered: a busier one shows some twice, which are stored once.
_REMEMBERED = 200
_NUMBERS = ("count", "towards", "short", "through")
# Comments that were written at about the same time, and a clock that is not ours.
OVERLAP = timedelta(hours=1)
# So many posts a fetch are walked through whatever their number says, each an hour after the last time or later.
_THROUGH, _THROUGH_AGAIN = 10, 3600


@dataclass(frozen=True, slots=True)
class Place:
    """How far a post was read: how many comments it had then, and the digests of the newest of them. `cursor` is where
    an unfinished walk goes on, `fresh` what it has read; `towards` how many there were when it began. `short`: a walk
    found fewer than this number said. The list may lag behind it, or hold some back for good: it is walked once more.
    `through` is when all that is remembered was last walked through, in seconds since 1970.
    """

    count: int | None = None
    seen: tuple[str, ...] = ()
    cursor: str | None = None
    fresh: tuple[str, ...] = ()
    towards: int | None = None
    short: int | None = None
    through: int | None = None

    @classmethod
    def parse(cls, value: object) -> Place:
        """What `plain` gave; the beginning where it is something else."""
        if not isinstance(value, dict):
            return cls()
        cursor, numbers = value.get("cursor"), [value.get(name) for name in _NUMBERS]
        if not isinstance(cursor, str | None) or not all(isinstance(one, int | None) for one in numbers):
            return cls()
        count, towards, short, through = numbers
        return cls(count, _cut(value.get("seen")), cursor, _cut(value.get("fresh")), towards, short, through)

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        kept: dict[str, Any] = {name: getattr(self, name) for name in (*_NUMBERS, "cursor")}
        kept |= {"seen": "".join(self.seen) or None, "fresh": "".join(self.fresh) or None}
        return {key: value for key, value in kept.items() if value is not None}

    def further(self, comments: Sequence[Comment], cursor: str | None) -> Place:
        """With these read, which came below the others."""
        fresh = dict.fromkeys([*self.fresh, *(one.digest for one in comments)])
        return replace(self, fresh=tuple(fresh)[:_REMEMBERED], cursor=cursor)

    def whole(self, found: int) -> Place:
        """The walk came down to what was read before, or to the end, and brought so many new ones."""
        seen = tuple(dict.fromkeys([*self.fresh, *self.seen]))[:_REMEMBERED]
        if found < (self.towards or 0) - (self.count or 0) and self.short != self.towards:
            return Place(self.count, seen, short=self.towards, through=self.through)
        return Place(self.towards, seen, through=self.through)


def read_bookmark(text: str | None) -> Bookmark[Place]:
    """The beginning where there is none, or where another platform left it."""
    return Bookmark.parse(text, "media", Place.parse)


def media_of(account: str) -> Edge:
    """Where the posts of an account, known by its id, are listed."""
    return Edge(f"{account}/media", "a post of the account", text="caption", link="permalink", count="comments_count")


class Reader:
    """Reads what is under our posts, from `bookmark` on. `window` is for how long a comment takes a private answer."""

    beginning = Place()

    def __init__(self, graph: Graph, us: Us, window: timedelta, now: datetime, bookmark: Bookmark[Place]) -> None:
        self._graph = graph
        self._us = us
        self._window = window
        self._now = int(now.timestamp())
        waits = {one: place.through or 0 for one, place in bookmark.posts.items() if place.count}
        due = sorted((at, one) for one, at in waits.items() if abs(self._now - at) >= _THROUGH_AGAIN)
        self._due = frozenset(one for _, one in due[:_THROUGH])

    def under(self, post: Post, place: Place) -> Iterator[Step[Place]]:
        """An unfinished walk first; then a new one, if there are more comments than there were, or fewer, or if it is
        due."""
        if place.cursor is not None:
            try:
                for step in self._down(post, place):
                    place = step.place or place
                    yield step
            except (Refused, Circle):  # cursors do not live for ever: what the walk has read is read once more
                place = Place(place.count, place.seen, through=place.through)
                yield Step(place)
        if place.count is None and post.comments == 0:
            yield Step(Place(0))
        elif place.count is None or post.comments is None or place.count != post.comments or post.id in self._due:
            yield from self._down(post, replace(place, towards=post.comments or 0), through=post.id in self._due)

    def since(self, post: Post, floor: int) -> Iterator[Step[Place]]:
        """What was written under an older one since then."""
        if post.comments == 0:
            return
        for listing in self._graph.pages(f"{post.id}/comments", self._params, fetching=True):
            comments, skipped = self._read(listing.items, post)
            new = [one for one in comments if one.created_at is None or one.created_at.timestamp() >= floor]
            yield Step(None, self._incoming(new, post), skipped)
            tops = [one.created_at for one in comments if one.parent is None and one.created_at is not None]
            # By its last one: one among the others may bear an older date than its place on the list.
            if tops and tops[-1].timestamp() < floor:
                return

    def _down(self, post: Post, place: Place, *, through: bool = False) -> Iterator[Step[Place]]:
        """From where the place says down to the first answer that holds nothing new; further, `through` all that is
        remembered, also while fewer were found than the number says: the others are answers to earlier ones."""
        known, found, met = frozenset(place.seen), 0, False
        missing = (place.towards or 0) - (place.count or 0)
        for listing in self._graph.pages(f"{post.id}/comments", self._params, after=place.cursor, fetching=True):
            comments, skipped = self._read(listing.items, post)
            new = [one for one in comments if one.digest not in known and one.digest not in place.fresh]
            old = sum(one.digest in known for one in comments)
            found += len(new)
            below = met and old == 0
            met = met or old > 0
            down = below or (met and old == len(comments) and found >= missing and not through)
            over = listing.after is None or (bool(comments) and down)
            place = place.further(comments, None if over else listing.after)
            if below or listing.after is None:
                place = replace(place, through=self._now)
            if over:
                place = place.whole(found)
            yield Step(place, self._incoming(new, post), skipped)
            if over:
                return

    def _read(self, items: Sequence[object], post: Post) -> tuple[list[Comment], tuple[Skipped, ...]]:
        """Each with its answers, as they are listed, and what could not be read."""
        comments: list[Comment] = []
        skipped: list[Skipped] = []
        for item in items:
            top = identifier(item)
            answers, odd = self._answers(item, top, post)
            for told, read in (([item], read_comment), (answers, partial(read_comment, parent=top))):
                these, unreadable = readable(told, read, post)
                comments += these
                skipped += unreadable
            skipped += odd
        return comments, tuple(skipped)

    def _answers(self, item: object, top: str | None, post: Post) -> tuple[list[object], list[Skipped]]:
        """Those that are listed with it; the others where there are more. One comment whose answers are not to be had
        keeps nothing else back."""
        replies = item.get("replies") if isinstance(item, dict) else None
        listed = replies.get("data") if isinstance(replies, dict) else None
        few = list(listed) if isinstance(listed, list) else []
        paging = replies.get("paging") if isinstance(replies, dict) else None
        if top is None or not isinstance(paging, dict) or not word(paging, "next"):
            return few, []
        params = {"fields": PLAIN, "limit": str(A_PAGE)}
        try:
            pages = self._graph.pages(f"{top}/replies", params, fetching=True)
            return [one for listing in pages for one in listing.items], []
        except (Refused, Circle) as problem:
            return few, [Skipped(f"answers to {top} under {post.id}", f"not all can be read ({problem})")]

    def _incoming(self, comments: Sequence[Comment], post: Post) -> tuple[Incoming, ...]:
        return tuple(
            one.incoming(us=self._us, thread=post.thread, window=self._window) for one in oldest_first(comments)
        )

    @property
    def _params(self) -> dict[str, str]:
        return {"fields": _LISTED, "limit": str(A_PAGE)}


def _cut(text: object) -> tuple[str, ...]:
    if not isinstance(text, str):
        return ()
    return tuple(text[start : start + DIGEST] for start in range(0, len(text), DIGEST))
