"""What is new under the posts ("media") of an Instagram account: comments and their replies, also our own.

The platform lists comments newest first and knows no lower bound; how many there are under each of the latest posts it
tells in one answer. Those whose number changed are walked down from the top to what was read before; of the older ones
a few are gone through at each fetch, in turn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from caretool.domain.comment import Author, Incoming, Thread
from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.descent import Circle, Sick
from caretool.platforms.graph import Graph, Round
from caretool.platforms.graph_wire import WireError, flag, identifier, moment, number, word
from caretool.platforms.platform import Page, Skipped

# Without the right to know who wrote it: nobody else is called so, and nobody takes it for a name.
UNKNOWN = "unknown-"
_PLAIN = "id,text,timestamp,username,from{id,username},hidden,like_count,parent_id"
FIELDS = _PLAIN + ",media{id,permalink}"
LISTED = f"{_PLAIN},replies.limit(50){{{_PLAIN}}}"
A_PAGE = 50
_MEDIA_FIELDS = "id,caption,timestamp,permalink,comments_count"
_MEDIA_A_PAGE = 100
# So many of the newest comments under each post are remembered: a busier one shows some twice, which are stored once.
_REMEMBERED = 200
_DIGEST = 12
# Comments that were written at about the same time, and a clock that is not ours.
_OVERLAP = 3600


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, or an answer to one (`parent`). `known`: the platform says who wrote it."""

    id: str
    text: str
    author: Author
    known: bool
    author_id: str | None = None
    created_at: datetime | None = None
    parent: str | None = None
    media: str | None = None
    url: str | None = None
    likes: int | None = None
    hidden: bool = False

    @property
    def digest(self) -> str:
        """Changes with what it says; of a comment alone."""
        return hashlib.sha256(f"{self.id} {self.text}".encode("utf-8", "replace")).hexdigest()[:_DIGEST]

    def by(self, us: Us) -> bool:
        """Whether we wrote it."""
        return self.known and (self.author_id == us.id or self.author.handle == us.handle)

    def incoming(self, *, us: Us, thread: Thread | None) -> Incoming:
        """The comment it is; it has no address of its own, only its post has."""
        return Incoming(
            native_id=self.id,
            author=self.author,
            text=self.text,
            written_at=self.created_at,
            reply_to=self.parent,
            thread=thread,
            url=self.url or (thread.url if thread else None),
            form="comment",
            likes=self.likes,
            own=self.by(us),
        )


@dataclass(frozen=True, slots=True)
class Us:
    """Our account there: its id, and its name."""

    id: str
    handle: str | None = None


def read_comment(data: object, parent: str | None = None) -> Comment:
    """Raises WireError where it is none. `parent` is what it was listed under."""
    if not isinstance(data, dict) or (native_id := identifier(data)) is None:
        raise WireError("it has no id")
    text = data.get("text", "")
    if not isinstance(text, str):
        raise WireError("its text is no text")
    who, media = data.get("from"), data.get("media")
    name = word(data, "username") or (word(who, "username") if isinstance(who, dict) else None)
    return Comment(
        id=native_id,
        text=text,
        author=Author(name or UNKNOWN + native_id),
        known=name is not None,
        author_id=identifier(who),
        created_at=moment(data.get("timestamp")),
        parent=identifier(data, "parent_id") or parent,
        media=identifier(media),
        url=word(media, "permalink") if isinstance(media, dict) else None,
        likes=number(data, "like_count"),
        hidden=flag(data, "hidden") is True,
    )


@dataclass(frozen=True, slots=True)
class Media:
    """One of our posts, and how many comments are under it (None: unsaid)."""

    thread: Thread
    comments: int | None

    @property
    def id(self) -> str:
        return self.thread.native_id


@dataclass(frozen=True, slots=True)
class Place:
    """How far a post was read: how many comments it had then, and the digests of the newest of them. `cursor` is where
    an unfinished walk goes on, `fresh` what it has read; `towards` how many there were when it began. `short`: a walk
    found fewer than this number said. The list may lag behind it, or hold some back for good: it is walked once more.
    """

    count: int | None = None
    seen: tuple[str, ...] = ()
    cursor: str | None = None
    fresh: tuple[str, ...] = ()
    towards: int | None = None
    short: int | None = None

    @classmethod
    def parse(cls, value: object) -> Place:
        """What `plain` gave; the beginning where it is something else."""
        if not isinstance(value, dict):
            return cls()
        cursor, numbers = value.get("cursor"), [value.get(name) for name in ("count", "towards", "short")]
        if not isinstance(cursor, str | None) or not all(isinstance(one, int | None) for one in numbers):
            return cls()
        count, towards, short = numbers
        return cls(count, _cut(value.get("seen")), cursor, _cut(value.get("fresh")), towards, short)

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        kept = {"count": self.count, "cursor": self.cursor, "towards": self.towards, "short": self.short}
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
            return Place(self.count, seen, short=self.towards)
        return Place(self.towards, seen)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far each of the latest posts was read, by its id, and where going round the older ones stands."""

    media: dict[str, Place] = field(default_factory=dict)
    older: Round | None = None

    @classmethod
    def parse(cls, text: str | None) -> Bookmark:
        """The beginning where there is none, or where another platform left it."""
        try:
            kept = json.loads(text or "{}")
        except ValueError:
            return cls()
        media = kept.get("media") if isinstance(kept, dict) else None
        if not isinstance(media, dict):
            return cls()
        return cls({one: Place.parse(place) for one, place in media.items()}, Round.parse(kept.get("older")))

    def __str__(self) -> str:
        media = {one: place.plain() for one, place in self.media.items()}
        return json.dumps({"media": media, "older": self.older and self.older.plain()}, separators=(",", ":"))


class Fetch:
    """One fetch of what is new on our account, at `now`, from `bookmark` on: under the `latest` posts and so many
    `older` ones. `since` is how old what a first fetch takes from older posts may be (None: of any age)."""

    def __init__(
        self, graph: Graph, us: Us, *, latest: int, older: int, since: timedelta | None, now: datetime, mark: Bookmark
    ) -> None:
        self._graph = graph
        self._us = us
        self._most = latest
        self._few = older
        self._since = since
        self._now = int(now.timestamp())
        self._mark = mark
        self._told = str(mark)
        self._sick = Sick()
        self._gap = False

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        latest, below, odd = self._latest()
        self._mark = replace(self._mark, media={one.id: self._mark.media.get(one.id, Place()) for one in latest})
        if odd:
            yield self._handed((), odd)
        for one in latest:
            yield from self._as_far_as_it_goes(one, self._under(one))
        yield from self._older({one.id for one in latest}, below)
        if str(self._mark) != self._told:
            yield self._handed(())
        self._sick.tell()

    def _as_far_as_it_goes(self, media: Media, pages: Iterator[Page]) -> Iterator[Page]:
        """What stands under a post; the others are still to be read where it cannot be."""
        try:
            yield from pages
        except Refused as problem:
            yield self._handed((), remark=f"What stands under {media.id} cannot be read ({problem}).")
        except PlatformFailed as problem:
            self._sick.met(problem)
            self._gap = True

    def _latest(self) -> tuple[list[Media], str | None, tuple[Skipped, ...]]:
        """The latest posts, the cursor of what comes after them, and what was none."""
        listing = self._graph.latest(self._media_path, {"fields": _MEDIA_FIELDS}, self._most, _MEDIA_A_PAGE)
        found, odd = _media(listing.items)
        return found, listing.after, tuple(odd)

    def _under(self, media: Media) -> Iterator[Page]:
        """An unfinished walk first; then a new one, if there are more comments than there were, or fewer."""
        place = self._mark.media[media.id]
        if place.cursor is not None:
            try:
                yield from self._down(media, place)
            except (Refused, Circle):  # cursors do not live for ever: what the walk has read is read once more
                self._put(media, Place(place.count, place.seen))
        place = self._mark.media[media.id]
        if place.count is None and media.comments == 0:
            self._put(media, Place(0))
        elif place.count is None or media.comments is None or place.count != media.comments:
            yield from self._down(media, replace(place, towards=media.comments or 0))

    def _down(self, media: Media, place: Place) -> Iterator[Page]:
        """From where the place says down to the first answer that holds nothing new; further, through all that is
        remembered, while fewer were found than the number says: the others are answers to earlier ones."""
        known, found, met = frozenset(place.seen), 0, False
        missing = (place.towards or 0) - (place.count or 0)
        for listing in self._graph.pages(f"{media.id}/comments", self._params, after=place.cursor, fetching=True):
            comments, skipped = self._read(listing.items, media)
            new = [one for one in comments if one.digest not in known and one.digest not in place.fresh]
            old = sum(one.digest in known for one in comments)
            found += len(new)
            below = met and old == 0
            met = met or old > 0
            down = below or (met and old == len(comments) and found >= missing)
            over = listing.after is None or (bool(comments) and down)
            place = place.further(comments, None if over else listing.after)
            self._put(media, place.whole(found) if over else place)
            if new or skipped:
                yield self._handed(self._incoming(new, media), skipped)
            if over:
                return

    def _older(self, latest: set[str], below: str | None) -> Iterator[Page]:
        """What was written under the next few of the older posts since the round before."""
        if not self._few:
            return
        first = Round(None, self._now, 0 if self._since is None else self._now - int(self._since.total_seconds()))
        at = self._mark.older or first
        params = {"fields": _MEDIA_FIELDS, "limit": str(self._few)}
        listing, then = at.step(self._graph, self._media_path, params, below, self._now)
        self._gap = False
        for media in _media(listing.items)[0]:
            if media.id not in latest and media.comments != 0:
                yield from self._as_far_as_it_goes(media, self._since_then(media, at.floor - _OVERLAP))
        self._mark = replace(self._mark, older=then.with_a_gap(at) if self._gap else then)

    def _since_then(self, media: Media, floor: int) -> Iterator[Page]:
        for listing in self._graph.pages(f"{media.id}/comments", self._params, fetching=True):
            comments, skipped = self._read(listing.items, media)
            new = [one for one in comments if one.created_at is None or one.created_at.timestamp() >= floor]
            if new or skipped:
                yield self._handed(self._incoming(new, media), skipped)
            tops = [one.created_at for one in comments if one.parent is None and one.created_at is not None]
            if tops and min(tops).timestamp() < floor:
                return

    def _read(self, items: Sequence[object], media: Media) -> tuple[list[Comment], tuple[Skipped, ...]]:
        """Each with its answers, as they are listed, and what could not be read."""
        comments: list[Comment] = []
        skipped: list[Skipped] = []
        for item in items:
            top = identifier(item)
            for one in [item, *self._answers(item, top)]:
                try:
                    comments.append(read_comment(one, None if one is item else top))
                except WireError as problem:
                    skipped.append(Skipped(f"comment {identifier(one) or '?'} under {media.id}", str(problem)))
        return comments, tuple(skipped)

    def _answers(self, item: object, top: str | None) -> Iterator[object]:
        """Those that are listed with it; the others where there are more."""
        replies = item.get("replies") if isinstance(item, dict) else None
        listed = replies.get("data") if isinstance(replies, dict) else None
        paging = replies.get("paging") if isinstance(replies, dict) else None
        if top is not None and isinstance(paging, dict) and word(paging, "next"):
            for listing in self._graph.pages(f"{top}/replies", {"fields": _PLAIN, "limit": str(A_PAGE)}, fetching=True):
                yield from listing.items
        elif isinstance(listed, list):
            yield from listed

    def _incoming(self, comments: Sequence[Comment], media: Media) -> tuple[Incoming, ...]:
        """Oldest first."""
        dated = sorted((one for one in comments if one.created_at), key=lambda one: str(one.created_at))
        undated = [one for one in comments if one.created_at is None]
        return tuple(one.incoming(us=self._us, thread=media.thread) for one in [*dated, *undated])

    def _put(self, media: Media, place: Place) -> None:
        self._mark = replace(self._mark, media={**self._mark.media, media.id: place})

    def _handed(
        self, comments: tuple[Incoming, ...], skipped: tuple[Skipped, ...] = (), remark: str | None = None
    ) -> Page:
        self._told = str(self._mark)
        return Page(comments, self._told, skipped=skipped, remarks=() if remark is None else (remark,))

    @property
    def _params(self) -> dict[str, str]:
        return {"fields": LISTED, "limit": str(A_PAGE)}

    @property
    def _media_path(self) -> str:
        return f"{self._us.id}/media"


def _media(items: tuple[object, ...]) -> tuple[list[Media], list[Skipped]]:
    found: list[Media] = []
    odd: list[Skipped] = []
    for item in items:
        native_id = identifier(item)
        if isinstance(item, dict) and native_id is not None:
            thread = Thread(native_id, word(item, "caption"), word(item, "permalink"))
            found.append(Media(thread, number(item, "comments_count")))
        else:
            odd.append(Skipped("a post of the account", "it has no id"))
    return found, odd


def _cut(text: object) -> tuple[str, ...]:
    if not isinstance(text, str):
        return ()
    return tuple(text[start : start + _DIGEST] for start in range(0, len(text), _DIGEST))
