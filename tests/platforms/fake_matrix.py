"""A homeserver in memory, with the wire shapes of the Matrix client-server API.

https://spec.matrix.org/v1.19/client-server-api/ (matrix-org/matrix-spec d0ba2aae, data/api/client-server: sync, rooms,
message_pagination, room_send, redaction, relations, banning, report_content, refresh, whoami), and what Synapse 1.163.2
makes of what is left open there: tokens `s…` of a stream and `t…` of a history, `end` on every page but an empty one,
edits bundled into what they edit save in a timeline that leaves nothing out, one event for a transaction of a device.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx

HOST = "shop.example"
US = f"@desk:{HOST}"
TOKEN, REFRESH, DEVICE = "syt_ZGVzaw_first", "syr_ZGVzaw_first", "DESKDEVICE"
MESSAGE, REDACTION, MEMBER, REACTION = "m.room.message", "m.room.redaction", "m.room.member", "m.reaction"
_LARGEST, _LASTS = 65_536, 300_000
_API = r"/_matrix/client/(?:v3|v1)"
_ROOM = _API + r"/rooms/(?P<room>[^/]+)"


class Said(Exception):
    """An answer that is no success, in the API's standard form."""

    def __init__(self, status: int, code: str, text: str, **more: Any) -> None:
        super().__init__(text)
        self.response = httpx.Response(status, json={"errcode": code, "error": text, **more})


@dataclass
class Room:
    """`state` by type, `members` by user: their membership."""

    state: dict[str, dict[str, Any]]
    members: dict[str, str]


@dataclass
class FakeMatrix:
    """One server with one account that uses it. Whatever happens is an event in `events`; its place there, from 1, is
    its position in the stream. `names` are display names, `devices` whom a token belongs to, `direct` our m.direct."""

    clock: Callable[[], datetime]
    url: str = f"https://{HOST}"
    events: list[dict[str, Any]] = field(default_factory=list)
    rooms: dict[str, Room] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=lambda: {TOKEN: DEVICE})
    ends: dict[str, datetime] = field(default_factory=dict)
    refreshing: dict[str, str] = field(default_factory=lambda: {REFRESH: DEVICE})
    direct: dict[str, list[str]] = field(default_factory=dict)
    invitations: list[str] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)
    powerless: bool = False
    busy_until: datetime | None = None
    transactions: dict[tuple[str, str], str] = field(default_factory=dict)

    def room(self, room: str, *people: str, rule: str = "public", **state: dict[str, Any]) -> str:
        """A room in which we are, and they."""
        told = {"m.room.join_rules": {"join_rule": rule}, "m.room.history_visibility": {"history_visibility": "shared"}}
        self.rooms[room] = Room({**told, **state}, dict.fromkeys((US, *people), "join"))
        return room

    def write(self, sender: str, body: str, room: str, *, at: datetime | None = None, **content: Any) -> str:
        """A message; its id."""
        return self.add(room, MESSAGE, sender, {"msgtype": "m.text", "body": body, **content}, at)

    def add(
        self, room: str, kind: str, sender: str, content: dict[str, Any], at: datetime | None = None, **more: Any
    ) -> str:
        """Any event; its id."""
        self.rooms[room].members.setdefault(sender, "join")
        event_id = f"$event{len(self.events) + 1}"
        when = int((at or self.clock()).timestamp() * 1000)
        event = {"event_id": event_id, "room_id": room, "type": kind, "sender": sender, "origin_server_ts": when}
        self.events.append({**event, "content": content, **more})
        return event_id

    def edit(self, event_id: str, text: str, *, by: str | None = None) -> str:
        """Its author writes it anew."""
        old = self.event(event_id)
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event_id}
        more = {"m.new_content": new, "m.relates_to": relation}
        return self.write(by or old["sender"], f"* {text}", old["room_id"], **more)

    def redact(self, event_id: str, by: str | None = None) -> str:
        """Somebody empties it."""
        old = self.event(event_id)
        made = self.add(old["room_id"], REDACTION, by or old["sender"], {"redacts": event_id}, redacts=event_id)
        old["content"], old["redacted_because"] = {}, made
        return made

    def event(self, event_id: str) -> dict[str, Any]:
        return next(one for one in self.events if one["event_id"] == event_id)

    def of(self, sender: str, kind: str = MESSAGE) -> list[dict[str, Any]]:
        """What somebody wrote, and did not take back."""
        return [one for one in self.events if (one["sender"], one["type"]) == (sender, kind) and one["content"]]

    def handle(self, request: httpx.Request) -> httpx.Response:
        """What the server answers."""
        if self.busy_until is not None and self.clock() < self.busy_until:
            return self.busy_response((self.busy_until - self.clock()).total_seconds())
        try:
            answer = self._answer(request, request.url.raw_path.decode().partition("?")[0])
            return httpx.Response(200, headers={"Server": "Synapse/1.163.2"}, json=answer)
        except Said as said:
            return said.response

    def _answer(self, request: httpx.Request, path: str) -> Any:
        for method, pattern, answer in self._ways():
            found = re.fullmatch(pattern, path)
            if method == request.method and found is not None:
                params = {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
                device = self._device(request, path)
                if "room" in params:
                    self._known(params["room"])
                return answer(request, device, **params)
        raise Said(404, "M_UNRECOGNIZED", "Unrecognized request")

    def busy_response(self, seconds: float = 42) -> httpx.Response:
        """Of rc_message, and of whatever stands before it."""
        said = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": int(seconds * 1000)}
        return httpx.Response(429, json=said)

    def refused_response(self, *, soft: bool = False) -> httpx.Response:
        said = {"errcode": "M_UNKNOWN_TOKEN", "error": "Unrecognised access token.", "soft_logout": soft}
        return httpx.Response(401, json=said)

    def _device(self, request: httpx.Request, path: str) -> str:
        if path.endswith(("/refresh", "/versions", "/matrix/client")):
            return ""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.ends.get(token, self.clock()) < self.clock():
            raise Said(401, "M_UNKNOWN_TOKEN", "Access token has expired", soft_logout=True)
        if token not in self.devices:
            raise Said(401, "M_UNKNOWN_TOKEN", "Unrecognised access token.", soft_logout=False)
        return self.devices[token]

    def _ways(self) -> Sequence[tuple[str, str, Callable[..., Any]]]:
        event, kind = "(?P<event>[^/]+)", "(?P<kind>[^/]+)"
        return (
            ("GET", "/_matrix/client/versions", lambda *_: {"versions": ["v1.11", "v1.15"]}),
            ("GET", _API + "/account/whoami", lambda _, device: {"user_id": US, "device_id": device}),
            ("POST", _API + "/refresh", self._refresh),
            ("GET", _API + "/sync", self._sync),
            ("GET", _API + "/directory/room/(?P<alias>[^/]+)", self._alias),
            ("GET", _API + "/profile/[^/]+/displayname", lambda *_: {"displayname": "Bottega Blu"}),
            ("GET", _API + "/user/[^/]+/account_data/m.direct", self._account_data),
            ("GET", _ROOM + "/messages", self._messages),
            ("GET", _ROOM + "/members", self._members),
            ("GET", f"{_ROOM}/event/{event}", self._event),
            ("GET", f"{_ROOM}/state/{kind}/(?P<key>[^/]*)", self._state),
            ("GET", f"{_ROOM}/relations/{event}/m.annotation/m.reaction", self._reactions),
            ("PUT", f"{_ROOM}/send/{kind}/(?P<txn>[^/]+)", self._send),
            ("PUT", f"{_ROOM}/redact/{event}/(?P<txn>[^/]+)", self._redact),
            ("POST", _ROOM + "/(?P<what>ban|unban)", self._ban),
            ("POST", f"{_ROOM}/report/{event}", self._report),
        )

    def _known(self, room: str) -> Room:
        if room not in self.rooms or self.rooms[room].members.get(US) != "join":
            raise Said(403, "M_FORBIDDEN", f"User {US} not in room {room}, and room previews are disabled")
        return self.rooms[room]

    def _refresh(self, request: httpx.Request, _: str) -> Any:
        token = json.loads(request.content)["refresh_token"]
        if token not in self.refreshing:
            raise Said(401, "M_UNKNOWN_TOKEN", "refresh token isn't valid anymore")
        device = self.refreshing.pop(token)
        number = len(self.devices)
        access, refresh = f"syt_ZGVzaw_{number}", f"syr_ZGVzaw_{number}"
        self.devices[access], self.refreshing[refresh] = device, device
        self.ends[access] = self.clock() + timedelta(milliseconds=_LASTS)
        return {"access_token": access, "refresh_token": refresh, "expires_in_ms": _LASTS}

    def _alias(self, _: httpx.Request, __: str, alias: str) -> Any:
        if alias not in self.aliases:
            raise Said(404, "M_NOT_FOUND", f"Room alias {alias} not found")
        return {"room_id": self.aliases[alias], "servers": [HOST]}

    def _account_data(self, *_: Any) -> Any:
        if not self.direct:
            raise Said(404, "M_NOT_FOUND", "Account data not found")
        return self.direct

    def _sync(self, request: httpx.Request, device: str) -> Any:
        params = request.url.params
        since = _position(params["since"]) if "since" in params else 0
        what = json.loads(params["filter"])
        wanted = what["room"].get("rooms")
        joined = {
            name: self._joined(name, since, what["room"]["timeline"], device, first="since" not in params)
            for name, room in self.rooms.items()
            if room.members.get(US) == "join" and (wanted is None or name in wanted)
        }
        told = {"join": joined, "invite": {room: {} for room in self.invitations if since == 0}}
        direct = [{"type": "m.direct", "content": self.direct}] if self.direct else []
        return {"next_batch": f"s{len(self.events)}", "rooms": told, "account_data": {"events": direct}}

    def _joined(self, name: str, since: int, what: dict[str, Any], device: str, *, first: bool) -> Any:
        room = self.rooms[name]
        found = self._in(name, since, len(self.events), what["types"])
        limited = first or len(found) > what["limit"]
        shown = found[-what["limit"] :]
        older = (shown[0][0] if shown else len(self.events) + 1) - 1
        state = [{"type": kind, "state_key": "", "content": content} for kind, content in room.state.items()]
        count = list(room.members.values()).count
        return {
            "summary": {"m.joined_member_count": count("join"), "m.invited_member_count": count("invite")},
            "state": {"events": [*state, *self._named({one["sender"] for _, one in shown})]},
            "timeline": {
                "events": [self._shown(one, device, bundled=limited) for _, one in shown],
                "limited": limited,
                "prev_batch": f"s{older}",
            },
        }

    def _in(
        self, room: str, after: int, upto: int, types: Sequence[str], senders: Sequence[str] | None = None
    ) -> list[tuple[int, dict[str, Any]]]:
        return [
            (place, one)
            for place, one in enumerate(self.events, start=1)
            if after < place <= upto
            and one["room_id"] == room
            and one["type"] in types
            and (senders is None or one["sender"] in senders)
        ]

    def _named(self, users: set[str]) -> list[Any]:
        return [
            {"type": MEMBER, "state_key": user, "content": {"membership": "join", "displayname": self.names[user]}}
            for user in sorted(users & self.names.keys())
        ]

    def _shown(self, event: dict[str, Any], device: str, *, bundled: bool = True) -> dict[str, Any]:
        """As a client of this device gets it."""
        beside: dict[str, Any] = {"age": 1234}
        if "redacted_because" in event:
            beside["redacted_because"] = {"event_id": event["redacted_because"], "type": REDACTION}
        if event.get("sent_by") == device:
            beside["transaction_id"] = event["transaction"]
        about = {"rel_type": "m.replace", "event_id": event["event_id"]}
        edits = [one for one in self.events if one["content"].get("m.relates_to") == about]
        edits = [one for one in edits if one["sender"] == event["sender"]]
        if edits and bundled:
            beside["m.relations"] = {"m.replace": edits[-1]}
        hidden = ("redacted_because", "sent_by", "transaction")
        return {**{key: value for key, value in event.items() if key not in hidden}, "unsigned": beside}

    def _messages(self, request: httpx.Request, device: str, room: str) -> Any:
        params = request.url.params
        what = json.loads(params["filter"])
        upto = _position(params["from"]) if "from" in params else len(self.events)
        after = _position(params["to"]) if "to" in params else 0
        found = self._in(room, after, upto, what["types"], what.get("senders"))[-int(params["limit"]) :]
        answer = {
            "start": params.get("from", f"t{upto}"),
            "chunk": [self._shown(one, device) for _, one in found[::-1]],
        }
        if not found:
            return answer
        state = self._named({one["sender"] for _, one in found}) if what.get("lazy_load_members") else []
        return {**answer, "end": f"t{found[0][0] - 1}", "state": state}

    def _members(self, request: httpx.Request, _: str, room: str) -> Any:
        out = request.url.params.get("not_membership")
        there = {user: how for user, how in self.rooms[room].members.items() if how != out}
        return {
            "chunk": [
                {"type": MEMBER, "state_key": user, "content": {"membership": how}} for user, how in there.items()
            ]
        }

    def _event(self, _: httpx.Request, device: str, room: str, event: str) -> Any:
        found = [one for one in self.events if (one["event_id"], one["room_id"]) == (event, room)]
        if not found:
            raise Said(404, "M_NOT_FOUND", "Event not found.")
        return self._shown(found[0], device)

    def _state(self, _: httpx.Request, __: str, room: str, kind: str, key: str) -> Any:
        if kind == MEMBER and key in self.rooms[room].members:
            return {"membership": self.rooms[room].members[key]}
        if kind not in self.rooms[room].state:
            raise Said(404, "M_NOT_FOUND", "Event not found.")
        return self.rooms[room].state[kind]

    def _reactions(self, request: httpx.Request, device: str, room: str, event: str) -> Any:
        found = [one for one in self._of(event) if one["room_id"] == room][::-1]
        first = int(request.url.params.get("from", "0"))
        limit = int(request.url.params["limit"])
        answer: dict[str, Any] = {"chunk": [self._shown(one, device) for one in found[first : first + limit]]}
        return {**answer, "next_batch": str(first + limit)} if len(found) > first + limit else answer

    def _of(self, event: str) -> list[dict[str, Any]]:
        """The reactions to it that stand."""
        found = [one for one in self.events if one["type"] == REACTION and one["content"]]
        return [one for one in found if one["content"]["m.relates_to"]["event_id"] == event]

    def _send(self, request: httpx.Request, device: str, room: str, kind: str, txn: str) -> Any:
        known = (device, request.url.path)
        if known not in self.transactions:
            content = json.loads(request.content)
            if len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()) > _LARGEST - 2000:
                raise Said(413, "M_TOO_LARGE", "event too large")
            relation = content.get("m.relates_to")
            ours = [one["content"]["m.relates_to"] for one in self.of(US, REACTION)]
            if kind == REACTION and relation in ours:
                raise Said(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")
            self.transactions[known] = self.add(room, kind, US, content, sent_by=device, transaction=txn)
        return {"event_id": self.transactions[known]}

    def _redact(self, request: httpx.Request, device: str, room: str, event: str, txn: str) -> Any:
        if self.powerless and self.event(event)["sender"] != US:
            raise Said(403, "M_FORBIDDEN", "You don't have permission to redact events")
        known = (device, request.url.path)
        if known not in self.transactions:
            self.transactions[known] = self.redact(event, US)
        return {"event_id": self.transactions[known]}

    def _ban(self, request: httpx.Request, _: str, room: str, what: str) -> Any:
        user, members = json.loads(request.content)["user_id"], self.rooms[room].members
        if self.powerless:
            raise Said(403, "M_FORBIDDEN", f"You don't have permission to {what}")
        if what == "unban" and members.get(user) != "ban":
            raise Said(403, "M_BAD_STATE", "Cannot unban user who was not banned")
        members[user] = "ban" if what == "ban" else "leave"
        return {}

    def _report(self, request: httpx.Request, _: str, room: str, event: str) -> Any:
        self.reports.append((event, json.loads(request.content)["reason"]))
        return {}


def _position(token: str) -> int:
    found = re.fullmatch(r"[st](\d+)", token)
    if found is None:
        raise Said(400, "M_UNKNOWN", "Invalid stream token")
    return int(found[1])
