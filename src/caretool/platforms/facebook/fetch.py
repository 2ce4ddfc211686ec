"""How the posts of a Facebook Page are read: comments and their replies, also those we wrote there ourselves.

Each is read from the time of its last comment on, a little before it, for comments come late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from caretool.domain.comment import Incoming
from caretool.platforms.facebook.wire import FIELDS, Comment, read_comment
from caretool.platforms.graph import Graph
from caretool.platforms.graph_comments import SKEW
from caretool.platforms.graph_posts import Bookmark, Edge, Post, Step, oldest_first, readable
from caretool.platforms.platform import Skipped

_A_PAGE = 100
# A busier post shows some of its latest comments twice, which are stored once.
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """How far a post was read: the time of its newest comment, in seconds since 1970 (None: not begun), and of those
    about that time what each said, by its id."""

    at: int | None = None
    seen: dict[str, tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: object) -> Place:
        """What `plain` gave; the beginning where it is something else."""
        at, seen = (value.get("at"), value.get("seen")) if isinstance(value, dict) else (None, None)
        try:
            known = {str(one): (int(then), str(digest)) for one, (then, digest) in seen.items()} if seen else {}
        except (ValueError, TypeError, AttributeError):
            return cls()
        return cls(at, known) if type(at) is int else cls()

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {"at": self.at, "seen": self.seen}

    def after(self, comments: list[Comment], overlap: int, latest: int) -> Place:
        """With these read, too. What is dated later than `latest` was not written then: nothing is reckoned from it."""
        times = {comment.id: int(comment.created_at.timestamp()) for comment in comments if comment.created_at}
        believed = [at for at in times.values() if at <= latest]
        at = max([*believed, *([] if self.at is None else [self.at])], default=None)
        if at is None:
            return self
        seen = self.seen | {one.id: (times[one.id], one.digest) for one in comments if one.id in times}
        near = sorted((item for item in seen.items() if item[1][0] >= at - overlap), key=lambda item: item[1][0])
        return Place(at, dict(near[-_REMEMBERED:]))


def read_bookmark(text: str | None) -> Bookmark[Place]:
    """The beginning where there is none, or where another platform left it."""
    return Bookmark.parse(text, "posts", Place.parse)


def posts_of(page: str) -> Edge:
    """Where the posts of a Page are listed."""
    return Edge(f"{page}/published_posts", "a post of the Page", text="message", link="permalink_url")


class Reader:
    """Reads what is under the posts of `page`; `window` is for how long a comment takes a private answer."""

    beginning = Place()

    def __init__(self, graph: Graph, page: str, overlap: timedelta, window: timedelta, now: datetime) -> None:
        self._graph = graph
        self._page = page
        self._overlap = int(overlap.total_seconds())
        self._window = window
        self._latest = int((now + SKEW).timestamp())

    def under(self, post: Post, before: Place) -> Iterator[Step[Place]]:
        """What is new under one of the latest posts, then what was deleted there of late."""
        since = None if before.at is None else before.at - self._overlap
        listed: set[str] = set()
        place = before
        for comments, skipped in self._comments(post, since):
            listed.update(one.id for one in comments)
            place = place.after(comments, self._overlap, self._latest)
            new = [one for one in comments if before.seen.get(one.id, (0, None))[1] != one.digest]
            yield Step(place, self._incoming(new, post), skipped)
        missing = [one for one, (at, _) in before.seen.items() if one not in listed and at >= (since or 0)]
        gone = self._graph.standing(missing, "id", fetching=True).gone
        if gone:
            kept = {one: told for one, told in place.seen.items() if one not in gone}
            yield Step(replace(place, seen=kept), deleted=tuple(sorted(gone)))

    def since(self, post: Post, floor: int) -> Iterator[Step[Place]]:
        """What was written under an older one since then."""
        for comments, skipped in self._comments(post, floor):
            yield Step(None, self._incoming(comments, post), skipped)

    def _comments(self, post: Post, since: int | None) -> Iterator[tuple[list[Comment], tuple[Skipped, ...]]]:
        params = {"fields": FIELDS, "filter": "stream", "order": "chronological", "limit": str(_A_PAGE)}
        if since is not None:
            params["since"] = str(since)
        for listing in self._graph.pages(f"{post.id}/comments", params, fetching=True):
            comments, skipped = readable(listing.items, read_comment, post)
            yield comments, tuple(skipped)

    def _incoming(self, comments: list[Comment], post: Post) -> tuple[Incoming, ...]:
        told = oldest_first(comments)
        return tuple(one.incoming(page=self._page, thread=post.thread, window=self._window) for one in told)
