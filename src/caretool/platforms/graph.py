"""What Meta's Graph API has in common, whoever's page is asked for: errors, meters, paging, times.

https://developers.facebook.com/docs/graph-api/guides/error-handling/ and /docs/graph-api/overview/rate-limiting/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from caretool.dialect import Dialect, Said, Verdict
from caretool.domain.budget import Bucket, Meter
from caretool.errors import AnswerLost, CaretoolError, PlatformFailed, TokenRefused
from caretool.http import Answer, Client, Refused
from caretool.platforms.descent import Trail
from caretool.platforms.graph_wire import address, closed, flag, moment, number, used, word

DUPLICATE = 506
# The token; the rights; to slow down (the last ones are the use cases' own: Pages, Instagram, Messenger …); trouble
# over there; blocked for what was done; nothing of this id is there (or not for our eyes), or a parameter is wrong.
_TOKEN, _RIGHTS = frozenset({102, 190}), frozenset({3, 10, *range(200, 300)})
_SLOWER = frozenset({4, 17, 32, 341, 613, *range(80_000, 80_015)})
_TROUBLE, _BLOCKED, _PARAMETER = frozenset({1, 2}), 368, 100
_ABSENT, _SURELY_ABSENT = frozenset({_PARAMETER, 803}), 33
# What comes as a missing right, and is about this one message: it is outside of the allowed window (Instagram's the
# third), or whom it goes to takes none from us.
# https://developers.facebook.com/docs/messenger-platform/error-codes
_OF_THE_MESSAGE = frozenset({2018065, 2018278, 2534022, 2018108, 1545041})
# Reading stops at 75 %; a call takes this much where a page has a single engaged user a day. Writes are only counted
# to be none while everything is closed.
_READS, _WRITES, _A_CALL = Bucket("reads", kept=0.25), Bucket("writes", kept=0), 0.02
_AT_ONCE = 50
_LONGEST_CURSOR = 2000


class Forbidden(TokenRefused):
    """The token is good, and may not do this: here, or nowhere."""


@dataclass(slots=True)
class Tariff:
    """What the request that is about to leave costs: each id that is asked for is a call. One for each client."""

    calls: int = 1

    def price(self, method: str, path: str) -> tuple[Bucket, float]:
        return (_READS, _A_CALL * self.calls) if method == "GET" else (_WRITES, 1)


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer; `after` is the cursor of the next (None: there is none). An empty one with a cursor is no end."""

    items: tuple[object, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand there: `seen` by the id asked for, and those that are `gone`, or not for our eyes."""

    seen: dict[str, dict[str, object]] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Token:
    """What the platform says of a token: its scopes, and when it ends (None: it does not)."""

    scopes: tuple[str, ...]
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Round:
    """Where going round the older posts stands, a few of them a fetch. `after` is the cursor of the next few (None:
    right below the latest), `begun` when this round began, `floor` when the one before it did, in seconds since 1970:
    what is newer than `floor` has not been read for sure."""

    after: str | None = None
    begun: int = 0
    floor: int = 0

    @classmethod
    def parse(cls, value: object) -> Round | None:
        """What `plain` gave; None where it is something else."""
        try:
            kept = cls(**value) if isinstance(value, dict) else None
        except TypeError:
            return None
        sound = kept and type(kept.begun) is int and type(kept.floor) is int and isinstance(kept.after, str | None)
        return kept if sound else None

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    def step(
        self, graph: Graph, path: str, params: Mapping[str, str], below: str | None, now: int
    ) -> tuple[Listing, Round]:
        """The next few, and where it stands after them. `below` is the cursor of what comes after the latest."""
        if below is None:
            return Listing(()), Round(None, now, now)
        try:
            listing = graph.listing(path, params, after=self.after or below, fetching=True)
        except Refused:
            if self.after is None:
                raise
            return Listing(()), Round(None, self.begun, self.floor)  # cursors do not live for ever
        if listing.after is None:
            return listing, Round(None, now, self.begun)
        return listing, Round(listing.after, self.begun, self.floor)

    def with_a_gap(self, before: Round) -> Round:
        """Something on the way from `before` was not read: the next round goes back as far as this one."""
        return replace(self, floor=before.floor) if self.after is None else replace(self, begun=before.floor)


class Graph:
    """One account's calls. `scopes` are what the token must be allowed. Each method raises as `Platform.fetch` does,
    and `Refused` for any other no."""

    def __init__(self, client: Client, name: str, tariff: Tariff, scopes: Sequence[str]) -> None:
        self._client = client
        self._name = name
        self._tariff = tariff
        self._scopes = " ".join(scopes)

    def thing(self, path: str, fields: str, *, fetching: bool = False) -> dict[str, object]:
        """What is at this path."""
        return self._object(self.ask(path, {"fields": fields}, fetching=fetching))

    def ask(self, path: str, params: Mapping[str, str], *, fetching: bool = False, calls: int = 1) -> Answer:
        """The answer as it is."""
        self._tariff.calls = calls
        with self._rights():
            return self._client.get(path, dict(params), fetching=fetching)

    def listing(
        self, path: str, params: Mapping[str, str], *, after: str | None = None, fetching: bool = False
    ) -> Listing:
        """One answer of a list. The address of its next page is never followed: it bears the token."""
        answer = self.ask(path, {**params, "after": after} if after else params, fetching=fetching)
        body = self._object(answer)
        items = body.get("data")
        if not isinstance(items, list):
            raise PlatformFailed(self._odd(answer, "no list"))
        return Listing(tuple(items), self._next(answer, body.get("paging")))

    def pages(
        self, path: str, params: Mapping[str, str], *, after: str | None = None, fetching: bool = False
    ) -> Iterator[Listing]:
        """Answer after answer until there is no next one; one of them may be empty."""
        trail = Trail(after)
        while True:
            listing = self.listing(path, params, after=after, fetching=fetching)
            yield listing
            after = trail.on(listing.after)
            if after is None:
                return

    def latest(self, path: str, params: Mapping[str, str], most: int, at_once: int) -> Listing:
        """The first `most` things of a list, for a fetch, and the cursor of what comes after them; asked for `at_once`
        at most."""
        items: list[object] = []
        trail, after = Trail(), None
        while len(items) < most:
            limit = str(min(most - len(items), at_once))
            listing = self.listing(path, {**params, "limit": limit}, after=after, fetching=True)
            items += listing.items
            after = trail.on(listing.after)
            if after is None:
                break
        return Listing(tuple(items), after)

    def standing(self, ids: Sequence[str], fields: str, *, fetching: bool = False) -> Standing:
        """How these stand, asked for together; each counts as a call. Whoever takes `gone` at its word makes sure first
        that the token still speaks for us: without the right to see, things look gone."""
        wanted = list(dict.fromkeys(ids))
        for one in wanted:
            address(one)
        seen: dict[str, dict[str, object]] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            seen |= self._some(wanted[start : start + _AT_ONCE], fields, fetching)
        return Standing(seen, frozenset(wanted) - seen.keys())

    def write(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        scope: str = "",
    ) -> dict[str, object]:
        """Post it, once; what the platform says of it. Raises AnswerLost too."""
        self._tariff.calls = 1
        with self._rights(scope):
            answer = self._client.post(path, form=form, params=dict(params) if params else None)
        return self._done(answer)

    def remove(self, path: str, params: Mapping[str, str] | None = None) -> bool:
        """Delete it, once. False: it is surely not there (or not for our eyes); what only may mean that is raised.
        Raises AnswerLost too."""
        self._tariff.calls = 1
        try:
            with self._rights():
                answer = self._client.delete(path, params=dict(params) if params else None)
        except Refused as refused:
            code, subcode = code_of(refused)
            if code not in _ABSENT or (code == _PARAMETER and subcode != _SURELY_ABSENT):
                raise
            return False
        self._done(answer)
        return True

    def token(self, secret: str, inspector: Client | None, *, fetching: bool) -> Token | None:
        """What the platform says of our token, asked by `inspector` (the app itself) or else by the token; None: it
        does not say. Raises TokenRefused where it says that the token is not valid."""
        try:
            asked = {"input_token": secret}
            if inspector is None:
                answer = self.ask("debug_token", asked, fetching=fetching)
            else:
                answer = inspector.get("debug_token", asked, fetching=fetching)
            data = answer.json()
        except CaretoolError:
            return None
        told = data.get("data") if isinstance(data, dict) else None
        if not isinstance(told, dict):
            return None
        if told.get("is_valid") is False:
            then = "make a new one there, and put it in the place of the old one"
            raise TokenRefused(f"{self._name}: the platform says that the token is not valid any more: {then}")
        scopes = told.get("scopes")
        ends = [at for key in ("expires_at", "data_access_expires_at") if (at := moment(told.get(key) or None))]
        return Token(tuple(map(str, scopes)) if isinstance(scopes, list) else (), min(ends, default=None))

    def _some(self, ids: list[str], fields: str, fetching: bool) -> dict[str, dict[str, object]]:
        """Those of these that are there. One that is not spoils the answer to all."""
        if len(ids) == 1:
            found = self._alone(ids[0], fields, fetching)
            return {} if found is None else {ids[0]: found}
        try:
            answer = self.ask("", {"ids": ",".join(ids), "fields": fields}, fetching=fetching, calls=len(ids))
        except Refused as refused:
            if code_of(refused)[0] not in _ABSENT:
                raise
            half = len(ids) // 2
            return self._some(ids[:half], fields, fetching) | self._some(ids[half:], fields, fetching)
        body = self._object(answer)
        there = {one: thing for one in ids if isinstance(thing := body.get(one), dict) and "error" not in thing}
        for one in [one for one in ids if one not in there]:
            there |= self._some([one], fields, fetching)
        return there

    def _alone(self, native_id: str, fields: str, fetching: bool) -> dict[str, object] | None:
        """None: it is not there. A field that this version of the API does not know is told in the same way."""
        try:
            return self.thing(address(native_id), fields, fetching=fetching)
        except Refused as refused:
            code, subcode = code_of(refused)
            if code not in _ABSENT:
                raise
            if subcode == _SURELY_ABSENT:
                return None
            problem = refused
        try:
            self.thing(address(native_id), "id", fetching=fetching)
        except Refused as refused:
            if code_of(refused)[0] not in _ABSENT:
                raise
            return None
        raise PlatformFailed(f"{problem}: {native_id} is there: is version still served?")

    def _next(self, answer: Answer, paging: object) -> str | None:
        if not isinstance(paging, dict) or not (link := word(paging, "next")):
            return None
        cursors = paging.get("cursors")
        after = word(cursors, "after") if isinstance(cursors, dict) else None
        try:
            after = after or next(iter(parse_qs(urlsplit(link).query).get("after", ())), None)
        except ValueError:
            after = None
        if after is None or len(after) > _LONGEST_CURSOR:
            raise PlatformFailed(self._odd(answer, "a list that does not say how it goes on"))
        return after

    def _object(self, answer: Answer) -> dict[str, object]:
        body = answer.json()
        if not isinstance(body, dict):
            raise PlatformFailed(self._odd(answer, "something else than was asked for"))
        return body

    def _done(self, answer: Answer) -> dict[str, object]:
        body = answer.json()
        if body is True:
            return {}
        if not isinstance(body, dict):
            raise AnswerLost(f"{self._name}: the platform answered with nonsense: it may have been done or not")
        if body.get("success") is False:
            raise PlatformFailed(f"{self._name}: the platform says that it was not done")
        return body

    def _odd(self, answer: Answer, what: str) -> str:
        return f"{self._name}: {urlsplit(answer.url).path} answered with {what}: try again later"

    @contextmanager
    def _rights(self, scope: str = "") -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            code, subcode = code_of(refused)
            if code not in _RIGHTS or subcode in _OF_THE_MESSAGE:
                raise
            needed = f"{self._scopes} {scope}".strip()
            raise Forbidden(f"{refused}: the token may not do this: make one with the scopes {needed}") from None


def dialect(tariff: Tariff, blocked: timedelta) -> Dialect:
    """How it says things. `blocked` is for how long to leave it alone once it has blocked us for what we did."""
    return Dialect(
        verdict=lambda said: _verdict(said, blocked),
        meters=lambda headers, _, now: _meters(headers, now),
        price=tariff.price,
    )


def code_of(refused: Refused) -> tuple[int, int]:
    """The code and the subcode of a no; 0: it has none."""
    code, _, subcode = refused.code.partition("/")
    return int(code or 0), int(subcode or 0)


def _verdict(said: Said, blocked: timedelta) -> Verdict | None:
    error = said.body.get("error") if isinstance(said.body, dict) else None
    code = number(error, "code") if isinstance(error, dict) else None
    if not isinstance(error, dict) or code is None:
        return None
    subcode = number(error, "error_subcode")
    name = f"{code}/{subcode}" if subcode else str(code)
    if code in _TOKEN:
        return Verdict("expired", code=name)
    if code == _BLOCKED:
        return Verdict("busy", blocked.total_seconds(), name)
    if code in _SLOWER:
        return Verdict("busy", closed(said.headers).total_seconds(), name)
    if code in _TROUBLE or flag(error, "is_transient"):
        return Verdict("failed", code=name)
    return Verdict("refused", code=name)


def _meters(headers: Mapping[str, str], now: datetime) -> tuple[Meter, ...]:
    share = used(headers)
    if share is None:
        return ()
    until = now + closed(headers)
    reads = Meter(_READS.name, max(100 - share, 0), until, 100)
    return (reads,) if share < 100 else (reads, Meter(_WRITES.name, 0, until))
