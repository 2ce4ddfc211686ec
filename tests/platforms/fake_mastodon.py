"""A small Mastodon server (or GoToSocial, or Pleroma) as a function of requests: `httpx.MockTransport(fake.handle)`.

It keeps what is written to it. `fake_mastodon_practice.serve` puts it on a real socket, and
`python -m tests.platforms.fake_mastodon` is a practice server to try caretool on by hand (docs/platforms/mastodon.md).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qs

import httpx

from tests.platforms import fake_mastodon_text as wording

Software = Literal["mastodon", "gotosocial", "pleroma"]
Fault = Literal["refuse", "busy", "half", "drop", "fail", "forbid"]

HOST = "social.example"
TOKEN = "token-of-the-shop"
ALL = ("read", "write")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SOFTWARE = {
    "mastodon": {"version": "4.5.2", "source_url": "https://github.com/mastodon/mastodon"},
    "gotosocial": {"version": "0.19.1+git-1a2b3c4", "source_url": "https://codeberg.org/superseriousbusiness/gotosocial"},
    "pleroma": {"version": "2.7.2 (compatible; Pleroma 2.9.1)"},
}  # fmt: skip
_KEPT = {"mastodon": timedelta(hours=1), "gotosocial": timedelta(minutes=5), "pleroma": timedelta(hours=6)}


@dataclass
class Person:
    """An account. `acct` is `name` here and `name@server` elsewhere."""

    id: str
    acct: str
    name: str
    followers: int = 0


@dataclass
class Written:
    """A status. `order` is its place among all; `gone` after it was deleted, `mentions` are ids of people."""

    id: str
    order: int
    by: str
    text: str
    visibility: str
    parent: str | None
    warning: str
    at: datetime
    mentions: set[str]
    language: str | None = None
    media: tuple[str, ...] = ()
    likes: int = 0
    edited_at: datetime | None = None
    gone: bool = False


@dataclass
class Notification:
    """What is told to us: of a status, or `raw` as it stands (nonsense included)."""

    id: str
    order: int
    at: datetime
    status: str | None = None
    filtered: bool = False
    raw: Any = None


class Failure(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, **body: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass
class FakeMastodon:
    """The server. `us` is the account whose token `TOKEN` is; `longest` its limit; `version` what it says instead of
    its own; `requests` what was asked of it; `odd` answers to "METHOD /path" instead of its own."""

    software: Software = "mastodon"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    longest: int = 500
    allowed: int = 300
    version: str = ""
    requests: list[httpx.Request] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    statuses: dict[str, Written] = field(default_factory=dict)
    notifications: list[Notification] = field(default_factory=list)
    tokens: dict[str, tuple[str | None, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.us = self.person("bottegablu", "Bottega Blu").id
        self.tokens[TOKEN] = (self.us, ALL)
        self.faults: list[tuple[Fault, str, str]] = []
        self.odd: dict[str, httpx.Response] = {}
        self.kept: dict[str, tuple[datetime, str]] = {}
        self.apps: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.window: tuple[datetime, int] | None = None
        self.muted: set[str] = set()
        self.blocked: set[str] = set()
        self.liked: set[str] = set()
        self.reports: list[dict[str, Any]] = []
        self._count = 95  # ids soon grow by a digit: as text they do not sort

    # What happens on the server.

    def person(self, acct: str, name: str | None = None, followers: int = 0) -> Person:
        """The account, made if it is new."""
        for person in self.people.values():
            if person.acct == acct:
                return person
        person = Person(str(1000 + len(self.people)), acct, acct.title() if name is None else name, followers)
        self.people[person.id] = person
        return person

    def write(
        self,
        acct: str,
        text: str,
        *,
        visibility: str = "public",
        reply_to: str | None = None,
        warning: str = "",
        at: datetime | None = None,
        id: str | None = None,
        tells_us: bool = True,
        filtered: bool = False,
        **more: Any,
    ) -> str:
        """Somebody writes; whoever is mentioned in the words is told, and so are we if `tells_us`. Its id."""
        order, by = self._next(), self.person(acct).id
        status = Written(
            id or self._id(order), order, by, text, visibility, reply_to, warning, at or self.clock(), set(), **more
        )
        named = [self._named(one.name, one.server) for one in wording.entities(text) if one.name]
        status.mentions = {person.id for person in named if person} | ({self.us} if tells_us else set())
        self.statuses[status.id] = status
        if by != self.us and self.us in status.mentions:
            self.notify(status.id, filtered=filtered)
        return status.id

    def notify(self, status: str | None = None, *, filtered: bool = False, raw: Any = None) -> str:
        """Tell us of a status, or of nonsense; the notification's id."""
        order = self._next()
        number = str(order) if self.software == "pleroma" else self._id(order)
        self.notifications.append(Notification(number, order, self.clock(), status, filtered, raw))
        return number

    def edit(self, status_id: str, text: str) -> None:
        self.statuses[status_id].text = text
        self.statuses[status_id].edited_at = self.clock()

    def delete(self, status_id: str) -> None:
        """As its author does: whoever was told of it is not any more, and what replied to it replies to nothing."""
        self.statuses[status_id].gone = True
        for status in self.statuses.values():
            if status.parent == status_id and self.software != "gotosocial":
                status.parent = None
        self.notifications = [one for one in self.notifications if one.status != status_id]

    def hold_back(self, notification_id: str) -> Callable[[], None]:
        """A notification that others overtake: it is not to be seen until the answer is called."""
        held = next(one for one in self.notifications if one.id == notification_id)
        place = self.notifications.index(held)
        self.notifications.remove(held)
        return lambda: self.notifications.insert(place, held)

    def fault(self, fault: Fault, method: str = "", path: str = "", times: int = 1) -> None:
        """The next `times` requests of this method whose path begins so go wrong."""
        self.faults += [(fault, method, path)] * times

    def posted(self) -> list[Written]:
        """What came in over the API and stands."""
        return [status for status in self.statuses.values() if status.by == self.us and not status.gone]

    # What is asked of it.

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises httpx.ReadError where the connection breaks after all was done."""
        self.requests.append(request)
        fault = self._fault(request)
        try:
            if fault is not None:
                self._go_wrong(fault)
            self._count_request()
            answer = self.odd.get(f"{request.method} {request.url.path}") or self._route(request)
        except Failure as failure:
            answer = httpx.Response(failure.status, json=failure.body)
        answer.headers.update(self._rate())
        if fault == "drop":
            raise httpx.ReadError("the connection broke", request=request)
        if fault == "half":
            body = answer.content
            headers = {"content-type": "application/json", "x-whole": str(len(body))}
            answer = httpx.Response(answer.status_code, content=body[: len(body) // 2], headers=headers)
        return answer

    def _fault(self, request: httpx.Request) -> Fault | None:
        for index, (fault, method, path) in enumerate(self.faults):
            if request.method.startswith(method) and request.url.path.startswith(path):
                del self.faults[index]
                return fault
        return None

    def busy_response(self) -> httpx.Response:
        """How the server asks to be left alone for 42 seconds."""
        reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": _iso(self.clock() + timedelta(seconds=42))}
        return httpx.Response(429, json={"error": "Too many requests"}, headers=reset)

    def refused_response(self) -> httpx.Response:
        """How it refuses a token."""
        return httpx.Response(401, json={"error": "The access token was revoked"})

    def _go_wrong(self, fault: Fault) -> None:
        if fault == "refuse":
            raise Failure(401, error="The access token was revoked")
        if fault == "forbid":
            raise Failure(403, error="This action is outside the authorized scopes")
        if fault == "fail":
            raise Failure(500, error="Something went wrong on our end")
        if fault == "busy":
            self.window = (self.clock() + timedelta(seconds=42), self.allowed)

    def _count_request(self) -> None:
        if self.window is None or self.clock() >= self.window[0]:
            self.window = (self.clock() + timedelta(minutes=5), 0)
        ends, used = self.window
        if used >= self.allowed:
            raise Failure(429, error="Too many requests")
        self.window = (ends, used + 1)

    def _rate(self) -> dict[str, str]:
        if self.window is None:
            return {}
        ends, used = self.window
        reset = str(int(ends.timestamp())) if self.software == "gotosocial" else _iso(ends)
        left = str(max(self.allowed - used, 0))
        return {"X-RateLimit-Limit": str(self.allowed), "X-RateLimit-Remaining": left, "X-RateLimit-Reset": reset}

    def _route(self, request: httpx.Request) -> httpx.Response:
        from tests.platforms import fake_mastodon_api, fake_mastodon_signing

        return fake_mastodon_signing.route(self, request) or fake_mastodon_api.route(self, request)

    # What the routes need.

    def whose(self, request: httpx.Request, scope: str) -> Person:
        """Whose token it is. Raises Failure where it is none, or may not do this."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Failure(401, error="The access token is invalid")
        owner, scopes = self.tokens[token]
        if owner is None:
            raise Failure(422, error="This method requires an authenticated user")
        if scope and not {scope, scope.partition(":")[0]} & set(scopes):
            raise Failure(403, error="This action is outside the authorized scopes")
        return self.people[owner]

    def seen(self, status_id: str, who: Person) -> Written:
        """The status, if `who` may see it. Raises Failure."""
        status = self.statuses.get(status_id)
        if status is None or status.gone or not self.may_see(status, who):
            raise Failure(404, error="Record not found")
        return status

    def may_see(self, status: Written, who: Person) -> bool:
        return status.visibility in ("public", "unlisted") or who.id == status.by or who.id in status.mentions

    def create(self, by: Person, key: str, values: dict[str, Any]) -> dict[str, Any]:
        """Post a status, or answer as before where the key is known. Raises Failure."""
        kept = self.kept.get(key) if key else None
        if kept is not None and self.clock() - kept[0] < _KEPT[self.software]:
            if self.software == "gotosocial":
                return {"status": "request already handled"}
            return self.shown(self.statuses[kept[1]])
        text, warning = str(values.get("status") or "").strip(), str(values.get("spoiler_text") or "")
        parent = values.get("in_reply_to_id") or None
        if not text:
            raise Failure(422, error="Validation failed: Text can't be blank")
        if wording.length(text, warning, self.software) > self.longest:
            raise Failure(422, error=f"Validation failed: Text character limit of {self.longest} exceeded")
        if parent is not None:
            try:
                self.seen(parent, by)
            except Failure:
                raise Failure(404, error="The post you are trying to reply to does not appear to exist.") from None
        visibility = values.get("visibility") or "public"
        status_id = self.write(by.acct, text, visibility=visibility, reply_to=parent, warning=warning, tells_us=False)
        if key:
            self.kept[key] = (self.clock(), status_id)
        return self.shown(self.statuses[status_id])

    def shown(self, status: Written) -> dict[str, Any]:
        """A status as the API shows it."""
        person = self.people[status.by]
        return {
            "id": status.id,
            "created_at": _iso(status.at),
            "in_reply_to_id": status.parent,
            "sensitive": bool(status.warning),
            "spoiler_text": status.warning,
            "visibility": status.visibility,
            "language": status.language,
            "uri": f"https://{HOST}/users/{person.acct}/statuses/{status.id}",
            "url": f"https://{HOST}/@{person.acct}/{status.id}",
            "favourites_count": status.likes,
            "content": wording.to_html(status.text, self._address),
            "edited_at": _iso(status.edited_at) if status.edited_at else None,
            "reblog": None,
            "account": self.account(person),
            "media_attachments": [{"type": "image", "url": url} for url in status.media],
        }

    def account(self, person: Person) -> dict[str, Any]:
        return {
            "id": person.id,
            "username": person.acct.partition("@")[0],
            "acct": person.acct,
            "display_name": person.name,
            "followers_count": person.followers,
            "url": f"https://{HOST}/@{person.acct}",
        }

    def relationship(self, person: Person) -> dict[str, Any]:
        """What we are to each other."""
        return {"id": person.id, "muting": person.id in self.muted, "blocking": person.id in self.blocked}

    def about(self) -> dict[str, str]:
        return _SOFTWARE[self.software] | ({"version": self.version} if self.version else {})

    def _named(self, name: str | None, server: str | None) -> Person | None:
        acct = name if server in (None, HOST) else f"{name}@{server}"
        return next((person for person in self.people.values() if person.acct == acct), None)

    def _address(self, name: str, server: str | None) -> str | None:
        person = self._named(name, server)
        return f"https://{server or HOST}/@{name}" if person else None

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _id(self, order: int) -> str:
        if self.software == "mastodon":
            return str(order)
        digits, number = "", order
        while number:
            number, digit = divmod(number, 32)
            digits = _LETTERS[digit] + digits
        return ("01" if self.software == "gotosocial" else "Az") + digits.rjust(16, "0")


def values_of(request: httpx.Request) -> dict[str, Any]:
    """The request's values, from a form or from JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(json.loads(request.content))
    return {key: values[-1] for key, values in parse_qs(request.content.decode()).items()}


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    from tests.platforms.fake_mastodon_practice import main

    main()
