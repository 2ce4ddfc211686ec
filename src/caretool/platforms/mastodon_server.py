"""The calls caretool makes to a Mastodon server, and what they give. https://docs.joinmastodon.org/methods/"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, urlsplit

from caretool.errors import PlatformFailed, TokenRefused
from caretool.http import Answer, Client, Refused
from caretool.platforms.mastodon_wire import Facts, Status, WireError, identifier, read_instance, read_status, word

SCOPES = ("read:accounts", "read:notifications", "read:statuses", "write:statuses")
_GONE = (404, 410)
_MENTIONS_A_PAGE = 80
_STATUSES_A_PAGE = 40
_NO_RIGHT = ("scope", "insufficient permissions")
# Mastodon refuses to be asked for more statuses at once.
_ASKED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Listing:
    """One page, newest first, as the server sent it: `after` is what to ask for what is newer, `before` for what is
    older. None: nothing there."""

    items: tuple[object, ...] = ()
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Me:
    """Our account. The `headers` of its answer say how many requests are left."""

    facts: Facts
    name: str | None
    headers: Mapping[str, str]


class Server:
    """One account's server. Each method raises as `Platform.fetch` does, and `Refused` for any other no."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def me(self) -> Me:
        """Who we are there, and what the server lets be written."""
        answer = self._get("/api/v1/accounts/verify_credentials")
        account = _object(answer)
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

    def ancestors(self, status_id: str) -> list[Status]:
        """What it replies to, the conversation's first status first; empty where it is gone or stands alone."""
        try:
            above = _object(self._get(f"/api/v1/statuses/{_path(status_id)}/context")).get("ancestors")
        except Refused as refused:
            if refused.status in _GONE:
                return []
            raise
        return list(_sound(above if isinstance(above, list) else []))

    def statuses(self, ids: Sequence[str], facts: Facts) -> dict[str, Status]:
        """Those of these that we can still see, by id."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Status] = {}
        if facts.asks_many and len(wanted) > 1:
            for start in range(0, len(wanted), _ASKED_AT_ONCE):
                answer = self._get("/api/v1/statuses", {"id[]": wanted[start : start + _ASKED_AT_ONCE]})
                found |= {status.id: status for status in _sound(_list(answer))}
        # One that is missing from an answer to many is only gone when it is asked for by itself.
        for status_id in wanted:
            if status_id not in found:
                status = self._status(status_id)
                if status is not None:
                    found[status_id] = status
        return found

    def create(self, status: dict[str, str], key: str) -> Answer:
        """Post it, once. Raises AnswerLost too."""
        with self._rights():
            return self._client.post("/api/v1/statuses", json=status, headers={"Idempotency-Key": key})

    def delete(self, status_id: str) -> None:
        """Delete our own; one that is gone already is no failure."""
        try:
            with self._rights():
                self._client.delete(f"/api/v1/statuses/{_path(status_id)}")
        except Refused as refused:
            if refused.status not in _GONE:
                raise

    def _status(self, status_id: str) -> Status | None:
        try:
            answer = self._get(f"/api/v1/statuses/{_path(status_id)}")
        except Refused as refused:
            if refused.status in _GONE:
                return None
            raise
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

    def _get(self, path: str, params: dict[str, str] | dict[str, list[str]] | None = None) -> Answer:
        with self._rights():
            return self._client.get(path, params)

    @contextmanager
    def _rights(self) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            if refused.status == 403 and any(sign in refused.said.lower() for sign in _NO_RIGHT):
                raise TokenRefused(
                    f"{self._name}: the token may not do this: make one with the scopes {' '.join(SCOPES)}."
                ) from refused
            raise


def _object(answer: Answer) -> dict[str, object]:
    data = answer.json()
    return data if isinstance(data, dict) else {}


def _list(answer: Answer) -> list[object]:
    data = answer.json()
    return data if isinstance(data, list) else []


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
    return quote(native_id, safe="")
