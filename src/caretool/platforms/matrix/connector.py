"""The `matrix` platform: rooms on Matrix, of any homeserver.

docs/platforms/matrix.md is its page; the API's is https://spec.matrix.org/latest/client-server-api/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from caretool.domain.harmless import one_line
from caretool.domain.host import on_this_machine
from caretool.domain.limits import Limits
from caretool.domain.policy import Account
from caretool.errors import PlatformFailed
from caretool.http import Client, Refused
from caretool.platforms.matrix.fetch import Bookmark, Fetch
from caretool.platforms.matrix.guard import Guard
from caretool.platforms.matrix.replies import Replies
from caretool.platforms.matrix.server import Server, before_writing, dialect, exchanged
from caretool.platforms.matrix.wire import Event, Place, WireError, is_room, weight
from caretool.platforms.platform import Checked, Clock, Looked, Offence, Opening, Outgoing, Page, Posted
from caretool.platforms.renewing import Renewable
from caretool.secrets import Secret

ABOUT = "rooms and direct messages on Matrix, unencrypted ones"
GUIDE = """\
An access token is made by logging in once, as who answers, with one command.
curl -d '{"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "desk"},
  "password": "…", "initial_device_display_name": "caretool"}' \\
  https://matrix.example/_matrix/client/v3/login
The answer's access_token is the token. Never take the one that Element shows: it is Element's own
login, and two programs that share a login take each other's messages away.
url is the homeserver's address: what https://YOUR-DOMAIN/.well-known/matrix/client has as base_url.
Join the rooms with Element; what is written in encrypted ones cannot be read here."""

# An event is 65,536 bytes with all that servers add to it: ids, signatures, what it comes after.
_LONGEST = 60_000
# Homeservers know a transaction of the same login again for half an hour at least (Synapse: for a day).
_KEY_PROTECTS = timedelta(minutes=30)
_ALIAS = re.compile(r"#[^\s:\x00-\x1f]{1,200}:[^\s\x00-\x1f]{1,200}")


class MatrixSettings(BaseModel):
    """The keys of an account with `platform = "matrix"`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_since: ClassVar[str | None] = "7 days"

    url: str = Field(description="The homeserver's address: https://matrix.example.")
    token: Secret = Field(description="Where the access token is kept, never the token itself.")
    refreshes: bool = Field(
        default=False, strict=True, description="Whether the token is a refresh token, which makes access tokens."
    )
    rooms: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Which rooms are read, by address (#help:matrix.example) or id (!…); all we are in if left out.",
    )
    max_length: int = Field(
        default=_LONGEST, ge=1, le=_LONGEST, strict=True, description="The longest reply, in bytes of JSON."
    )

    @field_validator("url")
    @classmethod
    def _is_a_server(cls, url: str) -> str:
        try:
            parts = urlsplit(url.strip())
            host = parts.hostname
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in url:
            raise ValueError("must be the address of a homeserver: https://matrix.example")
        if parts.scheme == "http" and not on_this_machine(host):
            raise ValueError("must begin with https://: without it everybody on the way reads the token")
        return url.strip().rstrip("/")

    @field_validator("rooms")
    @classmethod
    def _are_rooms(cls, rooms: tuple[str, ...]) -> tuple[str, ...]:
        for one in rooms:
            if not (is_room(one) or _ALIAS.fullmatch(one)):
                raise ValueError(f"{one_line(one, 60)!r} must be #name:server, or !id of a room")
        return rooms


@dataclass(frozen=True, slots=True)
class Facts:
    """What was learned: who we are, and the ids of the rooms that the settings name."""

    us: str | None = None
    rooms: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Facts:
        """None where it is nothing of ours."""
        try:
            kept = json.loads(text or "null")
            us, rooms = kept["us"], kept["rooms"]
            return cls(str(us), {str(alias): str(room) for alias, room in rooms.items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def __str__(self) -> str:
        return json.dumps({"us": self.us, "rooms": self.rooms})


class MatrixPlatform:
    """One account on one homeserver. `since` is how far back a first fetch reads."""

    def __init__(
        self,
        account: str,
        settings: MatrixSettings,
        client: Client,
        clock: Clock,
        *,
        facts: str | None = None,
        since: timedelta | None = None,
    ) -> None:
        self._account = account
        self._settings = settings
        self._server = Server(client, account)
        self._reading = Server(client, account, fetching=True)
        self._clock = clock
        self._known = facts
        self._facts = Facts.parse(facts)
        self._since = since

    @property
    def limits(self) -> Limits:
        """What our server lists of us is all there is: a message is there once it is taken."""
        return Limits(
            length=self._settings.max_length,
            measure=weight,
            together="mentions",
            key_protects=_KEY_PROTECTS,
            listing_trustworthy=True,
        )

    def fetch(self, bookmark: str | None) -> Iterator[Page]:
        """The latest of all rooms, then what that left out, then the next."""
        us, rooms, news = self._learn()
        now = self._clock()
        mark = Bookmark.parse(bookmark)
        since = None if self._since is None else now - self._since
        for page in Fetch(self._reading, us, mark, rooms=rooms, since=since, now=now).pages():
            yield replace(page, facts=news)
            news = None
        if news is not None:
            yield Page((), str(mark), facts=news)

    def look(self, native_ids: Sequence[str]) -> Looked:
        """Gone is what is deleted, and what we are no longer let see."""
        if not native_ids:
            return Looked()
        us, gone, edited = self._us(), set(), []
        private: dict[str, bool] = {}
        for native_id in native_ids:
            event = self._event(native_id)
            if event is None or event.redacted:
                gone.add(native_id)
                continue
            if event.room not in private:
                private[event.room] = self._server.room(event.room, us)[1]
            try:
                comment = event.incoming(us, None, private=private[event.room])
            except WireError:
                continue
            edited.append(comment)
        return Looked(gone=frozenset(gone), edited=tuple(edited))

    def post(self, reply: Outgoing) -> Posted:
        """In the room of what it answers; who reads there is asked at that moment."""
        return self._replies().post(reply)

    def find(self, reply: Outgoing) -> Posted | None:
        """By our transaction, or where another login has sent it, by the same words in answer to the same."""
        return self._replies().find(reply)

    def retract(self, native_id: str) -> None:
        """Empty our own message, for everybody."""
        self._guard().retract(native_id)

    def delete(self, offence: Offence) -> None:
        """Empty it, for everybody; our rights in the room must allow it."""
        self._guard().delete(offence)

    def ban(self, offence: Offence) -> None:
        """Keep its author out of that room."""
        self._guard().ban(offence, undo=False)

    def unban(self, offence: Offence) -> None:
        """Let its author in again."""
        self._guard().ban(offence, undo=True)

    def report(self, offence: Offence) -> None:
        """Report it to those who run our server."""
        self._guard().report(offence)

    def like(self, native_id: str) -> None:
        """A thumb up, once."""
        self._guard().like(native_id)

    def unlike(self, native_id: str) -> None:
        """Take it back."""
        self._guard().unlike(native_id)

    def check(self) -> Checked:
        """Who we are there, and which of our rooms can be read. What we may do in a room shows when it is done."""
        software = self._software()
        us, rooms, _ = self._learn()
        ids = None if rooms is None else list(rooms.values())
        told = self._server.sync(None, ids)
        encrypted = sorted(one_line(room.name or room.id, 60) for room, _ in told.rooms.values() if room.encrypted)
        outside = sorted(one_line(name, 80) for name, room in (rooms or {}).items() if room not in told.rooms)
        remarks = [f"We are in {len(told.rooms)} rooms that are read."] if rooms is None else []
        if encrypted:
            remarks.append(f"What is written encrypted cannot be read: {', '.join(encrypted[:10])}.")
        if outside:
            remarks.append(f"We are not in {', '.join(outside[:10])}: join, or take it out of rooms.")
        return Checked(
            handle=us.removeprefix("@"),
            name=self._server.display_name(us),
            software=one_line(software, 60),
            remarks=tuple(remarks),
            facts=str(self._facts),
        )

    def _software(self) -> str:
        try:
            return self._server.software()
        except PlatformFailed as problem:
            elsewhere = self._server.elsewhere()
            if elsewhere is None:
                raise
            told = one_line(elsewhere, 120)
            raise PlatformFailed(f"{self._account}: no homeserver answers at url: it is at {told}") from problem

    def _replies(self) -> Replies:
        with before_writing():
            us = self._us()
        return Replies(self._account, self._server, us, self._settings.max_length, self._clock)

    def _guard(self) -> Guard:
        return Guard(self._account, self._server, self._us())

    def _us(self) -> str:
        if self._facts.us is None:
            self._facts = replace(self._facts, us=self._server.whoami())
        return self._facts.us or ""

    def _learn(self) -> tuple[str, dict[str, str] | None, str | None]:
        """Who we are, the ids of the rooms to read by how the settings call them (None: all), the facts if new."""
        us = self._reading.whoami()
        rooms = {one: found for one in self._settings.rooms if (found := self._room_called(one)) is not None}
        self._facts = Facts(us, {one: room for one, room in rooms.items() if one != room})
        news = None if str(self._facts) == self._known else str(self._facts)
        self._known = str(self._facts)
        if self._settings.rooms and not rooms:
            raise PlatformFailed(f"{self._account}: none of its rooms is there: correct rooms")
        return us, {**dict.fromkeys(self._settings.rooms, ""), **rooms} if self._settings.rooms else None, news

    def _room_called(self, name: str) -> str | None:
        if is_room(name):
            return name
        try:
            return self._reading.resolve(name)
        except Refused:
            return None
        except PlatformFailed:  # its server is away: ours has its messages all the same
            if name not in self._facts.rooms:
                raise
            return self._facts.rooms[name]

    def _event(self, native_id: str) -> Event | None:
        try:
            return self._server.event(Place.parse(native_id))
        except WireError:
            return None


def open_account(account: Account, opening: Opening, connect: Callable[..., Client] = Client) -> MatrixPlatform:
    """The account, nothing asked of it. `account.settings` is a `MatrixSettings`."""
    settings: MatrixSettings = account.settings
    ways: dict[str, Any] = {"name": account.name, "clock": opening.clock, "dialect": dialect()}

    def token() -> str:
        return settings.token.reveal(f"accounts.{account.name}.token")

    if settings.refreshes:
        renewing = connect(settings.url, **ways)
        session = Renewable(
            account.name,
            vault=opening.vault,
            clock=opening.clock,
            first=token,
            exchange=lambda refresh: exchanged(renewing, account.name, refresh, opening.clock()),
        )
        client = connect(settings.url, token=session.current, renew=session.renew, budget=opening.budget, **ways)
    else:
        client = connect(settings.url, token=token, budget=opening.budget, **ways)
    return MatrixPlatform(
        account.name,
        settings,
        client,
        opening.clock,
        facts=opening.facts,
        since=account.reach,
    )
