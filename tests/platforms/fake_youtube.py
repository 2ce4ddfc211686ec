"""A small YouTube as a function of requests: `httpx.MockTransport(Wire(fake.handle, …))`.

Shapes: the API's discovery document `youtube:v3`, revision 20261104 (google-api-python-client 2.202.0); error bodies:
https://developers.google.com/youtube/v3/docs/errors; tokens: https://developers.google.com/identity/protocols/oauth2.
It is as strict as the documents are (one filter, no `maxResults` beside `id`, no `moderationStatus` for whoever does
not own the channel), shows HTML unless it is asked for plain text, and counts units.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx

US, OTHER = "UCbottegablu", "UCsomebodyelse"
CLIENT, SECRET, REFRESH = "4711-desk.apps.googleusercontent.com", "client-secret", "refresh-token-of-the-shop"
# So many replies come with their thread.
SHOWN = 5


@dataclass
class Remark:
    """A comment. `by` is a channel's id; `status` as its moderation stands; `rejected` and `gone` are shown nowhere."""

    id: str
    by: str
    text: str
    at: datetime
    updated: datetime
    parent: str | None = None
    video: str | None = None
    channel: str = US
    status: str = "published"
    likes: int = 0
    image: str | None = None
    can_reply: bool = True
    hidden_replies: int = 0
    gone: bool = False


class Failure(Exception):
    """An answer that is an error, with Google's word for it."""

    def __init__(self, status: int, reason: str, message: str = "") -> None:
        super().__init__(reason)
        self.response = error(status, reason, message)


def error(status: int, reason: str, message: str = "") -> httpx.Response:
    """As Google says no."""
    said = {"message": message or f"It is {reason}.", "domain": "youtube.comment", "reason": reason}
    return httpx.Response(status, json={"error": {"code": status, "message": said["message"], "errors": [said]}})


@dataclass
class FakeYouTube:
    """The server. `names` are what channels are shown as, `videos` the (channel, title, about, at) of each by its id.
    `units` and `searches` are what is left today; `odd` answers to a path instead of its own. A page holds at
    most `largest`."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    comments: dict[str, Remark] = field(default_factory=dict)
    videos: dict[str, tuple[str, str, str, datetime]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=lambda: {US: "@bottegablu"})
    units: float = 10_000
    searches: int = 100
    spent: list[tuple[str, float]] = field(default_factory=list)
    odd: dict[str, httpx.Response] = field(default_factory=dict)
    largest: int = 100
    newest_first: bool = True
    holds_ours: bool = False
    refresh_ends_in: int | None = 604_799

    def __post_init__(self) -> None:
        self.granted: set[str] = set()
        self.refresh: set[str] = {REFRESH}
        self._count = 0

    # What happens on YouTube.

    def write(self, by: str, text: str, *, id: str | None = None, at: datetime | None = None, **more: Any) -> str:
        """Somebody writes; its id."""
        self._count += 1
        parent = more.get("parent")
        known = id or (f"{parent}.{self._count}" if parent else f"Ug{self._count:04}")
        at = at or self.clock()
        if parent:
            more = {"video": self.comments[parent].video, "channel": self.comments[parent].channel} | more
        self.comments[known] = Remark(known, by, text, at, at, **more)
        self.names.setdefault(by, f"@{by}")
        return known

    def edit(self, known: str, text: str) -> None:
        remark = self.comments[known]
        remark.text, remark.updated = text, remark.updated + timedelta(minutes=1)

    def delete(self, known: str) -> None:
        self.comments[known].gone = True

    def revoke(self) -> None:
        """All tokens die, and what renews them."""
        self.granted.clear()
        self.refresh.clear()

    # What is asked of it.

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "oauth2.googleapis.com":
            return self._token(dict(parse_qsl(request.content.decode())))
        path = request.url.path.removeprefix("/youtube/v3/")
        try:
            self._spend(request.method, path)
            self._known(request.headers.get("authorization", ""))
            if path in self.odd:
                return self.odd[path]
            return self._answer(request.method, path, dict(request.url.params), request.content)
        except Failure as failure:
            return failure.response

    def busy_response(self) -> httpx.Response:
        """The day's units are used up."""
        return error(403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota.")

    def refused_response(self) -> httpx.Response:
        return error(401, "authError", "Invalid Credentials")

    def _answer(self, method: str, path: str, params: dict[str, str], body: bytes) -> httpx.Response:
        asked: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "channels"): lambda: self._channels(),
            ("GET", "commentThreads"): lambda: self._threads(params),
            ("GET", "comments"): lambda: self._listed(params),
            ("GET", "videos"): lambda: self._videos(params["id"].split(",")),
            ("GET", "search"): lambda: self._found(params),
            ("POST", "comments"): lambda: self._reply(json.loads(body)["snippet"]),
            ("POST", "commentThreads"): lambda: self._begin(json.loads(body)["snippet"]),
            ("POST", "comments/setModerationStatus"): lambda: self._moderate(params),
            ("DELETE", "comments"): lambda: self._delete(params["id"]),
        }
        if (method, path) not in asked:
            raise Failure(404, "notFound")
        answer = asked[method, path]()
        return httpx.Response(204) if answer is None else httpx.Response(200, json=answer)

    def _token(self, form: dict[str, str]) -> httpx.Response:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            said = {"error": "invalid_client", "error_description": "The OAuth client was not found."}
            return httpx.Response(401, json=said)
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") not in self.refresh:
            said = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return httpx.Response(400, json=said)
        token = f"ya29.access-{len(self.granted)}"
        self.granted.add(token)
        said = {"access_token": token, "expires_in": 3599, "token_type": "Bearer", "scope": "youtube.force-ssl"}
        if self.refresh_ends_in is not None:
            said["refresh_token_expires_in"] = self.refresh_ends_in
        return httpx.Response(200, json=said)

    def _known(self, header: str) -> None:
        if header.removeprefix("Bearer ") not in self.granted:
            raise Failure(401, "authError", "Invalid Credentials")

    def _spend(self, method: str, path: str) -> None:
        if path == "search":
            self.searches -= 1
            if self.searches < 0:
                raise Failure(403, "quotaExceeded", "Too many searches today.")
            return
        cost = 1 if method == "GET" else 52 if method == "POST" and path in ("comments", "commentThreads") else 50
        self.spent.append((f"{method} {path}", cost))
        self.units -= cost
        if self.units < 0:
            raise Failure(403, "quotaExceeded", "You have exceeded your quota.")

    def _channels(self) -> dict[str, Any]:
        snippet = {"title": "Bottega Blu", "customUrl": self.names[US], "publishedAt": "2011-01-01T00:00:00Z"}
        return {"kind": "youtube#channelListResponse", "items": [{"id": US, "snippet": snippet}]}

    def _threads(self, params: dict[str, str]) -> dict[str, Any]:
        filters = params.keys() & {"allThreadsRelatedToChannelId", "videoId", "id"}
        if len(filters) != 1:
            raise Failure(400, "incompatibleParameters" if filters else "missingRequiredParameter")
        if "id" in params:
            if params.keys() & {"moderationStatus", "maxResults", "pageToken", "searchTerms", "order"}:
                raise Failure(400, "operationNotSupported")
            wanted = params["id"].split(",")
            found = [one for one in self._there() if one.id in wanted and one.parent is None]
            return {"items": [self._thread(one, params) for one in found if one.status == "published"]}
        channel, video = params.get("allThreadsRelatedToChannelId"), params.get("videoId")
        status = params.get("moderationStatus", "published")
        owner = channel or self.videos.get(video or "", ("",))[0]
        if "moderationStatus" in params and owner != US:
            raise Failure(403, "forbidden", "The commentThread could not be moderated.")
        if video is not None and video not in self.videos:
            raise Failure(404, "videoNotFound")
        found = [
            one
            for one in self._there()
            if one.parent is None and one.status == status and (one.channel == channel or one.video == video)
        ]
        terms = params.get("searchTerms", "").lower().split()
        found = [one for one in found if all(term in one.text.lower() for term in terms)]
        found.sort(key=lambda one: one.at, reverse=True)
        listed, more = self._page(found, params)
        return {"kind": "youtube#commentThreadListResponse", **more, "items": [self._thread(o, params) for o in listed]}

    def _listed(self, params: dict[str, str]) -> dict[str, Any]:
        if "id" in params:
            if params.keys() & {"parentId", "maxResults", "pageToken"}:
                raise Failure(400, "operationNotSupported")
            wanted = params["id"].split(",")
            if len(wanted) > 50:
                raise Failure(400, "invalidParameter")
            found = [one for one in self._there() if one.id in wanted and one.status == "published"]
            return {"items": [self._comment(one, params) for one in found]}
        parent = self.comments.get(params.get("parentId", ""))
        if parent is None or parent.gone:
            raise Failure(404, "commentNotFound")
        listed, more = self._page(self._replies(parent.id), params)
        return {"kind": "youtube#commentListResponse", **more, "items": [self._comment(o, params) for o in listed]}

    def _videos(self, ids: list[str]) -> dict[str, Any]:
        return {"items": [{"id": one, "snippet": self._video(one)} for one in ids if one in self.videos]}

    def _found(self, params: dict[str, str]) -> dict[str, Any]:
        words = [word.strip().strip('"').lower() for word in params["q"].split("|")]
        found = [
            known
            for known, (_, title, about, _) in self.videos.items()
            if any(word in f"{title} {about}".lower() for word in words)
        ]
        found.sort(key=lambda one: self.videos[one][3], reverse=True)
        listed, more = self._page(found, params)
        return {**more, "items": [{"id": {"kind": "youtube#video", "videoId": one}} for one in listed]}

    def _reply(self, snippet: dict[str, Any]) -> dict[str, Any]:
        parent = self.comments.get(snippet["parentId"])
        if parent is None or parent.gone:
            raise Failure(404, "parentCommentNotFound")
        if parent.parent is not None:
            raise Failure(400, "operationNotSupported", "Replies go to the first comment of a thread.")
        if not parent.can_reply:
            raise Failure(403, "commentsDisabled")
        known = self.write(US, snippet["textOriginal"], parent=parent.id, status=self._ours())
        return self._comment(self.comments[known], {"textFormat": "html"}, fresh=True)

    def _begin(self, snippet: dict[str, Any]) -> dict[str, Any]:
        if snippet["videoId"] not in self.videos:
            raise Failure(404, "videoNotFound")
        text = snippet["topLevelComment"]["snippet"]["textOriginal"]
        channel = self.videos[snippet["videoId"]][0]
        known = self.write(US, text, video=snippet["videoId"], channel=channel, status=self._ours())
        return self._thread(self.comments[known], {"textFormat": "html"})

    def _moderate(self, params: dict[str, str]) -> None:
        if params.get("banAuthor") == "true" and params["moderationStatus"] != "rejected":
            raise Failure(400, "banWithoutReject")
        for known in params["id"].split(","):
            remark = self.comments.get(known)
            if remark is None or remark.gone or remark.status == "rejected":
                raise Failure(404, "commentNotFound")
            if remark.channel != US:
                raise Failure(403, "forbidden")
            remark.status = params["moderationStatus"]

    def _delete(self, known: str) -> None:
        remark = self.comments.get(known)
        if remark is None or remark.gone:
            raise Failure(404, "commentNotFound")
        if remark.by != US:
            raise Failure(403, "forbidden")
        remark.gone = True

    def _ours(self) -> str:
        return "heldForReview" if self.holds_ours else "published"

    def shown(self) -> list[Remark]:
        """What anybody sees."""
        published = {one.id for one in self._there() if one.status == "published"}
        return [one for one in self._there() if one.id in published and (one.parent or one.id) in published]

    def _there(self) -> list[Remark]:
        gone = {one.id for one in self.comments.values() if one.gone or one.status == "rejected"}
        return [one for one in self.comments.values() if one.id not in gone and one.parent not in gone]

    def _replies(self, parent: str) -> list[Remark]:
        found = [one for one in self._there() if one.parent == parent and one.status == "published"]
        return sorted(found, key=lambda one: one.at, reverse=self.newest_first)

    def _page(self, found: Sequence[Any], params: dict[str, str]) -> tuple[list[Any], dict[str, Any]]:
        size = int(params.get("maxResults", "20"))
        if not 1 <= size <= 100:
            raise Failure(400, "invalidParameter")
        size = min(size, self.largest)
        ids = [one if isinstance(one, str) else one.id for one in found]
        token = params.get("pageToken")
        if token is not None and token not in ids:
            raise Failure(400, "invalidPageToken")
        start = 0 if token is None else ids.index(token)
        more = {"nextPageToken": ids[start + size]} if start + size < len(ids) else {}
        return list(found[start : start + size]), more

    def _thread(self, top: Remark, params: dict[str, str]) -> dict[str, Any]:
        replies = self._replies(top.id)
        snippet: dict[str, Any] = {
            "channelId": top.channel,
            "topLevelComment": self._comment(top, params),
            "canReply": top.can_reply,
            "totalReplyCount": len(replies) + top.hidden_replies,
            "isPublic": True,
        }
        if top.video:
            snippet["videoId"] = top.video
        thread: dict[str, Any] = {"kind": "youtube#commentThread", "id": top.id, "snippet": snippet}
        if replies and "replies" in params.get("part", ""):
            thread["replies"] = {"comments": [self._comment(one, params) for one in replies[:SHOWN]]}
        return thread

    def _comment(self, one: Remark, params: dict[str, str], *, fresh: bool = False) -> dict[str, Any]:
        plain = params.get("textFormat") == "plainText"
        name = self.names[one.by]
        snippet: dict[str, Any] = {
            "textDisplay": one.text if plain else html.escape(one.text).replace("\n", "<br>"),
            "authorDisplayName": name,
            "authorChannelUrl": f"http://www.youtube.com/{name}",
            "authorChannelId": {"value": one.by},
            "canRate": True,
            "viewerRating": "none",
            "likeCount": one.likes,
            "publishedAt": _stamp(one.at),
            "updatedAt": _stamp(one.updated),
        }
        if one.by == US:
            snippet["textOriginal"] = one.text
        if one.parent:
            snippet["parentId"] = one.parent
        if one.image:
            snippet["imageUrl"] = one.image
        return {"kind": "youtube#comment", "id": one.id, "snippet": snippet}

    def _video(self, known: str) -> dict[str, Any]:
        channel, title, about, at = self.videos[known]
        return {
            "publishedAt": _stamp(at),
            "channelId": channel,
            "title": title,
            "description": about,
            "channelTitle": self.names.get(channel, channel),
        }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
