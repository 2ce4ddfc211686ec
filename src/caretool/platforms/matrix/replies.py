"""Our own messages: posted once, and found again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from caretool.domain.harmless import one_line
from caretool.errors import PlatformFailed
from caretool.platforms.descent import Trail
from caretool.platforms.matrix.server import Server, before_writing
from caretool.platforms.matrix.wire import MESSAGE, Event, Place, WireError, named, weight
from caretool.platforms.platform import Clock, Outgoing, Posted

# Our clock and the server's may differ.
_SKEW = timedelta(days=1)


class Replies:
    """Of one account, which is the user `us`; `longest` is in bytes of JSON."""

    def __init__(self, account: str, server: Server, us: str, longest: int, clock: Clock) -> None:
        self._account = account
        self._server = server
        self._us = us
        self._longest = longest
        self._clock = clock

    def post(self, reply: Outgoing) -> Posted:
        """In the room of what it answers, under a transaction of its own."""
        length = weight(reply.text)
        if length > self._longest:
            raise PlatformFailed(f"{self._account} takes {self._longest} bytes; this has {length}")
        places = [self._place(native_id) for native_id in reply.to]
        with before_writing():
            events = [self._server.event(place) for place in places]
        answered = [event for event in events if event is not None and not event.redacted]
        if not answered:
            raise PlatformFailed(f"{self._account}: {one_line(reply.to[0], 80)} is gone, there is nothing to reply to")
        self._may_be_read_by_who_reads_there(reply, {place.room for place in places})
        room = answered[0].room
        event_id = self._server.send(room, MESSAGE, _transaction(reply), _content(reply, answered, self._us))
        place = Place(room, event_id)
        return Posted(str(place), self._clock(), place.url)

    def find(self, reply: Outgoing) -> Posted | None:
        """Among our own in that room, since a day before the reply was made: by our transaction, or where another
        login has sent it, by the same words in answer to the same."""
        room, older, trail = self._place(reply.to[0]).room, None, Trail()
        while True:
            part = self._server.messages(room, older, None, by=self._us)
            for event in reversed(part.events):
                if event.at is not None and event.at < reply.created_at - _SKEW:
                    return None
                if event.sender == self._us and _is(reply, event):
                    return Posted(str(event.place), event.at or reply.created_at, event.place.url)
            if part.odd:
                raise PlatformFailed(f"{self._account}: something that we wrote cannot be read ({part.odd[0][1]})")
            older = trail.on(part.older)
            if older is None:
                return None

    def _may_be_read_by_who_reads_there(self, reply: Outgoing, rooms: set[str]) -> None:
        """What is private stays so, and is answered to one only; nothing goes in the clear where all else does not."""
        if len(rooms) > 1:
            raise PlatformFailed(f"{self._account}: one reply goes to one room")
        with before_writing():
            room, private = self._server.room(rooms.pop(), self._us)
        if private and not reply.private:
            raise PlatformFailed(f"{self._account}: a private message is never answered in public")
        if reply.private and not private:
            raise PlatformFailed(f"{self._account}: others read in that room: nothing private goes there")
        if room.encrypted:
            raise PlatformFailed(f"{self._account}: the room is encrypted: answer there, with another client")

    def _place(self, native_id: str) -> Place:
        try:
            return Place.parse(native_id)
        except WireError as problem:
            raise PlatformFailed(f"{self._account}: {one_line(native_id, 80)!r} is {problem}") from problem


def _transaction(reply: Outgoing) -> str:
    """By which the server knows it again, from this login."""
    return f"caretool-{reply.key}"


def _content(reply: Outgoing, answered: Sequence[Event], us: str) -> dict[str, Any]:
    """As an answer to the first, in its thread; one to several stands by itself, in the thread that they have in
    common. Who is named in it is told, and whose message it answers."""
    together = len(reply.to) > 1
    first = answered[0]
    root = _root(reply.thread) if together else first.root
    relation: dict[str, Any] = {} if together else {"m.in_reply_to": {"event_id": first.id}}
    if root is not None:
        relation |= {"rel_type": "m.thread", "event_id": root}
    told = [event.sender for event in answered if not together or event.sender in reply.text]
    users = [user for user in dict.fromkeys([*told, *named(reply.text)]) if user != us]
    content = {"msgtype": "m.text", "body": reply.text, "m.mentions": {"user_ids": users} if users else {}}
    return {**content, "m.relates_to": relation} if relation else content


def _root(thread: str | None) -> str | None:
    """What a thread began with; None: it is a room."""
    try:
        return Place.parse(thread or "").event
    except WireError:
        return None


def _is(reply: Outgoing, event: Event) -> bool:
    """Whether a message of ours is this reply."""
    if str(event.place) in reply.not_these:
        return False
    if event.transaction is not None:  # it was sent with this very login
        return event.transaction == _transaction(reply)
    if event.redacted or event.replaces is not None or event.content.get("body") != reply.text:
        return False
    related = {str(Place(event.room, one)) for one in (event.answers, event.root) if one is not None}
    return bool(related & {*reply.to, reply.thread}) or (not related and len(reply.to) > 1)
