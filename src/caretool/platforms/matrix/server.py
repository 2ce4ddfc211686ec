"""The requests to a homeserver, and what its answers mean.

https://spec.matrix.org/v1.19/client-server-api/#standard-error-response
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from caretool.dialect import Dialect, Said, Verdict
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed
from caretool.http import Client, Refused, retry_after
from caretool.platforms.descent import Trail
from caretool.platforms.matrix.wire import (
    ALIAS,
    ENCRYPTED,
    ENCRYPTION,
    HISTORY,
    JOIN_RULES,
    MEMBER,
    MESSAGE,
    NAME,
    REACTION,
    REDACTION,
    STICKER,
    TOMBSTONE,
    Event,
    Place,
    Room,
    Sync,
    Timeline,
    WireError,
    identifier,
    is_room,
    is_user,
    mapping,
    read_direct,
    read_event,
    read_messages,
    read_sync,
    word,
)
from caretool.platforms.renewing import Grant

_API = "/_matrix/client/v3"
# Of each room at once; a page of its history.
TIMELINE, PAGE = 20, 50
_STATE = (NAME, ALIAS, JOIN_RULES, HISTORY, ENCRYPTION, TOMBSTONE)
_SAID = (MESSAGE, STICKER, ENCRYPTED, REDACTION)
_MEMBERS = {"lazy_load_members": True, "include_redundant_members": True}
_LONGEST_LIFE = 10 * 365 * 86_400_000  # milliseconds
# What stands before a homeserver (a proxy, a page for visitors) says 404, too: that tells of nothing.
NOT_THERE = frozenset({"M_FORBIDDEN", "M_NOT_FOUND"})
_UNCLEAR = frozenset({401, 408, 499})


def dialect() -> Dialect:
    """How a homeserver says things."""
    return Dialect(verdict=_verdict)


def _verdict(said: Said) -> Verdict | None:
    body = mapping(said.body)
    code = word(body, "errcode") or ""
    if said.status == 429 or code == "M_LIMIT_EXCEEDED":
        told = body.get("retry_after_ms")
        seconds = retry_after(said.headers, said.now)
        if seconds is None and type(told) in (int, float) and 0 <= told < 1e10:  # type: ignore[operator]
            seconds = float(told) / 1000  # type: ignore[arg-type]
        return Verdict("busy", seconds, code)
    if code in ("M_USER_DEACTIVATED", "M_USER_LOCKED"):
        return Verdict("token", code=code)
    if 400 <= said.status < 500 and said.status not in _UNCLEAR:
        return Verdict("refused", code=code)
    return None


def exchanged(client: Client, name: str, refresh: str, now: datetime) -> Grant:
    """A grant for what renews it, which ends once the new one is used. Raises Refused where the server says no."""
    data = mapping(client.post(f"{_API}/refresh", json={"refresh_token": refresh}).json())
    access = word(data, "access_token")
    if access is None:
        raise PlatformFailed(f"{name}: the server answered the renewal of the token without one")
    lasts = data.get("expires_in_ms")
    ends = now + timedelta(milliseconds=min(lasts, _LONGEST_LIFE)) if type(lasts) is int and lasts > 0 else None
    return Grant(access, word(data, "refresh_token"), ends)


@contextmanager
def before_writing() -> Iterator[None]:
    """What fails here passes, and the reply must not fail for it: nothing was sent."""
    try:
        yield
    except Refused:
        raise
    except PlatformFailed as problem:
        raise PlatformBusy(f"{problem} (nothing was sent)") from problem


class Server:
    """What an account asks of its homeserver. Each method raises as `Platform.fetch` does; `Refused` is the server's
    no. `fetching` leaves to replies what the budget keeps for them."""

    def __init__(self, client: Client, name: str, *, fetching: bool = False) -> None:
        self._client = client
        self._name = name
        self._fetching = fetching

    def whoami(self) -> str:
        """Our user's id."""
        us = mapping(self._get("/account/whoami")).get("user_id")
        if not isinstance(us, str) or not is_user(us):
            raise PlatformFailed(f"{self._name}: the server does not say who we are: is url right?")
        return us

    def sync(self, since: str | None, rooms: Sequence[str] | None) -> Sync:
        """What has happened in these rooms since then (None: in all that we are in; their latest), and how each of them
        stands."""
        where = {} if rooms is None else {"rooms": list(rooms)}
        nothing: dict[str, Any] = {"types": []}
        what = {
            "presence": nothing,
            "account_data": {"types": ["m.direct"]},
            "room": {
                **where,
                "timeline": {"types": [*_SAID, *_STATE], "limit": TIMELINE, **_MEMBERS},
                "state": {"types": [*_STATE, MEMBER], **_MEMBERS},
                "ephemeral": nothing,
                "account_data": nothing,
            },
        }
        params = {"filter": _compact(what), "timeout": "0", "set_presence": "offline", "full_state": "true"}
        answer = self._get("/sync", params if since is None else {**params, "since": since})
        try:
            return read_sync(answer)
        except WireError as odd:
            raise self._nonsense("/sync", odd) from odd

    def messages(self, room: str, older: str | None, until: str | None, by: str | None = None) -> Timeline:
        """A page of a room's history: from there downwards (None: from its end), to where `until` lies (None: to its
        beginning), of everybody or `by` one."""
        what: dict[str, Any] = {"types": [*_SAID], "lazy_load_members": True}
        if by is not None:
            what = {"types": [MESSAGE], "senders": [by]}
        params = {"dir": "b", "limit": str(PAGE), "filter": _compact(what)}
        bounds = {"from": older, "to": until}
        path = f"/rooms/{_step(room)}/messages"
        answer = self._get(path, {**params, **{key: token for key, token in bounds.items() if token is not None}})
        try:
            return read_messages(room, answer)
        except WireError as odd:
            raise self._nonsense(path, odd) from odd

    def event(self, place: Place) -> Event | None:
        """How it stands now; None: it is not there, or no longer shown to us."""
        path = f"/rooms/{_step(place.room)}/event/{_step(place.event)}"
        answer = self._found(path)
        if answer is None:
            return None
        try:
            return read_event(place.room, answer)
        except WireError as odd:
            raise self._nonsense(path, odd) from odd

    def room(self, room: str, us: str) -> tuple[Room, bool]:
        """How it stands at this moment, and whether it is private. Asks no more than that needs."""
        state = self._state(room, ENCRYPTION)
        rule = word(self._state(room, JOIN_RULES) or {}, "join_rule") or "invite"
        found = Room(room, join_rule=rule, encrypted=state is not None, visibility="world_readable")
        if rule == "invite":
            seen = word(self._state(room, HISTORY) or {}, "history_visibility") or "shared"
            people = None if seen == "world_readable" else self._people(room)
            found = Room(room, join_rule=rule, encrypted=state is not None, visibility=seen, people=people)
        if found.private(direct=False) or not found.private(direct=True):
            return found, found.private(direct=False)
        return found, room in self.direct(us)

    def direct(self, us: str) -> frozenset[str]:
        """The rooms that we hold to be a conversation with somebody."""
        return read_direct(self._found(f"/user/{_step(us)}/account_data/m.direct"))

    def called(self, room: str) -> str | None:
        """What a room is called, where somebody gave it a name."""
        return word(self._state(room, NAME) or {}, "name") or word(self._state(room, ALIAS) or {}, "alias")

    def membership(self, room: str, user: str) -> str | None:
        """join, invite, leave, ban or knock; None: never had to do with it."""
        return word(self._state(room, MEMBER, user) or {}, "membership")

    def send(self, room: str, kind: str, transaction: str, content: Mapping[str, Any]) -> str:
        """Once, for each `transaction` of ours; the event's id. Raises AnswerLost too."""
        path = f"{_API}/rooms/{_step(room)}/send/{_step(kind)}/{_step(transaction)}"
        event = identifier(mapping(self._client.put(path, json=content).json()).get("event_id"))
        if event is None:
            raise AnswerLost(f"{self._name}: it was taken, but the server does not say under which id")
        return event

    def redact(self, place: Place, transaction: str) -> None:
        """Empty it, for everybody."""
        path = f"{_API}/rooms/{_step(place.room)}/redact/{_step(place.event)}/{_step(transaction)}"
        self._client.put(path, json={})

    def ban(self, room: str, user: str, *, undo: bool) -> None:
        """Throw a user out of a room and keep them out; or let them in again."""
        self._client.post(f"{_API}/rooms/{_step(room)}/{'unban' if undo else 'ban'}", json={"user_id": user})

    def report(self, place: Place, why: str) -> None:
        """Tell those who run our server."""
        path = f"{_API}/rooms/{_step(place.room)}/report/{_step(place.event)}"
        self._client.post(path, json={"reason": why})

    def reactions(self, place: Place, us: str, key: str) -> list[Place]:
        """Those of ours to it, with this key."""
        path = f"/_matrix/client/v1/rooms/{_step(place.room)}/relations/{_step(place.event)}/m.annotation/{REACTION}"
        found: list[Place] = []
        after: str | None = None
        trail = Trail()
        while True:
            params = {"limit": str(PAGE)} if after is None else {"limit": str(PAGE), "from": after}
            answer = self._client.get(path, params).json()
            try:
                page = read_messages(place.room, answer)
            except WireError as odd:
                raise self._nonsense(path, odd) from odd
            ours = (one for one in page.events if one.sender == us and not one.redacted)
            found += [one.place for one in ours if mapping(one.content.get("m.relates_to")).get("key") == key]
            after = trail.on(word(mapping(answer), "next_batch"))
            if after is None:
                return found

    def resolve(self, alias: str) -> str | None:
        """The room that is called so; None: none is."""
        room = mapping(self._found(f"/directory/room/{_step(alias)}")).get("room_id")
        return room if isinstance(room, str) and is_room(room) else None

    def display_name(self, us: str) -> str | None:
        """What we are called."""
        return word(mapping(self._found(f"/profile/{_step(us)}/displayname")), "displayname")

    def software(self) -> str:
        """What the server is, where it tells, or which version of the specification it speaks."""
        answer = self._client.get("/_matrix/client/versions")
        told = mapping(answer.json()).get("versions")
        spoken = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
        if not spoken:
            raise PlatformFailed(f"{self._name}: no homeserver answers there: correct url")
        name = answer.headers.get("server", "")
        return name.replace("/", " ") if name.startswith("Synapse/") else f"Matrix {spoken[-1]}"

    def elsewhere(self) -> str | None:
        """The homeserver that the site at our address names as its own."""
        try:
            said = mapping(self._client.get("/.well-known/matrix/client").json())
        except PlatformFailed:
            return None
        return word(mapping(said.get("m.homeserver")), "base_url")

    def _people(self, room: str) -> int:
        told = mapping(self._get(f"/rooms/{_step(room)}/members", {"not_membership": "leave"})).get("chunk")
        there = [mapping(mapping(one).get("content")) for one in told] if isinstance(told, list) else []
        return sum(word(content, "membership") in ("join", "invite") for content in there)

    def _state(self, room: str, kind: str, key: str = "") -> Mapping[str, object] | None:
        answer = self._found(f"/rooms/{_step(room)}/state/{_step(kind)}/{_step(key)}")
        return None if answer is None else mapping(answer)

    def _found(self, path: str) -> Any:
        """The answer; None: the server has nothing there, or nothing for us."""
        try:
            return self._get(path)
        except Refused as refused:
            if refused.code not in NOT_THERE:
                raise
            return None

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        return self._client.get(f"{_API}{path}", params, fetching=self._fetching).json()

    def _nonsense(self, path: str, odd: WireError) -> PlatformFailed:
        return PlatformFailed(f"{self._name}: the server answered {path} with nonsense ({odd}): try again later")


def _step(word: str) -> str:
    """One step of a path, whatever is in it."""
    return quote(word, safe="")


def _compact(what: Mapping[str, Any]) -> str:
    return json.dumps(what, separators=(",", ":"))
