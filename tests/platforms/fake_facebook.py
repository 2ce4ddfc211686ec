"""A Facebook Page as `tests.platforms.fake_graph` has it, which says where its shapes are from."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.platforms.fake_graph import (
    PAGE,
    PAGE_NAME,
    USER_TOKEN,
    FakeGraph,
    GraphError,
    Json,
    Written,
    clock_time,
    cut,
)


class FakeFacebook(FakeGraph):
    """A Page, its posts and what is said under them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self.blocked: set[str] = set()
        self.messages: dict[str, tuple[str, str, datetime]] = {}  # id → comment, text, when

    def called(self, method: str, path: list[str], params: Json, form: Json, secret: str) -> Any:
        about, edge = path[0], path[1] if len(path) > 1 else ""
        if (about, method) == ("me", "GET"):
            return cut({"id": PAGE, "name": PAGE_NAME} if secret != USER_TOKEN else {"id": "9001"}, params["fields"])
        if about == PAGE and edge == "published_posts":
            return self.listing([self._post(one, params["fields"]) for one in self.posts()], params, 100)
        if about == PAGE and edge == "blocked":
            return self._bar(method, json.loads(params["user"]))
        if about == PAGE and edge == "messages":
            return self._message(json.loads(form["recipient"])["comment_id"], json.loads(form["message"])["text"])
        if method == "GET":
            one = self.there(about)
            return self._comments(one, params, secret) if edge == "comments" else self.node(about, params["fields"], "")
        return self._changed(method, self.there(about), edge, form)

    def _changed(self, method: str, thing: Written, edge: str, form: Json) -> Json:
        if edge == "comments":
            return self._reply(thing, form["message"])
        if edge == "likes":
            thing.liked = method == "POST"
        elif method == "DELETE":
            self.delete(thing.id)
        elif "message" in form:
            self.edited.append(thing.id)
            thing.text = form["message"]
        else:
            thing.hidden = form["is_hidden"] == "true"
        return {"success": True}

    def node(self, native_id: str, fields: str, secret: str) -> Json:
        if native_id in self.messages:
            _, text, at = self.messages[native_id]
            return {"id": native_id, "message": text, "created_time": clock_time(at)}
        return self._comment(self.there(native_id), fields)

    def _comments(self, thing: Written, params: Json, secret: str) -> Json:
        if secret == USER_TOKEN:
            return {"data": []}
        top = thing.post == thing.id
        found = [one for one in self.under(thing.post) if top or one.parent == thing.id]
        if params.get("filter", "toplevel") != "stream" and top:
            found = [one for one in found if one.parent is None]
        if "since" in params:
            found = [one for one in found if one.at.timestamp() >= int(params["since"])]
        if params.get("order") != "chronological":
            found.reverse()
        return self.listing([self._comment(one, params["fields"]) for one in found], params, 100)

    def _reply(self, thing: Written, text: str) -> Json:
        above = None if thing.post == thing.id else thing.parent or thing.id
        if any(one.by == PAGE and one.text == text and one.parent == above for one in self.under(thing.post)):
            raise GraphError(506, "Duplicate status message")
        return {"id": self.write(PAGE, text, post=thing.post, parent=above)}

    def _message(self, native_id: str, text: str) -> Json:
        comment = self.there(native_id)
        if comment.privately:
            raise GraphError(10900, "(#10900) Activity already replied to")
        if self.clock() > comment.at + timedelta(days=7):
            raise GraphError(10, "(#10) This message is sent outside of allowed window.", subcode=2018278, status=403)
        native = f"m_{next(self._ids)}"
        self.messages[native] = (native_id, text, self.clock())
        comment.privately.append(native)
        return {"recipient_id": comment.by} | ({} if self.without_id else {"message_id": native})

    def _bar(self, method: str, persons: list[str]) -> Json:
        (self.blocked.update if method == "POST" else self.blocked.difference_update)(persons)
        return dict.fromkeys(persons, True)

    def _post(self, one: Written, fields: str) -> Json:
        link = f"https://www.facebook.com/{PAGE}/posts/{one.id}"
        return cut(
            {"id": one.id, "message": one.text, "permalink_url": link, "created_time": clock_time(one.at)}, fields
        )

    def _comment(self, one: Written, fields: str) -> Json:
        told: Json = {
            "id": one.id,
            "created_time": clock_time(one.at),
            "permalink_url": f"https://www.facebook.com/{one.post}?comment_id={one.id}",
            "like_count": int(one.liked),
            "is_hidden": one.hidden,
            "is_private": one.private,
            "can_hide": True,
            "can_remove": True,
            "can_comment": True,
            "can_reply_privately": not one.privately and one.by != PAGE,
        }
        told |= {"message": one.text} if one.text is not None else {}
        if not self.mute_author:
            told["from"] = {"id": one.by, "name": PAGE_NAME if one.by == PAGE else self.names.get(one.by, one.by)}
        if one.parent is not None:
            told["parent"] = {"id": one.parent}
        if one.privately:
            sent = [
                {"id": each, "message": text, "created_time": clock_time(at), "from": {"id": PAGE, "name": PAGE_NAME}}
                for each, (_, text, at) in self.messages.items()
                if each in one.privately
            ]
            told["private_reply_conversation"] = {"id": "t_1", "messages": {"data": sent}}
        return cut(told | one.can, fields)
