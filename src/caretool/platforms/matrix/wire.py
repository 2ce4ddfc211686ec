"""What a Matrix homeserver sends, read tolerantly: what is needed must be there, what is odd beside it is left out.

https://spec.matrix.org/v1.19/client-server-api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast
from urllib.parse import quote

from caretool.domain.comment import Author, Form, Incoming, Thread

MESSAGE, STICKER, ENCRYPTED, REDACTION = "m.room.message", "m.sticker", "m.room.encrypted", "m.room.redaction"
MEMBER, REACTION = "m.room.member", "m.reaction"
NAME, ALIAS, JOIN_RULES = "m.room.name", "m.room.canonical_alias", "m.room.join_rules"
HISTORY, ENCRYPTION, TOMBSTONE = "m.room.history_visibility", "m.room.encryption", "m.room.tombstone"
# What programs say to programs, or bots to everybody: nobody waits for an answer.
_UNANSWERED = frozenset({"m.notice", "m.server_notice", "m.key.verification.request"})
_FILES = frozenset({"m.image", "m.file", "m.audio", "m.video"})
_NATIVE = re.compile(r"(![^\s\x00-\x1f]{1,254}?)/(\$[^\s\x00-\x1f]{1,254})")
_ROOM = re.compile(r"![^\s\x00-\x1f]{1,254}")
_EVENT = re.compile(r"\$[^\s\x00-\x1f]{1,254}")
_USER = re.compile(r"@[^\s\x00-\x1f:]{0,250}:[^\s\x00-\x1f]{1,250}")
# Somebody named in a text as his clients write it, with his server.
_NAMED = re.compile(r"(?<![\w@])@([\w.=/+-]{1,200}:[A-Za-z0-9.-]{1,200}(?::\d{1,5}(?!\d))?)", re.ASCII)
# Before version 1.13 of the specification a reply began with what it answers, quoted.
_FALLBACK = re.compile(r"\A> (?:\* )?<@[^\n]*(?:\n>[^\n]*)*(?:\n+|\Z)")
_LATEST = 253402300799000  # milliseconds until the year 10000
_IN_A_URL = "!$:@"


class WireError(ValueError):
    """Something that came makes no sense; says what, in a few words."""


@dataclass(frozen=True, slots=True)
class Place:
    """An event by its room and its own id; our native id, since the one is not found without the other."""

    room: str
    event: str

    @classmethod
    def parse(cls, text: str) -> Place:
        """Raises WireError."""
        found = _NATIVE.fullmatch(text)
        if found is None:
            raise WireError("no address of a Matrix event")
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return f"{self.room}/{self.event}"

    @property
    def url(self) -> str:
        """Where a person reads it, with the client of their choice."""
        return f"{page_of(self.room)}/{quote(self.event, safe=_IN_A_URL)}"


def page_of(room: str) -> str:
    """A room's permanent address."""
    return f"https://matrix.to/#/{quote(room, safe=_IN_A_URL)}"


@dataclass(frozen=True, slots=True)
class Room:
    """A room we are in. `people` are in it or invited (None: unknown)."""

    id: str
    name: str | None = None
    join_rule: str = "invite"
    visibility: str = "shared"
    encrypted: bool = False
    moved_to: str | None = None
    people: int | None = None

    def private(self, direct: bool) -> bool:
        """Whether only those who were asked in read it, and they are one other, or we ourselves hold it to be a
        conversation with somebody (`direct`)."""
        closed = self.join_rule == "invite" and self.visibility != "world_readable"
        return closed and (direct or (self.people is not None and self.people <= 2))

    def thread(self, root: str | None) -> Thread:
        """What is written in it belongs to: the room, or a thread in it."""
        if root is None:
            return Thread(self.id, self.name, page_of(self.id))
        return Thread(f"{self.id}/{root}", self.name, Place(self.id, root).url)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a room. `edit` is what its author made of its content since; `transaction` is ours,
    where we sent it with this very login."""

    room: str
    id: str
    type: str
    sender: str
    at: datetime | None
    content: Mapping[str, object]
    redacted: bool = False
    redacts: str | None = None
    edit: Mapping[str, object] | None = None
    transaction: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.room, self.id)

    @property
    def author(self) -> Author:
        return Author(self.sender.removeprefix("@"))

    @property
    def replaces(self) -> str | None:
        """The event that this one is an edit of."""
        return _related(self.content, "m.replace")

    @property
    def root(self) -> str | None:
        """What its thread began with."""
        return _related(self.content, "m.thread")

    @property
    def answers(self) -> str | None:
        """What it was written in answer to; in a thread, where it says no more, what the thread began with."""
        relation = mapping(self.content.get("m.relates_to"))
        if self.root is not None and relation.get("is_falling_back") is True:
            return self.root
        return identifier(mapping(relation.get("m.in_reply_to")).get("event_id")) or self.root

    @property
    def kind(self) -> str:
        """Its `msgtype`."""
        return word(self.content, "msgtype") or ("m.image" if self.type == STICKER else "m.text")

    @property
    def text(self) -> str:
        """What it says now. Raises WireError."""
        now = self.content if self.edit is None else self.edit
        body = now.get("body")
        if not isinstance(body, str):
            raise WireError("its message has no text")
        if self.kind in _FILES and self.type != STICKER:
            named = word(now, "filename")
            return body if named is not None and named != body else ""
        return _FALLBACK.sub("", body) if self.answers is not None and self.edit is None else body

    @property
    def awaits(self) -> bool:
        """Whether a person may have written it for people to read."""
        return self.type in (MESSAGE, STICKER) and self.kind not in _UNANSWERED

    def incoming(self, us: str, room: Room | None, *, private: bool, name: str | None = None) -> Incoming:
        """As the desk takes it; `room` None: its thread is known already. Raises WireError."""
        answers = self.answers
        attached = word(self.content, "url") or word(mapping(self.content.get("file")), "url")
        return Incoming(
            native_id=str(self.place),
            author=replace(self.author, name=name),
            text=self.text,
            written_at=self.at,
            private=private,
            reply_to=None if answers is None else str(Place(self.room, answers)),
            thread=None if room is None else room.thread(self.root),
            url=self.place.url,
            form=self._form(us, private),
            attachments=(attached,) if attached else (),
            own=self.sender == us,
        )

    def _form(self, us: str, private: bool) -> Form:
        if private:
            return "message"
        named = mapping(self.content.get("m.mentions")).get("user_ids")
        return "mention" if isinstance(named, list) and us in named else "comment"


@dataclass(frozen=True, slots=True)
class Timeline:
    """A stretch of a room, the oldest first; `limited`: something between it and the one before is left out. `start` is
    where it begins, `older` the token of what comes below it (None: nothing). `names` are what those who wrote in it
    are called; `odd` is what cannot be read, and why."""

    events: tuple[Event, ...] = ()
    limited: bool = False
    start: str | None = None
    older: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    odd: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sync:
    """What has happened since a bookmark: `next` is the one after it. `direct` are the rooms that we hold to be a
    conversation with somebody, `invitations` how many new ones there are."""

    next: str
    rooms: Mapping[str, tuple[Room, Timeline]]
    direct: frozenset[str]
    invitations: int


def read_sync(data: object) -> Sync:
    """Raises WireError."""
    answer = mapping(data)
    after = word(answer, "next_batch")
    if after is None:
        raise WireError("it does not say where it ends")
    rooms = mapping(answer.get("rooms"))
    joined = {
        room: (_room(room, mapping(told)), _synced(room, mapping(told)))
        for room, told in mapping(rooms.get("join")).items()
        if _ROOM.fullmatch(room)
    }
    ours = _mappings(mapping(answer.get("account_data")), "events")
    direct = next((one.get("content") for one in ours if one.get("type") == "m.direct"), None)
    return Sync(after, joined, read_direct(direct), len(mapping(rooms.get("invite"))))


def read_messages(room: str, data: object) -> Timeline:
    """A page of a room's history, which comes the newest first. Raises WireError."""
    answer = mapping(data)
    if not isinstance(answer.get("chunk"), list):
        raise WireError("it holds no list")
    events, odd = _events(room, _mappings(answer, "chunk")[::-1])
    names = _names(_mappings(answer, "state"))
    return Timeline(events, start=word(answer, "start"), older=word(answer, "end"), names=names, odd=odd)


def read_event(room: str, data: object) -> Event:
    """Raises WireError."""
    event = mapping(data)
    sender, kind, event_id = event.get("sender"), event.get("type"), identifier(event.get("event_id"))
    if event_id is None:
        raise WireError("it has no id")
    if not isinstance(sender, str) or not _USER.fullmatch(sender) or not isinstance(kind, str):
        raise WireError("it has no author")
    beside, content = mapping(event.get("unsigned")), mapping(event.get("content"))
    edit = mapping(mapping(beside.get("m.relations")).get("m.replace"))
    edited = mapping(mapping(edit.get("content")).get("m.new_content")) if edit.get("sender") == sender else {}
    return Event(
        room,
        event_id,
        kind,
        sender,
        moment(event.get("origin_server_ts")),
        content,
        redacted=bool(mapping(beside.get("redacted_because"))),
        redacts=identifier(event.get("redacts")) or identifier(content.get("redacts")),
        edit=edited or None,
        transaction=word(beside, "transaction_id"),
    )


def read_direct(content: object) -> frozenset[str]:
    """The rooms of `m.direct`, whoever they are with."""
    lists = mapping(content).values()
    return frozenset(room for rooms in lists if isinstance(rooms, list) for room in rooms if isinstance(room, str))


def identifier(value: object) -> str | None:
    """An event's id."""
    return value if isinstance(value, str) and _EVENT.fullmatch(value) else None


def is_room(value: object) -> bool:
    """Whether it is a room's id."""
    return isinstance(value, str) and _ROOM.fullmatch(value) is not None


def is_user(value: object) -> bool:
    """Whether it is a user's id."""
    return isinstance(value, str) and _USER.fullmatch(value) is not None


def mapping(data: object) -> Mapping[str, object]:
    """What should be an object; an empty one where it is none."""
    return cast("Mapping[str, object]", data) if isinstance(data, dict) else {}


def word(data: Mapping[str, object], key: str) -> str | None:
    """A text that is not blank."""
    value = data.get(key)
    return value.strip() or None if isinstance(value, str) else None


def moment(value: object) -> datetime | None:
    """Milliseconds since 1970, by the clock of the author's server."""
    return datetime.fromtimestamp(value / 1000, UTC) if type(value) is int and 0 <= value <= _LATEST else None


def named(text: str) -> tuple[str, ...]:
    """The users that a text names, each once."""
    return tuple(dict.fromkeys("@" + found[1].rstrip(".-") for found in _NAMED.finditer(text)))


def weight(text: str) -> int:
    """The bytes that it takes of an event: as canonical JSON writes it, and again each user that it names."""
    body = len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - 2
    return body + sum(len(user) + 3 for user in named(text))


def _room(room: str, told: Mapping[str, object]) -> Room:
    """By its state, and by what of its state changed in this stretch of its timeline."""
    state: dict[str, Mapping[str, object]] = {}
    changes = _mappings(mapping(told.get("timeline")), "events")
    for event in (*_mappings(mapping(told.get("state")), "events"), *changes):
        if event.get("state_key") == "" and isinstance(event.get("type"), str):
            state[cast("str", event["type"])] = mapping(event.get("content"))
    summary = mapping(told.get("summary"))
    counts = [summary.get(f"m.{how}_member_count") for how in ("joined", "invited")]
    known = [count for count in counts if type(count) is int]
    return Room(
        room,
        name=word(state.get(NAME, {}), "name") or word(state.get(ALIAS, {}), "alias"),
        join_rule=word(state.get(JOIN_RULES, {}), "join_rule") or "invite",
        visibility=word(state.get(HISTORY, {}), "history_visibility") or "shared",
        encrypted=ENCRYPTION in state,
        moved_to=word(state.get(TOMBSTONE, {}), "replacement_room"),
        people=sum(known) if len(known) == len(counts) else None,
    )


def _synced(room: str, told: Mapping[str, object]) -> Timeline:
    timeline = mapping(told.get("timeline"))
    events, odd = _events(room, _mappings(timeline, "events"))
    names = _names((*_mappings(mapping(told.get("state")), "events"), *_mappings(timeline, "events")))
    return Timeline(events, limited=timeline.get("limited") is True, names=names, odd=odd)


def _events(
    room: str, found: tuple[Mapping[str, object], ...]
) -> tuple[tuple[Event, ...], tuple[tuple[str, str], ...]]:
    events, odd = [], []
    for one in found:
        try:
            events.append(read_event(room, one))
        except WireError as problem:
            odd.append((f"{room}/{identifier(one.get('event_id')) or '?'}", str(problem)))
    return tuple(events), tuple(odd)


def _names(state: tuple[Mapping[str, object], ...]) -> dict[str, str]:
    found = {}
    for event in state:
        name = word(mapping(event.get("content")), "displayname")
        if event.get("type") == MEMBER and name is not None:
            found[str(event.get("state_key"))] = name
    return found


def _mappings(data: Mapping[str, object], key: str) -> tuple[Mapping[str, object], ...]:
    value = data.get(key)
    return tuple(_objects(value)) if isinstance(value, list) else ()


def _objects(values: list[object]) -> Iterator[Mapping[str, object]]:
    return (cast("Mapping[str, object]", one) for one in values if isinstance(one, dict))


def _related(content: Mapping[str, object], how: str) -> str | None:
    relation = mapping(content.get("m.relates_to"))
    return identifier(relation.get("event_id")) if relation.get("rel_type") == how else None
