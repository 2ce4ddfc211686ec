"""Our posts on one of Meta's platforms, gone through for what is written under them: the latest at each fetch, of the
older ones a few, in turn. How one of them is read is the platform's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from caretool.domain.comment import Incoming, Thread
from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.descent import Sick
from caretool.platforms.graph import Forbidden, Graph, Listing, Round
from caretool.platforms.graph_comments import C
from caretool.platforms.graph_wire import WireError, identifier, number, word
from caretool.platforms.platform import Page, Skipped

_A_PAGE = 100


class Place(Protocol):
    """How far a post was read, as the platform keeps it."""

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True)
class Bookmark(Generic[P]):
    """How far each of the latest posts was read, by its id, and where going round the older ones stands. `sick` are
    those that could not be read last time: all others come first. In its text the posts are called `name`."""

    name: str
    posts: dict[str, P] = field(default_factory=dict)
    older: Round | None = None
    sick: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str | None, name: str, place: Callable[[object], P]) -> Bookmark[P]:
        """The beginning where there is none, or where another platform left it; `place` reads what `plain` gave."""
        try:
            kept = json.loads(text or "{}")
        except ValueError:
            return cls(name)
        posts = kept.get(name) if isinstance(kept, dict) else None
        if not isinstance(posts, dict):
            return cls(name)
        known, sick = {post: place(one) for post, one in posts.items()}, kept.get("sick")
        return cls(
            name,
            known,
            Round.parse(kept.get("older")),
            frozenset(known) & frozenset(map(str, sick if isinstance(sick, list) else ())),
        )

    def at(self, post: str, place: P) -> Bookmark[P]:
        """With this post read so far."""
        return replace(self, posts={**self.posts, post: place})

    def __str__(self) -> str:
        posts = {post: place.plain() for post, place in self.posts.items()}
        kept = {self.name: posts, "older": self.older and self.older.plain()}
        return json.dumps({**kept, "sick": sorted(self.sick)} if self.sick else kept, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Edge:
    """Where our posts are listed, and by which fields: the `text` and the `link` of a post, how many comments it has
    (`count`). `whose` is what a post is called where it has no id."""

    path: str
    whose: str
    text: str
    link: str
    count: str | None = None

    @property
    def fields(self) -> str:
        return ",".join(filter(None, ("id", self.text, self.link, self.count)))


@dataclass(frozen=True, slots=True)
class Post:
    """One of our posts, and how many comments are under it (None: unsaid)."""

    thread: Thread
    comments: int | None = None

    @property
    def id(self) -> str:
        return self.thread.native_id


@dataclass(frozen=True, slots=True)
class Step(Generic[P]):
    """What one answer brought from under a post; `place` is how far it is read with this (None: it is not kept)."""

    place: P | None = None
    comments: tuple[Incoming, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    deleted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.comments or self.skipped or self.deleted)


@dataclass(frozen=True, slots=True)
class Reach:
    """How much is looked at: the `latest` posts, and so many `older` ones; how far back `overlap` reads again; how old
    what a first fetch takes from older posts may be (`since`; None: of any age)."""

    latest: int
    older: int
    overlap: timedelta
    since: timedelta | None


class Reader(Protocol[P]):
    """How a platform reads a post. Both raise as `Platform.fetch` does."""

    def under(self, post: Post, place: P) -> Iterator[Step[P]]:
        """What is new under one of the latest."""

    def since(self, post: Post, floor: int) -> Iterator[Step[P]]:
        """What was written under an older one since then, in seconds since 1970."""

    @property
    def beginning(self) -> P:
        """The place of a post that was not read yet."""


class Fetch(Generic[P]):
    """One fetch at `now`, from `bookmark` on, of what is new under the posts that `edge` lists."""

    def __init__(
        self, graph: Graph, edge: Edge, reader: Reader[P], reach: Reach, now: datetime, bookmark: Bookmark[P]
    ) -> None:
        self._graph = graph
        self._edge = edge
        self._reader = reader
        self._reach = reach
        self._now = int(now.timestamp())
        self._mark = bookmark
        self._told = str(bookmark)
        self._sick = Sick()
        self._gap = False

    def pages(self, facts: str | None = None) -> Iterator[Page]:
        """One of them bears the `facts`. Raises as `Platform.fetch` does."""
        for page in self._pages():
            yield replace(page, facts=facts)
            facts = None
        if facts is not None:
            yield replace(self._handed(Step()), facts=facts)
        self._sick.tell()

    def _pages(self) -> Iterator[Page]:
        listing = self._graph.latest(self._edge.path, self._params, self._reach.latest, _A_PAGE)
        latest, odd = self._posts(listing)
        places = {post.id: self._mark.posts.get(post.id, self._reader.beginning) for post in latest}
        sick = self._mark.sick & places.keys()
        self._mark, self._gap = replace(self._mark, posts=places, sick=sick), bool(sick)
        if odd:
            yield self._handed(Step(skipped=odd))
        yield from self._latest(post for post in reversed(latest) if post.id not in sick)
        yield from self._older(frozenset(places), listing.after)
        yield from self._latest(post for post in reversed(latest) if post.id in sick)
        if str(self._mark) != self._told:
            yield self._handed(Step())

    def _latest(self, posts: Iterable[Post]) -> Iterator[Page]:
        for post in posts:
            yield from self._as_far_as_it_goes(post, self._reader.under(post, self._mark.posts[post.id]))

    def _as_far_as_it_goes(self, post: Post, steps: Iterator[Step[P]]) -> Iterator[Page]:
        """What stands under a post; the others are still to be read where it cannot be."""
        if self._sick.many:
            return
        sick = self._mark.sick - {post.id}
        try:
            for step in steps:
                if step.place is not None:
                    self._mark = self._mark.at(post.id, step.place)
                if step:
                    yield self._handed(step)
        except Refused as problem:
            yield self._handed(Step(), f"What stands under {post.id} cannot be read ({problem}).")
        except (PlatformFailed, Forbidden) as problem:
            self._sick.met(problem)
            self._gap = True
            sick |= {post.id} & self._mark.posts.keys()
        self._mark = replace(self._mark, sick=sick)

    def _older(self, latest: frozenset[str], below: str | None) -> Iterator[Page]:
        """What was written under the next few of the older posts since the round before. One of the latest that could
        not be read may be an older one by then: the next round goes back for it, too."""
        if not self._reach.older or self._sick.many:
            return
        since = self._reach.since
        at = self._mark.older or Round(None, self._now, 0 if since is None else self._now - int(since.total_seconds()))
        params = {**self._params, "limit": str(self._reach.older)}
        listing, then = at.step(self._graph, self._edge.path, params, below, self._now)
        floor = max(at.floor - int(self._reach.overlap.total_seconds()), 0)
        for post in self._posts(listing)[0]:
            if post.id not in latest:
                yield from self._as_far_as_it_goes(post, self._reader.since(post, floor))
        self._mark = replace(self._mark, older=then.with_a_gap(at) if self._gap else then)

    def _posts(self, listing: Listing) -> tuple[list[Post], tuple[Skipped, ...]]:
        """Those listed, and what was none."""
        posts: list[Post] = []
        odd: list[Skipped] = []
        for item in listing.items:
            native_id = identifier(item)
            if isinstance(item, dict) and native_id is not None:
                thread = Thread(native_id, word(item, self._edge.text), word(item, self._edge.link))
                posts.append(Post(thread, number(item, self._edge.count) if self._edge.count else None))
            else:
                odd.append(Skipped(self._edge.whose, "it has no id"))
        return posts, tuple(odd)

    def _handed(self, step: Step[P], remark: str | None = None) -> Page:
        self._told = str(self._mark)
        remarks = () if remark is None else (remark,)
        return Page(step.comments, self._told, deleted=step.deleted, skipped=step.skipped, remarks=remarks)

    @property
    def _params(self) -> dict[str, str]:
        return {"fields": self._edge.fields}


def readable(items: Iterable[object], read: Callable[[object], C], post: Post) -> tuple[list[C], list[Skipped]]:
    """The comments among these, and what could not be read."""
    comments: list[C] = []
    skipped: list[Skipped] = []
    for item in items:
        try:
            comments.append(read(item))
        except WireError as problem:
            skipped.append(Skipped(f"comment {identifier(item) or '?'} under {post.id}", str(problem)))
    return comments, skipped


def oldest_first(comments: Sequence[C]) -> list[C]:
    """Those without a date come last."""
    return sorted(comments, key=lambda one: (one.created_at is None, str(one.created_at)))
