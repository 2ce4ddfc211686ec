"""The calls caretool makes to a Mastodon server, and what they give. https://docs.joinmastodon.org/methods/"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, urlsplit

from caretool.errors import PlatformFailed, TokenRefused
from caretool.http import Answer, Client, Refused
from caretool.platforms.mastodon.wire import (
    Facts,
    Status,
    WireError,
    identifier,
    read_instance,
    read_status,
    requests_left,
    word,
)

SCOPES = ("read:accounts", "read:notifications", "read:statuses", "write:statuses")
_GONE = (404, 410)
_MENTIONS_A_PAGE = 80
_STATUSES_A_PAGE = 40
_NO_RIGHT = ("scope", "insufficient permissions")
# Mastodon refuses to be asked for more statuses at once.
_ASKED_AT_ONCE = 20
# Asking one by one stops here: the reply itself, and what else is fetched, need some of the rate limit too.
_SPARED = 20
# Before the first id of any server: numbers count from 1, and letters come after "0".
_FIRST = "0"


@dataclass(frozen=True, slots=True)
class Listing:
    """One page, newest first, as the server sent it: `after` is what to ask for what is newer, `before` for what is
    older. None: nothing there."""

    items: tuple[object, ...] = ()
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How statuses are there now: `seen` by id, `gone` those that are not, or not for our eyes. Of others that were
    asked for nothing is known: the server lets no more be asked now."""

    seen: dict[str, Status]
    gone: frozenset[str]


@dataclass(frozen=True, slots=True)
class Me:
    """Our account. The `headers` of its answer say how many requests are left."""

    facts: Facts
    name: str | None
    headers: Mapping[str, str]


class Server:
    """One account's server. Each method raises as `Platform.fetch` does, and `Refused` for any other no. `fetching`:
    what the budget keeps for replies is left to them."""

    def __init__(self, client: Client, name: str, *, fetching: bool = False) -> None:
        self._client = client
        self._name = name
        self._fetching = fetching

    def me(self) -> Me:
        """Who we are there, and what the server lets be written."""
        answer = self._get("/api/v1/accounts/verify_credentials")
        account = _object(answer)
        if identifier(account, "id") is None:
            raise PlatformFailed(f"{self._name}: the server does not say who we are: is url right?")
        facts = replace(self._instance(), id=identifier(account, "id"), handle=word(account, "acct"))
        return Me(facts, word(account, "display_name"), answer.headers)

    def app_scopes(self) -> tuple[str, ...]:
        """What the application of our token may ask for (since Mastodon 4.3); empty: the server does not say."""
        try:
            scopes = _object(self._get("/api/v1/apps/verify_credentials")).get("scopes")
        except PlatformFailed:
            return ()
        return tuple(map(str, scopes)) if isinstance(scopes, list) else ()

    def mentions(self, after: str | None) -> Listing:
        """Of us: the page right after this place, or the newest (None)."""
        # Older servers know `types` only from their own additions; what is not a mention is left out by who asks.
        only = {"types[]": "mention", "include_filtered": "true", "limit": str(_MENTIONS_A_PAGE)}
        return self._listing("/api/v1/notifications", only if after is None else {**only, "min_id": after})

    def written(self, by: str, *, after: str | None = None, before: str | None = None) -> Listing:
        """Statuses of ours: the page right after this place, the one right before it, or the newest."""
        params = {"exclude_reblogs": "true", "limit": str(_STATUSES_A_PAGE)}
        bounds = {"min_id": after, "max_id": before}
        params |= {key: value for key, value in bounds.items() if value is not None}
        return self._listing(f"/api/v1/accounts/{_path(by)}/statuses", params)

    def mentions_after(self, place: str | None) -> Iterator[Listing]:
        """Page after page of mentions, each with its `after`, from this place on (None: from the first)."""
        return self._newer(self.mentions, place or _FIRST)

    def written_after(self, by: str, place: str) -> Iterator[Listing]:
        """Page after page of what we wrote, each with its `after`, from this place on."""
        return self._newer(lambda after: self.written(by, after=after), place)

    def written_before(self, by: str) -> Iterator[Listing]:
        """Page after page of what we wrote, the newest first, until the first status of all."""
        listing = self.written(by)
        passed: set[str] = set()
        while listing.items:
            yield listing
            if listing.before is None:
                return
            self._must_be_new(listing.before, passed)
            listing = self.written(by, before=listing.before)

    def found(self, query: str, *, offset: int, before: str | None) -> tuple[object, ...]:
        """Statuses in which the server finds this, the newest first: so many left out, or those before a place. What it
        hides from us is left out of its answer."""
        params = {"q": query, "type": "statuses", "limit": str(_STATUSES_A_PAGE)}
        params |= {"offset": str(offset)} if offset else {}
        params |= {"max_id": before} if before is not None else {}
        statuses = _object(self._get("/api/v2/search", params, "read:search")).get("statuses")
        if not isinstance(statuses, list):
            raise PlatformFailed(f"{self._name}: the server's search answered without statuses: try again later")
        return tuple(statuses)

    def tagged(self, hashtag: str, before: str | None) -> Listing:
        """Public statuses with a hashtag: the page right before a place, or the newest."""
        params = {"limit": str(_STATUSES_A_PAGE)} | ({"max_id": before} if before is not None else {})
        return self._listing(f"/api/v1/timelines/tag/{_path(hashtag)}", params)

    def _newer(self, ask: Callable[[str], Listing], place: str) -> Iterator[Listing]:
        passed = {place}
        while (listing := ask(place)).items:
            if listing.after is None:
                raise PlatformFailed(f"{self._name}: the server does not say how its list goes on.")
            self._must_be_new(listing.after, passed)
            yield listing
            place = listing.after

    def _must_be_new(self, place: str, passed: set[str]) -> None:
        if place in passed:
            raise PlatformFailed(f"{self._name}: the pages of the server's list lead in a circle.")
        passed.add(place)

    def ancestors(self, status_id: str) -> list[Status]:
        """What it replies to, the conversation's first status first; empty where it is gone or stands alone."""
        try:
            above = _object(self._get(f"/api/v1/statuses/{_path(status_id)}/context")).get("ancestors")
        except Refused as refused:
            if refused.status in _GONE:
                return []
            raise
        return list(_sound(above if isinstance(above, list) else []))

    def statuses(self, ids: Sequence[str], facts: Facts) -> Standing:
        """How these stand. Where they have to be asked for one by one, the last of many may be left out."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Status] = {}
        if facts.asks_many and len(wanted) > 1:
            for start in range(0, len(wanted), _ASKED_AT_ONCE):
                answer = self._get("/api/v1/statuses", {"id[]": wanted[start : start + _ASKED_AT_ONCE]})
                found |= {status.id: status for status in _sound(_list(answer))}
        # One that is missing from an answer to many is only gone when it is asked for by itself.
        gone: set[str] = set()
        left: float = math.inf
        for status_id in [status_id for status_id in wanted if status_id not in found]:
            if left < _SPARED:
                break
            there = self._if_there(status_id)
            said = None if there is None else requests_left(there.headers)
            left = left - 1 if said is None else said
            if there is None:
                gone.add(status_id)
            else:
                found[status_id] = self._status(there, status_id)
        return Standing(found, frozenset(gone))

    def create(self, status: dict[str, str], key: str) -> Answer:
        """Post it, once. Raises AnswerLost too."""
        with self._rights():
            return self._client.post("/api/v1/statuses", json=status, headers={"Idempotency-Key": key})

    def delete(self, status_id: str) -> bool:
        """Delete our own. False: the server knows none, which is also what it tells another account of it."""
        try:
            with self._rights():
                self._client.delete(f"/api/v1/statuses/{_path(status_id)}")
        except Refused as refused:
            if refused.status not in _GONE:
                raise
            return False
        return True

    def person(self, handle: str) -> tuple[str, str] | None:
        """The id and the handle of who is called so, as far as the server knows them; None: it does not say."""
        found = _object(self._get("/api/v1/accounts/lookup", {"acct": handle}))
        known = identifier(found, "id"), word(found, "acct")
        return None if known[0] is None or known[1] is None else (known[0], known[1])

    def relate(self, person: str, verb: str, scope: str) -> Answer:
        """Mute, unmute, block or unblock a person, once. Raises AnswerLost too."""
        with self._rights(scope):
            return self._client.post(f"/api/v1/accounts/{_path(person)}/{verb}", json={})

    def favourite(self, status_id: str, verb: str, scope: str) -> Answer:
        """Favourite or unfavourite a status, once. Raises AnswerLost too."""
        with self._rights(scope):
            return self._client.post(f"/api/v1/statuses/{_path(status_id)}/{verb}", json={})

    def report(self, report: Mapping[str, object], scope: str) -> Answer:
        """Report something to the server's staff, once. Raises AnswerLost too."""
        with self._rights(scope):
            return self._client.post("/api/v1/reports", json=report)

    def _if_there(self, status_id: str) -> Answer | None:
        try:
            return self._get(f"/api/v1/statuses/{_path(status_id)}")
        except Refused as refused:
            if refused.status in _GONE:
                return None
            raise

    def _status(self, answer: Answer, status_id: str) -> Status:
        try:
            return read_status(answer.json())
        except WireError as problem:
            raise PlatformFailed(f"{self._name}: the answer for status {status_id} is odd ({problem}).") from problem

    def _instance(self) -> Facts:
        try:
            return read_instance(_object(self._get("/api/v2/instance")))
        except Refused:
            return read_instance(_object(self._get("/api/v1/instance")))

    def _listing(self, path: str, params: dict[str, str]) -> Listing:
        answer = self._get(path, params)
        items = _list(answer)
        if not items:
            return Listing()
        # Ids are compared by the server alone: they are numbers here, letters there.
        after = _place(answer.links.get("prev"), "min_id") or _id(items[0])
        return Listing(tuple(items), after, _place(answer.links.get("next"), "max_id"))

    def _get(self, path: str, params: dict[str, str] | dict[str, list[str]] | None = None, *more: str) -> Answer:
        with self._rights(*more):
            return self._client.get(path, params, fetching=self._fetching)

    @contextmanager
    def _rights(self, *more: str) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            if refused.status == 403 and any(sign in refused.said.lower() for sign in _NO_RIGHT):
                raise TokenRefused(
                    f"{self._name}: the token may not do this: make one with the scopes {' '.join((*SCOPES, *more))}."
                ) from refused
            raise


def _object(answer: Answer) -> dict[str, object]:
    data = answer.json()
    if not isinstance(data, dict):
        raise PlatformFailed(_odd(answer, "something else than was asked for"))
    return data


def _list(answer: Answer) -> list[object]:
    """An error that is told with status 200 is no empty list: nothing would seem to be there."""
    data = answer.json()
    if not isinstance(data, list):
        raise PlatformFailed(_odd(answer, "no list"))
    return data


def _odd(answer: Answer, what: str) -> str:
    return f"{answer.account}: {urlsplit(answer.url).path} answered with {what}: try again later"


def _sound(items: Sequence[object]) -> Iterator[Status]:
    for item in items:
        try:
            yield read_status(item)
        except WireError:
            continue


def _id(item: object) -> str | None:
    return identifier(item, "id") if isinstance(item, dict) else None


def _place(link: str | None, name: str) -> str | None:
    places = parse_qs(urlsplit(link or "").query).get(name)
    return places[0] if places else None


def _path(native_id: str) -> str:
    """An id as one step of a path, also one that would be a step back. Raises PlatformFailed where there is none."""
    if not native_id:
        raise PlatformFailed("what has no id cannot be asked for: nothing was sent")
    return quote(native_id, safe="", errors="replace").replace(".", "%2E")
