"""Meta's Graph API as a function: what a Facebook Page and an Instagram account have in common there.

Shapes from facebook/facebook-business-sdk-codegen, specs/{Comment,Page,PagePost,IGComment,IGMedia,IGUser}.json
@ad2b0b6 (2026-04-15, Graph API v26.0); error codes, meters and paging from Meta's pages on error handling, rate limits
and paged results; `can_reply_privately` and the errors of private replies from its pages on messaging (2026-04-16);
`debug_token` and `refresh_access_token` from their reference pages. Never compared with the real thing. Not documented,
and so invented here: what an unknown id in `?ids=` does to the others, and the error for a token too young to renew.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

TOKEN, USER_TOKEN, APP_TOKEN = "EAAPageToken0123456789", "EAAUserToken0123456789", "77|AppSecret0123456789"
VERSION = "v26.0"
PAGE, PAGE_NAME = "1024", "Bottega Blu"
ACCOUNT, USERNAME = "17841400000001024", "bottegablu"
PERSONS = {"9001": "Somebody"}
_AGE = timedelta(hours=24)
LIFE = 5_183_944  # seconds, as in Meta's own example

Json = dict[str, Any]


class GraphError(Exception):
    """An error as its body says it."""

    def __init__(
        self, code: int, message: str, *, subcode: int | None = None, status: int = 400, transient: bool | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEf"}
        if subcode is not None:
            self.body["error_subcode"] = subcode
        if transient is not None:
            self.body["is_transient"] = transient

    def response(self, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return httpx.Response(self.status, json={"error": self.body}, headers=dict(headers or {}))


def absent(native_id: str) -> GraphError:
    what = f"Unsupported get request. Object with ID '{native_id}' does not exist, cannot be loaded due to missing"
    return GraphError(100, f"{what} permissions, or does not support this operation", subcode=33)


@dataclass
class Written:
    """A post (its `post` is its own id), or a comment under one; `parent` is the comment it answers."""

    id: str
    post: str
    by: str
    text: str | None
    at: datetime
    parent: str | None = None
    hidden: bool = False
    private: bool = False
    liked: bool = False
    privately: list[str] = field(default_factory=list)
    can: Json = field(default_factory=dict)


class FakeGraph:
    """What both platforms have. `usage` is the percentage the headers tell, `regain` the minutes beside it."""

    host = "graph.facebook.com"

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.things: dict[str, Written] = {}
        self.names: dict[str, str] = dict(PERSONS)
        self.tokens = {TOKEN: clock() - timedelta(days=2)}
        self.secret = TOKEN
        self.usage: float | None = None
        self.regain: float = 0
        self.error: GraphError | None = None
        self.write_error: GraphError | None = None
        self.without_id = False
        self.gaps = False  # whether an empty page stands before each
        self.edited: list[str] = []
        self.mute_author = False
        self.calls = 0
        self._ids = itertools.count(1)

    def handle(self, request: httpx.Request) -> httpx.Response:
        try:
            body = self._answer(request)
        except GraphError as error:
            return error.response(self._headers())
        return httpx.Response(200, json=body, headers=self._headers())

    def busy_response(self, seconds: int = 42) -> httpx.Response:
        """It tells whole minutes; a part of one here, so that it can be seen that it is read."""
        entry = {"type": "pages", "call_count": 100, "total_cputime": 25, "total_time": 25}
        headers = {"X-Business-Use-Case-Usage": json.dumps({PAGE: [entry | {self._regain: seconds / 60}]})}
        return GraphError(80001, "There have been too many calls to this Page account.").response(headers)

    def refused_response(self) -> httpx.Response:
        return GraphError(190, "Error validating access token: Session has expired.", subcode=463).response()

    def revoke(self) -> None:
        """The token is taken by nobody any more."""
        self.tokens.clear()

    def write(
        self, by: str, text: str | None, *, id: str = "", post: str = "", at: datetime | None = None, **more: Any
    ) -> str:
        native_id = id or f"n{next(self._ids)}"
        self.things[native_id] = Written(native_id, post or native_id, by, text, at or self.clock(), **more)
        return native_id

    def delete(self, native_id: str) -> None:
        """With what hangs on it."""
        for one in [one.id for one in self.things.values() if one.parent == native_id]:
            del self.things[one]
        del self.things[native_id]

    def posts(self) -> list[Written]:
        return sorted((one for one in self.things.values() if one.post == one.id), key=_at, reverse=True)

    def under(self, post: str) -> list[Written]:
        """Every comment under a post, oldest first."""
        return sorted((one for one in self.things.values() if one.post == post != one.id), key=_at)

    _regain = "estimated_time_to_regain_access"

    def _headers(self) -> Json:
        if self.usage is None:
            return {}
        told = {"call_count": self.usage, "total_time": 1, "total_cputime": 1}
        return {"X-Business-Use-Case-Usage": json.dumps({PAGE: [{"type": "pages", **told, self._regain: self.regain}]})}

    def _answer(self, request: httpx.Request) -> Any:
        params = {key: many[0] for key, many in parse_qs(request.url.query.decode(), keep_blank_values=True).items()}
        form = {key: many[0] for key, many in parse_qs(request.content.decode(), keep_blank_values=True).items()}
        assert request.url.host == self.host
        path = request.url.path.removeprefix(f"/{VERSION}").strip("/")
        secret = request.headers["Authorization"].removeprefix("Bearer ")
        writing = request.method != "GET"
        self.calls += len(params["ids"].split(",")) if "ids" in params else 1
        if self.error is not None:
            raise self.error
        if writing and self.write_error is not None:
            raise self.write_error
        if path == "debug_token":
            return self._debugged(params["input_token"], secret)
        if path == "refresh_access_token":
            return self._refreshed(params["access_token"])
        if secret not in {*self.tokens, USER_TOKEN}:
            raise GraphError(190, "Error validating access token: The session has been invalidated.", subcode=460)
        if not path:
            return {one: self.node(one, params["fields"], secret) for one in params["ids"].split(",")}
        told = self.called(request.method, path.split("/"), params, form, secret)
        return {"success": True} if writing and self.without_id else told

    def called(self, method: str, path: list[str], params: Json, form: Json, secret: str) -> Any:
        raise NotImplementedError

    def node(self, native_id: str, fields: str, secret: str) -> Json:
        raise NotImplementedError

    def there(self, native_id: str) -> Written:
        if native_id not in self.things:
            raise absent(native_id)
        return self.things[native_id]

    def listing(self, things: Iterable[Json], params: Json, most: int) -> Json:
        """Cursor paging: `after` is the place behind an item. Its `next` bears the token, as the real one does."""
        items = list(things)
        after = base64.b64decode(params["after"]).decode() if "after" in params else None
        if after is not None and after.startswith("empty "):
            after = after.removeprefix("empty ") or None
        elif self.gaps:
            return {"data": [], "paging": self._paging(f"empty {after or ''}")}
        if after is not None and after not in [item["id"] for item in items]:
            raise GraphError(100, "(#100) Invalid parameter: after")
        start = 0 if after is None else [item["id"] for item in items].index(after) + 1
        page = items[start : start + min(int(params.get("limit", 25)), most)]
        if not page:
            return {"data": []}
        more = start + len(page) < len(items)
        return {"data": page, "paging": self._paging(page[-1]["id"], more=more)}

    def _paging(self, after: str, *, more: bool = True) -> Json:
        cursor = base64.b64encode(after.encode()).decode()
        link = f"https://{self.host}/{VERSION}/x/comments?access_token={TOKEN}&limit=25&after={cursor}"
        return {"cursors": {"before": "QQ", "after": cursor}, **({"next": link} if more else {})}

    def _debugged(self, asked: str, secret: str) -> Json:
        if secret != APP_TOKEN:
            raise GraphError(100, "(#100) You must provide an app access token, or a user access token of a developer")
        scopes = ["pages_read_engagement", "pages_read_user_content", "pages_manage_engagement", "pages_messaging"]
        scopes += ["instagram_basic", "instagram_manage_comments"]
        ends = int((self.clock() + timedelta(days=60)).timestamp())
        told = {"app_id": "77", "type": "PAGE", "expires_at": 0, "data_access_expires_at": ends, "scopes": scopes}
        return {"data": {**told, "is_valid": asked in self.tokens}}

    def _refreshed(self, old: str) -> Json:
        if old not in self.tokens:
            raise GraphError(190, "Error validating access token: Session has expired.", subcode=463)
        if self.clock() - self.tokens[old] < _AGE:
            raise GraphError(100, "The access token is too young to be refreshed")
        new = f"IGRefreshed{len(self.tokens)}0123456789"
        self.tokens[new] = self.clock()
        return {"access_token": new, "token_type": "bearer", "expires_in": LIFE}


def cut(told: Json, fields: str) -> Json:
    """What was asked for, and `id`; nothing comes by itself."""
    outer = re.sub(r"\.limit\(\d+\)", "", fields)
    while "{" in outer:
        outer = re.sub(r"\{[^{}]*\}", "", outer)
    return {key: value for key, value in told.items() if key == "id" or key in outer.split(",")}


def clock_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _at(one: Written) -> datetime:
    return one.at
