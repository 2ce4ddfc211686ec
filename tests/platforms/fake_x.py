"""X, as far as one account sees it: a function from request to response.

Its shapes are those of docs.x.com (xdevplatform/docs at 0bfed9f: fundamentals/response-codes-and-errors, rate-limits,
posts/timelines/integrate, posts/search/integrate, posts/hide-replies/quickstart, authentication/oauth-2-0) and of the
openapi descriptions 2.159 (tweet) and 2.167 (post). How X reads the fields of the one under the names of the other, and
what becomes of the first version of an edited post, nobody has written down: `takes` is a guess.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx

from caretool.platforms.x.weighted import weighted

US, OURS = "2244994945", "bottegablu"
CLIENT, SECRET = "rG9n6402A3dbUJKzXTNX4oWHJ", "client-secret-of-the-app"
FIRST = "first-refresh-token"
EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
PROBLEM = "https://api.x.com/2/problems/"
LIMITS = {"mentions": 300, "tweets": 900, "recent": 300, "lookup": 5000, "me": 75, "username": 900, "post": 100}


@dataclass
class Wrote:
    id: str
    by: str
    text: str
    at: datetime
    parent: str | None = None
    conversation: str = ""
    lang: str = "und"
    likes: int = 0
    long: str | None = None
    urls: list[dict[str, Any]] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    hidden: bool = False
    sent: str = ""


class FakeX:
    """`takes` are the names under which it takes fields, `gives` those under which it gives them."""

    def __init__(self, clock: Callable[[], datetime], *, takes: str = "tweet", gives: str = "tweet") -> None:
        self.clock = clock
        self.takes = takes
        self.gives = gives
        self.posts: dict[str, Wrote] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.unseen: set[str] = set()
        self.muted: set[str] = set()
        self.unknown_users: set[str] = set()
        self.longest = 280
        self.refresh = FIRST
        self.access: dict[str, datetime] = {}
        self.granted = 0
        self.revoked = False
        self.secret: str | None = None
        self.busy_until: datetime | None = None
        self.left: dict[str, int] = {}
        self.says: httpx.Response | None = None
        self.asked: list[dict[str, str]] = []
        self._count = 0
        self.user(OURS, "Bottega Blu", id=US)

    # What happens there.

    def user(self, handle: str, name: str | None = None, **more: Any) -> str:
        for user in self.users.values():
            if user["username"] == handle:
                return str(user["id"])
        user_id = more.pop("id", None) or str(1000 + len(self.users))
        metrics = {"followers_count": more.pop("followers", 3), "following_count": 1, "tweet_count": 9}
        self.users[user_id] = {
            "id": user_id, "username": handle, "name": name or handle, "protected": False, "public_metrics": metrics,
        } | more  # fmt: skip
        return user_id

    def write(
        self, handle: str, text: str, *, at: datetime | None = None, reply_to: str | None = None, **more: Any
    ) -> str:
        at = at or self.clock()
        self._count += 1
        post_id = str((int((at - EPOCH) / timedelta(milliseconds=1)) << 22) + self._count)
        by = self.user(handle)
        parent = self.posts.get(reply_to or "")
        # Who is replied to is put before the text, which is longer then.
        names = "" if parent is None or parent.by == by else f"@{self.users[parent.by]['username']} "
        conversation = parent.conversation if parent is not None else post_id
        shown = Wrote(post_id, by, html.escape(names + text, quote=False), at, reply_to, conversation, **more)
        self.posts[post_id] = replace(shown, versions=[post_id], sent=text)
        return post_id

    def edit(self, post_id: str, text: str) -> str:
        """A new version, with an id of its own; the first one stays to be seen."""
        first = self.posts[post_id]
        newer = self.write(self.users[first.by]["username"], text, reply_to=first.parent, lang=first.lang)
        versions = [*first.versions, newer]
        self.posts[newer].conversation = first.conversation
        for version in versions:
            self.posts[version].versions = versions
        return newer

    def delete(self, post_id: str) -> None:
        for version in self.posts[post_id].versions:
            self.posts.pop(version, None)

    def ours(self) -> list[Wrote]:
        return [post for post in self.posts.values() if post.by == US]

    def busy_response(self, seconds: int = 42) -> httpx.Response:
        self.busy_until = self.clock() + timedelta(seconds=seconds)
        return self._busy()

    def refused_response(self) -> httpx.Response:
        return httpx.Response(401, json=_problem("Unauthorized", "Unauthorized", 401, "about:blank"))

    # What it answers.

    def handle(self, request: httpx.Request) -> httpx.Response:
        path, method = request.url.path, request.method
        if path == "/2/oauth2/token":
            return self._token(request)
        ends = self.access.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if self.revoked or ends is None or ends <= self.clock():
            return self.refused_response()
        if self.busy_until is not None and self.clock() < self.busy_until:
            return self._busy()
        if self.says is not None:
            said, self.says = self.says, None
            return said
        params = dict(request.url.params)
        self.asked.append({"path": path, **params})
        body = json.loads(request.content) if request.content else {}
        for verb, where, answer in self._answers():
            if verb == method and (match := re.fullmatch(where, path)):
                return self._counted(answer(params, body, *map(unquote, match.groups())), path, method)
        return httpx.Response(404, json=_problem("Not Found", f"no {path}", 404, "about:blank"))

    def _answers(self) -> list[tuple[str, str, Callable[..., httpx.Response]]]:
        return [
            ("GET", r"/2/users/me", lambda p, b: _ok({"data": self.users[US]})),
            ("GET", r"/2/users/by/username/([^/]+)", self._by_name),
            ("GET", r"/2/users/(\d+)/mentions", lambda p, b, u: self._listed(p, self._mentions())),
            ("GET", r"/2/users/(\d+)/tweets", lambda p, b, u: self._listed(p, self.ours())),
            ("GET", r"/2/tweets/search/recent", self._search),
            ("GET", r"/2/tweets", self._lookup),
            ("POST", r"/2/tweets", self._post),
            ("DELETE", r"/2/tweets/(\d+)", self._deleted),
            ("PUT", r"/2/tweets/(\d+)/hidden", self._hide),
            ("POST", r"/2/users/(\d+)/muting", lambda p, b, u: self._mute(b["target_user_id"])),
            ("DELETE", r"/2/users/(\d+)/muting/(\d+)", lambda p, b, u, t: self._unmute(t)),
        ]

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        if self.secret is not None:
            basic = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
            if request.headers.get("authorization") != f"Basic {basic}":
                error = {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}
                return httpx.Response(401, json=error)
        sound = form.get("grant_type") == "refresh_token" and form.get("client_id") == CLIENT
        if not sound or form.get("refresh_token") != self.refresh or self.revoked:
            error = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
            return httpx.Response(400, json=error)
        self.granted += 1
        access, self.refresh = f"access-token-{self.granted}", f"refresh-token-{self.granted}"
        self.access = {access: self.clock() + timedelta(seconds=7200)}
        scope = "tweet.read users.read tweet.write offline.access"
        kept = {"access_token": access, "refresh_token": self.refresh}
        return _ok({"token_type": "bearer", "expires_in": 7200, "scope": scope, **kept})

    def _by_name(self, params: dict[str, str], body: Any, handle: str) -> httpx.Response:
        for user in self.users.values():
            if user["username"].casefold() == handle.casefold():
                return _ok({"data": user})
        return _ok({"errors": [_missing(handle, "user", "username")]})

    def _mentions(self) -> list[Wrote]:
        """No more than the latest 800."""
        found = [post for post in self.posts.values() if post.by != US and f"@{OURS}" in post.text.casefold()]
        return sorted(found, key=lambda post: int(post.id))[-800:]

    def _listed(self, params: dict[str, str], posts: Sequence[Wrote]) -> httpx.Response:
        if (wrong := self._wrong(params)) is not None:
            return wrong
        size = int(params["max_results"])
        if not 5 <= size <= 100:
            return _invalid("max_results", params["max_results"])
        since = datetime.fromisoformat(params["start_time"]) if "start_time" in params else EPOCH
        latest = [post for post in posts if post.id == post.versions[-1] and post.at >= since]
        latest.sort(key=lambda post: int(post.id), reverse=True)
        # A cursor is a place in the list, not a page number: what comes above it moves nothing.
        if "pagination_token" in params:
            if not re.fullmatch(r"b26v\d+", params["pagination_token"]):
                return _invalid("pagination_token", params["pagination_token"])
            latest = [post for post in latest if int(post.id) < int(params["pagination_token"][4:])]
        shown = latest[:size]
        meta: dict[str, Any] = {"result_count": len(shown)}
        if shown:
            meta |= {"newest_id": shown[0].id, "oldest_id": shown[-1].id}
        if len(latest) > size:
            meta["next_token"] = f"b26v{shown[-1].id}"
        data = {"data": [self._shape(post) for post in shown]} if shown else {}
        return _ok({**data, **self._beside(shown), "meta": meta})

    def _search(self, params: dict[str, str], body: Any) -> httpx.Response:
        query = params["query"]
        if len(query) > 512:
            return _invalid("query", "too long")
        if datetime.fromisoformat(params["start_time"]) < self.clock() - timedelta(days=7):
            return _invalid("start_time", params["start_time"])
        return self._listed(params, [post for post in self.posts.values() if self._matches(post, query)])

    def _matches(self, post: Wrote, query: str) -> bool:
        tokens = re.findall(r"\w+", post.text.casefold())

        def holds(term: str) -> bool:
            if term.startswith("-"):
                return not holds(term[1:])
            if term.startswith("lang:"):
                return post.lang == term[5:]
            if term.startswith("from:"):
                return bool(self.users[post.by]["username"] == term[5:])
            if term == "is:retweet":
                return False
            if term[0] in "#@":
                return bool(re.search(re.escape(term) + r"\b", post.text, re.IGNORECASE))
            words = re.findall(r"\w+", term.casefold())
            return any(tokens[at : at + len(words)] == words for at in range(len(tokens)))

        groups = re.findall(r'\(([^)]*)\)|(-?"[^"]*"|\S+)', query)
        return all(
            any(holds(term) for term in re.findall(r'"[^"]*"|[^\s"]+', many) if term != "OR") if many else holds(one)
            for many, one in groups
        )

    def _lookup(self, params: dict[str, str], body: Any) -> httpx.Response:
        if (wrong := self._wrong(params)) is not None:
            return wrong
        ids = params["ids"].split(",")
        if len(ids) > 100:
            return _invalid("ids", "more than 100")
        seen = [self.posts[one] for one in ids if one in self.posts and one not in self.unseen]
        errors = [_missing(one, "tweet", "ids") for one in ids if one not in self.posts]
        unseen = {"title": "Authorization Error", "type": PROBLEM + "not-authorized-for-resource"}
        errors += [_missing(one, "tweet", "ids") | unseen for one in ids if one in self.posts and one in self.unseen]
        data = {"data": [self._shape(post) for post in seen]} if seen else {}
        return _ok({**data, **self._beside(seen), **({"errors": errors} if errors else {})})

    def _post(self, params: dict[str, str], body: Any) -> httpx.Response:
        text, parent = body["text"], self.posts.get(body.get("reply", {}).get("in_reply_to_tweet_id", ""))
        if weighted(text) > self.longest:
            return _forbidden("Your Tweet text is too long. For more information, see https://x.com.")
        if "reply" in body and parent is None:
            return _forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
        if parent is not None and parent.by != US and f"@{OURS}" not in parent.text.casefold():
            return _forbidden("You are not permitted to perform this action.")
        if any(post.sent == text and post.parent == (parent and parent.id) for post in self.ours()):
            return _forbidden("You are not allowed to create a Tweet with duplicate content.")
        post_id = self.write(OURS, text, reply_to=None if parent is None else parent.id)
        return httpx.Response(201, json={"data": {"id": post_id, "text": self.posts[post_id].text}})

    def _deleted(self, params: dict[str, str], body: Any, post_id: str) -> httpx.Response:
        post = self.posts.get(post_id)
        if post is None:
            return httpx.Response(404, json=_problem("Not Found Error", "no such", 404, PROBLEM + "resource-not-found"))
        if post.by != US:
            return _forbidden("You are not authorized to delete this Tweet.")
        self.delete(post_id)
        return _ok({"data": {"deleted": True}})

    def _hide(self, params: dict[str, str], body: Any, post_id: str) -> httpx.Response:
        post = self.posts[post_id]
        if self.posts.get(post.conversation, post).by != US:
            return _forbidden("You are not allowed to hide this Tweet.")
        post.hidden = body["hidden"]
        return _ok({"data": {"hidden": post.hidden}})

    def _mute(self, user: str) -> httpx.Response:
        self.muted.add(user)
        return _ok({"data": {"muting": True}})

    def _unmute(self, user: str) -> httpx.Response:
        self.muted.discard(user)
        return _ok({"data": {"muting": False}})

    def _wrong(self, params: dict[str, str]) -> httpx.Response | None:
        refused = {"tweet": ("post",), "post": ("tweet",), "both": (), "neither": ("tweet", "post")}[self.takes]
        for name in (f"{other}.fields" for other in refused):
            if name in params:
                return _invalid(name, params[name])
        return None

    def _shape(self, post: Wrote) -> dict[str, Any]:
        """A post under the names it has; a long one is cut, and whole in its note."""
        mentions = [{"start": 0, "end": 1, "username": name} for name in re.findall(r"@(\w+)", post.text)]
        text = post.text if post.long is None else post.long[:275] + "…"
        data = {
            "id": post.id, "text": text, "author_id": post.by, "conversation_id": post.conversation, "lang": post.lang,
            "created_at": post.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "edit_history_tweet_ids": post.versions,
            "public_metrics": {"retweet_count": 0, "reply_count": 0, "like_count": post.likes, "quote_count": 0},
            "entities": {"mentions": mentions, "urls": post.urls},
        }  # fmt: skip
        if post.parent is not None:
            data["referenced_tweets"] = [{"type": "replied_to", "id": post.parent}]
        if post.long is not None:
            data["note_tweet"] = {"text": post.long}
        return {_NEW.get(key, key): value for key, value in data.items()} if self.gives == "post" else data

    def _beside(self, posts: Sequence[Wrote]) -> dict[str, Any]:
        others = [self.posts[post.parent] for post in posts if post.parent in self.posts]
        users = {post.by: self.users[post.by] for post in [*posts, *others] if post.by not in self.unknown_users}
        includes: dict[str, Any] = {"users": list(users.values())} if users else {}
        if others:
            key = "posts" if self.gives == "post" else "tweets"
            includes[key] = [self._shape(post) for post in {post.id: post for post in others}.values()]
        return {"includes": includes} if includes else {}

    def _counted(self, response: httpx.Response, path: str, method: str) -> httpx.Response:
        name = path.rpartition("/")[2] if not path.endswith("/2/tweets") else ("post" if method == "POST" else "lookup")
        name = "username" if "/username/" in path else name
        limit = LIMITS.get(name, 50)
        self.left[name] = self.left.get(name, limit) - 1
        response.headers.update(self._headers(limit, self.left[name], self.clock() + timedelta(minutes=15)))
        return response

    def _busy(self) -> httpx.Response:
        headers = self._headers(300, 0, self.busy_until or self.clock())
        return httpx.Response(429, json={"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, headers=headers)

    def _headers(self, limit: int, left: int, reset: datetime) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(int(reset.timestamp())),
        }


_NEW = {
    "referenced_tweets": "referenced_posts",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
}


def _ok(data: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json=data)


def _problem(title: str, detail: str, status: int, kind: str) -> dict[str, Any]:
    return {"title": title, "detail": detail, "type": kind, "status": status}


def _forbidden(detail: str) -> httpx.Response:
    return httpx.Response(403, json=_problem("Forbidden", detail, 403, "about:blank"))


def _invalid(name: str, value: str) -> httpx.Response:
    said = _problem(
        "Invalid Request", "One or more parameters to your request was invalid.", 400, PROBLEM + "invalid-request"
    )
    errors = [{"parameters": {name: [value]}, "message": f"The `{name}` query parameter value [{value}] is not valid"}]
    return httpx.Response(400, json={"errors": errors, **said})


def _missing(value: str, kind: str, parameter: str) -> dict[str, str]:
    return {
        "value": value, "resource_id": value, "resource_type": kind, "parameter": parameter, "title": "Not Found Error",
        "detail": f"Could not find {kind} with {parameter}: [{value}].", "type": PROBLEM + "resource-not-found",
    }  # fmt: skip
