"""What is new in our rooms: what was said, edited and deleted, by others and by us."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from caretool.domain.comment import Incoming
from caretool.domain.harmless import one_line
from caretool.http import Refused
from caretool.platforms.descent import Trail
from caretool.platforms.matrix.server import NOT_THERE, Server
from caretool.platforms.matrix.wire import ENCRYPTED, MESSAGE, REDACTION, Event, Place, Room, Timeline, WireError
from caretool.platforms.platform import Page, Skipped

_UNKNOWN_TOKEN = 400


@dataclass(frozen=True, slots=True)
class Bookmark:
    """`next`: the server's token after all that was handed over, but for `gaps`: by room, the token from which it is
    still to be read downwards, to the token `until` (None: to `oldest`, where the first fetch began)."""

    next: str | None = None
    until: str | None = None
    gaps: Mapping[str, str] = field(default_factory=dict)
    oldest: datetime | None = None

    @classmethod
    def parse(cls, text: str | None) -> Bookmark:
        """The beginning where it is none of ours."""
        try:
            kept = json.loads(text or "null")
            after, until, gaps, oldest = (kept[key] for key in ("next", "until", "gaps", "oldest"))
            texts = [after, *(one for one in (until, oldest) if one is not None), *gaps.values()]
            if not all(isinstance(one, str) for one in texts):
                return cls()
            since = None if oldest is None else datetime.fromisoformat(oldest)
            return cls(after, until, dict(gaps), since) if since is None or since.tzinfo else cls()
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def __str__(self) -> str:
        oldest = self.oldest and self.oldest.isoformat()
        return json.dumps({"next": self.next, "until": self.until, "gaps": dict(self.gaps), "oldest": oldest})


@dataclass
class _Found:
    """What a page is made of."""

    comments: dict[str, Incoming] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


class Fetch:
    """One fetch. `rooms` are the ids of those to read, by what the settings call them (None: all we are in). `since`
    is how far back the first one reads, `now` the moment it is."""

    def __init__(
        self,
        server: Server,
        us: str,
        mark: Bookmark,
        *,
        rooms: Mapping[str, str] | None,
        since: datetime | None,
        now: datetime,
    ) -> None:
        self._server = server
        self._us = us
        self._mark = mark
        self._rooms = rooms
        self._since = since
        self._now = now
        self._known: dict[str, tuple[Room, bool]] = {}
        self._trails: dict[str, Trail] = {}

    def pages(self) -> Iterator[Page]:
        """What an interrupted fetch left over; then what is new, room by room, the latest of each first."""
        yield from self._down()
        if self._mark.next is None:
            yield from self._news()
            # A server may answer a first request out of its memory (Synapse: of the last two minutes).
        yield from self._news()

    def _news(self) -> Iterator[Page]:
        self._trails.clear()
        yield from self._latest()
        yield from self._down()

    def _latest(self) -> Iterator[Page]:
        """One page of all rooms of which the server shows all; the others are remembered."""
        before, remarks = self._mark, []
        first = before.next is None
        try:
            told = self._server.sync(before.next, self._ids())
        except Refused as refused:
            if first or refused.status != _UNKNOWN_TOKEN:
                raise
            remarks = ["The server no longer knows how far we had read: it is read again."]
            before, first = Bookmark(oldest=before.oldest), True
            told = self._server.sync(None, self._ids())
        wanted = None if self._rooms is None else frozenset(self._rooms.values())
        rooms = {room: one for room, one in told.rooms.items() if wanted is None or room in wanted}
        # A server need not say again how many are in a room: then it is asked of it where that decides.
        sure = ((room, one) for room, (one, _) in rooms.items() if one.people is not None or not one.private(True))
        self._known = {room: (one, one.private(room in told.direct)) for room, one in sure}
        oldest = before.oldest or (self._since if first else None)
        # Where something is left out the room is read from here downwards: what a server says of where it left off may
        # lie above what it has shown.
        parts = {room: part for room, (_, part) in rooms.items() if not part.limited}
        rest = [room for room, (_, part) in rooms.items() if part.limited and not (first and self._done(part, oldest))]
        gaps = dict.fromkeys(rest, told.next)
        self._mark = Bookmark(told.next, before.next if gaps else None, gaps, oldest)
        found = _Found(remarks=[*remarks, *self._standing(rooms, told.invitations)])
        for room, part in parts.items():
            self._read(found, room, part)
        yield from self._page(found, before)

    def _down(self) -> Iterator[Page]:
        """What is still to be read, room by room, the latest first."""
        while self._mark.gaps:
            before, (room, token) = self._mark, next(iter(self._mark.gaps.items()))
            found = _Found()
            gaps = {other: older for other, older in before.gaps.items() if other != room}
            try:
                part = self._stretch(room, token, before.until)
            except Refused as refused:
                if refused.status == _UNKNOWN_TOKEN:  # what it left out is found again from the beginning
                    self._mark = Bookmark(oldest=before.oldest)
                    return
                if refused.code not in NOT_THERE:
                    raise
                found.remarks.append(f"{_called(room, None)} is not shown to us any more: a part of it was not read.")
                part = Timeline()
            self._read(found, room, part)
            if part.older is not None and not (before.until is None and self._done(part, before.oldest)):
                gaps[room] = part.older
            self._mark = replace(before, gaps=gaps, until=before.until if gaps else None)
            yield from self._page(found, before)

    def _stretch(self, room: str, token: str, until: str | None) -> Timeline:
        """A page of history. One that begins elsewhere than was asked for may be another request's, and is asked for
        again; there are servers that call the same place by another name."""
        part = self._server.messages(room, token, until)
        if part.start not in (None, token):
            part = self._server.messages(room, token, until)
        self._trails.setdefault(room, Trail(token)).on(part.older)
        return part

    def _done(self, part: Timeline, oldest: datetime | None) -> bool:
        """Whether a first fetch has come far enough: a single date may be false."""
        return oldest is not None and bool(part.events) and all(one.at and one.at < oldest for one in part.events)

    def _read(self, found: _Found, room: str, part: Timeline) -> None:
        """What of a stretch a person should know."""
        if not (part.events or part.odd):
            return
        found.skipped += [Skipped(where, f"{why[0].upper()}{why[1:]}.") for where, why in part.odd]
        edited: dict[str, Place] = {}
        unreadable = 0
        for event in part.events:
            if event.redacted:
                continue
            if event.type == ENCRYPTED:
                unreadable += event.sender != self._us
            elif event.type == REDACTION and event.redacts is not None:
                found.deleted.append(str(Place(room, event.redacts)))
            elif event.replaces is not None:
                edited[event.replaces] = Place(room, event.replaces)
            else:
                self._take(found, event, part.names)
        for place in edited.values():
            now = self._edited(found, place)
            if now is not None and not now.redacted and not self._too_old(now):
                self._take(found, now, part.names)
        if unreadable:
            what = "message" if unreadable == 1 else "messages"
            where = _called(room, self._at(room)[0].name)
            found.remarks.append(f"{unreadable} encrypted {what} in {where} cannot be read here: look there.")

    def _edited(self, found: _Found, place: Place) -> Event | None:
        """As it reads now. Which message an edit is of its author says: a server may not even take it for one."""
        try:
            return self._server.event(place)
        except Refused as refused:
            found.skipped.append(Skipped(str(place), f"An edit of it could not be read ({refused.status})."))
            return None

    def _take(self, found: _Found, event: Event, names: Mapping[str, str]) -> None:
        if not (event.awaits or (event.sender == self._us and event.type == MESSAGE and event.kind == "m.notice")):
            return
        room, private = self._at(event.room)
        try:
            comment = event.incoming(self._us, room, private=private, name=names.get(event.sender))
        except WireError as problem:
            found.skipped.append(Skipped(str(event.place), f"{str(problem)[0].upper()}{str(problem)[1:]}."))
            return
        # Its date is what its author's server says; nobody writes tomorrow.
        at = None if event.at is None else min(event.at, self._now)
        found.comments[comment.native_id] = replace(comment, written_at=at)

    def _at(self, room: str) -> tuple[Room, bool]:
        if room not in self._known:
            one, private = self._server.room(room, self._us)
            self._known[room] = replace(one, name=self._server.called(room)), private
        return self._known[room]

    def _too_old(self, event: Event) -> bool:
        """What was edited, and was written before the first fetch, was never ours."""
        return self._mark.oldest is not None and event.at is not None and event.at < self._mark.oldest

    def _page(self, found: _Found, before: Bookmark) -> Iterable[Page]:
        comments = sorted(found.comments.values(), key=lambda one: one.written_at or self._now)
        page = Page(
            tuple(comments),
            str(self._mark),
            deleted=tuple(dict.fromkeys(found.deleted)),
            skipped=tuple(found.skipped),
            remarks=tuple(found.remarks),
        )
        told = page.comments or page.deleted or page.skipped or page.remarks
        return (page,) if told or self._mark != before else ()

    def _standing(self, rooms: Mapping[str, Any], invitations: int) -> list[str]:
        """What a person has to see to."""
        remarks = []
        for called, room in (self._rooms or {}).items():
            if room not in rooms:
                remarks.append(f"We are not in {one_line(called, 80)}: join it, or take it out of rooms.")
            elif rooms[room][0].moved_to is not None:
                remarks.append(f"{one_line(called, 80)} has moved to {one_line(rooms[room][0].moved_to, 80)}: join it.")
        if invitations:
            what = "An invitation to a room waits" if invitations == 1 else f"{invitations} invitations to rooms wait"
            remarks.append(f"{what}: accept or decline there.")
        return remarks

    def _ids(self) -> list[str] | None:
        return None if self._rooms is None else list(dict.fromkeys(self._rooms.values()))


def _called(room: str, name: str | None) -> str:
    return one_line(name or room, 80)
