"""What is new on a WordPress site: comments, and what became of those of late.

Each fetch reads again a while back from the newest comment it knows. `after` is compared with the site's own clock
time, which runs twice through an hour in autumn and changes with its time zone; comments come out of the spam folder
with the date they had; and what was edited or deleted is told by nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from caretool.platforms.platform import Page, Skipped
from caretool.platforms.wordpress.server import Server, when
from caretool.platforms.wordpress.wire import Comment

# A busier site has its last so many comments looked at again, however short a while that is.
_REMEMBERED = 1000
# By how much the site's clock time may go back.
_AUTUMN = 2 * 3600


@dataclass(frozen=True, slots=True)
class Place:
    """How far a list was read: the time of its newest comment, in seconds since 1970 (None: not begun), and of those of
    late when they were written and what each said, by its id."""

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

    def begins(self, overlap: int) -> int | None:
        """From when on it is read again."""
        if self.at is None:
            return None
        return min(then for then, _ in self.seen.values()) if len(self.seen) >= _REMEMBERED else self.at - overlap

    def after(self, comments: Sequence[Comment], now: int, overlap: int) -> Place:
        """With these read, too. What is dated in the future holds nothing up."""
        times = {one.id: int(one.created_at.timestamp()) for one in comments if one.created_at}
        at = max([min(then, now) for then in times.values()] + ([] if self.at is None else [self.at]), default=None)
        if at is None:
            return self
        seen = self.seen | {one.id: (times[one.id], one.digest) for one in comments if one.id in times}
        late = sorted((item for item in seen.items() if item[1][0] >= at - overlap), key=lambda item: item[1][0])
        return Place(at, dict(late[-_REMEMBERED:]))

    def without(self, native_ids: frozenset[str]) -> Place:
        """As if these had not been there."""
        return Place(self.at, {one: told for one, told in self.seen.items() if one not in native_ids})


@dataclass(frozen=True, slots=True)
class Reach:
    """Which lists are read, by the names that `status` has for them; how far back `overlap` reads again; how old what a
    first fetch takes may be (`since`); for how long a post takes comments (`open_for`), and whether those held back are
    `answerable`."""

    lists: tuple[str, ...]
    overlap: timedelta
    since: timedelta | None
    open_for: timedelta | None
    answerable: bool
    ours: frozenset[str]

    def there(self, comment: Comment) -> bool:
        """Whether it is on one of the lists."""
        return comment.status in ("approved", "hold", *self.lists)

    def incoming(self, comment: Comment) -> Any:
        """What waits for a moderator, or is held to be spam, nobody else sees: it is private, until it is approved."""
        private = comment.held and not (self.answerable and comment.status == "hold")
        return comment.incoming(own=comment.user in self.ours, private=private, open_for=self.open_for)


class Fetch:
    """One fetch from a bookmark on, at `now`."""

    def __init__(self, server: Server, reach: Reach, now: datetime, bookmark: str | None) -> None:
        self._server = server
        self._reach = reach
        self._now = int(now.timestamp())
        self._overlap = int(reach.overlap.total_seconds())
        self._places = _parse(bookmark)
        self._told = str(self)

    def __str__(self) -> str:
        lists = {name: place.plain() for name, place in self._places.items()}
        return json.dumps({"lists": lists}, separators=(",", ":"))

    def pages(self) -> Iterator[Page]:
        """Raises as `Platform.fetch` does."""
        for name in self._reach.lists:
            yield from self._list(name)
        if str(self) != self._told:
            yield self._handed(())

    def _list(self, name: str) -> Iterator[Page]:
        """What is new on a list, then what has changed or gone of late."""
        before = self._places.get(name) or Place(self._first())
        place, listed = before, set[str]()
        begins = before.begins(self._overlap)
        asked = {"status": name}
        if begins is not None and begins > _AUTUMN:  # WordPress takes 1970 for no time at all
            asked["after"] = when(datetime.fromtimestamp(begins - _AUTUMN, UTC))
        for comments, skipped in self._server.listed(asked, fetching=True):
            listed.update(one.id for one in comments)
            new = [one for one in comments if self._is_new(one, before, begins)]
            place = place.after(comments, self._now, self._overlap)
            self._places[name] = place
            if new or skipped:
                yield self._handed(new, skipped=skipped)
        self._places[name] = place
        yield from self._left(name, before, [one for one in before.seen if one not in listed])

    def _left(self, name: str, before: Place, missing: Sequence[str]) -> Iterator[Page]:
        """What is not on the list any more: gone, or somewhere else on the site."""
        if not missing:
            return
        standing = self._server.standing(missing, fetching=True)
        there = {one: comment for one, comment in standing.items() if self._reach.there(comment)}
        changed = [one for one in there.values() if one.digest != before.seen[one.id][1]]
        gone = frozenset(missing) - there.keys()
        self._places[name] = self._places[name].without(gone | {one.id for one in changed})
        if gone or changed:
            yield self._handed(changed, deleted=tuple(sorted(gone)))

    def _first(self) -> int | None:
        return None if self._reach.since is None else self._now - int(self._reach.since.total_seconds())

    def _is_new(self, comment: Comment, before: Place, begins: int | None) -> bool:
        if comment.id in before.seen:
            return before.seen[comment.id][1] != comment.digest
        return begins is None or comment.created_at is None or comment.created_at.timestamp() >= begins

    def _handed(
        self, comments: Sequence[Comment], *, deleted: tuple[str, ...] = (), skipped: Sequence[Skipped] = ()
    ) -> Page:
        self._told = str(self)
        incoming = tuple(self._reach.incoming(one) for one in sorted(comments, key=lambda one: one.key))
        return Page(incoming, self._told, deleted=deleted, skipped=tuple(skipped))


def _parse(text: str | None) -> dict[str, Place]:
    """How far each list was read; the beginning where there is no bookmark, or another platform's."""
    try:
        kept = json.loads(text or "{}")
    except ValueError:
        return {}
    lists = kept.get("lists") if isinstance(kept, dict) else None
    return {name: Place.parse(place) for name, place in lists.items()} if isinstance(lists, dict) else {}
