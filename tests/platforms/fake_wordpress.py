"""The WordPress that tests speak to: /wp/v2/comments and /wp/v2/users/me, as WordPress 6.1.9 answers them.

Shapes, order, error codes and oddities are those of its class-wp-rest-comments-controller.php and of a real site, which
tests/live/live_wordpress.py holds against the same suite: `after` is compared with the site's own clock time, and
refused for 1970; a wrong password is nobody's; the same words twice are refused, unless they hold a backslash; an
answer is taken under what is not there; children of what is deleted for good move up.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

Json = dict[str, Any]
SITE = "https://blog.example"
USER, PASSWORD, ME = "desk", "abcd EFGH 1234 ijkl MNOP 5678", 2
POST = 90001
FIRST_OWN = 5000
LONGEST = 65525
_STATUS = {"approve": ("approved",), "hold": ("hold",), "all": ("approved", "hold")}
_ROUTE = re.compile(r"/wp/v2/(?:users/me|comments(?:/(\d+))?)")


class WordPressError(Exception):
    """A no of the API's: its code, its status, its words."""

    def __init__(self, code: str, status: int, message: str = "Sorry.") -> None:
        super().__init__(message)
        self.response = httpx.Response(status, json={"code": code, "message": message, "data": {"status": status}})


@dataclass
class Written:
    """A comment in the database; `user` 0 is a guest."""

    id: int
    text: str
    at: datetime
    user: int = 0
    name: str = ""
    email: str = ""
    post: int = POST
    parent: int = 0
    status: str = "approved"


class FakeWordPress:
    """A site with a post, what is said under it, and its oddities; `handle` answers as it does."""

    def __init__(self, clock: Callable[[], datetime], zone: str = "Europe/Rome") -> None:
        self.clock = clock
        self.zone = ZoneInfo(zone)
        self.posts: dict[int, Json] = {}
        self.comments: dict[int, Written] = {}
        self.pretty = True
        self.folder = ""
        self.moderates = self.trash = self.open = self.totals = True
        self.rules = self.flooded = False
        self._ids = itertools.count(FIRST_OWN)
        self.publish(POST, "Le console sono in negozio", clock() - timedelta(days=3))

    def publish(self, post: int, title: str, at: datetime, type: str = "post") -> None:
        """A post."""
        local = at.astimezone(self.zone).replace(tzinfo=None).isoformat()
        link = f"{SITE}/{post}/"
        self.posts[post] = {"id": post, "date": local, "type": type, "link": link, "title": {"rendered": title}}

    def write(self, text: str, *, id: int | None = None, at: datetime | None = None, **more: Any) -> int:
        """A comment; its number."""
        number = next(self._ids) if id is None else id
        self.comments[number] = Written(number, text, (at or self.clock()).replace(microsecond=0), **more)
        return number

    def delete(self, number: int) -> None:
        """For good: what answers it moves up."""
        gone = self.comments.pop(number)
        for one in self.comments.values():
            if one.parent == number:
                one.parent = gone.parent

    def busy_response(self) -> httpx.Response:
        """WordPress counts nothing itself: what stands before it does."""
        return httpx.Response(429, headers={"retry-after": "42"}, text="Too many requests")

    def refused_response(self) -> httpx.Response:
        return WordPressError("rest_not_logged_in", 401, "You are not currently logged in.").response

    def handle(self, request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        path = request.url.path.removeprefix(self.folder)
        route = params.pop("rest_route", "") if path == "/" else path.removeprefix("/wp-json")
        if not route or (path != "/" and not (self.pretty and path.startswith("/wp-json/"))):
            status = 200 if path == "/" else 404
            return httpx.Response(status, headers={"content-type": "text/html"}, text="<!doctype html><p>Bottega Blu")
        try:
            return self._answer(request, route, params)
        except WordPressError as problem:
            return problem.response

    def _answer(self, request: httpx.Request, route: str, params: Json) -> httpx.Response:
        found = _ROUTE.fullmatch(route)
        if found is None:
            raise WordPressError("rest_no_route", 404, "No route was found matching the URL and request method.")
        known = self._knows(request)
        if route.endswith("/me"):
            if not known:
                return self.refused_response()
            return httpx.Response(200, json=_cut(self._me(), params["_fields"]))
        if request.method == "GET":
            return self._listing(params, known=known)
        self._may_write(known=known)
        body = json.loads(request.content or "{}")
        if found[1] is None:
            return httpx.Response(201, json=_cut(self._shown(self._create(body)), params["_fields"]))
        return self._changed(request.method, int(found[1]), body, params)

    def _knows(self, request: httpx.Request) -> bool:
        kind, _, told = request.headers.get("authorization", "").partition(" ")
        user, _, password = base64.b64decode(told).decode().partition(":")
        return (kind, user) == ("Basic", USER) and re.sub(r"[^a-zA-Z0-9]", "", password) == PASSWORD.replace(" ", "")

    def _me(self) -> Json:
        rights = {"moderate_comments": self.moderates, "manage_options": self.rules, "edit_posts": True}
        rights = {right: True for right, has in rights.items() if has}
        return {"id": ME, "name": "Bottega Blu", "slug": USER, "capabilities": rights, "roles": ["editor"]}

    def _may_write(self, *, known: bool) -> None:
        if not known:
            raise WordPressError("rest_comment_login_required", 401, "Sorry, you must be logged in to comment.")
        if not self.moderates:
            raise WordPressError("rest_cannot_edit", 403, "Sorry, you are not allowed to edit this comment.")

    def _listing(self, params: Json, *, known: bool) -> httpx.Response:
        if params.get("context") == "edit" and not (known and self.moderates):
            status = 403 if known else 401
            raise WordPressError("rest_forbidden_context", status, "Sorry, you are not allowed to edit comments.")
        a_page = int(params.get("per_page", 10))
        if not 1 <= a_page <= 100:
            raise WordPressError("rest_invalid_param", 400, "Invalid parameter(s): per_page")
        found = sorted(self._chosen(params), key=lambda one: (one.at, one.id), reverse=params.get("order") != "asc")
        start = int(params.get("offset", 0))
        page = [_cut(self._shown(one, embed="_embed" in params), params["_fields"]) for one in found[start:][:a_page]]
        pages = -(-len(found) // a_page)
        headers = {"x-wp-total": str(len(found)), "x-wp-totalpages": str(pages)} if self.totals else {}
        return httpx.Response(200, headers=headers, json=page)

    def _chosen(self, params: Json) -> list[Written]:
        found = list(self.comments.values())
        status = params.get("status", "approve")
        if status != "any":
            found = [one for one in found if one.status in _STATUS.get(status, (status,))]
        for name, what in (("include", "id"), ("author", "user"), ("post", "post"), ("parent", "parent")):
            if name in params:
                wanted = {int(one) for one in params[name].split(",")}
                found = [one for one in found if getattr(one, what) in wanted]
        if "after" in params:
            after = datetime.fromisoformat(params["after"].replace("Z", "+00:00"))
            if after.timestamp() == 0:
                raise WordPressError("rest_invalid_param", 400, "Invalid parameter(s): after")
            bound = self._local(after) if after.tzinfo else after
            found = [one for one in found if self._local(one.at) > bound]
        return found

    def _create(self, body: Json) -> Written:
        content = body["content"].strip()
        if body["post"] not in self.posts:
            raise WordPressError("rest_comment_invalid_post_id", 403)
        if not self.open:
            raise WordPressError("rest_comment_closed", 403, "Sorry, comments are closed for this item.")
        if not content:
            raise WordPressError("rest_comment_content_invalid", 400, "Invalid comment content.")
        if len(content.encode()) > LONGEST:
            raise WordPressError("comment_content_column_length", 400, "Comment field exceeds maximum length allowed.")
        if self.flooded:
            raise WordPressError("comment_flood", 400, "You are posting comments too quickly. Slow down.")
        where = (body["post"], body["parent"], ME, content)
        there = [(one.post, one.parent, one.user, one.text) for one in self.comments.values() if one.status != "trash"]
        if where in there and "\\" not in content:
            raise WordPressError("comment_duplicate", 409, "Duplicate comment detected.")
        number = self.write(content, user=ME, name="Bottega Blu", post=body["post"], parent=body["parent"])
        return self.comments[number]

    def _changed(self, method: str, number: int, body: Json, params: Json) -> httpx.Response:
        comment = self.comments.get(number)
        if comment is None:
            raise WordPressError("rest_comment_invalid_id", 404, "Invalid comment ID.")
        if method == "POST":
            comment.status = body["status"]
        elif params.get("force") == "true":
            self.delete(number)
            return httpx.Response(200, json={"deleted": True, "previous": self._shown(comment)})
        elif not self.trash:
            raise WordPressError("rest_trash_not_supported", 501, "The comment does not support trashing.")
        elif comment.status == "trash":
            raise WordPressError("rest_already_trashed", 410, "The comment has already been trashed.")
        else:
            comment.status = "trash"
        return httpx.Response(200, json=_cut(self._shown(comment), params["_fields"]))

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None)

    def _shown(self, one: Written, *, embed: bool = False) -> Json:
        link = self.posts.get(one.post, {}).get("link", f"{SITE}/?p={one.post}")
        shown: Json = {
            "id": one.id,
            "post": one.post,
            "parent": one.parent,
            "author": one.user,
            "author_name": one.name,
            "author_email": one.email,
            "author_ip": "192.0.2.7",
            "author_user_agent": "Mozilla/5.0",
            "date": self._local(one.at).isoformat(),
            "date_gmt": one.at.astimezone(UTC).replace(tzinfo=None).isoformat(),
            "content": {"rendered": f"<p>{one.text}</p>\n", "raw": one.text},
            "link": f"{link}#comment-{one.id}",
            "status": one.status,
            "type": "comment",
            "_links": {
                "up": [{"embeddable": True, "post_type": "post", "href": f"{SITE}/wp-json/wp/v2/posts/{one.post}"}]
            },
        }
        if embed and one.post in self.posts:
            shown["_embedded"] = {"up": [self.posts[one.post]]}
        return shown


def typed(text: str) -> str:
    """What a guest types, as WordPress stores it."""
    return html.escape(text, quote=False)


def _cut(shown: Json, fields: str) -> Json:
    wanted = {one.partition(".")[0] for one in fields.split(",")}
    return {key: value for key, value in shown.items() if key in wanted}
