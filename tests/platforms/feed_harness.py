"""The fake feed as the contract suite sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from caretool.domain.comment import Author, Incoming
from caretool.domain.policy import Account
from caretool.http import Client
from caretool.platforms.feed.connector import FeedPlatform, FeedSettings, open_account
from caretool.platforms.platform import Opening
from tests.platforms.contract import NOON, Ability, Trouble
from tests.platforms.fake_feed import FakeFeed, Kind
from tests.platforms.wire import Wire


class FeedHarness:
    """What is received says that it answers `post1`; what is overheard stands by itself; `bottegablu` is us."""

    page_size = 100
    found_at_once = 100
    abilities: frozenset[Ability] = frozenset({"network", "searches"})

    def __init__(self, kind: Kind = "atom") -> None:
        self.now: datetime = NOON
        self.fake = FakeFeed(kind)
        self.wire = Wire(self.fake.handle, self.fake.busy_response, self.fake.refused_response)

    def open(self, length: int | None = None, **keys: Any) -> FeedPlatform:
        return self._open(httpx.MockTransport(self.wire), keys)

    def unreachable(self) -> FeedPlatform:
        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody there", request=request)

        return self._open(httpx.MockTransport(refuse), {})

    def _open(self, transport: httpx.BaseTransport, keys: dict[str, Any]) -> FeedPlatform:
        settings = FeedSettings(**{"url": "https://shop.example/feed"} | keys)
        account = Account("news", "feed", settings, handle="bottegablu")
        opening = Opening(Path(), ZoneInfo("Europe/Rome"), lambda: self.now)
        return open_account(account, opening, lambda *where, **how: Client(*where, transport=transport, **how))

    def receive(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            self.fake.write(comment)

    def overhear(self, comments: Sequence[Incoming]) -> None:
        for comment in comments:
            by = Author("bottegablu") if comment.own else comment.author
            self.fake.write(replace(comment, author=by))

    def replies(self) -> list[str]:
        raise AssertionError("nobody can")

    def goes_wrong(self, trouble: Trouble, *, writing: bool) -> None:
        self.wire.goes_wrong(trouble, writing=writing)

    def requests(self, *, writing: bool | None = None) -> int:
        return self.wire.made(writing=writing)
