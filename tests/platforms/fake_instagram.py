"""An Instagram account as `tests.platforms.fake_graph` has it, which says where its shapes are from."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.platforms.fake_graph import ACCOUNT, PAGE, USERNAME, FakeGraph, GraphError, Json, Written, clock_time, cut


class FakeInstagram(FakeGraph):
    """An account, its media and what is said under them."""

    def __init__(self, clock: Callable[[], datetime], route: str = "instagram") -> None:
        super().__init__(clock)
        self.route = route
        self.host = "graph.instagram.com" if route == "instagram" else "graph.facebook.com"
        self.linked = True
        self.messages: dict[str, tuple[str, str]] = {}  # which comment each answers, and what it says
        self.unseen = 0  # comments that are counted, and shown to nobody

    def called(self, method: str, path: list[str], params: Json, form: Json, secret: str) -> Any:
        about, edge = path[0], path[1] if len(path) > 1 else ""
        if about == "me":
            return cut({"id": "app-scoped-1", "user_id": ACCOUNT, "username": USERNAME}, params["fields"])
        if about == PAGE:
            linked = {"instagram_business_account": {"id": ACCOUNT, "username": USERNAME}} if self.linked else {}
            return cut({"id": PAGE, **linked}, params["fields"])
        if about == ACCOUNT:
            return self._account(edge, params, form)
        thing = self.there(about)
        if method == "GET":
            if edge in ("comments", "replies"):
                return self._listed(thing, edge, params)
            return self.node(about, params["fields"], secret)
        if edge == "replies":
            return self._reply(thing, form["message"])
        if edge == "comments":
            return {"id": self.write(USERNAME, form["message"], post=thing.id)}
        if method == "DELETE":
            self.delete(about)
        else:
            thing.hidden = params["hide"] == "true"
        return {"success": True}

    def node(self, native_id: str, fields: str, secret: str) -> Json:
        return cut(self._comment(self.there(native_id)), fields)

    def _listed(self, thing: Written, edge: str, params: Json) -> Json:
        if edge == "replies":
            found = [one for one in self.under(thing.post) if one.parent == thing.id]
        else:
            found = [one for one in reversed(self.under(thing.id)) if one.parent is None]
        return self.listing([cut(self._comment(one), params["fields"]) for one in found], params, 50)

    def _reply(self, thing: Written, text: str) -> Json:
        if thing.hidden:
            raise GraphError(100, "(#100) You cannot reply to a hidden comment", subcode=2207077)
        return {"id": self.write(USERNAME, text, post=thing.post, parent=thing.parent or thing.id)}

    def _account(self, edge: str, params: Json, form: Json) -> Json:
        if edge == "messages":
            return self._message(json.loads(form["recipient"])["comment_id"], json.loads(form["message"])["text"])
        if edge == "media":
            return self.listing([self._media(one, params["fields"]) for one in self.posts()], params, 100)
        return {"id": ACCOUNT}

    def _message(self, native_id: str, text: str) -> Json:
        """One for each comment, within seven days: /docs/instagram-platform/private-replies (2026-06-30)."""
        comment = self.there(native_id)
        if comment.privately:
            raise GraphError(10900, "(#10900) Activity already replied to")
        if self.clock() > comment.at + timedelta(days=7):
            raise GraphError(10, "(#10) This message is sent outside of allowed window.", subcode=2018278, status=403)
        native = f"aWdfZAG1faXRlb{next(self._ids)}ZD"
        self.messages[native] = (native_id, text)
        comment.privately.append(native)
        return {"recipient_id": f"igsid-{comment.by}"} | ({} if self.without_id else {"message_id": native})

    def _media(self, one: Written, fields: str) -> Json:
        count = len(self.under(one.id)) + self.unseen
        told = {"id": one.id, "caption": one.text, "timestamp": clock_time(one.at), "comments_count": count}
        return cut({**told, "permalink": f"https://www.instagram.com/p/{one.id}/"}, fields)

    def _comment(self, one: Written) -> Json:
        told: Json = {
            "id": one.id,
            "text": one.text,
            "timestamp": clock_time(one.at),
            "like_count": 0,
            "hidden": one.hidden,
            "media": {"id": one.post, "permalink": f"https://www.instagram.com/p/{one.post}/"},
        }
        if not self.mute_author:
            told |= {"username": one.by, "from": {"id": f"igsid-{one.by}", "username": one.by}}
        if one.parent is not None:
            told["parent_id"] = one.parent
        answers = [self._comment(each) for each in self.under(one.post) if each.parent == one.id]
        if answers:
            few = answers[:50]
            told["replies"] = {"data": few}
            if len(answers) > len(few):
                told["replies"]["paging"] = self._paging(few[-1]["id"])
        return told | one.can
