"""The fake Instagram account as the contract suite sees it, on either route."""

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
from caretool.domain.vault import Forgetful, Vault
from caretool.http import Client
from caretool.platforms.instagram.connector import InstagramPlatform, InstagramSettings, Route, open_account
from caretool.platforms.platform import Opening
from caretool.secrets import Secret
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_graph import LIFE, PAGE, USERNAME
from tests.platforms.fake_instagram import FakeInstagram
from tests.platforms.wire import Wire

TOKEN, APP_SECRET = "CARETOOL_INSTAGRAM_TOKEN", "CARETOOL_INSTAGRAM_APP_SECRET"
LINKED: dict[str, Any] = {"page": PAGE, "app_id": "77", "app_secret": Secret(env=APP_SECRET)}


class InstagramHarness:
    """`post1` is ours: what is received stands under it."""

    page_size = 50
    oldest_first = False
    abilities: frozenset[Ability] = frozenset({"network", "own", "retracts", "hides", "deletes", "expires"})

    def __init__(self, route: Route = "instagram", budget: Budget | None = None) -> None:
        self.now = NOON
        self.route = route
        self.fake = FakeInstagram(lambda: self.now, route)
        self.fake.write(USERNAME, "The consoles are in the shop.", id="post1", at=NOON - timedelta(hours=1))
        self.wire = Wire(self.fake.handle, self.fake.busy_response, self.fake.refused_response)
        self.budget: Budget = budget or Unlimited()
        self.vault: Vault = Forgetful()

    def open(self, length: int | None = None, *, facts: str | None = None, **keys: Any) -> InstagramPlatform:
        keys |= {} if length is None else {"max_length": length}
        return self._open(httpx.MockTransport(self.wire), facts, keys)

    def unreachable(self) -> InstagramPlatform:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody there", request=request)

        return self._open(httpx.MockTransport(refuse), None, {})

    def _open(self, transport: httpx.BaseTransport, facts: str | None, keys: dict[str, Any]) -> InstagramPlatform:
        own: dict[str, Any] = {"route": self.route, "token": Secret(env=TOKEN)}
        settings = InstagramSettings(**own | (LINKED if self.route == "facebook" else {}) | keys)
        account = Account("insta", "instagram", settings, since=Duration.parse("7 days"))
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: self.now, facts, self.vault, self.budget)
        return open_account(account, opening, lambda *where, **how: Client(*where, transport=transport, **how))

    def receive(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            who = comment.author.handle
            self.fake.write(who, comment.text, id=comment.native_id, at=comment.written_at, post="post1")

    def replies(self) -> list[str]:
        return [one.text or "" for one in self.fake.things.values() if one.by == USERNAME and one.post != one.id]

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        if trouble == "refuse":  # then it can be renewed no more
            self.fake.revoke()
        if trouble == "busy":  # then it is, for whatever is asked
            self.wire.handle = lambda request: self.fake.busy_response()
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)

    def answer_elsewhere(self, native_id: str, text: str) -> str:
        return self.fake.write(USERNAME, text, post="post1", parent=native_id)

    def hidden(self) -> set[str]:
        return {one.id for one in self.fake.things.values() if one.hidden}

    def deleted(self) -> set[str]:
        return {"c0", "c1"} - self.fake.things.keys()

    def muted(self) -> set[str]:
        raise AssertionError("nobody can")

    banned = muted

    def reported(self) -> list[str]:
        raise AssertionError("nobody can")

    def ends(self) -> datetime | None:
        return self.now + (timedelta(seconds=LIFE) if self.route == "instagram" else timedelta(days=60))
