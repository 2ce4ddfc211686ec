"""The fake Facebook Page as the contract suite sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.budget import Budget, Unlimited
from caretool.domain.comment import Incoming
from caretool.domain.duration import Duration
from caretool.domain.policy import Account
from caretool.http import Client
from caretool.platforms.facebook.connector import FacebookPlatform, FacebookSettings, open_account
from caretool.platforms.platform import Opening
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_facebook import FakeFacebook
from tests.platforms.fake_graph import PAGE
from tests.platforms.wire import Wire

TOKEN, APP_SECRET = "CARETOOL_FACEBOOK_TOKEN", "CARETOOL_FACEBOOK_APP_SECRET"
APP: dict[str, Any] = {"app_id": "77", "app_secret": Secret(env=APP_SECRET)}


class FacebookHarness:
    """`post1` is the Page's: what is received stands under it."""

    page_size = 100
    abilities: frozenset[Ability] = frozenset(
        {"network", "changes", "own", "private", "retracts", "hides", "deletes", "bans", "likes", "expires"}
    )

    def __init__(self, budget: Budget | None = None) -> None:
        self.now = NOON
        self.fake = FakeFacebook(lambda: self.now)
        self.fake.write(PAGE, "The consoles are in the shop.", id="post1", at=NOON - timedelta(hours=1))
        self.wire = Wire(self.fake.handle, self.fake.busy_response, self.fake.refused_response)
        self.budget: Budget = budget or Unlimited()

    def open(self, length: int | None = None, *, facts: str | None = None, **keys: Any) -> FacebookPlatform:
        keys |= {} if length is None else {"max_length": length}
        return self._open(httpx.MockTransport(self.wire), facts, keys)

    def unreachable(self) -> FacebookPlatform:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody there", request=request)

        return self._open(httpx.MockTransport(refuse), None, {})

    def _open(self, transport: httpx.BaseTransport, facts: str | None, keys: dict[str, Any]) -> FacebookPlatform:
        settings = FacebookSettings(**{"page": PAGE, "token": Secret(env=TOKEN), **APP} | keys)
        account = Account("page", "facebook", settings, since=Duration.parse("7 days"))
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: self.now, facts, budget=self.budget)
        return open_account(account, opening, lambda *where, **how: Client(*where, transport=transport, **how))

    def receive(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            self.fake.names[comment.author.handle] = comment.author.name or comment.author.handle
            self.fake.write(
                comment.author.handle,
                comment.text,
                id=comment.native_id,
                at=comment.written_at,
                post="post1",
                private=comment.private,
            )

    def replies(self) -> list[str]:
        ours = [one.text or "" for one in self.fake.things.values() if one.by == PAGE and one.post != one.id]
        return [*ours, *(text for _, text, _ in self.fake.messages.values())]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        if trouble == "busy":  # then it is, for whatever is asked
            self.wire.handle = lambda request: self.fake.busy_response()
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def edit(self, native_id: str, text: str) -> None:
        self.fake.things[native_id].text = text

    def delete(self, native_id: str) -> None:
        self.fake.delete(native_id)

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        return self.fake.write(PAGE, text, post="post1", parent=native_id)

    def is_private(self, native_id: str) -> bool:
        return native_id in self.fake.messages

    def hidden(self) -> set[str]:
        return {one.id for one in self.fake.things.values() if one.hidden}

    def deleted(self) -> set[str]:
        return {"c0", "c1"} - self.fake.things.keys()

    def muted(self) -> set[str]:
        raise AssertionError("nobody can")

    def banned(self) -> set[str]:
        return self.fake.blocked

    def reported(self) -> list[str]:
        raise AssertionError("nobody can")

    def liked(self) -> set[str]:
        return {one.id for one in self.fake.things.values() if one.liked}

    def ends(self) -> datetime | None:
        return self.now + timedelta(days=60)
