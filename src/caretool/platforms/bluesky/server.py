"""Our server (PDS) and, through it, what the network shows: sessions, requests, what an answer means.

https://docs.bsky.app/docs/advanced-guides/rate-limits and the lexicons of com.atproto.server and com.atproto.repo.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from caretool.dialect import Dialect, Said, Verdict
from caretool.domain.budget import Bucket, Meter
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed
from caretool.http import Answer, Client, Refused, retry_after
from caretool.platforms.bluesky.record import stamp
from caretool.platforms.bluesky.wire import (
    AtUri,
    Facts,
    Post,
    WireError,
    mapping,
    moment,
    read_cid,
    read_post,
    read_session,
    word,
)
from caretool.platforms.renewing import Grant

AT_ONCE, PER_PAGE = 25, 100
REASONS = ("mention", "reply", "quote")
_HOUR = timedelta(hours=1)
# What renews the session, or a new one does. The rest is for a person.
_STALE = frozenset({"ExpiredToken", "InvalidToken"})
_REFUSED = frozenset({"AccountTakedown", "AuthenticationRequired", "AuthFactorTokenRequired", "AuthMissing"})
_NO_CLEAR_ANSWER = frozenset({408, 499})
_NOT_THERE = ("could not locate record", "could not find repo")
# Points: https://docs.bsky.app/docs/advanced-guides/rate-limits; a put counts as an update.
_POINTS = {"createRecord": 3, "putRecord": 2, "deleteRecord": 1}


def writes(points: int) -> Bucket:
    """What every write of an account takes from, in points an hour."""
    return Bucket("writes", points, 0.0, lambda now: now + _HOUR)


def dialect(points: int) -> Dialect:
    """How these servers say things; `points` may be written with in an hour."""
    bucket = writes(points)

    def price(method: str, path: str) -> tuple[Bucket, float]:
        cost = _POINTS.get(path.rpartition(".")[2]) if method == "POST" else None
        return (Bucket(), 1) if cost is None else (bucket, cost)

    return Dialect(verdict=_verdict, meters=lambda headers, _, now: _meters(headers, now), price=price)


def _verdict(said: Said) -> Verdict | None:
    code = word(mapping(said.body), "error") or ""
    if said.status == 429:
        reset = _resets_at(said.headers, said.now)
        seconds = retry_after(said.headers, said.now) if reset is None else (reset - said.now).total_seconds()
        return Verdict("busy", None if seconds is None else max(seconds, 0.0), code)
    if not 400 <= said.status < 500 or said.status in _NO_CLEAR_ANSWER:
        return None
    if code in _STALE:
        return Verdict("expired", code=code)
    if code in _REFUSED:
        return Verdict("token", code=code)
    return None if said.status == 401 else Verdict("refused", code=code)


def _meters(headers: Mapping[str, str], now: datetime) -> tuple[Meter, ...]:
    """A server tells of that limit which has the least left; how long its period is says which one that is."""
    left, reset = _number(headers.get("ratelimit-remaining")), _resets_at(headers, now)
    if left is None or reset is None:
        return ()
    period = _number(headers.get("ratelimit-policy", "").partition("w=")[2].partition(";")[0])
    bucket = "writes" if period is not None and period >= _HOUR.total_seconds() else ""
    return (Meter(bucket, left, reset, _number(headers.get("ratelimit-limit"))),)


def requests_left(headers: Mapping[str, str], now: datetime) -> tuple[int | None, datetime | None]:
    """How many requests are left, until when; None: the headers do not say."""
    for meter in _meters(headers, now):
        if not meter.bucket:
            return int(meter.left), meter.resets_at
    return None, None


def _resets_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Seconds since 1970."""
    seconds = _number(headers.get("ratelimit-reset"))
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


class Logins:
    """Sessions, made where `url` says: of the app password, or of what renews the last one."""

    def __init__(self, client: Client, name: str, identifier: str, password: Callable[[], str]) -> None:
        self._client = client
        self._name = name
        self._identifier = identifier
        self._password = password

    def exchange(self, refresh: str) -> Grant:
        """A session of what renews the last one, or of the app password: logins are few (300 a day), so a session is
        kept as long as it lasts."""
        password = self._password()
        if refresh == password:
            return self._grant("createSession", json={"identifier": self._identifier, "password": password})
        return self._grant("refreshSession", headers={"Authorization": f"Bearer {refresh}"})

    def _grant(self, what: str, **how: Any) -> Grant:
        session = mapping(self._client.post(f"/xrpc/com.atproto.server.{what}", **how).json())
        access, refresh = session.get("accessJwt"), session.get("refreshJwt")
        if not isinstance(access, str) or not isinstance(refresh, str) or not access or not refresh:
            raise PlatformFailed(f"{self._name}: the server answered a login without a session: is url right?")
        return Grant(access, refresh, _ends_at(access))


def _ends_at(token: str) -> datetime | None:
    """When a JWT ends; None: it is none, or does not say."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, OSError, RecursionError):
        return None


class Server:
    """What one account asks. Each method raises as `Platform.fetch` does, and `Refused` for any other no. `fetching`:
    what the budget keeps for replies is left to them."""

    def __init__(self, client: Client, name: str, *, fetching: bool = False) -> None:
        self._client = client
        self._name = name
        self._fetching = fetching

    def session(self, url: str, login: str) -> tuple[Facts, Mapping[str, object]]:
        """Who we are, and all that the server says of it."""
        data = self._get("com.atproto.server.getSession").json()
        try:
            return read_session(data, url, login), mapping(data)
        except WireError as problem:
            raise PlatformFailed(f"{self._name}: {problem}: is url right?") from problem

    def notifications(self, cursor: str | None, *, limit: int = PER_PAGE) -> tuple[list[object], str | None, Answer]:
        """What was said to us, newest first, and the cursor of what is older."""
        params: dict[str, str | Sequence[str]] = {"reasons": REASONS, "limit": str(limit)}
        answer = self._get("app.bsky.notification.listNotifications", {**params, **_at(cursor)})
        return *self._list(answer, "notifications"), answer

    def found(self, query: str, cursor: str | None) -> tuple[list[object], str | None]:
        """Posts of anybody, newest first."""
        params = {"q": query, "sort": "latest", "limit": str(PER_PAGE)}
        return self._list(self._get("app.bsky.feed.searchPosts", {**params, **_at(cursor)}), "posts")

    def own(self, did: str, collection: str, after: str | None) -> tuple[list[object], str | None]:
        """The records of a collection of ours, by their keys upwards."""
        params = {"repo": did, "collection": collection, "limit": str(PER_PAGE), "reverse": "true"}
        return self._list(self._get("com.atproto.repo.listRecords", {**params, **_at(after)}), "records")

    def posts(self, uris: Sequence[str]) -> dict[str, Post]:
        """Those of these posts that are shown to us, by their address."""
        asked = iter(dict.fromkeys(str(uri) for uri in map(_address, uris) if uri is not None))
        seen: dict[str, Post] = {}
        while some := list(islice(asked, AT_ONCE)):
            items, _ = self._list(self._get("app.bsky.feed.getPosts", {"uris": some}), "posts")
            for item in items:
                try:
                    post = read_post(item)
                except WireError as problem:
                    raise PlatformFailed(f"{self._name}: a post cannot be read ({problem})") from problem
                seen[str(post.uri)] = post
        return {uri: seen[uri] for uri in map(str, uris) if uri in seen}

    def record(self, uri: AtUri) -> tuple[Mapping[str, object], str] | None:
        """A record and its version; None: there is none."""
        where = {"repo": uri.did, "collection": uri.collection, "rkey": uri.rkey}
        try:
            data = mapping(self._get("com.atproto.repo.getRecord", where).json())
        except Refused as refused:
            if refused.code == "RecordNotFound" or refused.said.lower().startswith(_NOT_THERE):
                return None
            raise
        try:
            return mapping(data.get("value")), read_cid(data)
        except WireError as problem:
            raise PlatformFailed(f"{self._name}: a record cannot be read ({problem})") from problem

    def put(self, uri: AtUri, record: Mapping[str, object], was: str | None) -> None:
        """Write a record in the place of the version that `was` there (None: of none; the same once more is no change).
        Raises Refused with the code InvalidSwap where another one is."""
        where = {"repo": uri.did, "collection": uri.collection, "rkey": uri.rkey}
        answer = mapping(self.call("com.atproto.repo.putRecord", {**where, "record": record, "swapRecord": was}))
        if answer.get("uri") != str(uri):
            raise AnswerLost(f"{self._name}: the server answered with nonsense: it may have been done or not")

    def delete(self, uri: AtUri) -> None:
        """Delete a record of ours, if it is there."""
        self.call("com.atproto.repo.deleteRecord", {"repo": uri.did, "collection": uri.collection, "rkey": uri.rkey})

    def did_of(self, handle: str) -> str | None:
        """Who is called so; None: nobody."""
        try:
            answer = self._get("com.atproto.identity.resolveHandle", {"handle": handle})
        except Refused as refused:
            if refused.status in (400, 404):
                return None
            raise
        return word(mapping(answer.json()), "did")

    def name(self, did: str) -> str | None:
        """What somebody chose to be called."""
        return word(mapping(self._get("app.bsky.actor.getProfile", {"actor": did}).json()), "displayName")

    def blocking(self, did: str) -> str | None:
        """The record by which we block somebody; None: we do not, or it is not known yet."""
        profile = mapping(self._get("app.bsky.actor.getProfile", {"actor": did}).json())
        return word(mapping(profile.get("viewer")), "blocking")

    def version(self) -> str | None:
        """Of the server's software; None: it does not say."""
        try:
            return word(mapping(self._client.get("/xrpc/_health").json()), "version")
        except PlatformFailed:
            return None

    def call(self, nsid: str, body: Mapping[str, object]) -> Any:
        """A procedure, once; None where it answers nothing. Raises AnswerLost where it may have been done."""
        answer = self._client.post(f"/xrpc/{nsid}", json=body)
        return answer.json() if answer.body.strip() else None

    def _get(self, nsid: str, params: Mapping[str, str | Sequence[str]] | None = None) -> Answer:
        return self._client.get(f"/xrpc/{nsid}", params, fetching=self._fetching)

    def _list(self, answer: Answer, key: str) -> tuple[list[object], str | None]:
        data = mapping(answer.json())
        items = data.get(key)
        if not isinstance(items, list):
            raise PlatformFailed(f"{self._name}: the server answered without {key}: try again later")
        return items, word(data, "cursor")


@contextmanager
def before_writing() -> Iterator[None]:
    """What fails here passes, and the reply must not fail for it: nothing was sent."""
    try:
        yield
    except Refused:
        raise
    except PlatformFailed as problem:
        raise PlatformBusy(f"{problem} (nothing was sent)") from problem


def _at(cursor: str | None) -> dict[str, str]:
    return {} if cursor is None else {"cursor": cursor}


def _address(text: str) -> AtUri | None:
    try:
        return AtUri.parse(text)
    except WireError:
        return None


def later(cursor: str, milliseconds: int = 1) -> str:
    """A cursor that is a moment, that much later; any other one as it is."""
    at = moment(cursor)
    return cursor if at is None else stamp(at + timedelta(milliseconds=milliseconds))
