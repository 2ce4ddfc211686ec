"""A server of the AT Protocol (PDS) and the network behind it (AppView), as one function.

Shapes: the lexicons of bluesky-social/atproto at d6296a1 (2026-08-20). What is written nowhere (codes, order, headers,
what a repeated put does) is as @atproto/pds 0.4.217 and @atproto/bsky 0.0.221 do it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

POST, GATE, LIKE, BLOCK = "app.bsky.feed.post", "app.bsky.feed.threadgate", "app.bsky.feed.like", "app.bsky.graph.block"
US, OUR_HANDLE, PASSWORD = "did:plc:bottegablu", "bottegablu.test", "abcd-efgh-ijkl-mnop"
ACCESS, REFRESH = timedelta(hours=2), timedelta(days=90)


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def graphemes(text: str) -> int:
    """As Intl.Segmenter counts what the tests have in their texts: joined pictures and marks are one."""
    joined = re.sub(r"\u200d.|[\u0300-\u036f\ufe0f\U0001f3fb-\U0001f3ff]", "", text)
    return len(joined)


def cid_of(record: Any) -> str:
    """As long as one, and another one for another record."""
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
    return "bafyrei" + base64.b32encode(digest).decode().lower().rstrip("=")


def _limits(limit: int, left: int, reset: int, period: int) -> dict[str, str]:
    told = {"Limit": limit, "Remaining": left, "Reset": reset, "Policy": f"{limit};w={period}"}
    return {f"RateLimit-{name}": str(value) for name, value in told.items()}


class Failure(Exception):
    def __init__(self, status: int, error: str, message: str = "") -> None:
        super().__init__(error)
        self.response = httpx.Response(status, json={"error": error, "message": message or error})


@dataclass
class FakeBluesky:
    """Everything that stands on it. `page_most` bounds a page of notifications, `per_hour` the points of writes."""

    clock: Callable[[], datetime]
    url: str = "https://bsky.test"
    pds: str = "https://pds.test"
    handles: dict[str, str] = field(default_factory=lambda: {US: OUR_HANDLE})
    names: dict[str, str] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    reports: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, datetime] = field(default_factory=dict)
    refreshing: dict[str, datetime] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)  # written, but told to nobody
    unshown: set[str] = field(default_factory=set)  # in its repository, but not shown to us
    logins: int = 0
    points: int = 5000
    busy_until: datetime | None = None
    page_most: int = 100
    taken_down: bool = False
    _made: int = 0

    # What happens on the platform.

    def person(self, handle: str, name: str | None = None) -> str:
        did = next((did for did, known in self.handles.items() if known == handle), f"did:plc:{handle.split('.')[0]}")
        self.handles[did] = handle
        if name:
            self.names[did] = name
        return did

    def write(
        self, did: str, text: str, *, rkey: str | None = None, at: datetime | None = None, to: str | None = None,
        told: bool = True, **more: Any,
    ) -> str:  # fmt: skip
        """A post of anybody, under `to`; `told`: those it speaks to are told of it."""
        at = at or self.clock()
        record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": stamp(at), **more}
        if to is not None:
            parent = {"uri": to, "cid": cid_of(self.records[to])}
            root = self.records[to].get("reply", {}).get("root", parent)
            record["reply"] = {"root": root, "parent": parent}
        uri = f"at://{did}/{POST}/{rkey or self.rkey(at)}"
        self.records[uri] = record
        self.at[uri] = at
        if not told:
            self.silent.add(uri)
        return uri

    def rkey(self, at: datetime) -> str:
        """A TID: https://atproto.com/specs/tid"""
        self._made += 1
        number = (int(at.timestamp() * 1_000_000) << 10) + self._made % 1024
        return "".join("234567abcdefghijklmnopqrstuvwxyz"[number >> shift & 31] for shift in range(60, -1, -5))

    def delete(self, uri: str) -> None:
        del self.records[uri]

    def of(self, did: str, collection: str) -> dict[str, dict[str, Any]]:
        """A collection of somebody's, by address."""
        return {uri: one for uri, one in self.records.items() if uri.startswith(f"at://{did}/{collection}/")}

    def hidden(self) -> set[str]:
        return {uri for gate in self.of(US, GATE).values() for uri in gate.get("hiddenReplies", [])}

    # What it answers.

    def handle(self, request: httpx.Request) -> httpx.Response:
        try:
            if self.busy_until is not None and self.clock() < self.busy_until:
                return self.busy_response((self.busy_until - self.clock()).total_seconds())
            nsid = request.url.path.removeprefix("/xrpc/")
            answer = self._method(request.method, nsid.rpartition(".")[2].strip("_"))
            if nsid not in ("_health", "com.atproto.server.createSession", "com.atproto.server.refreshSession"):
                self._authorize(request)
            body = answer(request)
            said = {} if body is None else {"json": body}
            return httpx.Response(200, headers=self._headers(nsid), **said)
        except Failure as failure:
            return failure.response

    def _method(self, verb: str, name: str) -> Callable[[httpx.Request], Any]:
        answer = getattr(self, "_" + re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name), None)
        if answer is None or (verb == "POST") != (name in _PROCEDURES):
            raise Failure(501, "MethodNotImplemented")
        method: Callable[[httpx.Request], Any] = answer
        return method

    def busy_response(self, seconds: float = 42) -> httpx.Response:
        """Of the limit of all requests; without Retry-After."""
        headers = _limits(3000, 0, int(self.clock().timestamp() + seconds), 300)
        body = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
        return httpx.Response(429, headers=headers, json=body)

    def refused_response(self) -> httpx.Response:
        """What no new session changes."""
        return httpx.Response(401, json={"error": "AccountTakedown", "message": "Account has been taken down"})

    def _headers(self, nsid: str) -> dict[str, str]:
        now = int(self.clock().timestamp())
        if nsid.endswith(("putRecord", "deleteRecord")):
            return _limits(5000, self.points, now + 3600, 3600)
        return _limits(3000, 2990, now + 300, 300)

    def _authorize(self, request: httpx.Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Failure(401, "AuthMissing", "Authentication Required")
        if self.taken_down:
            raise Failure(401, "AccountTakedown", "Account has been taken down")
        if token not in self.sessions:
            raise Failure(400, "InvalidToken", "Token could not be verified")
        if self.sessions[token] <= self.clock():
            raise Failure(400, "ExpiredToken", "Token has expired")

    def _session(self) -> dict[str, Any]:
        self._made += 1
        access, refresh = (self._jwt(kind, ends) for kind, ends in (("access", ACCESS), ("refresh", REFRESH)))
        self.sessions[access], self.refreshing[refresh] = self.clock() + ACCESS, self.clock() + REFRESH
        return {"accessJwt": access, "refreshJwt": refresh, **self._us()}

    def _jwt(self, kind: str, ends: timedelta) -> str:
        claims = {"scope": kind, "sub": US, "jti": self._made, "exp": int((self.clock() + ends).timestamp())}
        parts = (base64.urlsafe_b64encode(json.dumps(one).encode()) for one in ({"alg": "HS256"}, claims, "signature"))
        return b".".join(parts).decode().replace("=", "")

    def _us(self) -> dict[str, Any]:
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.pds}
        return {"did": US, "handle": self.handles[US], "active": True, "didDoc": {"id": US, "service": [service]}}

    def _create_session(self, request: httpx.Request) -> Any:
        body = json.loads(request.content)
        self.logins += 1
        if body["identifier"] not in (OUR_HANDLE, US) or body["password"] != PASSWORD:
            raise Failure(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    def _refresh_session(self, request: httpx.Request) -> Any:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.content:
            raise Failure(400, "InvalidRequest", "A request body was provided when none was expected")
        if token not in self.refreshing:
            raise Failure(400, "InvalidToken", "Token could not be verified")
        if self.refreshing[token] <= self.clock():
            raise Failure(400, "ExpiredToken", "Token has been revoked")
        return self._session()

    def _get_session(self, request: httpx.Request) -> Any:
        return self._us()

    def _health(self, request: httpx.Request) -> Any:
        return {"version": "0.4.217"}

    def _list_notifications(self, request: httpx.Request) -> Any:
        reasons = request.url.params.get_list("reasons")
        told = [(uri, why) for uri in self.records if (why := self._why(uri)) in reasons]
        told.sort(key=lambda one: stamp(self.at[one[0]]), reverse=True)
        cursor = request.url.params.get("cursor")
        if cursor:
            told = [one for one in told if stamp(self.at[one[0]]) < cursor]
        some = told[: min(int(request.url.params["limit"]), self.page_most)]
        notifications = [
            {"uri": uri, "cid": cid_of(self.records[uri]), "author": self._profile(uri), "reason": why,
             "record": self.records[uri], "isRead": False, "indexedAt": stamp(self.at[uri]), "labels": []}
            for uri, why in some
        ]  # fmt: skip
        end = {"cursor": stamp(self.at[some[-1][0]])} if some and len(told) > len(some) else {}
        return {"notifications": notifications, "priority": False, **end}

    def _why(self, uri: str) -> str | None:
        did, collection = uri.split("/")[2:4]
        if (
            did == US
            or collection != POST
            or uri in self.silent
            or uri in self.hidden()
            or did in self.blocked() | self.muted
        ):
            return None
        record = self.records[uri]
        mentioned = [feature.get("did") for facet in record.get("facets", []) for feature in facet["features"]]
        if US in mentioned:
            return "mention"
        if record.get("embed", {}).get("$type") == "app.bsky.embed.record":
            return "quote"
        return "reply" if record.get("reply", {}).get("root", {}).get("uri", "").startswith(f"at://{US}/") else None

    def _get_posts(self, request: httpx.Request) -> Any:
        uris = request.url.params.get_list("uris")
        if len(uris) > 25:
            raise Failure(400, "InvalidRequest", "uris must not have more than 25 elements")
        if any(not re.fullmatch(r"at://did:[a-z]+:[\w.:%-]+/[\w.]+/[\w.:~-]+", uri) for uri in uris):
            raise Failure(400, "InvalidRequest", "Error: uris/0 must be a valid at-uri")
        shown = [uri for uri in uris if uri in self.records and uri not in self.unshown]
        return {"posts": [self._view(uri) for uri in shown if uri.split("/")[2] not in self.blocked()]}

    def _view(self, uri: str) -> dict[str, Any]:
        record = self.records[uri]
        likes = [like for like in self.of(US, LIKE) if self.records[like]["subject"]["uri"] == uri]
        viewer = {"threadMuted": False, **({"like": likes[0]} if likes else {})}
        gate = self.records.get(record.get("reply", {}).get("root", {}).get("uri", uri).replace(POST, GATE), {})
        if gate.get("allow") == [] and not uri.startswith(f"at://{US}/"):
            viewer["replyDisabled"] = True
        view = {"uri": uri, "cid": cid_of(record), "author": self._profile(uri), "record": record, "viewer": viewer,
                "likeCount": len(likes), "indexedAt": stamp(self.at[uri])}  # fmt: skip
        if record.get("embed", {}).get("$type") == "app.bsky.embed.images":
            count = len(record["embed"]["images"])
            pictures = [{"fullsize": f"https://cdn.test/{n}@jpeg", "thumb": "", "alt": ""} for n in range(count)]
            view["embed"] = {"$type": "app.bsky.embed.images#view", "images": pictures}
        return view

    def _profile(self, uri: str) -> dict[str, Any]:
        did = uri.split("/")[2]
        blocks = [block for block, one in self.of(US, BLOCK).items() if one["subject"] == did]
        viewer = {"muted": did in self.muted, "blockedBy": False, **({"blocking": blocks[0]} if blocks else {})}
        name = self.names.get(did, "")
        return {"did": did, "handle": self.handles[did], "displayName": name, "viewer": viewer, "labels": []}

    def blocked(self) -> set[str]:
        return {one["subject"] for one in self.of(US, BLOCK).values()}

    def _search_posts(self, request: httpx.Request) -> Any:
        query, start = request.url.params["q"], int(request.url.params.get("cursor") or 0)
        sought = query.strip('"').casefold()
        pattern = re.escape(sought) if query.startswith('"') else rf"\b{re.escape(sought)}\b"
        posts = {uri: one["text"].casefold() for uri, one in self.records.items() if f"/{POST}/" in uri}
        found = [uri for uri, text in posts.items() if re.search(pattern, text)]
        found.sort(key=lambda uri: self.at[uri], reverse=True)
        end = start + int(request.url.params["limit"])
        return {
            "posts": [self._view(uri) for uri in found[start:end]],
            **({"cursor": str(end)} if end < len(found) else {}),
        }

    def _get_profile(self, request: httpx.Request) -> Any:
        actor = request.url.params["actor"]
        if actor not in self.handles:
            raise Failure(400, "InvalidRequest", "Profile not found")
        return self._profile(f"at://{actor}/")

    def _resolve_handle(self, request: httpx.Request) -> Any:
        for did, handle in self.handles.items():
            if handle == request.url.params["handle"].lower():
                return {"did": did}
        raise Failure(400, "InvalidRequest", "Unable to resolve handle")

    def _list_records(self, request: httpx.Request) -> Any:
        params = request.url.params
        keys = sorted(self.of(params["repo"], params["collection"]), reverse="reverse" not in params)
        assert params["reverse"] == "true"
        keys = [uri for uri in keys if uri.rpartition("/")[2] > params.get("cursor", "")][: int(params["limit"])]
        records = [{"uri": uri, "cid": cid_of(self.records[uri]), "value": self.records[uri]} for uri in keys]
        return {"records": records, **({"cursor": keys[-1].rpartition("/")[2]} if keys else {})}

    def _get_record(self, request: httpx.Request) -> Any:
        uri = "at://" + "/".join(request.url.params[key] for key in ("repo", "collection", "rkey"))
        if uri not in self.records:
            raise Failure(400, "RecordNotFound", f"Could not locate record: {uri}")
        return {"uri": uri, "cid": cid_of(self.records[uri]), "value": self.records[uri]}

    def _put_record(self, request: httpx.Request) -> Any:
        body = json.loads(request.content)
        uri = self._ours(body)
        self._spend(2)
        there = self.records.get(uri)
        new = cid_of(body["record"])
        if body["collection"] == POST:
            self._must_be_a_post(body["record"])
        if there is not None and cid_of(there) == new:
            return {"uri": uri, "cid": new, "validationStatus": "valid"}
        if "swapRecord" in body and body["swapRecord"] != (None if there is None else cid_of(there)):
            raise Failure(400, "InvalidSwap", f"Record was at {cid_of(there) if there else None}")
        self.records[uri] = body["record"]
        self.at[uri] = min(self.clock(), datetime.fromisoformat(body["record"]["createdAt"]))
        return {"uri": uri, "cid": new, "commit": {"cid": new, "rev": "3aaaaaaaaaaaa"}, "validationStatus": "valid"}

    def _delete_record(self, request: httpx.Request) -> Any:
        self.records.pop(self._ours(json.loads(request.content)), None)
        self._spend(1)
        return {}

    def _ours(self, body: dict[str, Any]) -> str:
        if body["repo"] != US:
            raise Failure(401, "AuthenticationRequired", "Authentication Required")
        return f"at://{US}/{body['collection']}/{body['rkey']}"

    def _spend(self, points: int) -> None:
        if self.points < points:
            raise Failure(429, "RateLimitExceeded", "Rate Limit Exceeded")
        self.points -= points

    def _must_be_a_post(self, record: dict[str, Any]) -> None:
        if graphemes(record["text"]) > 300 or len(record["text"].encode()) > 3000:
            raise Failure(400, "InvalidRequest", f"Invalid {POST} record: grapheme too big at $.record.text")
        if {"$type", "text", "createdAt"} - record.keys():
            raise Failure(400, "InvalidRequest", f"Invalid {POST} record")

    def _mute_actor(self, request: httpx.Request) -> None:
        self.muted.add(json.loads(request.content)["actor"])

    def _unmute_actor(self, request: httpx.Request) -> None:
        self.muted.discard(json.loads(request.content)["actor"])

    def _create_report(self, request: httpx.Request) -> Any:
        report = json.loads(request.content)
        self.reports.append(report)
        return {"id": len(self.reports), **report, "reportedBy": US, "createdAt": stamp(self.clock())}


_PROCEDURES = frozenset(
    {"createSession", "refreshSession", "putRecord", "deleteRecord", "muteActor", "unmuteActor", "createReport"}
)
