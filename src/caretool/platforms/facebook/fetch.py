"""What is new under the posts of a Facebook Page: comments and their replies, also those we wrote there ourselves.

The latest posts are read from the time of their last comment on, a little before it, for comments come late; of the
older ones a few are gone through at each fetch, in turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from caretool.domain.comment import Incoming, Thread
from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.descent import Sick
from caretool.platforms.facebook.wire import FIELDS, Comment, read_comment
from caretool.platforms.graph import Graph, Round
from caretool.platforms.graph_wire import WireError, identifier, word
from caretool.platforms.platform import Page, Skipped

_POST_FIELDS = "id,message,permalink_url,created_time"
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

    def after(self, comments: list[Comment], overlap: int) -> Place:
        """With these read, too."""
        times = {comment.id: int(comment.created_at.timestamp()) for comment in comments if comment.created_at}
        at = max([*times.values(), *([] if self.at is None else [self.at])], default=None)
        if at is None:
            return self
        seen = self.seen | {one.id: (times[one.id], one.digest) for one in comments if one.id in times}
        near = sorted((item for item in seen.items() if item[1][0] >= at - overlap), key=lambda item: item[1][0])
        return Place(at, dict(near[-_REMEMBERED:]))


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far each of the latest posts was read, by its id, and where going round the older ones stands."""

    posts: dict[str, Place] = field(default_factory=dict)
    older: Round | None = None

    @classmethod
    def parse(cls, text: str | None) -> Bookmark:
        """The beginning where there is none, or where another platform left it."""
        try:
            kept = json.loads(text or "{}")
        except ValueError:
            return cls()
        posts = kept.get("posts") if isinstance(kept, dict) else None
        if not isinstance(posts, dict):
            return cls()
        return cls({post: Place.parse(place) for post, place in posts.items()}, Round.parse(kept.get("older")))

    def __str__(self) -> str:
        posts = {post: place.plain() for post, place in self.posts.items()}
        return json.dumps({"posts": posts, "older": self.older and self.older.plain()}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Reach:
    """How much is looked at: the `latest` posts, and so many `older` ones; how far back `overlap` reads again; for how
    long a private answer is taken (`window`); how old what a first fetch takes from older posts may be (`since`)."""

    latest: int
    older: int
    overlap: timedelta
    window: timedelta
    since: timedelta | None


class Fetch:
    """One fetch of what is new on `page`, at `now`, from `bookmark` on."""

    def __init__(self, graph: Graph, page: str, reach: Reach, now: datetime, bookmark: Bookmark) -> None:
        self._graph = graph
        self._page = page
        self._reach = reach
        self._now = now
        self._mark = bookmark
        self._overlap = int(reach.overlap.total_seconds())
        self._told = str(bookmark)
        self._sick = Sick()
        self._gap = False

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        latest, below, odd = self._latest()
        self._mark = replace(self._mark, posts={post.native_id: self._place(post) for post in latest})
        if odd:
            yield self._handed((), skipped=odd)
        for post in reversed(latest):
            yield from self._as_far_as_it_goes(post, self._under(post))
        yield from self._older(latest, below)
        if str(self._mark) != self._told:
            yield self._handed(())
        self._sick.tell()

    def _as_far_as_it_goes(self, post: Thread, pages: Iterator[Page]) -> Iterator[Page]:
        """What stands under a post; the others are still to be read where it cannot be."""
        try:
            yield from pages
        except Refused as problem:
            yield self._handed((), remark=f"What stands under {post.native_id} cannot be read ({problem}).")
        except PlatformFailed as problem:
            self._sick.met(problem)
            self._gap = True

    def _latest(self) -> tuple[list[Thread], str | None, tuple[Skipped, ...]]:
        """The latest posts, the cursor of what comes after them, and what was none."""
        listing = self._graph.latest(self._posts_path, {"fields": _POST_FIELDS}, self._reach.latest, _A_PAGE)
        posts, odd = _posts(listing.items)
        return posts, listing.after, tuple(odd)

    def _under(self, post: Thread) -> Iterator[Page]:
        """What is new under one of the latest posts, then what was deleted there of late."""
        before = self._place(post)
        since = None if before.at is None else before.at - self._overlap
        listed: set[str] = set()
        place = before
        for comments, skipped in self._comments(post, since):
            listed.update(one.id for one in comments)
            place = place.after(comments, self._overlap)
            new = [one for one in comments if before.seen.get(one.id, (0, None))[1] != one.digest]
            self._mark = replace(self._mark, posts={**self._mark.posts, post.native_id: place})
            if new or skipped:
                yield self._handed(self._incoming(new, post), skipped=skipped)
        missing = [one for one, (at, _) in before.seen.items() if one not in listed and at >= (since or 0)]
        gone = self._graph.standing(missing, "id", fetching=True).gone
        if gone:
            kept = {one: told for one, told in place.seen.items() if one not in gone}
            self._mark = replace(self._mark, posts={**self._mark.posts, post.native_id: replace(place, seen=kept)})
            yield self._handed((), deleted=tuple(sorted(gone)))

    def _older(self, latest: list[Thread], below: str | None) -> Iterator[Page]:
        """What was written under the next few of the older posts since the round before."""
        if not self._reach.older:
            return
        now = int(self._now.timestamp())
        first = Round(None, now, 0 if self._reach.since is None else now - int(self._reach.since.total_seconds()))
        at = self._mark.older or first
        params = {"fields": _POST_FIELDS, "limit": str(self._reach.older)}
        listing, then = at.step(self._graph, self._posts_path, params, below, now)
        known = {post.native_id for post in latest}
        self._gap = False
        for post in _posts(listing.items)[0]:
            if post.native_id not in known:
                yield from self._as_far_as_it_goes(post, self._since_then(post, max(at.floor - self._overlap, 0)))
        self._mark = replace(self._mark, older=then.with_a_gap(at) if self._gap else then)

    def _since_then(self, post: Thread, since: int) -> Iterator[Page]:
        for comments, skipped in self._comments(post, since):
            if comments or skipped:
                yield self._handed(self._incoming(comments, post), skipped=skipped)

    def _comments(self, post: Thread, since: int | None) -> Iterator[tuple[list[Comment], tuple[Skipped, ...]]]:
        params = {"fields": FIELDS, "filter": "stream", "order": "chronological", "limit": str(_A_PAGE)}
        if since is not None:
            params["since"] = str(since)
        for listing in self._graph.pages(f"{post.native_id}/comments", params, fetching=True):
            comments: list[Comment] = []
            skipped: list[Skipped] = []
            for item in listing.items:
                try:
                    comments.append(read_comment(item))
                except WireError as problem:
                    skipped.append(Skipped(f"comment {identifier(item) or '?'} under {post.native_id}", str(problem)))
            yield comments, tuple(skipped)

    def _incoming(self, comments: list[Comment], post: Thread) -> tuple[Incoming, ...]:
        dated = sorted((one for one in comments if one.created_at), key=lambda one: str(one.created_at))
        undated = [one for one in comments if one.created_at is None]
        window = self._reach.window
        return tuple(one.incoming(page=self._page, thread=post, window=window) for one in [*dated, *undated])

    def _handed(
        self,
        comments: tuple[Incoming, ...],
        *,
        deleted: tuple[str, ...] = (),
        skipped: tuple[Skipped, ...] = (),
        remark: str | None = None,
    ) -> Page:
        self._told = str(self._mark)
        remarks = () if remark is None else (remark,)
        return Page(comments, self._told, deleted=deleted, skipped=skipped, remarks=remarks)

    def _place(self, post: Thread) -> Place:
        return self._mark.posts.get(post.native_id, Place())

    @property
    def _posts_path(self) -> str:
        return f"{self._page}/published_posts"


def _posts(items: tuple[object, ...]) -> tuple[list[Thread], list[Skipped]]:
    posts: list[Thread] = []
    odd: list[Skipped] = []
    for item in items:
        native_id = identifier(item)
        if isinstance(item, dict) and native_id is not None:
            posts.append(Thread(native_id, word(item, "message"), word(item, "permalink_url")))
        else:
            odd.append(Skipped("a post of the Page", "it has no id"))
    return posts, odd
