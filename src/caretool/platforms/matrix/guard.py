"""What can be done against, or for, what others write in our rooms: by the rights we have in each."""

from __future__ import annotations

import uuid

from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.matrix.server import Server
from caretool.platforms.matrix.wire import REACTION, Event, Place, WireError, is_user
from caretool.platforms.platform import Offence

_LIKED = "👍"


class Guard:
    """Of one account, which is the user `us`."""

    def __init__(self, account: str, server: Server, us: str) -> None:
        self._account = account
        self._server = server
        self._us = us

    def delete(self, offence: Offence) -> None:
        """Empty it for everybody, once."""
        event = self._event(offence.native_id)
        if event is not None and not event.redacted:
            self._server.redact(event.place, offence.key)

    def ban(self, offence: Offence, *, undo: bool) -> None:
        """Keep its author out of the room it was written in, or let them in again."""
        place = self._place(offence.native_id)
        user = f"@{offence.handle.removeprefix('@')}"
        if not is_user(user):
            raise PlatformFailed(f"{self._account}: {offence.handle[:80]!r} is no user: nothing was done")
        if (self._server.membership(place.room, user) == "ban") == undo:
            self._server.ban(place.room, user, undo=undo)

    def report(self, offence: Offence) -> None:
        """Tell those who run our server."""
        self._server.report(self._place(offence.native_id), offence.ground)

    def like(self, native_id: str) -> None:
        """Like it, once."""
        event = self._event(native_id)
        if event is None or event.redacted:
            raise PlatformFailed(f"{self._account}: {native_id[:80]} is gone, there is nothing to like")
        if self._server.reactions(event.place, self._us, _LIKED):
            return
        about = {"rel_type": "m.annotation", "event_id": event.id, "key": _LIKED}
        try:
            self._server.send(event.room, REACTION, uuid.uuid4().hex, {"m.relates_to": about})
        except Refused as refused:
            if refused.code != "M_DUPLICATE_ANNOTATION":
                raise

    def unlike(self, native_id: str) -> None:
        """Take our likes back."""
        for like in self._server.reactions(self._place(native_id), self._us, _LIKED):
            self._server.redact(like, uuid.uuid4().hex)

    def retract(self, native_id: str) -> None:
        """Empty what is ours."""
        event = self._event(native_id)
        if event is None or event.redacted:
            return
        if event.sender != self._us:
            raise PlatformFailed(f"{self._account}: {native_id[:80]} is not ours: nothing was deleted")
        self._server.redact(event.place, uuid.uuid4().hex)

    def _event(self, native_id: str) -> Event | None:
        return self._server.event(self._place(native_id))

    def _place(self, native_id: str) -> Place:
        try:
            return Place.parse(native_id)
        except WireError as problem:
            raise PlatformFailed(f"{self._account}: {native_id[:80]!r} is {problem}: nothing was done") from problem
